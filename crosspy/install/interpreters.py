"""The Pythons of an image, as a bill of materials wants them: Debian's has no metadata of a distribution, nor has OpenEmbedded's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crosspy.model.component import Component

_FILE: Final = re.compile(r"(?:python(3\.\d+)t?|libpython(3\.\d+)t?d?\.so(?:\.[\d.]+)?)")
_LARGEST: Final = 256 << 20


def interpreters(root: Path) -> tuple[Component, ...]:
    """Return the versions of CPython below ``root``, as its programs and libraries state them; links are not followed."""
    versions = {version for path in _files(root) if (version := _version(path))}
    return tuple(
        Component(name="python", version=one, purl=f"pkg:generic/python@{one}", summary="CPython")
        for one in sorted(versions)
    )


def _files(root: Path) -> Iterator[Path]:
    for base, _, names in os.walk(root):
        for path in (Path(base, name) for name in names if _FILE.fullmatch(name)):
            if path.is_file() and not path.is_symlink():
                yield path


def _version(path: Path) -> str:
    """Return PY_VERSION as the machine code has it, a string of its own; empty where there is none."""
    match = _FILE.fullmatch(path.name)
    try:
        content = path.read_bytes() if path.stat().st_size < _LARGEST else b""
    except OSError:
        return ""
    if match is None or not content.startswith(b"\x7fELF"):
        return ""
    minor = re.escape((match[1] or match[2]).encode())
    found = re.search(rb"\0(%b\.\d+(?:(?:a|b|rc)\d+)?)\+?\0" % minor, content)
    return found[1].decode() if found else ""
