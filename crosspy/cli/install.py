"""``crosspy install``: packages into an image tree, as the target will see them."""

from __future__ import annotations

import argparse
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from crosspy.build.lockfile import read_locks
from crosspy.cli.context import Context
from crosspy.cli.wheel import add_build_options, make_wheels
from crosspy.console import Console
from crosspy.crossenv.layout import open_env
from crosspy.errors import UsageError
from crosspy.install.bytecode import INVALIDATION_MODES
from crosspy.install.image import open_image
from crosspy.install.wheel import DEFAULT_MTIME, Installation, InstallOptions, install_wheels

_EPILOG: Final = """\
examples:

  crosspy install build/env --root build/image numpy pyyaml
  crosspy install build/env --root build/image build/wheels/*.whl
  crosspy install build/env --root "$TARGET_DIR" --no-index --find-links dl -r requirements.txt
  crosspy install build/env --root build/image --lock pylock.toml --find-links dl
  crosspy install build/env --root build/image --remove pyyaml build/wheels/ruamel_yaml-*.whl
  crosspy install build/env --root "$D" --prefix /usr --no-deps --compile-level 0,2 dist/foo-1.0-py3-none-any.whl

Files named .whl are installed as they are, whether prebuilt (manylinux, musllinux) or not, if they fit the target.
Requirements become wheels first, as crosspy wheel makes them. Either all of a call is installed, or nothing.

policies: sdist builds what has native code, and takes pure wheels as they are; auto takes a prebuilt wheel where it
fits the target; wheel builds nothing.

stdout has one line for each distribution: its name, version, and .dist-info directory on the target.
Libraries and requirements that the image lacks are named on stderr; the exit code stays 0.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``crosspy install``."""
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="the cross environment (crosspy create)")
    parser.add_argument(
        "what", metavar="REQ|WHEEL", nargs="*", help="requirements, source trees and archives, .whl files"
    )
    parser.add_argument(
        "--root", metavar="ROOTFS", required=True, help="the tree that becomes the target's root directory"
    )
    parser.add_argument(
        "--prefix", metavar="DIR", default="", help="as the target sees it (default: that of its Python)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that are not of an earlier version"
    )
    parser.add_argument(
        "--interpreter",
        metavar="PATH",
        default="",
        help="of scripts, as the target sees it (default: its python3)",
    )
    parser.add_argument(
        "--allow-foreign-elf", action="store_true", help="install machine code that the target cannot load"
    )
    parser.add_argument(
        "--remove",
        metavar="NAMES",
        action="append",
        default=[],
        help="take these distributions out of the image, if it has them, in the same step",
    )
    _configure_bytecode(parser)
    add_build_options(parser)


def _configure_bytecode(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("bytecode")
    group.add_argument("--no-compile", action="store_true", help="install sources only")
    group.add_argument(
        "--compile-level",
        metavar="N[,N]",
        type=_levels,
        default=(0,),
        help="optimisation levels, of 0, 1, 2 (default: 0)",
    )
    group.add_argument(
        "--pyc-invalidation",
        choices=INVALIDATION_MODES,
        default=INVALIDATION_MODES[0],
        help="checked: a source edited later is compiled again; unchecked: it is ignored (default: %(default)s)",
    )


def _levels(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not words or any(word not in {"0", "1", "2"} for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of 0, 1 and 2, such as 0,2")
    return tuple(sorted({int(word) for word in words}))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """What the command line names: wheels to take as they are, and requirements to build."""

    wheels: tuple[Path, ...]
    requirements: tuple[str, ...]
    files: tuple[Path, ...]


def run(args: argparse.Namespace, context: Context) -> int:
    """Install; print what was installed."""
    wanted = _sort(args, context)
    mtime = source_date(context)
    env = open_env(context.path(args.env))
    _make_root(context.path(args.root))
    open_image(context.path(args.root))  # a wrong --root is told before an hour of building
    with tempfile.TemporaryDirectory(prefix="crosspy-wheels-") as scratch:
        built: list[Path] = []
        if wanted.requirements or wanted.files or args.lock:
            built = make_wheels(env, wanted.requirements, args, context, Path(scratch))
        wheels = [
            *wanted.wheels,
            *(path for path in built if path.name not in {one.name for one in wanted.wheels}),
        ]
        names, extras = _requested(wanted, built, _asked_for(args, context))
        options = InstallOptions(
            prefix=args.prefix,
            interpreter=args.interpreter,
            compile_levels=() if args.no_compile else args.compile_level,
            invalidation=args.pyc_invalidation,
            overwrite=args.overwrite,
            allow_foreign_elf=args.allow_foreign_elf,
            mtime=mtime,
            requested=names,
            extras=extras,
            remove=_removed(args.remove),
        )
        context.console.step(
            f"installing {len(wheels)} {'wheel' if len(wheels) == 1 else 'wheels'} into {args.root}"
        )
        installation = install_wheels(
            wheels,
            root=context.path(args.root),
            target=env.target,
            build_python=env.build_python,
            options=options,
        )
    _tell(installation, context.console)
    return 0


def _removed(texts: Sequence[str]) -> frozenset[str]:
    """Return the canonical names in ``--remove``; none in an empty one, so that scripts may pass what they have."""
    return frozenset(canonicalize_name(word) for text in texts for word in text.split(",") if word.strip())


def _make_root(root: Path) -> None:
    """Make the image's directory where there is none, as pip's own ``--root`` does."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return  # open_image says what it is
    except OSError as error:
        raise UsageError(
            f"--root {root}: {error.strerror}", hint="Name a directory that you may write."
        ) from None


def _sort(args: argparse.Namespace, context: Context) -> _Wanted:
    wheels = tuple(context.path(word) for word in args.what if word.endswith(".whl"))
    requirements = tuple(word for word in args.what if not word.endswith(".whl"))
    files = tuple(context.path(name) for name in args.requirement)
    if not (wheels or requirements or files or args.lock or args.remove):
        raise UsageError(
            "nothing to install",
            hint="Name a requirement, a .whl file or -r FILE; see crosspy install --help",
        )
    for file in files:
        if not file.is_file():
            raise UsageError(f"-r {file}: no such file")
    return _Wanted(wheels=wheels, requirements=requirements, files=files)


def source_date(context: Context) -> int:
    """Return SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), or a constant."""
    text = context.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return DEFAULT_MTIME
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise UsageError(
            f"SOURCE_DATE_EPOCH={text!r} is not a number of seconds",
            hint="Unset it, or set it to an integer.",
        )
    return int(text)


# ------------------------------------------------------------------------------------------ names that were asked for


def _asked_for(args: argparse.Namespace, context: Context) -> tuple[str, ...]:
    """Return what the lock says was asked for, when all of it is installed."""
    if not args.lock or any(not word.endswith(".whl") for word in args.what):
        return ()
    return read_locks(context.path(args.lock)).target.requested


def _requested(
    wanted: _Wanted, built: Sequence[Path], locked: Sequence[str]
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Return the canonical names that the user asked for (REQUESTED, PEP 376), and the extras of each."""
    names = set(_wheel_names(wanted.wheels))
    extras: dict[str, frozenset[str]] = {}
    lines = [*locked, *wanted.requirements, *(line for file in wanted.files for line in _lines(file))]
    for text in lines:
        name, more = _named(text)
        if name:
            names.add(name)
            extras[name] = extras.get(name, frozenset()) | more
    if len(built) == 1:
        names.update(_wheel_names(built))
    return frozenset(names), extras


def _wheel_names(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        try:
            yield parse_wheel_filename(path.name)[0]
        except (InvalidWheelFilename, ValueError):
            continue  # refused by the installer, with its reason


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []  # the build says what is wrong with it
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return [re.split(r"\s--", line)[0] for line in lines if line and not line.startswith("-")]


def _named(text: str) -> tuple[str, frozenset[str]]:
    """Return the canonical name and the extras of one requirement; an empty name where it takes a build to know."""
    path, bracket, rest = text.partition("[")
    more = frozenset(
        canonicalize_name(word.strip()) for word in rest.rstrip("]").split(",") if bracket and word.strip()
    )
    tree = Path(path) / "pyproject.toml"
    if "/" in path or path.endswith((".", ".tar.gz", ".zip")) or tree.is_file():
        try:
            return canonicalize_name(parse_sdist_filename(Path(path).name)[0]), more
        except (InvalidSdistFilename, ValueError):
            return _project_name(tree), more
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return "", frozenset()
    return canonicalize_name(requirement.name), frozenset(map(canonicalize_name, requirement.extras))


def _project_name(tree: Path) -> str:
    try:
        return canonicalize_name(str(tomllib.loads(tree.read_text(encoding="utf-8"))["project"]["name"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""


# ------------------------------------------------------------------------------------------------------- the report


def _tell(installation: Installation, console: Console) -> None:
    for text in installation.warnings:
        console.warning(text)
    for missing in installation.missing_libraries:
        users = ", ".join(map(str, missing.needed_by[:3]))
        more = f" and {len(missing.needed_by) - 3} more" if len(missing.needed_by) > 3 else ""
        console.warning(f"the image lacks the library {missing.library}, needed by {users}{more}")
    for lack in installation.missing_requirements:
        there = f"; the image has {lack.found}" if lack.found else ""
        console.warning(f"the image lacks {lack.requirement}, required by {lack.needed_by}{there}")
    for one in installation.distributions:
        console.data(f"{one.name} {one.version} {one.dist_info}")
