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

    :raises UsageError: if it is damaged, has a file that lies outside, or expands to more than a real one does.
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


def _zipped(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, info.file_size, lambda info=info: archive.read(info)  # type: ignore[misc]


def _tarred(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with tarfile.open(source) as packed:
        for member in packed:
            # A link is passed over, and so is what it would lead to.
            if member.isreg():
                yield member.name, member.size, lambda member=member: _content(packed, member)  # type: ignore[misc]


def _content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = packed.extractfile(member)
    return file.read() if file else b""
