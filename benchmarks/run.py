"""Measure crosspy against crossenv 1.6.2 and the native interpreter, in one run: ``make bench``.

Each number is the median of several runs, taken in turns, so that a busy moment of the machine meets all sides.
CPU time is that of the process and of all it started (``RUSAGE_CHILDREN``); ratios are of CPU time, except
where waiting is the point.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SETUPTOOLS: Final = "setuptools==80.9.0"  # the newest that both sides' pips and crossenv's patches build with
SDIST: Final = "markupsafe==3.0.4"
TRIPLET: Final = "aarch64-linux-gnu"
FLAGS: Final = "-O2 -g0"
COST: Final = {
    "markupsafe==3.0.4": "small",
    "msgpack==1.1.0": "small, Cython",
    "regex==2024.11.6": "C-heavy",
}
"""Built in full, build isolation and all, by pip natively and by crosspy: what a cross build costs. Compilers are faster
for one target than for another, so crosspy builds for a sysroot of this machine's own kind, too: with the very
compiler of the native build, what remains is crosspy's."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of one run."""

    wall: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """One thing that was measured, for each side."""

    title: str
    runs: Mapping[str, Sequence[Cost]]

    def wall(self, side: str) -> float:
        return statistics.median(cost.wall for cost in self.runs[side])

    def cpu(self, side: str) -> float:
        return statistics.median(cost.cpu for cost in self.runs[side])


class Bench:
    """Where everything is, and how commands are started."""

    def __init__(
        self, build: Path, sysroot: Path, same: Path, python: str, environ: Mapping[str, str]
    ) -> None:
        self.build = build
        self.sysroot = sysroot
        self.same = same
        self.python = python
        keep = {
            name: value for name, value in environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))
        }
        keep |= {name: value for name, value in environ.items() if name.lower().endswith("_proxy")}
        self.environ = {
            "PATH": environ["PATH"],
            "HOME": str(build / "home"),
            "LC_ALL": "C.UTF-8",
            "CFLAGS": FLAGS,
            **keep,
        }

    def start(self, argv: Sequence[str | Path]) -> Cost:
        """Run a command to its end; output is shown only if it fails."""
        words = [str(word) for word in argv]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        done = subprocess.run(
            words, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.stderr.write(f"{done.stdout}\n{done.stderr}\n")
            sys.exit(f"bench: exit status {done.returncode}: {' '.join(words)}")
        return Cost(wall=wall, cpu=after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    def measure(self, title: str, times: int, sides: Mapping[str, Callable[[], Cost]]) -> Result:
        say(f"{title}: {times} runs of {', '.join(sides)}")
        runs: dict[str, list[Cost]] = {side: [] for side in sides}
        for _ in range(times):
            for side, once in sides.items():
                runs[side].append(once())
        return Result(title=title, runs=runs)


def say(text: str) -> None:
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def fresh(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    return path


def size_of(directory: Path) -> tuple[int, int]:
    """Return bytes on disk and the number of files; links count as themselves."""
    size = count = 0
    for base, directories, files in os.walk(directory):
        size += sum(Path(base, name).lstat().st_blocks * 512 for name in directories + files)
        count += len(files)
    return size, count


class Sides:
    """The commands of each side."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.crossenv_env = bench.build / "crossenv-env"
        self.crosspy_env = bench.build / "crosspy-env"
        self.same_env = bench.build / "same-env"
        self.native = bench.build / "native"
        self.peer = bench.build / "peer"
        self.sdists = bench.build / "sdists"
        self.wheels = bench.build / "wheels"
        self.links = bench.build / "links"

    def prepare(self) -> None:
        """Make the peer's environment, and download once what all sides build from."""
        bench = self.bench
        (bench.build / "home").mkdir(parents=True, exist_ok=True)
        if not (self.peer / "done").exists():
            say("the peer: crossenv in its own virtual environment")
            bench.start([bench.python, "-m", "venv", fresh(self.peer)])
            bench.start([self.peer / "bin" / "pip", "install", "-r", ROOT / "requirements" / "bench.txt"])
            (self.peer / "done").touch()
        if not (self.native / "done").exists():
            bench.start([bench.python, "-m", "venv", fresh(self.native)])
            bench.start([self.native / "bin" / "pip", "install", SETUPTOOLS])
            (self.native / "done").touch()
        if not list(self.sdists.glob("markupsafe*.tar.gz")):
            pip = self.native / "bin" / "pip"
            bench.start(
                [
                    pip,
                    "download",
                    "--no-deps",
                    "--no-binary",
                    ":all:",
                    "--no-build-isolation",
                    "-d",
                    self.sdists,
                    SDIST,
                ]
            )
        # crossenv drops every word of CC after the first: its best case is a compiler of one word.
        wrappers = bench.build / "toolchain"
        wrappers.mkdir(exist_ok=True)
        for tool in ("gcc", "g++"):
            wrapper = wrappers / f"{TRIPLET}-{tool}"
            wrapper.write_text(
                f'#!/bin/sh\nexec /usr/bin/{wrapper.name} --sysroot={bench.sysroot} "$@"\n', encoding="utf-8"
            )
            wrapper.chmod(0o755)

    def create_crosspy(self) -> Cost:
        return self.create(self.crosspy_env, self.bench.sysroot)

    def create(self, env: Path, sysroot: Path) -> Cost:
        words: list[str | Path] = [
            "create",
            fresh(env),
            "--sysroot",
            sysroot,
            "--build-python",
            self.bench.python,
        ]
        return self.bench.start([sys.executable, "-m", "crosspy", *words])

    def create_crossenv(self) -> Cost:
        tools = self.bench.build / "toolchain"
        target = self.bench.sysroot / "usr" / "bin" / Path(self.bench.python).name
        words: list[str | Path] = [
            "--cc",
            tools / f"{TRIPLET}-gcc",
            "--cxx",
            tools / f"{TRIPLET}-g++",
            "--sysroot",
            self.bench.sysroot,
        ]
        return self.bench.start(
            [self.peer / "bin" / "python", "-m", "crossenv", *words, target, fresh(self.crossenv_env)]
        )

    def prepare_cost(self) -> None:
        """Download what the full builds need: no index is asked while they are timed."""
        pip = self.native / "bin" / "pip"
        for requirement in COST:
            if not list(self.links.glob(requirement.replace("==", "-") + ".tar.gz")):
                words: list[str | Path] = [
                    "--no-deps",
                    "--no-binary",
                    ":all:",
                    "--no-build-isolation",
                    "-d",
                    self.links,
                    requirement,
                ]
                self.bench.start([pip, "download", *words])
        if not list(self.links.glob("setuptools*.whl")):
            self.bench.start([pip, "download", "-d", self.links, SETUPTOOLS, "Cython~=3.0.10", "wheel"])

    def sdist(self, requirement: str) -> Path:
        return next(self.links.glob(requirement.replace("==", "-") + ".tar.gz"))

    def full(self, requirement: str, env: Path | None = None) -> Callable[[], Cost]:
        """Return a build with its isolated environment, of the same flags, by the same version of pip; natively without ENV."""
        common: list[str | Path] = ["--no-deps", "--no-index", "-f", self.links]
        out = self.wheels / (env.name if env else "native")
        words: list[str | Path] = [self.native / "bin" / "pip", "wheel", "--no-cache-dir", *common]
        if env:
            words = [sys.executable, "-m", "crosspy", "wheel", env, "--no-cache", "-j", "1", *common]
        return lambda: self.bench.start([*words, "-w", fresh(out), self.sdist(requirement)])

    def again(self, requirement: str) -> Callable[[], Cost]:
        """Return a build that the wheel cache answers."""
        words: list[str | Path] = [
            sys.executable,
            "-m",
            "crosspy",
            "wheel",
            self.crosspy_env,
            "--no-deps",
            "--no-index",
        ]
        words += ["--cache", self.bench.build / "cache", "-f", self.links, "-w", self.wheels / "again"]
        words.append(self.sdist(requirement))
        return lambda: self.bench.start(words)

    def interpreter(self, python: str | Path, code: str) -> Callable[[], Cost]:
        return lambda: self.bench.start([python, "-c", code])

    def wheel(self, pip: Path) -> Callable[[], Cost]:
        sdist = next(self.sdists.glob("markupsafe*.tar.gz"))
        output = self.wheels / pip.parent.parent.name
        words: list[str | Path] = [
            "wheel",
            "--no-build-isolation",
            "--no-deps",
            "--no-index",
            "--no-cache-dir",
            "-w",
            output,
            sdist,
        ]
        return lambda: self.bench.start([pip, *words])


def run(bench: Bench, *, starts: int, creations: int, wheels: int) -> str:
    sides = Sides(bench)
    sides.prepare()

    made = bench.measure(
        "environment with a working pip",
        creations,
        {"crossenv": sides.create_crossenv, "crosspy": sides.create_crosspy},
    )
    pips = {
        "crossenv": sides.crossenv_env / "bin" / "cross-pip",
        "crosspy": sides.crosspy_env / "bin" / "cross-pip",
    }
    for pip in pips.values():
        bench.start([pip, "--version"])
    sizes = {"crossenv": size_of(sides.crossenv_env), "crosspy": size_of(sides.crosspy_env)}

    pythons: dict[str, str | Path] = {
        "native": bench.python,
        "crossenv": sides.crossenv_env / "bin" / "cross-python",
        "crosspy": sides.crosspy_env / "bin" / "cross-python",
    }
    started = [
        bench.measure(
            f"`python -c '{code}'`",
            starts,
            {side: sides.interpreter(path, code) for side, path in pythons.items()},
        )
        for code in ("pass", "import sysconfig, platform")
    ]

    fresh(sides.wheels)
    for env in (sides.crossenv_env, sides.crosspy_env):
        bench.start([env / "bin" / "build-pip", "install", "--upgrade", SETUPTOOLS])
    pips = {"native": sides.native / "bin" / "pip", **pips}
    built = bench.measure(
        f"wheel of {SDIST.replace('==', ' ')}, no isolation",
        wheels,
        {side: sides.wheel(pip) for side, pip in pips.items()},
    )
    check_wheels(sides.wheels)
    sides.prepare_cost()
    sides.create(sides.same_env, bench.same)
    cost = []
    for requirement, kind in COST.items():
        times = wheels if kind.startswith("small") else max(3, wheels // 2)
        title = requirement.replace("==", " ")
        for env, target in ((sides.crosspy_env, "arm64"), (sides.same_env, "amd64: the same compiler")):
            builds = {"native": sides.full(requirement), "crosspy": sides.full(requirement, env)}
            cost.append(
                bench.measure(f"wheel of {title} ({kind}), with build isolation, for {target}", times, builds)
            )
            check_wheels(sides.wheels)
    again = sides.again(list(COST)[-1])
    again()
    cost.append(bench.measure("the last wheel again, from the wheel cache", wheels, {"crosspy": again}))
    return report([made, *started, built, *cost], sizes)


def check_wheels(wheels: Path) -> None:
    """A side that left the extension out would win unfairly."""
    for directory in sorted(wheels.iterdir()):
        if directory.name == "again":
            continue
        names = [path.name for path in directory.iterdir()]
        native = directory.name in ("native", "same-env")
        machine = platform.machine() if native else TRIPLET.partition("-")[0]
        if len(names) != 1 or not names[0].endswith(f"-linux_{machine}.whl"):
            sys.exit(f"bench: {directory.name} built {', '.join(names) or 'nothing'}")


def report(results: Sequence[Result], sizes: Mapping[str, tuple[int, int]]) -> str:
    def seconds(value: float) -> str:
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"

    def cell(result: Result, side: str) -> str:
        if side not in result.runs:
            return ""
        return f"{seconds(result.wall(side))} ({seconds(result.cpu(side))})"

    def ratio(result: Result, one: str, two: str) -> str:
        if one not in result.runs or two not in result.runs:
            return ""
        wall, cpu = result.wall(one) / result.wall(two), result.cpu(one) / result.cpu(two)
        return f"{wall:.2f} ({cpu:.2f})"

    lines = [
        "| what: wall (CPU), medians | native | crossenv 1.6.2 | crosspy | crosspy / native | crossenv / crosspy | runs |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        cells = [
            result.title,
            *(cell(result, side) for side in ("native", "crossenv", "crosspy")),
            ratio(result, "crosspy", "native"),
            ratio(result, "crossenv", "crosspy"),
            str(len(result.runs["crosspy"])),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    (peer, peer_files), (ours, our_files) = sizes["crossenv"], sizes["crosspy"]
    lines.append(
        f"| its size on disk | | {peer / 1e6:.1f} MB | {ours / 1e6:.1f} MB | | {peer / ours:.1f} | |"
    )
    lines.append(f"| its files | | {peer_files} | {our_files} | | {peer_files / our_files:.1f} | |")
    lines.append("")
    lines.append(
        f"Target: Debian 12 arm64, Python 3.11. Machine: {os.cpu_count()} cores, Linux {platform.machine()}, Python "
        f"{platform.python_version()}. Load when it ended: {os.getloadavg()[0]:.1f}."
    )
    return "\n".join(lines)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, required=True, help="where everything is made")
    parser.add_argument("--sysroot", type=Path, required=True, help="of arm64")
    parser.add_argument("--same-sysroot", type=Path, required=True, help="of this machine's own kind")
    parser.add_argument("--build-python", required=True)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md too")
    parser.add_argument(
        "--starts", type=int, default=31, help="runs of each interpreter start-up (default: 31)"
    )
    parser.add_argument("--creations", type=int, default=5, help="runs of each creation (default: 5)")
    parser.add_argument("--wheels", type=int, default=7, help="runs of each wheel build (default: 7)")
    args = parser.parse_args(argv)
    bench = Bench(
        args.build.resolve(), args.sysroot.resolve(), args.same_sysroot.resolve(), args.build_python, environ
    )
    table = run(bench, starts=args.starts, creations=args.creations, wheels=args.wheels)
    sys.stdout.write(table + "\n")
    if args.write:
        text = f"# Benchmarks\n\nMade by `make bench B=--write`; how: [benchmarks/run.py](../benchmarks/run.py).\n\n{table}\n"
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
