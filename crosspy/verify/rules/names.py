"""XP301, XP304, XP305: extension modules that the target's interpreter will not import because of their name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation, machine_matches
from crosspy.verify.extensions import ExtensionName, importable, parse_name
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename, module_name, parent

XP301: Final = Rule(
    id="XP301",
    title="extension suffix of another architecture or C library",
    why="The interpreter tries a fixed list of suffixes. A file named for another platform is never looked at: "
    "ModuleNotFoundError, although the file is there and may even be built for the target. The build asked the build "
    "machine's Python for EXT_SUFFIX.",
    fix="Build the package in a cross environment (crosspy wheel ENV NAME), where EXT_SUFFIX is the target's; "
    "CMake projects: hand them Python_SOABI or the toolchain file of ENV/crosspy.",
    reference="https://github.com/pybind/pybind11/issues/5495",
)
XP304: Final = Rule(
    id="XP304",
    title="extension module of another Python version or ABI",
    why="A file tagged cpython-311 is never imported by Python 3.12, nor one of the free-threaded build (cpython-313t) "
    "by the ordinary one. Left over from another version, or copied from another image.",
    fix="Build the package for the Python of the image, and remove the file that is left over.",
    reference="https://peps.python.org/pep-3149/",
)
XP305: Final = Rule(
    id="XP305",
    title="extension module without its PyInit_ function",
    why="Python looks for PyInit_NAME, NAME being the file's: 'dynamic module does not define module export function'. The "
    "file was renamed, or compiled with hidden symbols and without PyMODINIT_FUNC.",
    fix="Give the file the name of the module it holds, or export the function.",
    reference="https://docs.python.org/3/extending/building.html",
)
RULES: Final = (XP301, XP304, XP305)

_ROOT: Final = re.compile(r".*/(?:(?:site|dist)-packages|lib-dynload|python\d[\d.]*t?)/")
_API: Final = re.compile(rb"\0_?Py[A-Z]\w*\0")
_MAX_MODULE: Final = 1 << 26
"""Bytes of a module that are searched for such names: they are in its string tables, near its beginning or its end."""
_PYTHON_DIRECTORY: Final = re.compile(r"/python(\d\.\d+t?)/")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Compare the names of extension modules with the suffixes that the target's interpreter tries."""
    suffixes = expectation.extension_suffixes
    if not suffixes:
        return
    own = parse_name(f"module{suffixes[0]}")
    yield from _without_function(image, expectation)
    for path in [path for path in (*image.files, *image.links) if path.endswith(".so")]:
        name = basename(path)
        parsed = parse_name(name)
        if parsed is None or importable(name, suffixes):
            continue
        stem = f"{parent(path)}/{parsed.module}"
        loads = any(
            f"{stem}{suffix}" in image.files or f"{stem}{suffix}" in image.links for suffix in suffixes
        )
        finding = _judge(path, parsed, own, suffixes, loads=loads)
        if not _of_another_python(image, path, parsed, expectation.python):
            yield finding


def _without_function(image: Image, expectation: Expectation) -> Iterator[Finding]:
    needed = {name for elf in image.elf.values() for name in elf.needed}
    for path in sorted(image.elf.keys() - image.initialisers):
        parsed = parse_name(basename(path)) if path.endswith(".so") and "/.debug/" not in path else None
        if parsed is None or not importable(basename(path), expectation.extension_suffixes):
            continue
        if not image.elf[path].has_dynamic or not machine_matches(
            expectation.machine, image.elf[path].header
        ):
            continue
        if _speaks_python(image, path):
            yield XP305.finding(
                path,
                _severity(path, parsed.module, is_library=basename(path) in needed),
                "no function that makes the module",
                expected=f"PyInit_{module_name(path)}",
                found="no such symbol",
            )


def _speaks_python(image: Image, path: str) -> bool:
    """Say whether a file has names of Python's C API, its own or wanted ones.

    One that has none is a library which ctypes or cffi loads by its path: pycryptodome's are named as modules.
    """
    try:
        return _API.search(image.read(path, _MAX_MODULE)) is not None
    except OSError:
        return True


def _severity(path: str, module: str, *, is_library: bool) -> Severity:
    if (
        is_library
    ):  # other modules are linked with it: scipy's libsf_error_state is a library under a module's name
        return Severity.INFO
    return Severity.ERROR if _can_be_named(path, module) else Severity.WARNING


def _can_be_named(path: str, module: str) -> bool:
    """Say whether an import statement can mean the file: a library in ``pkg/lib-x`` only has a module's file name."""
    *_, below = _ROOT.split(parent(path) + "/")
    return module.isidentifier() and all(word.isidentifier() for word in below.split("/") if word)


def _judge(
    path: str, parsed: ExtensionName, own: ExtensionName | None, suffixes: Sequence[str], *, loads: bool
) -> Finding:
    if own is not None and _other_platform(parsed, own):
        rule, message, severity = XP301, "named for another platform", Severity.ERROR
    else:
        rule, message = XP304, "named for another Python version or ABI"
        severity = Severity.WARNING if loads else Severity.ERROR
    if loads:
        message += f"; the import finds another file of module {parsed.module}"
    return rule.finding(
        path,
        severity,
        f"{message}, so it is never imported",
        expected=" or ".join(suffixes),
        found=parsed.suffix,
    )


def _other_platform(parsed: ExtensionName, own: ExtensionName) -> bool:
    """Say whether the platform in the name is what keeps the target's interpreter from it."""
    if not parsed.version:
        return False  # abi3, and other implementations than CPython
    return parsed.platform != own.platform and bool(parsed.platform or parsed.interpreter == own.interpreter)


def _of_another_python(image: Image, path: str, parsed: ExtensionName, python: str) -> bool:
    """Say whether the file belongs to a second Python that the image has too."""
    match = _PYTHON_DIRECTORY.search(path)
    if match is None or not parsed.version or parsed.version == python:
        return False
    version = f"{parsed.version}{'t' if 't' in parsed.flags else ''}"
    return match[1] == version and _has_python(image, version) and _has_python(image, python)


def _has_python(image: Image, version: str) -> bool:
    programs = (f"{prefix}/bin/python{version}" for prefix in ("/usr", "/usr/local", ""))
    return any(image.elf_at(program) for program in programs)
