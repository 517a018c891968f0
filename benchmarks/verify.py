"""How fast ``crosspy verify`` is, as ratios that hold on a busy machine: CPU seconds over those of the floor.

The floor lists the tree and reads 64 bytes of each file, in the same run: no check can do less. Beside it stand all
default checks, the architecture checks alone, and Debian's ``scanelf`` (pax-utils) where it is installed.

    make bench-verify V=build/sysroots/arm64        or any other image tree
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from crosspy.verify.runner import verify

MOST: Final = 6.0
"""What all default checks may cost, over the floor: --check fails above it."""
MEMORY: Final = 200
"""Megabytes."""


def floor(root: Path) -> int:
    """Read 64 bytes of each file; return how many there are."""
    count, pending = 0, [os.fspath(root)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    fd = os.open(entry.path, os.O_RDONLY)
                    os.read(fd, 64)
                    os.close(fd)
                    count += 1
    return count


def all_checks(root: Path) -> int:
    return verify(root).counts.elf


def architecture(root: Path) -> int:
    return verify(root, select=["XP101", "XP102"]).counts.elf


def scanelf(root: Path) -> int:
    command = ["scanelf", "-yBRF", "%a;%p;%S;%r;%n", str(root)]
    return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines())


MEASURED: Final[dict[str, Callable[[Path], int]]] = {
    "floor": floor,
    "all default checks": all_checks,
    "architecture checks": architecture,
    "scanelf": scanelf,
}


def child(name: str, root: Path) -> None:
    """Run one of them twice in this process, the second time measured: imports and caches are not the question."""
    MEASURED[name](root)
    before = _cpu()
    count = MEASURED[name](root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(_cpu() - before, peak, count)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(name: str, root: Path, times: int) -> tuple[float, int, int]:
    """Return the median of CPU seconds, the peak of memory in MB, and what was counted."""
    rows = []
    for _ in range(times):
        command = [sys.executable, __file__, str(root), "--child", name]
        words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        rows.append((float(words[0]), int(words[1]), int(words[2])))
    return statistics.median(row[0] for row in rows), max(row[1] for row in rows), rows[0][2]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="an image tree")
    parser.add_argument("--times", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument(
        "--check", action="store_true", help=f"fail above {MOST} times the floor or {MEMORY} MB"
    )
    parser.add_argument("--child", choices=MEASURED, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        child(args.child, args.root)
        return 0
    names = [name for name in MEASURED if name != "scanelf" or shutil.which("scanelf")]
    found = {name: measure(name, args.root, args.times) for name in names}
    base = found["floor"][0]
    print(f"{args.root}: {found['floor'][2]:,} files, {found['all default checks'][2]:,} ELF\n")
    print("| | CPU s | over the floor | peak MB |\n|---|---|---|---|")
    for name, (seconds, peak, _) in found.items():
        print(f"| {name} | {seconds:.2f} | {seconds / base:.1f} | {peak} |")
    ratio, memory = found["all default checks"][0] / base, found["all default checks"][1]
    return int(args.check and (ratio > MOST or memory > MEMORY))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
