"""A source distribution, read with suspicion: nothing leaves its directory, and nothing fills a disk."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, Self

from crosspy.errors import CrosspyError, FetchError, UsageError

_EXPANSION_BASE: Final = 1 << 30
_EXPANSION_RATIO: Final = 100
"""Real ones expand 3 to 10 times; deflate reaches 1032. Below the base, nobody's disk is in danger."""

_ENTRY: Final = 4096
"""What an entry costs whatever its size: a block of a disk. A million empty files are a bomb, too."""
_MAX_HEADER: Final = 1 << 20
"""Of a header that only says more of the next entry: it is read into memory at once."""
_SAYS_MORE: Final = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_MAX_NAME: Final = 255
_MAX_PATH: Final = 2048
"""In bytes: of what Linux takes (4096), a part is the place where it is unpacked."""


def files(source: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    """Yield the regular files of ``source`` (``.tar.gz`` and its like, ``.zip``): path, and what reads it, now or never.

    :raises UsageError: if there is no such file.
    :raises FetchError: if it is damaged, holds what lies outside, links that lead there or devices, or expands to more
        than a real one does.
    """
    with _damage_refused(source):
        left = _EXPANSION_BASE + _EXPANSION_RATIO * source.stat().st_size
        for name, size, read in _zipped(source) if _is_zip(source) else _tarred(source):
            left -= size + _ENTRY
            if left < 0:
                raise ValueError(
                    f"it expands to more than {_EXPANSION_RATIO} times its size, or to too many files: a bomb"
                )
            path = PurePosixPath(name)
            if read is None and not path.parts:
                continue  # the directory ./
            if not path.parts or ".." in path.parts or path.is_absolute():
                raise ValueError(f"it holds {name!r}, which lies outside")
            if (
                max(len(os.fsencode(part)) for part in path.parts) > _MAX_NAME
                or len(os.fsencode(name)) > _MAX_PATH
            ):
                raise ValueError(f"it holds {name[:60]!r}..., a name that is too long")
            if read:
                yield path, _careful(source, read)


@contextmanager
def _damage_refused(source: Path) -> Iterator[None]:
    try:
        yield
    except CrosspyError:
        raise
    except FileNotFoundError:
        raise UsageError(
            f"cannot read {source}: no such file", hint="Name a source distribution (.tar.gz, .zip)."
        ) from None
    except Exception as error:  # noqa: BLE001 -- each decoder has its own: zlib, lzma, tarfile, zipfile
        text = " ".join((str(error) or type(error).__name__).split())
        raise FetchError(
            f"cannot read {source}: {text}",
            hint="Nothing of it was unpacked. Get the file anew; if it is what its project published, report it there.",
        ) from None


def _careful(source: Path, read: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return ``read`` with the errors of :func:`files`: what is damaged may show when it is read only."""

    def content() -> bytes:
        with _damage_refused(source):
            return read()

    return content


def _is_zip(source: Path) -> bool:
    """Say whether pip takes it for a zip: a file can be that and a ``.tar.gz``, with other names in each."""
    return source.name.lower().endswith(".zip") or zipfile.is_zipfile(source)


def check(source: Path) -> None:
    """Look through an archive that somebody else unpacks. :raises FetchError: as :func:`files`."""
    for _ in files(source):
        pass


_Entries = Iterator[tuple[str, int, Callable[[], bytes] | None]]
"""Name, size, and what reads a file."""


def _zipped(source: Path) -> _Entries:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if info.is_dir():
                yield info.filename, 0, None
            else:
                yield info.filename, info.file_size, lambda info=info: archive.read(info)  # type: ignore[misc]


class _Member(tarfile.TarInfo):
    """One whose headers fit into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _SAYS_MORE and found.size > _MAX_HEADER:
            raise ValueError(f"it has a header of {found.size} bytes: a bomb")
        return found


def _tarred(source: Path) -> _Entries:
    with tarfile.open(source, tarinfo=_Member) as packed:
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
            else:
                yield member.name, 0, None


def _leads_out(depth: int, target: PurePosixPath) -> bool:
    """Say whether a link ``depth`` directories deep leaves the first of these; as crosspy/shims/archives.py, for pip."""
    up = next((at for at, part in enumerate(target.parts) if part != ".."), len(target.parts))
    return target.is_absolute() or ".." in target.parts[up:] or up >= max(depth, 1)


def _content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = packed.extractfile(member)
    return file.read() if file else b""
