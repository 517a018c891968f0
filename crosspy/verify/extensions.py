"""The file names of extension modules.

Sources: PEP 3149 (version tag), CPython's ``Python/dynload_shlib.c`` (which suffixes an interpreter tries) and
``configure.ac`` (how SOABI is made).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crosspy.verify.tree import Image, basename

_TAGGED: Final = re.compile(
    r"(?P<module>[^.]+)\.(?P<tag>(?P<kind>cpython-|pypy|graalpy)(?P<version>\d+)(?P<flags>[a-z]*)(?:-(?P<platform>[^.]+))?)\.so"
)
_STABLE: Final = re.compile(r"(?P<module>[^.]+)\.(?P<tag>abi3t?)\.so")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionName:
    """A file name that only an extension module has.

    ``interpreter`` is ``cpython-312``, ``cpython-313t``, ``abi3`` or the like; ``platform`` ``x86_64-linux-gnu``, or
    empty.
    """

    module: str
    suffix: str
    interpreter: str
    version: str
    flags: str
    platform: str


def parse_name(name: str) -> ExtensionName | None:
    """Take a file name apart; None for a name that other files have too (a bare ``.so`` among them)."""
    match = _TAGGED.fullmatch(name)
    if match:
        version = match["version"]
        return ExtensionName(
            module=match["module"],
            suffix=f".{match['tag']}.so",
            interpreter=f"{match['kind']}{version}{match['flags']}",
            version=f"{version[0]}.{version[1:]}" if match["kind"] == "cpython-" and len(version) > 1 else "",
            flags=match["flags"],
            platform=match["platform"] or "",
        )
    match = _STABLE.fullmatch(name)
    if match:
        return ExtensionName(
            module=match["module"],
            suffix=f".{match['tag']}.so",
            interpreter=match["tag"],
            version="",
            flags="",
            platform="",
        )
    return None


def importable(name: str, suffixes: Sequence[str]) -> bool:
    """Say whether an interpreter that tries ``suffixes`` would import a file of this name as a module."""
    return any(name.endswith(suffix) and "." not in name[: -len(suffix)] for suffix in suffixes)


def is_extension(image: Image, path: str) -> bool:
    """Say whether the file is an extension module, by its name or by the ``PyInit_`` function that it exports."""
    if "/.debug/" in path:
        return False  # the debugging half of one, under the same name
    return path in image.initialisers or parse_name(basename(path)) is not None


def extension_modules(image: Image) -> list[str]:
    """Return the extension modules of an image, damaged ones included, sorted."""
    candidates = (*image.elf, *image.damaged, *image.heads, *(image.unreadable.keys() & image.files))
    return sorted(path for path in candidates if path.endswith(".so") and is_extension(image, path))
