"""XP601: modules that the image's code imports and the image does not have.

Asked with ``--imports``: it reads every Python file. Only what a module imports as it is loaded counts, and only where
nothing catches the error: imports inside functions, below ``try`` or below a condition may never run.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Final

from crosspy.elf import ElfDamaged, linkage
from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.extensions import importable
from crosspy.verify.places import is_test_data
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename, parent

XP601: Final = Rule(
    id="XP601",
    title="imported module not in the image",
    why="'No module named json': the standard library of the image is split into packages, or stripped, and what this file "
    "imports was left out; or a distribution is missing that no metadata names.",
    fix="Add the package with the module (Yocto: python3-MODULE, or python3-modules for all; crosspy requires names it).",
    reference="https://github.com/openembedded/meta-openembedded/issues/233",
    tier="--imports",
)
RULES: Final = (XP601,)

_PACKAGES: Final = re.compile(r".*/(?:site|dist)-packages")
_STDLIB: Final = re.compile(r".*/python(3\.\d+)t?")
_IMPORT: Final = re.compile(
    rb"^(?:import|from)[ \t]+([A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*)", re.MULTILINE
)
_MAX_SOURCE: Final = 1 << 22
# Always compiled into the interpreter, and some that are no files of any platform's.
_BUILT_IN: Final = frozenset(sys.builtin_module_names) | {"__main__", "__future__"}
_ELSEWHERE: Final = frozenset({
    "_frozen_importlib", "_frozen_importlib_external", "_msi", "_osx_support", "_overlapped", "_scproxy", "_winapi", "_wmi",
    "java", "msilib", "msvcrt", "nt", "nturl2path", "org", "vms_lib", "winreg", "winsound",
})  # fmt: skip


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look for the imports of each file of the interpreter's path among the modules that are there."""
    roots = _roots(image, expectation)
    # Without its standard library the tree is a part of an image; in a zip file it is not looked at.
    if not any(_STDLIB.fullmatch(root) for root in roots) or any(
        re.fullmatch(r".*/python3\d+\.zip", path) for path in image.files
    ):
        return
    present = _present(image, expectation, roots) | _BUILT_IN | _ELSEWHERE | _compiled_in(image)
    for path in sorted(image.files):
        if not _is_code(image, path, roots) or is_test_data(path):
            continue
        missing = [name for name in _imported(image, path) if name.partition(".")[0] not in present]
        for name in dict.fromkeys(missing):
            top = name.partition(".")[0]
            if f"{parent(path)}/{top}.py" in image.files and path in image.scripts:
                continue  # beside a script
            severity = Severity.WARNING if top in sys.stdlib_module_names else Severity.INFO
            yield XP601.finding(
                path,
                severity,
                f"imports {name}",
                expected=f"module {top}",
                found="no such module in the image",
            )


def _roots(image: Image, expectation: Expectation) -> tuple[str, ...]:
    """Return the directories of the interpreter's path."""
    found = []
    for path in sorted(image.directories):
        library = _STDLIB.fullmatch(path)
        if library and library[1] == expectation.python:
            if f"{path}/os.py" in image.files or f"{path}/os.pyc" in image.files:
                found += [path, f"{path}/lib-dynload"]
        elif _PACKAGES.fullmatch(path) and (f"/python{expectation.python}" in path or "/python3/" in path):
            found.append(path)
    return tuple(found)


def _present(image: Image, expectation: Expectation, roots: tuple[str, ...]) -> frozenset[str]:
    """Return the top-level modules of the path, by their files, directories and links."""
    known = set(roots)
    suffixes = (*expectation.extension_suffixes, ".py", ".pyc", ".so")
    found = set()
    for path in (*image.files, *image.links):
        if parent(path) in known:
            name = basename(path)
            if importable(name, suffixes):
                found.add(name.partition(".")[0])
            elif path in image.links:
                found.add(name)
    for path in image.directories:
        if parent(path) in known:
            found.add(basename(path))
    return frozenset(found)


def _compiled_in(image: Image) -> frozenset[str]:
    """Return the modules that interpreters have inside: they export the ``PyInit_`` functions."""
    found: set[str] = set()
    for path in image.elf:
        if re.match(r"(?:lib)?python3", basename(path)):
            try:
                with image.open(path) as reader:
                    names = linkage(reader).offered
            except (ElfDamaged, OSError):
                continue
            found |= {name[7:].decode("utf-8", "replace") for name in names if name.startswith(b"PyInit_")}
    return frozenset(found)


def _is_code(image: Image, path: str, roots: tuple[str, ...]) -> bool:
    if path in image.scripts:
        return b"python" in image.scripts[path].partition(b"\n")[0]
    return path.endswith(".py") and path.startswith(roots)


def _imported(image: Image, path: str) -> Iterator[str]:
    """Yield the modules that a file imports when it is loaded."""
    try:
        text = image.read(path, _MAX_SOURCE)
    except OSError:
        return
    if not _IMPORT.search(text):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
