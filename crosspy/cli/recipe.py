"""``crosspy recipe``"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

from crosspy.build.index import find_sdist
from crosspy.build.project import read_project
from crosspy.build.transport import download, transport_of
from crosspy.cli.context import Context, replace_file
from crosspy.errors import UsageError
from crosspy.report.recipes import render

_EPILOG: Final = """\
examples:
  crosspy recipe --yocto markupsafe                       writes python3-markupsafe_VERSION.bb
  crosspy recipe --buildroot rpds-py==0.27.1 -d package   writes package/python-rpds-py/{Config.in,*.mk,*.hash}

The newest release that the requirement admits is downloaded from the index of your pip configuration, and read: licence
and its files with checksums, the back end's and the package's requirements, crates of Rust. Nothing of it is run. The
recipes inherit the class crosspy (docs/how-to/yocto.md), or are a crosspy-package of buildroot-ext. Libraries of the
target that native code needs have to be added by hand; a requirement's recipe may have another name in your layers.

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
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace, context: Context) -> int:
    for wish in args.wishes:
        _, artifact = find_sdist(wish, environ=context.environ)
        with tempfile.TemporaryDirectory(prefix="crosspy-recipe-") as name:
            scratch = Path(name)
            download(artifact, scratch, base=scratch, transport=transport_of(context.environ))
            project = read_project(scratch / artifact.name, artifact)
        files = {
            context.path(args.directory) / path: text for path, text in render(project, args.form).items()
        }
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
            context.console.warning(f"{project.name}: no licence file: fill it in")
        context.console.data("\n".join(map(str, files)))
    return 0
