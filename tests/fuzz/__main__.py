"""Damage small images and ELF files, and let ``crosspy verify`` look at them.

    python tests/fuzz --seconds 600 --seed 7        as long as that
    python tests/fuzz --runs 2000                   as many, the same ones each time
    python tests/fuzz build/fuzz/7-1234-image.tar   what an input that was kept does

Whatever the bytes are: a result or an error that crosspy knows, in bounded time and memory. Anything else is kept in
``build/fuzz`` and told, and the exit code is 1. The corpus is tests/data/images and tests/data/elf.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from crosspy import elf  # noqa: E402 -- from the tree that this file is in
from crosspy.errors import CrosspyError  # noqa: E402
from crosspy.verify.expectation import from_triplet  # noqa: E402
from crosspy.verify.runner import verify  # noqa: E402

MEMORY = 1 << 30
SECONDS = 10
KEPT = ROOT / "build" / "fuzz"
INTERESTING = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    1 << 20,
    0x7FFFFFFF,
    0xFFFFFFFF,
    1 << 60,
    (1 << 64) - 1,
)


class TooSlow(BaseException):
    """An input that took longer than any may."""


def corpus() -> dict[str, bytes]:
    files = sorted((ROOT / "tests/data/images").glob("image.*"))
    files += sorted(path for path in (ROOT / "tests/data/elf").glob("*/*") if path.is_file())
    assert len(files) > 40
    return {"-".join(path.relative_to(ROOT / "tests/data").parts): path.read_bytes() for path in files}


# ---------------------------------------------------------------------------------------------------- the damage


def number(data: bytearray, at: int, rng: random.Random) -> None:
    """Put a number that breaks things where one may be."""
    width = rng.choice((1, 2, 4, 8))
    at -= at % width
    value = rng.choice(INTERESTING) + rng.choice((0, 0, 0, -1, 1))
    data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, rng.choice(("little", "big")))


def flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def byte(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] = rng.randrange(256)


def digits(data: bytearray, at: int, rng: random.Random) -> None:
    """The same for formats whose numbers are text: tar, cpio."""
    data[at : at + 8] = b"%08o" % rng.choice(INTERESTING[:12])


def cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at:]


def drop(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.choice((1, 4, 512, 1024))]


def repeat(data: bytearray, at: int, rng: random.Random) -> None:
    """Copy a piece to another place: structures that point at each other, and at themselves."""
    length = rng.choice((4, 8, 16, 64, 512))
    source = rng.randrange(len(data))
    piece = data[source : source + length]
    data[at : at + len(piece)] = piece


def zero(data: bytearray, at: int, rng: random.Random) -> None:
    length = rng.choice((8, 64, 512, 4096))
    data[at : at + length] = bytes(len(data[at : at + length]))


DAMAGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    *(number,) * 6,
    *(flip,) * 2,
    *(byte,) * 3,
    digits,
    cut,
    drop,
    *(repeat,) * 2,
    zero,
)


def damaged(content: bytes, used: list[int], rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if not data:
            break
        # Headers break more than what they describe, and the zeros of an empty file system break nothing.
        at = rng.choice(used) if rng.random() < 0.8 else rng.randrange(min(len(data), 4096))
        rng.choice(DAMAGES)(data, min(at, len(data) - 1), rng)
    return bytes(data)


# ----------------------------------------------------------------------------------------------------- the trial


def _stop(*_: Any) -> None:
    raise TooSlow


def trial(path: Path) -> str:
    """Return what came of looking at the file, in a word. :raises Exception: whatever should not have been raised."""
    signal.alarm(SECONDS)
    outcome = "sound"
    try:
        if path.read_bytes()[:4] == b"\x7fELF":
            read_elf(path)
        for target in (None, from_triplet("aarch64-linux-gnu", source="the fuzzer")):
            try:
                outcome = "findings" if verify(path, target).findings else "clean"
            except CrosspyError as error:
                if "\n" in error.message:
                    raise ValueError(error.message) from None
                outcome = type(error).__name__
    finally:
        signal.alarm(0)
    return outcome


def read_elf(path: Path) -> None:
    """Ask all that :mod:`crosspy.elf` answers."""
    for question in (
        elf.read,
        elf.read_header,
        elf.defined_symbols,
        elf.undefined_symbols,
        elf.arm_attributes,
        elf.riscv_attributes,
    ):
        try:
            question(path)
        except elf.ElfDamaged:
            continue


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _stop)
    for path in args.inputs:
        print(f"{path}: {trial(path)}")
    return 0 if args.inputs else fuzz(args.seed, args.runs, args.seconds)


def fuzz(seed: int, runs: int, seconds: float) -> int:
    originals = corpus()
    names = list(originals)
    used = {name: [at for at, each in enumerate(content) if each] for name, content in originals.items()}
    outcomes: dict[str, int] = {}
    failures = count = 0
    slowest = (0.0, "")
    end = time.monotonic() + (seconds or 1e9)
    with tempfile.TemporaryDirectory() as directory:
        while (not runs or count < runs) and time.monotonic() < end:
            count += 1
            rng = random.Random(f"{seed}-{count}")
            name = rng.choice(names)
            path = Path(directory, name)
            path.write_bytes(damaged(originals[name], used[name], rng))
            started = time.monotonic()
            try:
                outcome = trial(path)
            except (Exception, TooSlow):  # noqa: BLE001 -- to tell it and go on
                failures += 1
                KEPT.mkdir(parents=True, exist_ok=True)
                kept = path.rename(KEPT / f"{seed}-{count}-{name}")
                print(f"--- {kept}\n{traceback.format_exc(limit=-6)}")
                outcome = "FAILED"
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            slowest = max(slowest, (time.monotonic() - started, f"{seed}-{count}-{name}"))
    print(
        f"{count} inputs: {', '.join(f'{number} {outcome}' for outcome, number in sorted(outcomes.items()))}"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"slowest {slowest[0]:.2f} s ({slowest[1]}), peak memory {peak} MB")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
