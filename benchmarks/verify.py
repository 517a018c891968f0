"""How fast ``crosspy verify`` is, as ratios that hold on a busy machine: CPU seconds over those of the floor.

The floor lists the tree and reads 64 bytes of each file, in the same run: no check can do less. Beside it stand all
default checks, the architecture checks alone, Debian's ``scanelf`` (pax-utils) where it is installed, and with
BUILDROOT_DIR=CHECKOUT Buildroot's own ``check-bin-arch``, which takes minutes and is run once.

    make bench-verify V=build/sysroots/arm64        or any other image trees; B=--write for docs/verify-speed.md
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from crosspy.verify.runner import verify

MOST: Final = 6.0
"""What all default checks may cost, over the floor: --check fails above it."""
MEMORY: Final = 200
"""Megabytes."""
DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
HEAD: Final = """\
# How fast crosspy verify is

Made by `make bench-verify B=--write V="IMAGE ..."`; how: [benchmarks/verify.py](../benchmarks/verify.py). CPU seconds of all
processes, the median of several runs in turn. The floor lists the tree and reads 64 bytes of each file.

{text}
{version}. scanelf (pax-utils) reads the machine and the needed libraries; check-bin-arch (Buildroot) the machine, with
one `readelf` for each file.
"""


class Row(NamedTuple):
    """What one of them took; ``counted`` is how many it found."""

    seconds: float
    peak: int
    counted: int


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


def check_bin_arch(root: Path) -> int:
    """Run Buildroot's check as Buildroot does, the whole image being one package; return how many files it was given."""
    script = Path(os.environ["BUILDROOT_DIR"], "support/scripts/check-bin-arch")
    paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file() or path.is_symlink()]
    python = next(path for path in sorted(root.glob("usr/bin/python3.*")) if not path.is_symlink())
    header = subprocess.run(["readelf", "-h", str(python)], check=True, capture_output=True, text=True).stdout
    machine = next(line.partition(":")[2].strip() for line in header.splitlines() if "Machine:" in line)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape") as listing:
        listing.writelines(f"image,./{path}\n" for path in paths)
        listing.flush()
        command = [str(script), "-p", "image", "-l", listing.name, "-r", "readelf", "-a", machine]
        environ = {**os.environ, "TARGET_DIR": str(root)}
        done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True)
    if done.returncode and "ERROR: architecture" not in done.stdout:
        raise SystemExit(f"{script}: {done.stderr}")
    return len(paths)


MEASURED: Final[dict[str, Callable[[Path], int]]] = {
    "floor": floor,
    "all default checks": all_checks,
    "architecture checks": architecture,
    "scanelf": scanelf,
    "check-bin-arch": check_bin_arch,
}
ONCE: Final = {"check-bin-arch"}
"""What takes too long to be repeated."""


def child(name: str, root: Path) -> None:
    """Run one of them twice in this process, the second time measured: imports and caches are not the question."""
    if name not in ONCE:
        MEASURED[name](root)
    before = _cpu()
    count = MEASURED[name](root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(_cpu() - before, peak, count)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(names: Sequence[str], root: Path, times: int) -> dict[str, Row]:
    """Run each of them in turn, again and again: what else the machine does meets all of them alike."""
    rows: dict[str, list[tuple[float, int, int]]] = {name: [] for name in names}
    for turn in range(times):
        for name in names:
            if name in ONCE and turn:
                continue
            command = [sys.executable, __file__, str(root), "--child", name]
            words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            rows[name].append((float(words[0]), int(words[1]), int(words[2])))
    return {
        name: Row(statistics.median(row[0] for row in found), max(row[1] for row in found), found[0][2])
        for name, found in rows.items()
    }


def table(root: Path, found: dict[str, Row]) -> str:
    floor_seconds, own = found["floor"].seconds, found["all default checks"].seconds
    lines = [
        f"{root.name}: {found['floor'].counted:,} files, {found['all default checks'].counted:,} ELF\n",
        "| | CPU s | over the floor | times all default checks | peak MB |\n|---|---|---|---|---|",
    ]
    for name, row in found.items():
        ours = name not in {"scanelf", "check-bin-arch"}
        faster = "" if ours else f"{row.seconds / own:.1f}"
        memory = f"{row.peak}" if ours else ""
        lines.append(
            f"| {name} | {row.seconds:.2f} | {row.seconds / floor_seconds:.1f} | {faster} | {memory} |"
        )
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("roots", metavar="root", type=Path, nargs="+", help="an image tree")
    parser.add_argument("--times", type=int, default=5, help="runs of each; the median counts")
    parser.add_argument(
        "--check", action="store_true", help=f"fail above {MOST} times the floor or {MEMORY} MB"
    )
    parser.add_argument("--write", action="store_true", help="write docs/verify-speed.md too")
    parser.add_argument("--child", choices=MEASURED, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        child(args.child, args.roots[0])
        return 0
    missing = set() if shutil.which("scanelf") else {"scanelf"}
    missing |= set() if os.environ.get("BUILDROOT_DIR") else {"check-bin-arch"}
    names = [name for name in MEASURED if name not in missing]
    found = {root: measure(names, root, args.times) for root in args.roots}
    text = "\n".join(table(root, rows) for root, rows in found.items())
    print(text)
    if args.write:
        version = f"Python {sys.version_info.major}.{sys.version_info.minor}, {os.uname().machine}"
        (DOCS / "verify-speed.md").write_text(HEAD.format(text=text, version=version), encoding="utf-8")
    slow = any(
        rows["all default checks"].seconds > MOST * rows["floor"].seconds
        or rows["all default checks"].peak > MEMORY
        for rows in found.values()
    )
    return int(args.check and slow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
