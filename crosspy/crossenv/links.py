"""Absolute symbolic links of a sysroot, put right without touching it.

``usr/lib/<multiarch>/libm.so -> /lib/<multiarch>/libm.so.6`` is right on the target; on the build machine a linker
that follows it leaves the sysroot, and finds the build machine's library or none. Debian's -dev packages are full of
them, and so is every sysroot copied from a device. (OE-core's sysroot-relativelinks.py rewrites them in place.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crosspy.describe.libc import library_dirs, within
from crosspy.model.target import Target

_DEVELOPMENT: Final = (".so", ".a", ".pc", ".h", ".hpp", ".cmake")


def absolute_links(target: Target) -> dict[str, str]:
    """Return ``{path below the sysroot: absolute path of the file it means}`` for links that leave the sysroot."""
    if target.sysroot in {"", "/"}:
        return {}
    sysroot = Path(os.path.realpath(target.sysroot))
    found: dict[str, str] = {}
    for path in _links(target, sysroot):
        link = str(Path(path).readlink())
        if not link.startswith("/") or link.startswith(f"{target.sysroot}/"):
            continue
        real = within(sysroot, Path(path))
        if real is not None:
            found[os.path.relpath(path, sysroot)] = str(real)
    return dict(sorted(found.items()))


def _links(target: Target, sysroot: Path) -> Iterator[str]:
    seen: set[str] = set()
    for directory in library_dirs(sysroot, target.python.multiarch):
        real = os.path.realpath(directory)
        if real in seen:
            continue
        seen.add(real)
        yield from _scan(real, depth=1)
    for name in ("usr/include", "usr/share/pkgconfig"):
        yield from _scan(str(sysroot / name), depth=4)


def _scan(directory: str, *, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            if entry.name.endswith(_DEVELOPMENT) or ".so." in entry.name or "." not in entry.name:
                yield entry.path
        elif depth and entry.is_dir() and (depth > 1 or entry.name in {"pkgconfig", "cmake"}):
            yield from _scan(entry.path, depth=depth - 1)


def write(directory: Path, links: dict[str, str]) -> None:
    """Write a tree of links that mirrors the sysroot where its own links are of no use."""
    for name, real in links.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(real)
