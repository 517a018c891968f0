"""XP302: bytecode that the image's interpreter cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.places import is_test_data
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename, parent

XP302: Final = Rule(
    id="XP302",
    title="bytecode of another Python version",
    why="Bytecode begins with a number that each Python version changes. Without its source the import fails: 'bad magic "
    "number'. With the source it is compiled anew at each start, on a read-only root file system for ever. The build "
    "machine's Python compiled it.",
    fix="Compile with a Python of the target's version (crosspy install does), or leave the bytecode out.",
    reference="https://docs.python.org/3/library/importlib.html#importlib.util.MAGIC_NUMBER",
)
RULES: Final = (XP302,)

# importlib/_bootstrap_external.py of each release (pycore_magic_number.h from 3.14 on).
_MAGIC: Final = {
    "3.6": 3379, "3.7": 3394, "3.8": 3413, "3.9": 3425, "3.10": 3439, "3.11": 3495, "3.12": 3531, "3.13": 3571,
    "3.14": 3627,
}  # fmt: skip
_NAMES: Final = {number: name for name, number in _MAGIC.items()}
_PYTHON_DIRECTORY: Final = re.compile(r"/python(3\.\d+)t?/")
_CACHED: Final = re.compile(r"(.+)\.cpython-(\d)(\d+)(?:\.opt-\d)?\.pyc")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Compare the first bytes of bytecode with those of the interpreter that reads it, and tell once per directory."""
    wrong: dict[tuple[str, bool], list[str]] = {}
    for path, head in image.bytecode.items():
        version = _reader(path, expectation)
        expected = _MAGIC.get(version)
        if expected is not None and head != expected.to_bytes(2, "little") + b"\r\n":
            source = _source(path)
            if parent(path).endswith("/__pycache__") or source not in image.files:
                wrong.setdefault((parent(path), source in image.files), []).append(path)
    for (_, has_source), paths in sorted(wrong.items()):
        # Nothing is imported from __pycache__ without the source.
        sourceless = not has_source and not paths[0].partition("/__pycache__/")[1]
        path = min(paths)
        error = sourceless and not is_test_data(path)
        yield XP302.finding(
            path,
            Severity.ERROR if error else Severity.WARNING,
            "bytecode of another Python"
            + (f", with {len(paths) - 1} more beside it" if len(paths) > 1 else ""),
            expected=f"that of Python {_reader(path, expectation)}",
            found=_named(image.bytecode[path]),
        )


def _reader(path: str, expectation: Expectation) -> str:
    """Return the version of the interpreter that looks for bytecode at ``path``."""
    match = _CACHED.fullmatch(basename(path))
    if match and parent(path).endswith("/__pycache__"):
        return f"{match[2]}.{match[3]}"
    place = _PYTHON_DIRECTORY.search(path)
    return place[1] if place else expectation.python


def _source(path: str) -> str:
    directory, match = parent(path), _CACHED.fullmatch(basename(path))
    if match and directory.endswith("/__pycache__"):
        return f"{parent(directory)}/{match[1]}.py"
    return path.removesuffix("c")


def _named(head: bytes) -> str:
    number = int.from_bytes(head[:2], "little")
    if head[2:] != b"\r\n":
        return f"no bytecode: begins with {head!r}"
    return f"that of Python {_NAMES[number]}" if number in _NAMES else f"magic number {number}"
