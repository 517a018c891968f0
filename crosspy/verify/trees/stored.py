"""Files whose bytes lie in another file: as runs of it, or in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crosspy.elf import Reader
from crosspy.verify.trees import damaged, end_of_read


@dataclass(frozen=True, slots=True)
class Run:
    """``length`` bytes of a file from ``start`` on, which are those of another from ``offset`` on."""

    start: int
    length: int
    offset: int


class Stored:
    """An open file whose bytes are runs of another one; what is between the runs, in order, is zeros."""

    def __init__(self, source: Reader, runs: tuple[Run, ...], size: int, mode: int = 0) -> None:
        self._source = source
        self._runs = runs
        self.size = size
        self.mode = mode

    def pread(self, length: int, offset: int, /) -> bytes:
        end = end_of_read(length, offset, self.size)
        parts: list[bytes] = []
        at = offset
        for run in self._runs:
            if run.start + run.length <= at:
                continue
            if at >= end or run.start >= end:
                break
            parts.append(bytes(max(0, run.start - at)))
            at = max(at, run.start)
            want = min(end, run.start + run.length) - at
            part = self._source.pread(want, run.offset + at - run.start)
            if len(part) != want:
                raise damaged("the file that it is in is cut off")
            parts.append(part)
            at += want
        parts.append(bytes(max(0, end - at)))
        return b"".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to close: the other file stays open."""


class InMemory:
    """An open file whose bytes are at hand."""

    def __init__(self, content: bytes, mode: int = 0) -> None:
        self._content = content
        self.size = len(content)
        self.mode = mode

    def pread(self, length: int, offset: int, /) -> bytes:
        return self._content[offset : offset + length]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to close."""
