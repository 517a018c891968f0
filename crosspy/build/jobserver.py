"""How many processes may work at the same time, and the GNU make jobserver that shares this out.

make, cargo and ninja (1.13) take a token from the jobserver for each process beyond their first (GNU make manual,
"Sharing Job Slots with GNU make"); so does each pip of a run beyond the first. Of the tools that know no jobserver,
the compiler launchers take care: each holds one of as many slots while its compiler runs.

The jobserver is a named pipe, also for callers that give open files: Python closes those for the processes that it
starts, but they have a name below ``/proc``.
"""

from __future__ import annotations

import math
import os
import re
import select
import shlex
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crosspy import process

_AUTH: Final = re.compile(r"--jobserver-(?:auth|fds)=(?:fifo:(\S+)|(\d+),(\d+))")
_JOBS: Final = re.compile(r"(?:^|\s)(?:-\w*j|--jobs=)(\d+)(?=\s|$)")

_MAKE: Final = """\
#!/bin/sh
# Made by crosspy: make takes part in this run's jobserver; through open files, which every make since 4.2 knows.
p=
for word do
  shift
  case $p$word in
    -j|--jobs) p=$word; continue ;;
    -j[0-9]*|--jobs=*|--jobs[0-9]*) p=; continue ;;
  esac
  p=
  set -- "$@" "$word"
done
exec 8<>@fifo@
MAKEFLAGS=' -j@jobs@ --jobserver-auth=8,8'; export MAKEFLAGS
exec @make@ "$@"
"""


def available_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many CPUs this process may use: its affinity, and the quota of its control group."""
    cpus = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
        cpus = min(cpus, math.ceil(int(quota) / int(period)))
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii")
        period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii")
        if int(quota) > 0:
            cpus = min(cpus, math.ceil(int(quota) / int(period)))
    return max(1, cpus)


def caller_jobs(makeflags: str) -> int:
    """Return the number in a caller's ``MAKEFLAGS``; 0 if there is none."""
    found = _JOBS.findall(makeflags.partition(" -- ")[0])
    return int(found[-1]) if found else 0


def caller_fifo(makeflags: str) -> str:
    """Return the path of the jobserver of a caller's ``MAKEFLAGS``; empty if it has none, or none that is open."""
    found = _AUTH.findall(makeflags)
    if not found:
        return ""
    name, reading, writing = found[-1]
    path = name or f"/proc/{os.getpid()}/fd/{reading}"
    try:
        if not name and os.fstat(int(reading)).st_ino != os.fstat(int(writing)).st_ino:
            return ""
        return path if stat.S_ISFIFO(Path(path).stat().st_mode) else ""
    except OSError:
        return ""  # make does not hand it to commands that it takes for others than make ("+" in the recipe)


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobserver:
    """The jobserver of a run. ``fifo`` and ``slots`` are named pipes; ``jobs`` is the number of processes."""

    jobs: int
    fifo: str
    slots: str
    _token: int
    """The pipe, open for reading and writing."""
    _first: threading.Lock = field(default_factory=threading.Lock)
    """The token that a client of a jobserver has without asking."""

    @contextmanager
    def token(self, stopped: threading.Event) -> Iterator[bool]:
        """Hold a token, once there is one; False if the run is ``stopped`` before."""
        taken = b""
        first = False
        while not stopped.is_set():
            first = self._first.acquire(blocking=False)
            taken = b"" if first else self._taken()
            if first or taken:
                break
        try:
            yield first or bool(taken)
        finally:
            if first:
                self._first.release()
            if taken:
                os.write(self._token, taken)

    def _taken(self) -> bytes:
        if not select.select([self._token], [], [], 0.2)[0]:
            return b""
        try:
            return os.read(self._token, 1)
        except BlockingIOError:
            return b""  # another was faster

    def variables(self, tools: Path, path: str) -> dict[str, str]:
        """Return the variables by which the tools of a build learn of it.

        :param tools: a directory for the launchers of make, which becomes the first of ``path``.
        """
        flags = f" -j{self.jobs} --jobserver-auth=fifo:{self.fifo}"
        # CMake looks for gmake before make.
        makes = {
            name: program for name in ("make", "gmake") if (program := process.find_program(name, path=path))
        }
        if makes:
            tools.mkdir()
        for name, program in makes.items():
            text = _MAKE.replace("@fifo@", shlex.quote(self.fifo)).replace("@jobs@", str(self.jobs))
            (tools / name).write_text(text.replace("@make@", shlex.quote(program)), encoding="utf-8")
            (tools / name).chmod(0o755)
        return {
            "PATH": f"{tools}{os.pathsep}{path}" if makes else path,
            # One that is called by its path meets no launcher, and before 4.4 it stops at a named pipe.
            "MAKEFLAGS": flags if all(_knows_pipes(program) for program in makes.values()) else "",
            "CARGO_MAKEFLAGS": flags.strip(),
            "CROSSPY_SLOTS": self.slots,
            # Whoever asks for a number gets all of it: the launchers see to it that no more compilers run.
            "MAX_JOBS": str(self.jobs),
            "NPY_NUM_BUILD_JOBS": str(self.jobs),
        }


@contextmanager
def jobserver(wanted: int, environ: Mapping[str, str], directory: Path) -> Iterator[Jobserver]:
    """Take part in the caller's jobserver, or be one for ``wanted`` processes.

    :param wanted: 0: as many as the caller's ``MAKEFLAGS`` say, else as there are CPUs.
    :param directory: where the pipes are made.
    """
    makeflags = environ.get("MAKEFLAGS", "")
    callers = caller_fifo(makeflags) if not wanted else ""
    jobs = wanted or caller_jobs(makeflags) or available_cpus()
    fifo = callers or _pipe(directory / "jobserver")
    slots = _pipe(directory / "slots")
    # A pipe holds what was written only as long as somebody has it open.
    opened = [os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC) for name in (fifo, slots)]
    ended = threading.Event()
    try:
        if not callers:
            os.write(opened[0], b"+" * (jobs - 1))
        # A launcher reads a line: the shell needs no program for that.
        os.write(opened[1], b"\n" * min(jobs, 500))
        threading.Thread(target=_watch, args=(slots, opened[1], ended), daemon=True).start()
        yield Jobserver(jobs=jobs, fifo=fifo, slots=slots, _token=opened[0])
    finally:
        ended.set()
        for handle in opened:
            os.close(handle)


def _watch(slots: str, pipe: int, ended: threading.Event) -> None:
    """Give back the slots of launchers that were killed, until ``ended``: nobody else would, and the last one is waited for."""
    while not ended.wait(1):
        for file in Path(slots).parent.glob(f"{Path(slots).name}.*"):
            if Path("/proc", file.suffix[1:]).exists():
                continue
            with suppress(OSError):
                held = file.stat().st_size  # empty: it was given back
                file.unlink()
                if held and not ended.is_set():
                    os.write(pipe, b"\n")


def _knows_pipes(make: str) -> bool:
    """Say whether a make knows ``--jobserver-auth=fifo:`` (GNU make's NEWS, 4.4)."""
    said = process.run([make, "--version"], env={"LC_ALL": "C"}, merge=True).stdout
    version = re.match(r"GNU Make (\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= (4, 4)


def _pipe(path: Path) -> str:
    os.mkfifo(path, 0o600)
    return str(path)
