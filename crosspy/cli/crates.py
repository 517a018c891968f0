"""``crosspy crates``"""

from __future__ import annotations

import argparse

from crosspy.build.crates import fetch_crates
from crosspy.cli.context import Context

_EPILOG = """\
examples:
  pip download --no-binary :all: --no-deps -d sdists cryptography rpds-py
  crosspy crates sdists/*.tar.gz -d crates               with network, once
  crosspy wheel env -w wheels --no-index --find-links sdists --crates crates cryptography rpds-py

Each source's Cargo.lock says which crates, of which checksums; a source whose Cargo.lock is missing or stale is an error.
The directory is as cargo vendor --versioned-dirs makes it, beside a config.toml that knows of crates from git. What is
there stays: it may be filled by several runs. A source without Rust, or with crates of its own, needs nothing.

cargo does the work: CARGO names it, its variables (CARGO_HOME ...) are yours. The names of the crates are printed on
stdout.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        "sources", metavar="SDIST", nargs="+", help="a source distribution, or a project directory"
    )
    parser.add_argument("-d", "--directory", metavar="DIR", required=True, help="where the crates go")


def run(args: argparse.Namespace, context: Context) -> int:
    names = fetch_crates(
        [context.path(text) for text in args.sources],
        context.path(args.directory),
        environ=context.environ,
        console=context.console,
    )
    context.console.step(f"{len(names)} crate{'' if len(names) == 1 else 's'} in {args.directory}")
    if names:
        context.console.data("\n".join(names))
    return 0
