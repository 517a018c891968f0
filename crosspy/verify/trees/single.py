"""One file, as if it were alone in an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from crosspy.elf import FileReader
from crosspy.verify.trees import Node
from crosspy.verify.trees.stored import Run, Stored


class Single:
    """A tree of one file, ``/NAME``."""

    def __init__(self, name: str, reader: FileReader) -> None:
        self.name = name
        self._reader = reader

    def walk(self) -> Iterator[Node]:
        yield Node("/", "directory")
        yield Node(f"/{PurePath(self.name).name}", "file")

    def open(self, path: str) -> Stored:
        _ = path  # there is only one
        size = self._reader.size
        return Stored(self._reader, (Run(0, size, 0),), size, self._reader.mode)

    def close(self) -> None:
        """Have nothing to close: who opened the file does."""
