"""``crosspy cache``"""

from __future__ import annotations

import argparse
import re
import time
from typing import Final

from crosspy.build.wheelstore import entries, remove, superfluous
from crosspy.cli.context import Context
from crosspy.cli.wheel import cache_directory
from crosspy.errors import UsageError

_EPILOG = """\
examples:
  crosspy cache                                 which wheels there are
  crosspy cache --prune                         remove what was of no use for 30 days
  crosspy cache --prune --days 7 --size 2G      for 7 days, and the oldest of what makes more than 2 GB

Builds may use the cache meanwhile. A line on stdout for each wheel, least lately used first: bytes, the day it was last
made or taken (UTC), its name; with --prune, of those that were removed.
"""

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        "--cache",
        metavar="DIR",
        default="",
        help="the cache (default: CROSSPY_CACHE, else ~/.cache/crosspy/wheels)",
    )
    parser.add_argument("--prune", action="store_true", help="remove what is superfluous")
    parser.add_argument(
        "--days", metavar="N", type=_days, default=30.0, help="that is: not used for so long (default: 30)"
    )
    parser.add_argument(
        "--size", metavar="BYTES", type=_size, help="and what makes more than so much; 500M, 2G"
    )


def _days(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return float(text)


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,15})([KMGT]?)B?", text, re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of bytes: 500M, 2G")
    return int(match[1]) * _UNITS[match[2].upper()]


def run(args: argparse.Namespace, context: Context) -> int:
    cache = cache_directory(args.cache, context)
    if cache is None:
        raise UsageError("there is no wheel cache: CROSSPY_CACHE is empty", hint="Name one with --cache DIR.")
    listed = found = entries(cache)
    if args.prune:
        listed = superfluous(found, days=args.days, size=args.size, now=time.time())
        try:
            remove(cache, listed)
        except OSError as error:
            raise UsageError(f"cannot change the cache {cache}: {error.strerror}") from None
    for one in listed:
        day = time.strftime("%Y-%m-%d", time.gmtime(one.used))
        context.console.data(f"{one.size}\t{day}\t{one.wheel or '(damaged)'}")
    count, size = len(listed), sum(one.size for one in listed) / 1e6
    what = "removed from" if args.prune else "in"
    context.console.step(f"{count} wheel{'' if count == 1 else 's'}, {size:.1f} MB, {what} {cache}")
    return 0
