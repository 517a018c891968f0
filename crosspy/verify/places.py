"""What a place in an image says about a file: who looks for it there, and how much it matters."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from crosspy.model.finding import Severity
from crosspy.model.machine import names_a_machine
from crosspy.verify.tree import basename, is_library_name


class Place(Enum):
    """Who reads files there."""

    PYTHON = "python"
    """Below ``pythonX.Y``, ``site-packages`` and the like."""
    SYSTEM = "system"
    """Where the shell looks for programs, or the dynamic loader for libraries."""
    PAYLOAD = "payload"
    """Where files for other processors, kernels or debuggers are legitimate."""
    OTHER = "other"


_PYTHON: Final = re.compile(r"/(?:site-packages|dist-packages|lib-dynload|python\d(?:\.\d+)?t?)/")
_PROGRAMS: Final = re.compile(r"/(?:usr/(?:local/)?)?s?bin/[^/]+")
_AT_THE_ROOT: Final = re.compile(r"/[^/]+")  # /init; and a file that was named by itself
_LIBRARIES: Final = re.compile(r"/(?:usr/(?:local/)?)?lib(?:32|64|x32)?(?:/[\w.]+-linux-\w+)?/[^/]+")
# Buildroot's support/scripts/check-bin-arch, and where debuggers keep what they split off.
_PAYLOAD: Final = re.compile(
    r"/(?:usr/)?lib/(?:firmware|modules|grub|guile|debug)/|/usr/share/|/boot/|/usr/lib/[\w.]+-linux-\w+/guile/"
    r"|/\.debug/|.*\.debug$"
)
_TESTS: Final = re.compile(r"/(?:tests?|testing|test_?data|fixtures)/")


@lru_cache(1 << 12)
def place_of(path: str) -> Place:
    """Classify a path of an image; Python directories win, wherever they are."""
    if _PYTHON.search(path):
        return Place.PAYLOAD if "/.debug/" in path or path.endswith(".debug") else Place.PYTHON
    if _PAYLOAD.match(path) or "/.debug/" in path:
        return Place.PAYLOAD
    if any(pattern.fullmatch(path) for pattern in (_PROGRAMS, _LIBRARIES, _AT_THE_ROOT)):
        return Place.SYSTEM
    return Place.OTHER


def is_program_place(path: str) -> bool:
    """Say whether a shell finds the file."""
    return _PROGRAMS.fullmatch(path) is not None


def severity_of(path: str, *, extension: bool) -> Severity:
    """Say how bad it is that the file at ``path`` cannot be loaded.

    An error where somebody is sure to load it: an extension module, a program, a library of the system or of a Python
    package. A package's data, and its helpers that are named for another machine (debugpy's ``attach_linux_amd64.so``),
    may be meant as they are.
    """
    place = place_of(path)
    if extension or place is Place.SYSTEM:
        return Severity.ERROR
    if place is Place.PAYLOAD:
        return Severity.INFO
    if place is Place.PYTHON and is_library_name(basename(path)) and not _is_meant(path):
        return Severity.ERROR
    return Severity.WARNING


def _is_meant(path: str) -> bool:
    package = _PYTHON.split(path)[-1]
    return is_test_data(path) or names_a_machine(package)


def is_test_data(path: str) -> bool:
    """Say whether the path names a directory of tests: damaged and foreign files belong there."""
    return _TESTS.search(path) is not None


_STANDARD: Final = re.compile(
    r"/(?:usr|lib\w*|s?bin|etc|opt|var(?!/tmp)|srv|run|boot|media|mnt|sys|proc|dev)(?:/|$)"
)


def is_build_path(path: str) -> bool:
    """Say whether an absolute path is nothing that an image has: a home, a build tree, a temporary directory."""
    return path.startswith("/") and _STANDARD.match(path) is None
