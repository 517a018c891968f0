"""``crosspy fetch``"""

from __future__ import annotations

import argparse
from typing import Final

from crosspy.build.fetch import fetch
from crosspy.build.lockfile import read_locks
from crosspy.cli.context import Context

_EPILOG: Final = """\
examples:
  crosspy fetch --lock pylock.toml -d dl
  crosspy wheel env -w wheels --lock pylock.toml -f dl    without network

The files are those of pylock.toml and, where it is beside it, pylock.build.toml: sizes and sha256 are checked. What is
in DIR already and right is not downloaded again; what is there under that name and wrong is an error. A download that was
broken off goes on with the next run. The crates that the source distributions' Cargo.lock files name go to DIR/crates,
by cargo vendor. Certificates, proxy and user are those of your pip configuration and ~/.netrc.

The paths of the files are printed on stdout.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        "--lock", metavar="FILE", default="pylock.toml", help="the lock (default: %(default)s)"
    )
    parser.add_argument("-d", "--directory", metavar="DIR", required=True, help="where the files go")
    parser.add_argument("--no-crates", action="store_true", help="leave the crates of Rust projects out")


def run(args: argparse.Namespace, context: Context) -> int:
    lock = context.path(args.lock)
    paths = fetch(
        read_locks(lock),
        context.path(args.directory),
        base=lock.parent,
        crates=not args.no_crates,
        environ=context.environ,
        console=context.console,
    )
    context.console.data("\n".join(map(str, paths)))
    return 0
