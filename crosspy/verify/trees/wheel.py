"""A wheel, as it lies in ``site-packages`` once it is installed."""

from __future__ import annotations

import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, Self

from crosspy.elf import FileReader, Reader
from crosspy.verify.trees import Node, codecs, damaged
from crosspy.verify.trees.index import Index
from crosspy.verify.trees.stored import InMemory

ROOT: Final = "/site-packages"
_METADATA: Final = re.compile(r"[^/]+\.dist-info/WHEEL")
_LIBRARIES: Final = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")
_SCRIPTS: Final = re.compile(r"[^/]+\.data/scripts/")
_HEAD: Final = 1 << 12
_MAX_IN_MEMORY: Final = 1 << 24
_MAX_FILE: Final = 1 << 34
_ERRORS: Final[tuple[type[Exception], ...]] = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error,
    *codecs.LZMA_ERRORS,
)  # fmt: skip


class Wheel:
    """The tree in a wheel. :raises OSError: if it is no wheel, or damaged."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self._index = Index()
        self._last: tuple[str, _Member] | None = None
        try:
            self._archive = zipfile.ZipFile(stream)
        except _ERRORS as error:
            raise damaged(f"the zip archive is damaged: {error}") from None
        entries = self._archive.infolist()
        if not any(_METADATA.fullmatch(entry.filename) for entry in entries):
            raise damaged("a zip archive, but no wheel: it has no .dist-info/WHEEL")
        for entry in entries:
            if not entry.filename.endswith("/"):  # is_dir() trips over a name of no letters
                self._index.add(_installed(entry.filename), "file", entry)

    def walk(self) -> Iterator[Node]:
        return self._index.walk()

    def open(self, path: str) -> _Member:
        if self._last is None or self._last[0] != path:  # the rules ask for a file several times in a row
            self._last = path, _Member(self._archive, self._index.file(path))
        return self._last[1]

    def close(self) -> None:
        self._archive.close()


def _installed(name: str) -> str:
    if _SCRIPTS.match(name):
        return _SCRIPTS.sub("/bin/", name, count=1)
    return f"{ROOT}/{_LIBRARIES.sub('', name, count=1)}"


class _Member:
    """A file of the archive: its first bytes alone if nobody asks for more, else all of it in memory or on disk."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._entry = entry
        self._head: bytes | None = None
        self._whole: Reader | None = None
        self.size = entry.file_size
        self.mode = entry.external_attr >> 16

    def pread(self, length: int, offset: int, /) -> bytes:
        try:
            if self._whole is None and offset + length <= _HEAD:
                if self._head is None:
                    with self._archive.open(self._entry) as stream:
                        self._head = stream.read(_HEAD)
                return self._head[offset : offset + length]
            if self._whole is None:
                self._whole = self._unpacked()
        except _ERRORS as error:
            raise damaged(f"damaged in the wheel: {error}") from None
        return self._whole.pread(length, offset)

    def _unpacked(self) -> Reader:
        if self.size > _MAX_FILE:
            raise damaged(f"has {self.size:,} bytes in the wheel, which is too much")
        with self._archive.open(self._entry) as stream:
            if self.size <= _MAX_IN_MEMORY:
                return InMemory(stream.read())
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- lives and goes with this object
            shutil.copyfileobj(stream, self._file, 1 << 20)
            self._file.flush()
            return FileReader(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open for the next one who asks."""
