"""A source distribution, read with suspicion: nothing leaves its directory, and nothing fills a disk."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from crosspy.errors import UsageError

_EXPANSION_BASE: Final = 1 << 30
_EXPANSION_RATIO: Final = 100
"""Real ones expand 3 to 10 times; deflate reaches 1032. Below the base, nobody's disk is in danger."""

_DAMAGE: Final = (
    OSError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
)


def files(source: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    """Yield the regular files of ``source`` (``.tar.gz`` and its like, ``.zip``): path, and what reads it, now or never.

    :raises UsageError: if it is damaged, holds what lies outside, links that lead there or devices, or expands to more than a
        real one does.
    """
    try:
        left = _EXPANSION_BASE + _EXPANSION_RATIO * source.stat().st_size
        for name, size, read in _zipped(source) if source.name.endswith(".zip") else _tarred(source):
            left -= size
            if left < 0:
                raise ValueError(f"it expands to more than {_EXPANSION_RATIO} times its size: a bomb")
            path = PurePosixPath(name)
            if not path.parts or ".." in path.parts or path.is_absolute():
                raise ValueError(f"it holds {name!r}, which lies outside")
            yield path, read
    except _DAMAGE as error:
        raise UsageError(
            f"cannot read {source}: {error}",
            hint="Name source distributions (.tar.gz, .zip) that are whole.",
        ) from None


def check(source: Path) -> None:
    """Look through an archive that somebody else unpacks. :raises UsageError: as :func:`files`."""
    for _ in files(source):
        pass


def _zipped(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, info.file_size, lambda info=info: archive.read(info)  # type: ignore[misc]


def _tarred(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with tarfile.open(source) as packed:
        links: set[PurePosixPath] = set()
        for member in packed:
            path = PurePosixPath(member.name)
            if not links.isdisjoint(path.parents):
                raise ValueError(f"it holds {member.name!r}, which lies behind a link")
            if member.issym():
                links.add(path)
                if _leads_out(len(path.parts) - 1, PurePosixPath(member.linkname)):
                    raise ValueError(
                        f"it holds {member.name!r}, a link to {member.linkname!r}, which lies outside"
                    )
            elif not (member.isfile() or member.isdir() or member.islnk()):
                raise ValueError(f"it holds {member.name!r}, which is neither a file, a directory nor a link")
            # What a link leads to inside is read under its own name.
            if member.isreg():
                yield member.name, member.size, lambda member=member: _content(packed, member)  # type: ignore[misc]


def _leads_out(depth: int, target: PurePosixPath) -> bool:
    """Say whether a link ``depth`` directories deep leaves the first of these; as crosspy/shims/archives.py, for pip."""
    up = next((at for at, part in enumerate(target.parts) if part != ".."), len(target.parts))
    return target.is_absolute() or ".." in target.parts[up:] or up >= max(depth, 1)


def _content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = packed.extractfile(member)
    return file.read() if file else b""
