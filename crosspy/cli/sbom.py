"""``crosspy sbom``"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from crosspy.build.lockfile import read_lock
from crosspy.cli.context import Context, replace_file
from crosspy.cli.install import source_date
from crosspy.errors import UsageError
from crosspy.install.interpreters import interpreters
from crosspy.install.inventory import inventory
from crosspy.model.component import Component, components_of, with_sources
from crosspy.model.lock import Lock
from crosspy.report.bill import FORMATS, render

_EPILOG: Final = """\
examples:
  crosspy sbom image > image.cdx.json
  crosspy sbom image --format spdx -o image.spdx.json
  crosspy sbom image --lock pylock.toml --format spdx3
  crosspy sbom --lock pylock.toml

Of an image: its Python, of the version that its machine code states, and each Python distribution, with its licence
(PEP 639's expression; classifiers where there is none), the texts of its licence files, which others in the image it
requires, and what the bills of materials in its wheel name (PEP 770). Of a lock: addresses, sha256, and the crates of Rust
projects, as their Cargo.lock has them; licences are in the files, which a lock does not open.

The same image gives the same text. There is a time in it only with SOURCE_DATE_EPOCH; in SPDX, which must have one,
it is 1980-01-01 otherwise.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("image", metavar="IMAGE", nargs="?", help="the root directory of an image")
    parser.add_argument(
        "--lock", metavar="FILE", help="a lock: alone, or the one that the image was made from"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="CycloneDX 1.6, SPDX 2.3 or SPDX 3.0.1, in JSON (default: cyclonedx)",
    )
    parser.add_argument("--name", metavar="NAME", default="", help="of the image (default: its directory's)")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: stdout")


def run(args: argparse.Namespace, context: Context) -> int:
    if not (args.image or args.lock):
        raise UsageError("name an IMAGE, a --lock, or both", hint="See crosspy sbom --help")
    path = context.path(args.image or args.lock)
    lock = read_lock(context.path(args.lock)) if args.lock else Lock(packages=())
    components = _of_image(path, lock, context) if args.image else components_of(lock)
    epoch = source_date(context) if context.environ.get("SOURCE_DATE_EPOCH") else None
    text = render(components, name=args.name or path.resolve().name, form=args.format, epoch=epoch)
    if args.output:
        replace_file(context.path(args.output), text)
    else:
        context.console.data(text.rstrip("\n"))
    return 0


def _of_image(path: Path, lock: Lock, context: Context) -> tuple[Component, ...]:
    found = inventory(path, context.console.warning)
    if not found:
        context.console.warning(
            f"no Python distribution is installed below {path}: there is no .dist-info, no .egg-info directory"
        )
    return (*interpreters(path), *with_sources(found, lock))
