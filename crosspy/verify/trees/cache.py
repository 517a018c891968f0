"""Blocks that were decompressed, the last used ones of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

LIMIT: Final = 1 << 25
"""How many bytes are kept: a squashfs block has up to a mebibyte."""


class Blocks:
    """The last used blocks, by their place in the file."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0

    def get(self, place: int) -> bytes | None:
        found = self._kept.get(place)
        if found is not None:
            self._kept.move_to_end(place)
        return found

    def put(self, place: int, block: bytes) -> None:
        self._kept[place] = block
        self._size += len(block)
        while self._size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)
