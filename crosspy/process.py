"""The only place that starts a process."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

TimeoutExpired = subprocess.TimeoutExpired
"""Raised by :func:`run` when its time is up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a finished process left: its exit status (negative: killed by that signal) and its output."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def reproducer(self, cwd: Path | None = None) -> str:
        """Return the command as a line to paste into a shell."""
        line = shlex.join(self.argv)
        return f"cd {shlex.quote(str(cwd))} && {line}" if cwd else line


def find_program(name: str, *, path: str) -> str | None:
    """Return the absolute path of ``name`` on ``path`` (a ``PATH`` string), or None.

    The PATH is the one the process will run with, never silently this process's own.
    """
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None  # noqa: PTH100 -- resolve() would follow links


def _with_program(argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    program = find_program(argv[0], path=env.get("PATH", os.defpath))
    if program is None:
        raise FileNotFoundError(argv[0])
    return [program, *argv[1:]]


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    capture: bool = True,
    merge: bool = False,
    timeout: float | None = None,
) -> Outcome:
    """Run ``argv`` to its end and return its outcome; a failing status is the caller's to judge.

    :param env: the whole environment of the child; ``argv[0]`` is looked up on its ``PATH``.
    :param capture: keep the output (as UTF-8, undecodable bytes replaced); otherwise it goes to stderr.
    :param merge: stderr goes into ``stdout``, in order.
    :raises FileNotFoundError: if ``argv[0]`` is not on ``env["PATH"]``.
    :raises subprocess.TimeoutExpired: after ``timeout`` seconds.
    """
    stderr = subprocess.STDOUT if merge else (subprocess.PIPE if capture else None)
    done = subprocess.run(
        _with_program(argv, env),
        env=dict(env),
        cwd=cwd,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else 2,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
    )
    return Outcome(
        argv=tuple(argv), status=done.returncode, stdout=done.stdout or "", stderr=done.stderr or ""
    )


def stream(argv: Sequence[str], *, env: Mapping[str, str], copy: BinaryIO) -> int:
    """Run ``argv`` to its end and return its exit status; its output goes to stderr, as it comes, and to ``copy``.

    A process that it left running in the background (a compiler cache's server) is not waited for.

    :raises FileNotFoundError: if ``argv[0]`` is not on ``env["PATH"]``.
    """
    with (
        subprocess.Popen(
            _with_program(argv, env),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as child,
        open(2, "wb", closefd=False) as screen,
    ):
        try:
            for chunk in _output(child):
                copy.write(chunk)
                screen.write(chunk)
                screen.flush()
            return child.wait()
        except BaseException:
            _end(child)
            raise


def run_aside(
    argv: Sequence[str], *, env: Mapping[str, str], output: BinaryIO, stopped: Callable[[], bool]
) -> int:
    """Run ``argv`` to its end, all it says into ``output``, and return its exit status; for threads.

    :param stopped: asked again and again; once it says so, the process is ended with all that it started.
    :raises FileNotFoundError: if ``argv[0]`` is not on ``env["PATH"]``.
    """
    with subprocess.Popen(
        _with_program(argv, env),
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    ) as child:
        while True:
            try:
                return child.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                if stopped():
                    _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started: a build's compilers would go on, in directories that are about to be removed.

    Not by a process group: whoever kills that of crosspy (a job server, Ctrl-C) is to reach them, too.
    """
    # Stopped first: one that is looked at must not start another.
    for number in (signal.SIGSTOP, signal.SIGSTOP, signal.SIGKILL):
        for pid in _family(child.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _family(pid: int) -> list[int]:
    """Return a process and its descendants, parents before children (proc(5): the fourth field of ``stat`` is the parent)."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it has ended
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    family = [pid]
    for one in family:
        family += children.get(one, ())
    return family


def _output(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield what ``child`` writes, until it ends."""
    assert child.stdout is not None  # noqa: S101 -- it was started with a pipe
    source = child.stdout.fileno()
    while True:
        ended = child.poll() is not None
        ready, _, _ = select.select([source], [], [], 0 if ended else 0.2)
        chunk = os.read(source, 65536) if ready else b""
        if chunk:
            yield chunk
        elif ready or ended:
            return


def run_together(commands: Sequence[Sequence[str]], *, env: Mapping[str, str]) -> list[Outcome]:
    """Run short commands at the same time; each outcome has stdout and stderr, in order, in ``stdout``.

    :raises FileNotFoundError: if a program is not on ``env["PATH"]``; :raises OSError: if it cannot be started.
    """
    children: list[subprocess.Popen[str]] = []
    try:
        children.extend(
            subprocess.Popen(
                _with_program(argv, env),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
            for argv in commands
        )
        outputs = [child.communicate()[0] for child in children]
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
    return [
        Outcome(argv=tuple(argv), status=child.returncode, stdout=output, stderr="")
        for argv, child, output in zip(commands, children, outputs, strict=True)
    ]
