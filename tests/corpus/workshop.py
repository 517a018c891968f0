"""Where everything is, and how commands are started."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import beds

_REPEATS: Final = (
    "subprocess-exited",
    "Failed building wheel",
    "Failed to build",
    "not pip",
    "did not run",
    "returned non-zero exit status",
    "note:",
    "metadata-generation-failed",
    "failed-wheel-build",
    "pip's dependency resolver",
)
_ERRORS: Final = ("error:", "Error:", "ERROR", "fatal:", "FAILED", "undefined reference")


_ADDRESS: Final = re.compile(r"\b(https?|ftp)://[^/\s]+")


def native_target(name: str) -> str:
    """Return the target under which native results stand: the first with the X.Y of ``name``.

    A native build is the same for all of those.
    """
    known = beds.REQUIRED | beds.OPTIONAL
    return next(other for other, row in known.items() if row[2] == known[name][2])


class Failure(Exception):  # noqa: N818 - it is the word in the table
    """A step that did not do what it should; the log of the job has the rest."""

    def __init__(self, result: str, cause: str) -> None:
        super().__init__(cause)
        self.result = result
        self.cause = cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Bed:
    """One target of the corpus."""

    name: str
    sysroot: Path
    triplet: str
    qemu: str
    python: str
    """X.Y."""
    build_python: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """The directory of a run, and what all of its commands share."""

    root: Path
    sysroots: Path
    rust: Path
    """The Rust toolchain, put in front of PATH for all flavours."""
    flags: str
    timeout: float
    code: str
    """State of crosspy's code."""
    environ: Mapping[str, str]
    _locks: dict[str, threading.RLock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def bed(self, name: str) -> Bed:
        triplet, qemu, python, build_python = (beds.REQUIRED | beds.OPTIONAL)[name]
        return Bed(
            name=name,
            sysroot=self.sysroots / f"{name}-corpus",
            triplet=triplet,
            qemu=f"qemu-{qemu}-static",
            python=python,
            build_python=self.sysroots / build_python,
        )

    def lock(self, name: str) -> threading.RLock:
        """Return the lock of a thing that two jobs must not make at once."""
        with self._guard:
            return self._locks.setdefault(name, threading.RLock())

    def variables(self, flavour: str) -> dict[str, str]:
        """Return the environment of a flavour's commands; pip's caches are not shared between flavours."""
        home = self.root / "home" / flavour
        home.mkdir(parents=True, exist_ok=True)
        keep = {
            name: value
            for name, value in self.environ.items()
            if (
                name.startswith(("PIP_", "SSL_", "REQUESTS_", "CARGO_HTTP_"))
                or name.lower().endswith("_proxy")
            )
            and name not in {"PIP_FIND_LINKS", "PIP_NO_INDEX"}
        }
        return {
            "PATH": f"{self.rust / 'usr' / 'bin'}:{self.environ['PATH']}",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "CFLAGS": self.flags,
            "CXXFLAGS": self.flags,
            "FFLAGS": self.flags,
            "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
            "CARGO_PROFILE_RELEASE_LTO": "off",
            **keep,
        }

    def run(
        self,
        log: Path,
        argv: Sequence[str | Path],
        env: Mapping[str, str],
        *,
        result: str,
        cwd: Path | None = None,
    ) -> str:
        """Run a command, its output added to ``log``; return that output.

        :raises Failure: of kind ``result`` if it fails, or ``timed out``.
        """
        words = [str(word) for word in argv]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(words)}\n")
            stream.flush()
            begin = stream.tell()
            process = subprocess.Popen(
                words,
                env=dict(env),
                cwd=cwd or self.root,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                raise Failure("timed out", f"not done after {self.timeout:.0f} s") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        with log.open(encoding="utf-8", errors="replace") as stream:
            stream.seek(begin)
            output = stream.read()
        if status < 0:
            raise Failure("killed", f"by signal {-status}")
        if status:
            raise Failure(result, self.cause(output) or f"exit status {status}")
        return output

    def crosspy(
        self, log: Path, *words: str | Path, result: str, env: Mapping[str, str] | None = None
    ) -> str:
        env = env or self.variables("crosspy")
        return self.run(log, [sys.executable, "-m", "crosspy", *words], env, result=result)

    def cause(self, output: str) -> str:
        """Return the line of a log that says best what went wrong."""
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        errors = [line for line in lines if _is_error(line)]
        # crosspy's own last word, where it is the one that failed.
        errors = [line for line in errors if line.startswith("error: ")] or errors
        line = errors[-1] if errors else (lines[-1] if lines else "")
        for place, name in ((self.root, "BUILD"), (self.sysroots, "SYSROOTS")):
            line = line.replace(str(place), name)
        # Which mirror served a file is no part of the cause.
        return _ADDRESS.sub(r"\1://...", line)[:240]


def _is_error(line: str) -> bool:
    """pip and setuptools repeat at the end that something failed; what it was stands before."""
    return any(word in line for word in _ERRORS) and not any(word in line for word in _REPEATS)


def fresh(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 1)
