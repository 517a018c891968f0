"""Requirements built ahead of time, several at once: each by a pip of its own, into the cache of the run.

pip resolves and builds one after the other. So the packages that are named, and what their wheels require, are built
first, each without its dependencies; then one pip resolves as always, and finds the wheels there. A version that was
built ahead and is not wanted in the end costs time and nothing else.
"""

from __future__ import annotations

import email.parser
import re
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from crosspy import process
from crosspy.build.jobserver import Jobserver
from crosspy.console import Console


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """How to build one requirement: ``command`` is the pip that does, up to the requirement."""

    command: Callable[[Path], Sequence[str]]
    """Takes the directory for wheels."""
    variables: Mapping[str, str]
    markers: Mapping[str, str]
    scratch: Path
    with_dependencies: bool
    jobserver: Jobserver
    console: Console
    log: BinaryIO


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    word: str
    extras: frozenset[str]
    status: int
    seconds: float
    output: Path
    wheels: Path


def build_ahead(words: Sequence[str], ahead: Ahead) -> None:
    """Build requirements, and what they require, in parallel; what fails is told, and will fail again."""
    waiting = list(words)
    seen = {_name(word) for word in words}
    stopped = threading.Event()
    running: set[Future[_Done]] = set()
    numbers = iter(range(1_000_000))
    with ThreadPoolExecutor(max_workers=ahead.jobserver.jobs) as pool:
        try:
            while waiting or running:
                running |= {pool.submit(_one, word, next(numbers), ahead, stopped) for word in waiting}
                waiting = []
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for result in [future.result() for future in done]:
                    _tell(result, ahead)
                    for word in _requirements(result, ahead) if ahead.with_dependencies else ():
                        if _name(word) not in seen:
                            seen.add(_name(word))
                            waiting.append(word)
        except BaseException:
            stopped.set()
            for future in running:
                future.cancel()
            raise


def _one(word: str, number: int, ahead: Ahead, stopped: threading.Event) -> _Done:
    place = (
        ahead.scratch / "ahead" / (re.sub(r"[^A-Za-z0-9]+", "-", Path(word).name).strip("-") or str(number))
    )
    try:
        place.mkdir(parents=True)
    except FileExistsError:
        place = place.with_name(f"{place.name}-{number}")
    (place / "tmp").mkdir(parents=True)
    output, wheels = place / "output", place / "wheels"
    with ahead.jobserver.token(stopped) as granted, output.open("wb") as file:
        began = time.monotonic()
        argv = [*ahead.command(wheels), word]
        variables = {**ahead.variables, "TMPDIR": str(place / "tmp")}
        status = process.run_aside(argv, env=variables, output=file, stopped=stopped.is_set) if granted else 1
    shutil.rmtree(place / "tmp", ignore_errors=True)
    return _Done(
        word=word,
        extras=frozenset(requirement.extras if (requirement := _parsed(word)) else ()),
        status=status,
        seconds=time.monotonic() - began,
        output=output,
        wheels=wheels,
    )


def _tell(done: _Done, ahead: Ahead) -> None:
    """Show what one pip said, in one piece."""
    how = "built" if not done.status else "failed"
    ahead.console.step(f"{done.word}: {how} ahead, in {done.seconds:.1f} s")
    content = done.output.read_bytes()
    ahead.log.write(content)
    if done.status or not ahead.console.quiet:
        ahead.console.lines(content.decode("utf-8", "replace"))


def _requirements(done: _Done, ahead: Ahead) -> list[str]:
    """Return what the wheel of a requirement requires on the target."""
    found: list[str] = []
    for wheel in sorted(done.wheels.glob("*.whl")):
        for text in _metadata(wheel):
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            marker = requirement.marker
            chosen = marker is None or any(
                marker.evaluate({**ahead.markers, "extra": extra}) for extra in ("", *sorted(done.extras))
            )
            if chosen and not requirement.url:
                requirement.marker = None
                found.append(str(requirement))
    return found


def _metadata(wheel: Path) -> list[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(
                name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
            )
            text = archive.read(name).decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile, StopIteration, RuntimeError):
        return []  # whoever places the wheels says so
    return [str(value) for value in email.parser.HeaderParser().parsestr(text).get_all("Requires-Dist", [])]


def _parsed(word: str) -> Requirement | None:
    try:
        return Requirement(word)
    except InvalidRequirement:
        return None


def _name(word: str) -> str:
    requirement = _parsed(word)
    return canonicalize_name(requirement.name) if requirement else word


def named_requirements(words: Sequence[str], files: Sequence[Path], markers: Mapping[str, str]) -> list[str]:
    """Return what can be built ahead: the words, and the plain lines of requirements files, for the target."""
    found = list(words)
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # pip's to say
        for line in text.replace("\\\n", " ").splitlines():
            plain = re.sub(r"(^|\s)#.*$", "", line)
            plain = re.sub(r"\s--hash=\S+", "", plain).strip()
            if _parsed(plain):
                found.append(plain)
    return [word for word in dict.fromkeys(found) if _is_chosen(word, markers)]


def _is_chosen(word: str, markers: Mapping[str, str]) -> bool:
    requirement = _parsed(word)
    return (
        requirement is None
        or requirement.marker is None
        or requirement.marker.evaluate({**markers, "extra": ""})
    )


def constraints(words: Sequence[str]) -> str:
    """Return the text of a constraints file by which each pip knows of the versions that are named for the others."""
    lines = []
    for requirement in filter(None, map(_parsed, words)):
        if requirement.specifier and not requirement.url:
            marker = f" ; {requirement.marker}" if requirement.marker else ""
            lines.append(f"{requirement.name}{requirement.specifier}{marker}\n")
    return "".join(lines)
