"""``make corpus``: build the packages of packages.toml for targets, in several ways, and prove each wheel.

Results are kept, one file for each package, target and flavour: what has one is not run again, unless its
version, its flags or (for crosspy) crosspy's code are others now. ``--keep`` keeps those of other code, and those of
other machines that are on record in tests/corpus/results. What a package needs is built first, if it is not there.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import beds

from corpus import packages as packages_module
from corpus import results
from corpus.flavours import FLAVOURS, Job, backend_of, built, code_state, compare, store
from corpus.packages import TIERS, Package, Source
from corpus.page import page
from corpus.results import OK, Result
from corpus.verdict import judge
from corpus.workshop import Clock, Failure, Workshop, fresh, native_target

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "corpus.md"
OURS: Final = ("crosspy", "crosspy-again")


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A job that may have to wait for others."""

    package: Package
    source: Source
    target: str
    flavour: str


@dataclass(kw_only=True, slots=True)
class Run:
    """One run of the command."""

    shop: Workshop
    commit: str
    recorded: Mapping[tuple[str, str, str], Result] = field(default_factory=dict)
    """Results of any machine."""

    def result(
        self, task: Task, *, backend: str, result: str, seconds: float, cause: str, wheel: str = ""
    ) -> Result:
        return Result(
            package=task.package.name,
            version=task.source.version,
            backend=backend,
            target=task.target,
            flavour=task.flavour,
            result=result,
            seconds=seconds,
            cause=cause,
            code=self.shop.code if task.flavour in OURS else "",
            commit=self.commit,
            flags=self.shop.flags,
            date=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            wheel=wheel,
        )

    def is_done(self, task: Task, *, keep: bool) -> bool:
        known = results.read(results.path_of(self.shop.root, *_id(task)))
        if keep and known is None:
            known = self.recorded.get(_id(task))
        if known is None or (known.version, known.flags) != (task.source.version, self.shop.flags):
            return False
        return keep or not known.code or known.code == self.shop.code

    def work(self, task: Task) -> Result:
        """Do one job, and write down what became of it."""
        shop = self.shop
        name = f"{task.package.name}+{task.target}+{task.flavour}"
        work = fresh(shop.root / "work" / name)
        # In a place of its own: pip keeps what it built, by the path of the source.
        sdist = fresh(work / f"{time.time_ns()}") / task.source.filename
        sdist.hardlink_to(shop.root / "sdists" / task.source.filename)
        job = Job(
            package=task.package,
            bed=shop.bed(task.target),
            flavour=task.flavour,
            sdist=sdist,
            work=work,
            log=shop.root / "logs" / f"{name}.log",
        )
        job.log.unlink(missing_ok=True)
        clock = Clock()
        seconds = 0.0
        outcome, cause, wheel_name = OK, "", ""
        try:
            try:
                FLAVOURS[task.flavour](shop, job)
            finally:
                seconds = clock.seconds
            wheel = built(job)
            wheel_name = wheel.name
            if task.flavour == "crosspy-again":
                if cause := compare(self._kept(task, wheel), wheel):
                    outcome = "differs"
            else:
                judge(shop, job, wheel)
        except Failure as failure:
            outcome, cause = failure.result, failure.cause
        done = self.result(
            task, backend=backend_of(sdist), result=outcome, seconds=seconds, cause=cause, wheel=wheel_name
        )
        if done.ok and task.flavour == "crosspy":
            shutil.copy2(job.out / wheel_name, store(shop, job.bed) / wheel_name)
        shutil.rmtree(job.work)
        results.write(shop.root, done)
        return done

    def _kept(self, task: Task, wheel: Path) -> Path:
        first = results.read(results.path_of(self.shop.root, task.package.name, task.target, "crosspy"))
        if first is None or not first.ok:
            raise Failure("not compared", "there is no first wheel")
        return self.shop.root / "wheels" / task.target / (first.wheel or wheel.name)


def needs(task: Task) -> list[tuple[str, str, str]]:
    """Return what must be built before: crosspy's wheels go into every flavour's images."""
    if task.flavour == "native":
        return []
    before = [(need, task.target, "crosspy") for need in task.package.needs]
    return before + ([(task.package.name, task.target, "crosspy")] if task.flavour == "crosspy-again" else [])


def run_all(run: Run, tasks: Sequence[Task], jobs: int) -> None:
    """Run the tasks in their order, ``jobs`` at once; one that needs others waits for them."""
    waiting = list(tasks)
    running: dict[Future[Result], Task] = {}
    with ThreadPoolExecutor(jobs) as pool:
        while waiting or running:
            busy = {_id(task) for task in [*waiting, *running.values()]}
            for task in list(waiting):
                if len(running) < jobs and not any(need in busy for need in needs(task)):
                    waiting.remove(task)
                    if missing := _missing(run.shop, task):
                        say(f"{_text(task)}: not run, it needs {', '.join(missing)}")
                    else:
                        running[pool.submit(run.work, task)] = task
            if not running:
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                result = future.result()
                say(
                    f"{_text(task)}: {result.result} in {result.seconds:.0f} s {result.cause[:120]} [{len(waiting)} to go]"
                )


def _missing(shop: Workshop, task: Task) -> list[str]:
    missing = []
    for package, target, flavour in needs(task):
        known = results.read(results.path_of(shop.root, package, target, flavour))
        if known is None or not known.ok:
            missing.append(package)
    return missing


def _id(task: Task) -> tuple[str, str, str]:
    return task.package.name, task.target, task.flavour


def _text(task: Task) -> str:
    return f"{task.package.name} {task.source.version} {task.target} {task.flavour}"


def say(text: str) -> None:
    now = dt.datetime.now(tz=dt.UTC)
    sys.stderr.write(f"{now:%H:%M:%S} {text}\n")
    sys.stderr.flush()


def with_needs(shop: Workshop, tasks: Sequence[Task], packages: Mapping[str, Package]) -> list[Task]:
    """Add what must be built before and is not here, in front."""
    found: dict[tuple[str, str, str], Task] = {}

    def add(task: Task) -> None:
        for package, target, flavour in needs(task):
            known = results.read(results.path_of(shop.root, package, target, flavour))
            if known is None and (package, target, flavour) not in found:
                add(_task(packages[package], target, flavour, shop.root / "sdists"))
        found.setdefault(_id(task), task)

    for task in tasks:
        add(task)
    return list(found.values())


def _task(package: Package, target: str, flavour: str, sdists: Path) -> Task:
    if package.path:
        source = packages_module.pack(package, sdists)
    else:
        source = packages_module.read_lock((beds.REQUIRED | beds.OPTIONAL)[target][2])[package.name]
    return Task(package=package, source=source, target=target, flavour=flavour)


def choose(args: argparse.Namespace, packages: Mapping[str, Package], sdists: Path) -> list[Task]:
    """Return the tasks that the options ask for, cheap packages first."""
    only = _words(args.only)
    if unknown := [name for name in only if name not in packages]:
        sys.exit(f"corpus: not in packages.toml: {', '.join(unknown)}")
    tiers = _words(args.tier)
    tasks = {}
    for target in _words(args.target):
        for package in packages.values():
            if args.sample:
                wanted = package.sample
            else:
                wanted = package.name in only if only else package.tier in tiers
            if not wanted or target in package.exclude or (package.rust and not args.rust and not only):
                continue
            for flavour in _words(args.flavour):
                home = native_target(target) if flavour == "native" else target
                task = _task(package, home, flavour, sdists)
                tasks[_id(task)] = task
    return list(tasks.values())


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def fetch_sources(shop: Workshop, tasks: Iterable[Task]) -> None:
    for task in (task for task in tasks if not task.package.path):
        python = shop.bed(task.target).python
        packages_module.fetch(python, task.package.name, task.source, shop.root / "sdists")


def check_targets(shop: Workshop, names: Iterable[str]) -> None:
    for name in names:
        bed = shop.bed(name)
        for path, goal in ((bed.sysroot, f"{name}-corpus"), (bed.build_python, f"build-{bed.python}")):
            if not path.exists():
                sys.exit(f"corpus: {path} is missing: make sysroot-{goal}")
        for program in (f"{bed.triplet}-g++", bed.qemu):
            if not shutil.which(program):
                sys.exit(f"corpus: {program} is missing: make system-test, or system-{name}")


def commit() -> str:
    """Return the last commit that changed crosspy itself."""
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%h", "--", "crosspy"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make corpus", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--build", type=Path, required=True, help="where everything is made and kept")
    add("--sysroots", type=Path, required=True)
    add("--rust-toolchain", type=Path, required=True, help="what make rust makes")
    add("--target", default="arm64", metavar="NAMES", help=f"of {', '.join(beds.REQUIRED | beds.OPTIONAL)}")
    add("--flavour", default="crosspy", metavar="NAMES", help=f"of {', '.join(FLAVOURS)}")
    add("--only", default="", metavar="NAMES", help="these packages, of any tier")
    add(
        "--tier", default="small,large", metavar="NAMES", help=f"of {', '.join(TIERS)} (default: small,large)"
    )
    add("--sample", action="store_true", help="the packages that are marked as a sample of all, of any tier")
    add("--rust", action=argparse.BooleanOptionalAction, default=True, help="packages that need cargo")
    add("--twice", action="store_true", help="crosspy a second time elsewhere, and compare the wheels")
    add("--again", action="store_true", help="run what has a result, too")
    add("--keep", action="store_true", help="results of another state of crosspy's code are good enough")
    add("--jobs", type=int, default=2, metavar="N")
    add("--timeout", type=float, default=1800, metavar="SECONDS", help="of each command (default: 1800)")
    add("--flags", default="-O0 -g0", help="CFLAGS, CXXFLAGS and FFLAGS of all flavours (default: -O0 -g0)")
    add("--lock", action="store_true", help="look for the newest versions, write the locks, and stop")
    add("--page", action="store_true", help="write docs/corpus.md, and stop")
    args = parser.parse_args(argv)
    if args.twice:
        args.flavour = "crosspy,crosspy-again"
    for words, known in (
        (args.target, beds.REQUIRED | beds.OPTIONAL),
        (args.flavour, FLAVOURS),
        (args.tier, TIERS),
    ):
        if unknown := [word for word in _words(words) if word not in known]:
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return args


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    args = parse(argv)
    root = args.build.resolve()
    shop = Workshop(
        root=root,
        sysroots=args.sysroots.absolute(),
        rust=args.rust_toolchain.absolute(),
        flags=args.flags,
        timeout=args.timeout,
        code=code_state(),
        environ=environ,
    )
    packages = packages_module.load()
    if args.lock:
        for python in sorted({shop.bed(target).python for target in _words(args.target)}):
            packages_module.write_lock(python, packages.values())
        return 0
    if not args.page:
        check_targets(shop, _words(args.target))
        run = Run(shop=shop, commit=commit(), recorded={it.id: it for it in results.recorded(results.RECORD)})
        chosen = choose(args, packages, root / "sdists")
        tasks = [task for task in chosen if args.again or not run.is_done(task, keep=args.keep)]
        tasks = with_needs(shop, tasks, packages)
        say(f"{len(tasks)} to run")
        fetch_sources(shop, tasks)
        run_all(run, tasks, args.jobs)
    everything = results.record(results.RECORD, results.read_all(root))
    PAGE.write_text(page(packages, everything, list(FLAVOURS)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
