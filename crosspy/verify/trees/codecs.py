"""Compressed data, a bounded piece at a time.

What the Python has of it: bz2 and lzma can be left out when it is built (Buildroot's host-python3); zstd is
``compression.zstd`` (3.14), or the same as ``backports.zstd`` of PyPI.
"""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
import zlib
from typing import Any, BinaryIO, Final, Protocol

from crosspy.elf import Reader
from crosspy.verify.trees import damaged

_CHUNK: Final = 1 << 20
_MAX_UNPACKED: Final = 1 << 37
_MAGIC: Final = 8
_MEMORY: Final = 1 << 28
"""How much memory xz data may make us use: its highest level wants a quarter of it."""

_MAGICS: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x5d\0\0": "lzma",
}


LZMA_ERRORS: Final[tuple[type[Exception], ...]] = (
    (importlib.import_module("lzma").LZMAError,) if importlib.util.find_spec("_lzma") else ()
)


class Decompressor(Protocol):
    """What bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """zlib as a :class:`Decompressor`."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._rest

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inner.decompress(self._rest + data, max(0, max_length))
        self._rest = self._inner.unconsumed_tail
        return out


def compression_of(head: bytes) -> str:
    """Return how a file that begins like this is compressed, empty if it is not."""
    return next((kind for magic, kind in _MAGICS.items() if head.startswith(magic)), "")


_MODULES: Final = {
    "bzip2": ("bz2",), "xz": ("lzma",), "lzma": ("lzma",), "zstd": ("compression.zstd", "backports.zstd"),
}  # fmt: skip


def _module(kind: str) -> Any:
    """Return Python's own module of a kind. :raises OSError: where it has none."""
    for name in _MODULES[kind]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    remedy = (
        "take Python 3.14, or pip install backports.zstd"
        if kind == "zstd"
        else "take one that was built with it"
    )
    raise damaged(f"compressed with {kind}, which this Python does not read: {remedy}")


def decompressor(kind: str) -> Decompressor:
    """Return what unpacks one stream of a kind: ``gzip``, ``zlib``, ``bzip2``, ``xz``, ``lzma``, ``zstd``.

    :raises OSError: where the Python has none.
    """
    if kind == "gzip":
        return _Zlib(zlib.MAX_WBITS | 16)
    if kind == "zlib":
        return _Zlib(zlib.MAX_WBITS)
    module = _module(kind)
    found: Decompressor
    if kind == "zstd":
        found = module.ZstdDecompressor()
    elif kind == "bzip2":
        found = module.BZ2Decompressor()
    else:
        form = module.FORMAT_XZ if kind == "xz" else module.FORMAT_ALONE
        found = module.LZMADecompressor(form, memlimit=_MEMORY)
    return found


def _errors(kind: str) -> tuple[type[Exception], ...]:
    common = (zlib.error, OSError, EOFError, ValueError, MemoryError)
    return (*common, _module(kind).ZstdError) if kind == "zstd" else (*common, *LZMA_ERRORS)


def block(kind: str, data: bytes, limit: int) -> bytes:
    """Return the first ``limit`` bytes of what ``data`` holds, or all if there are fewer. :raises OSError:"""
    engine = decompressor(kind)
    parts = []
    try:
        while limit > 0 and not engine.eof:
            part = engine.decompress(data, limit)
            data = b""
            parts.append(part)
            limit -= len(part)
            if not part and engine.needs_input:
                break
    except _errors(kind) as error:
        raise damaged(f"damaged {kind} data: {error}") from None
    return b"".join(parts)


def unpacked(kind: str, reader: Reader) -> BinaryIO:
    """Return a temporary file without a name that holds what a compressed file does; zeros take no room in it.

    :raises OSError: if it is damaged or cut off, has more than 128 GiB in it, or there is no room.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- the caller closes it
    try:
        _unpack(kind, reader, file)
    except BaseException:
        file.close()
        raise
    return file


def _unpack(kind: str, reader: Reader, file: BinaryIO) -> None:
    engine = decompressor(kind)
    written = at = 0
    data = b""
    while True:
        if len(data) < _MAGIC and (engine.eof or engine.needs_input):
            more = reader.pread(_CHUNK, at)
            at += len(more)
            data += more
        if engine.eof:
            data = data.lstrip(b"\0")  # xz and tar pad with zeros
            if len(data) < _MAGIC and at < reader.size:
                continue
            if compression_of(data) != kind:
                break  # gzip, too, ignores what follows the last stream
            engine = decompressor(kind)
        elif engine.needs_input and not data:
            raise damaged(f"the {kind} data is cut off")
        try:
            part = engine.decompress(data, _CHUNK)
        except _errors(kind) as error:
            raise damaged(f"damaged {kind} data: {error}") from None
        data = engine.unused_data if engine.eof else b""
        written += len(part)
        if written > _MAX_UNPACKED:
            raise damaged(f"more than {_MAX_UNPACKED >> 30} GiB in it")
        if part.count(0) == len(part):
            file.seek(len(part), 1)
        else:
            file.write(part)
    file.truncate(written)
    file.flush()
