"""The directory of the wheel cache, seen from outside a build: what is in it, and taking out what is of no use.

How it is laid out and written: crosspy/shims/wheelcache.py.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DAY: Final = 86400.0
_LEFT_BEHIND: Final = ".new-*", ".old-*"
"""Names of directories that a writer, or :func:`remove`, works in; one of a day ago is nobody's any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A wheel in the cache."""

    path: Path
    wheel: str
    """Its file name; empty in a damaged entry."""
    size: int
    """Bytes of the wheel and its record."""
    used: float
    """When it was made or last taken, in seconds since 1970."""


def entries(cache: Path) -> list[Entry]:
    """Return what is in a cache directory, least lately used first; nothing if it does not exist."""
    found = [_entry(path) for path in cache.glob("wheels/*/*/[!.]*")]
    return sorted((one for one in found if one), key=lambda one: (one.used, one.wheel, one.path))


def _entry(path: Path) -> Entry | None:
    try:
        files = [file.stat().st_size for file in path.iterdir() if file.is_file()]
        used = path.stat().st_mtime
    except OSError:
        return None  # somebody else's prune
    try:
        wheel = str(json.loads((path / "entry.json").read_text(encoding="utf-8"))["wheel"])
    except (OSError, ValueError, KeyError, TypeError):
        wheel = ""
    return Entry(path=path, wheel=wheel, size=sum(files), used=used)


def superfluous(found: Sequence[Entry], *, days: float, size: int | None, now: float) -> list[Entry]:
    """Return the entries that were not used for ``days``, and of the others the oldest that make more than ``size`` bytes.

    :param found: entries, least lately used first.
    """
    old = [one for one in found if not one.wheel or now - one.used > days * _DAY]
    kept = [one for one in found if one not in old]
    excess = sum(one.size for one in kept) - size if size is not None else 0
    for one in kept:
        if excess <= 0:
            break
        old.append(one)
        excess -= one.size
    return old


def remove(cache: Path, removed: Sequence[Entry]) -> None:
    """Remove entries; builds may use the cache meanwhile. What dead processes left behind goes, too.

    :raises OSError: if the cache is not ours to change.
    """
    for one in removed:
        # No reader finds half an entry: it has another name before its files go.
        aside = one.path.with_name(f".old-{one.path.name}")
        try:
            one.path.rename(aside)
        except FileNotFoundError:
            continue
        shutil.rmtree(aside, ignore_errors=True)
    for path in _forgotten(cache):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for directory in (*cache.glob("wheels/*/*"), *cache.glob("wheels/*")):
        if not any(directory.iterdir()):
            directory.rmdir()


def _forgotten(cache: Path) -> Iterator[Path]:
    yesterday = time.time() - _DAY
    for pattern in (*(f"wheels/*/*/{name}" for name in _LEFT_BEHIND), "resolved/*"):
        yield from (path for path in cache.glob(pattern) if path.lstat().st_mtime < yesterday)
