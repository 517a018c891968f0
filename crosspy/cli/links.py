"""``--find-links``, as every command that has it takes it."""

from __future__ import annotations

import argparse
from typing import Any

from crosspy.cli.context import Context


def add_find_links(parser: Any) -> None:
    """Add the option to a parser, or to a group of one."""
    parser.add_argument(
        "--find-links",
        "-f",
        metavar="DIR",
        action="append",
        default=[],
        help="a directory of sdists and wheels",
    )


def find_links(args: argparse.Namespace, context: Context) -> tuple[str, ...]:
    """Return what was named: addresses as they are, directories by their absolute paths."""
    return tuple(text if "://" in text else str(context.path(text)) for text in args.find_links)
