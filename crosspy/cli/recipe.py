"""``crosspy recipe``"""

from __future__ import annotations

import argparse
import dataclasses
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from crosspy.build.crates import locked_crates
from crosspy.build.index import find_sdist
from crosspy.build.portable import build_files
from crosspy.build.project import read_project
from crosspy.build.transport import download, transport_of
from crosspy.cli.context import Context, replace_file
from crosspy.errors import UsageError
from crosspy.model.lock import Artifact
from crosspy.model.project import Project
from crosspy.report.recipes import CLASS_HAS, PROGRAMS, render

_PYPI_PACKAGE: Final = re.compile(r'^PYPI_PACKAGE *\??= *"([\w.-]+)"', re.MULTILINE)

_SERIES: Final = re.compile(r'^LAYERSERIES_CORENAMES *= *"([^"]*)"', re.MULTILINE)
_OLD_LICENCES: Final = frozenset(
    {
        "kirkstone",
        "langdale",
        "mickledore",
        "nanbield",
        "scarthgap",
        "styhead",
        "walnascar",
        "whinlatter",
        "wrynose",
    }
)
"""Series of OE-core that write licences with ``&`` and ``|``. Later ones have SPDX's expressions, and warn of these."""

_EPILOG: Final = """\
examples:
  crosspy recipe --yocto markupsafe                       writes python3-markupsafe_VERSION.bb
  crosspy recipe --yocto spglib --layer openembedded-core/meta
  crosspy recipe --yocto tiktoken --cargo-lock Cargo.lock a Rust project that ships no lock
  crosspy recipe --buildroot rpds-py==0.27.1 -d package   writes package/python-rpds-py/{Config.in,*.mk,*.hash}

The newest release that the requirement admits is downloaded from the index of your pip configuration, and read: licence
and its files with checksums, the back end's and the package's requirements, crates of Rust. Nothing of it is run. The
recipes inherit the class crosspy (docs/how-to/yocto.md), or are a crosspy-package of buildroot-ext. Libraries of the
target that native code needs have to be added by hand. A requirement's recipe has the name that the --layer has it by.

A file that is there already is not overwritten without --overwrite. The paths of the files are printed on stdout.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("wishes", metavar="NAME", nargs="+", help="a project, NAME or NAME==VERSION")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--yocto", action="store_const", const="yocto", dest="form", help="a recipe for BitBake"
    )
    form.add_argument(
        "--buildroot", action="store_const", const="buildroot", dest="form", help="a package for Buildroot"
    )
    parser.add_argument(
        "-d", "--directory", metavar="DIR", default=".", help="where the files go (default: here)"
    )
    parser.add_argument(
        "--layer",
        metavar="DIR",
        action="append",
        default=[],
        help="a layer that the recipe will be used with (--yocto; may be given again): build requirements of which none has a recipe "
        "(in a version that does) are files of the index, with their checksums",
    )
    parser.add_argument(
        "--cargo-lock",
        metavar="FILE",
        help="the crates of a Rust project whose source distribution has no Cargo.lock (cargo generate-lockfile makes one)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def _recipes(layers: Iterable[Path]) -> dict[str, Path]:
    """Return the recipes of distributions that layers have, by canonical names.

    What a recipe is of, its ``PYPI_PACKAGE`` says; without one (pypi.bbclass), its own name.
    """
    recipes: dict[str, Path] = {}
    for layer in layers:
        if not layer.is_dir():
            raise UsageError(f"no layer at {layer}", hint="Name the directory that has conf/layer.conf.")
        for path in sorted(layer.glob("recipes*/*/*.bb")):
            recipe = path.stem.partition("_")[0]
            stated = _PYPI_PACKAGE.search(path.read_text(encoding="utf-8", errors="replace"))
            if stated or recipe.startswith("python3-"):
                name = stated[1] if stated else recipe.removeprefix("python3-")
                recipes.setdefault(canonicalize_name(name), path)
    return recipes


def _known(recipes: Mapping[str, Path], project: Project) -> dict[str, str]:
    """Return the versions of the build requirements that need no file; an empty one is as good as any.

    So are those of what is compiled against: the build machine's is to be the target's version, which the layers have.
    """
    versions = {name: path.stem.partition("_")[2] for name, path in recipes.items()}
    return dict.fromkeys(CLASS_HAS | PROGRAMS, "") | {
        name: version if _is_version(version) and name not in project.requires else ""
        for name, version in versions.items()
    }


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False  # git, or %
    return True


def _locked(project: Project, lock: Path | None) -> Project:
    """Return the project with the crates that ``lock`` names; :raises UsageError: if it is none, or not wanted."""
    if lock is None:
        return project
    if not project.unlocked:
        why = "has a Cargo.lock or its crates" if project.rust else "is not built with Rust"
        raise UsageError(f"{project.name} {why}", hint="Leave --cargo-lock out.")
    try:
        crates = locked_crates(lock.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--cargo-lock {lock}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(
            f"{lock} is no Cargo.lock: {error}", hint="Make one: cargo generate-lockfile, beside Cargo.toml."
        ) from None
    return dataclasses.replace(project, crates=tuple(crates), unlocked=False)


def _has_spdx_licences(layers: Iterable[Path]) -> bool:
    """Say whether OE-core is among the layers, and one that has SPDX's licence expressions."""
    texts = (layer / "conf" / "layer.conf" for layer in layers)
    found = (_SERIES.search(path.read_text(encoding="utf-8")) for path in texts if path.is_file())
    return any(match and not _OLD_LICENCES.issuperset(match[1].split()) for match in found)


def run(args: argparse.Namespace, context: Context) -> int:
    layers = [context.path(layer) for layer in args.layer]
    recipes, spdx = _recipes(layers), _has_spdx_licences(layers)
    lock = context.path(args.cargo_lock) if args.cargo_lock else None
    if lock and len(args.wishes) > 1:
        raise UsageError("--cargo-lock is of one project", hint="Name that alone.")
    for wish in args.wishes:
        _, artifact = find_sdist(wish, environ=context.environ)
        with tempfile.TemporaryDirectory(prefix="crosspy-recipe-") as name:
            scratch = Path(name)
            download(artifact, scratch, base=scratch, transport=transport_of(context.environ))
            project = _locked(read_project(scratch / artifact.name, artifact), lock)
            brought: dict[str, Artifact] = {}
            if args.layer:
                known = _known(recipes, project)
                brought, needed = build_files(project.build_wishes, known, scratch, environ=context.environ)
                project = dataclasses.replace(project, build_requires=tuple(sorted({*brought, *needed})))
        names = {name: path.stem.partition("_")[0] for name, path in recipes.items()}
        texts = render(project, args.form, brought, names, spdx=spdx)
        files = {context.path(args.directory) / path: text for path, text in texts.items()}
        there = [path for path in files if path.exists()]
        if there and not args.overwrite:
            raise UsageError(f"{there[0]} exists", hint="Replace it with --overwrite.")
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text)
        if not project.licence:
            context.console.warning(
                f"{project.name}: its metadata state no licence that is clear: fill it in"
            )
        if not project.licence_files:
            context.console.warning(
                f"{project.name}: no licence file, and no line of its metadata: fill it in"
            )
        elif not project.licence_texts:
            context.console.note(
                f"{project.name}: no licence file: a line of its metadata states the licence"
            )
        if project.unlocked:
            context.console.warning(
                f"{project.name}: built with Rust, and its source has no Cargo.lock: the recipe names no crates, and its build would "
                "want the network. Unpack the source, run cargo generate-lockfile beside Cargo.toml, and say --cargo-lock Cargo.lock"
            )
        context.console.data("\n".join(map(str, files)))
    return 0
