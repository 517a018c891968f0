"""What became of the jobs: one JSON file each, kept from run to run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OK: Final = "ok"


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
        return Result(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read_all(root: Path) -> Iterator[Result]:
    for path in sorted((root / "results").glob("*.json")):
        if result := read(path):
            yield result
