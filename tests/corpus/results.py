"""What became of the jobs: one JSON file each where they ran, and a record of all in the repository.

The record is what the page is made of, so that runs on several machines and at several times add up: a file of
JSON lines for each target, ``tests/corpus/results/TARGET.jsonl``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OK: Final = "ok"
RECORD: Final = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One package, target and flavour."""

    package: str
    version: str
    backend: str
    target: str
    flavour: str
    result: str
    """``ok``, or the step that went wrong."""
    seconds: float
    """Of the build alone."""
    cause: str
    code: str
    """State of crosspy's code; empty where crosspy did not build."""
    commit: str
    flags: str
    date: str
    wheel: str = ""

    @property
    def id(self) -> tuple[str, str, str]:
        return self.package, self.target, self.flavour

    @property
    def ok(self) -> bool:
        return self.result == OK


def path_of(root: Path, package: str, target: str, flavour: str) -> Path:
    return root / "results" / f"{package}+{target}+{flavour}.json"


def write(root: Path, result: Result) -> None:
    path = path_of(root, result.package, result.target, result.flavour)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(dataclasses.asdict(result), indent=2) + "\n", encoding="utf-8")
    new.replace(path)


def read(path: Path) -> Result | None:
    """Return a result, or None if there is none that can be read."""
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except OSError:
        return None


def _parse(text: str) -> Result | None:
    try:
        return Result(**json.loads(text))
    except (ValueError, TypeError):
        return None


def read_all(root: Path) -> Iterator[Result]:
    for path in sorted((root / "results").glob("*.json")):
        if result := read(path):
            yield result


def recorded(directory: Path) -> list[Result]:
    """Return the results of a record.

    :raises ValueError: a line is not a result.
    """
    found = []
    for path in sorted(directory.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            result = _parse(line)
            if result is None:
                raise ValueError(f"{path.name}:{number}: not a result of the corpus")
            found.append(result)
    return found


def record(directory: Path, found: Iterable[Result]) -> list[Result]:
    """Add results to a record, where the newest of each package, target and flavour stays; return them all."""
    newest = {result.id: result for result in recorded(directory)}
    for result in found:
        if result.id not in newest or newest[result.id].date <= result.date:
            newest[result.id] = result
    everything = [newest[key] for key in sorted(newest)]
    directory.mkdir(parents=True, exist_ok=True)
    for target in {result.target for result in everything}:
        lines = [json.dumps(dataclasses.asdict(result)) for result in everything if result.target == target]
        new = directory / f".{target}.new"
        new.write_text("\n".join(lines) + "\n", encoding="utf-8")
        new.replace(directory / f"{target}.jsonl")
    return everything
