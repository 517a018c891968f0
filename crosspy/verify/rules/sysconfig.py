"""XP308: what the standard library says of its platform, against the interpreter's own ELF file."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.model.machine import by_triplet
from crosspy.verify.expectation import Expectation
from crosspy.verify.extensions import parse_name
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image

XP308: Final = Rule(
    id="XP308",
    title="sysconfig of another platform",
    why="_sysconfigdata or build-details.json is that of another build, often the build machine's: sysconfig, pip and "
    "builds on the device take its suffix, compiler and directories for their own.",
    fix="Install the file that the target's own Python build made (pybuilddir.txt names its directory).",
    reference="https://github.com/python/cpython/issues/127429",
)
RULES: Final = (XP308,)

_DATA: Final = re.compile(r"/python(3\.\d+)t?/_sysconfigdata_[^/]*\.py$")
_DETAILS: Final = re.compile(r"/python(3\.\d+)t?/build-details\.json$")
_DETAILS_NAME: Final = "/build-details.json"
_MAX_DATA: Final = 1 << 22


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Compare each file of build facts with the target."""
    for path in sorted(
        path for path in image.files if "/_sysconfigdata_" in path or path.endswith(_DETAILS_NAME)
    ):
        match = _DATA.search(path) or _DETAILS.search(path)
        if match is None or match[1] != expectation.python:
            continue
        try:
            text = image.read(path, _MAX_DATA)
        except OSError:
            continue
        stated = _details(text) if path.endswith(".json") else _variables(text)
        for what, expected, found in _contradictions(stated, expectation):
            yield XP308.finding(
                path,
                Severity.ERROR,
                f"{what} of another platform",
                expected=f"{what} = {expected}",
                found=f"{what} = {found}",
            )


def _contradictions(stated: Mapping[str, str], expectation: Expectation) -> Iterator[tuple[str, str, str]]:
    suffix = stated.get("EXT_SUFFIX", "")
    if expectation.extension_suffixes and suffix:
        own = parse_name(f"module{expectation.extension_suffixes[0]}")
        theirs = parse_name(f"module{suffix}")
        # Debian installs the data of its debug interpreter (cpython-311d) beside that of the ordinary one.
        if own and theirs and theirs.flags != own.flags:
            return
        if suffix not in expectation.extension_suffixes:
            yield "EXT_SUFFIX", expectation.extension_suffixes[0], suffix
    machine = expectation.machine
    triplet = stated.get("HOST_GNU_TYPE", "")
    theirs_machine = by_triplet(triplet) if triplet else None
    if theirs_machine and theirs_machine.elf_machine != machine.elf_machine:
        yield "HOST_GNU_TYPE", machine.name, triplet
    size = stated.get("SIZEOF_VOID_P", "")
    if size.isdigit() and int(size) * 8 != machine.bits:
        yield "SIZEOF_VOID_P", str(machine.bits // 8), size


def _variables(text: bytes) -> dict[str, str]:
    """Return ``build_time_vars`` of a sysconfigdata file, read as a literal; {} if it is anything but one."""
    try:
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and any(
                isinstance(one, ast.Name) and one.id == "build_time_vars" for one in node.targets
            ):
                values = ast.literal_eval(node.value)
                return {str(key): str(value) for key, value in values.items()}
    except (SyntaxError, ValueError, TypeError, AttributeError, MemoryError, RecursionError):
        pass
    return {}


def _details(text: bytes) -> dict[str, str]:
    """Return the same facts of a ``build-details.json`` (PEP 739)."""
    try:
        whole = json.loads(text)
        abi = whole.get("abi", {})
        return {"EXT_SUFFIX": str(abi.get("extension_suffix", "")), "HOST_GNU_TYPE": _triplet(whole)}
    except (ValueError, AttributeError, RecursionError):
        return {}


def _triplet(whole: Mapping[str, object]) -> str:
    return str(whole.get("platform", "")).removeprefix("linux-")
