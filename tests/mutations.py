"""Nonsense made of a sound document: each of its values replaced by one of another kind, or taken out; and damaged text."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

OTHERS: tuple[Any, ...] = (
    "", " ", "x", "\x00", "é" * 300, "../../etc/passwd", "/etc/passwd", "${@os.abort()}", "a;b", "-e", "--hash",
    "[" * 5000, "(" * 5000 + "x", "'a' in extras", "python_version < 3", "1.0", "9" * 5000, "file:///etc/passwd", "://", "http://[",
    0, -1, 2**70, 1.5, float("nan"), True, [], [[]], [""], [0], [{}], {}, {"x": 1}, {"sha256": ""}, {"sha256": 1}, {"sha256": "0" * 64},
)  # fmt: skip


def toml(value: object) -> str:
    """Return a document, or a value of one, all of it in lines of their own at the top."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float | datetime):
        return str(value)
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")


def document(data: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in data.items())


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, one in entries:
        yield (*path, key)
        yield from _places(one, (*path, key))


def mutations(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the document with one value changed, for each value and each change."""
    for path in _places(data):
        for other in (*OTHERS, None):
            changed = copy.deepcopy(data)
            place: Any = changed
            for key in path[:-1]:
                place = place[key]
            if other is None:
                del place[path[-1]]
            else:
                place[path[-1]] = other
            yield changed


def damaged(text: str, count: int, seed: int) -> Iterator[str]:
    """Yield the text with some of its bytes changed, doubled or gone; what is no UTF-8 then is marked as such."""
    dice = random.Random(seed)
    for _ in range(count):
        data = bytearray(text.encode())
        for _ in range(dice.randint(1, 8)):
            at, length = dice.randrange(len(data)), dice.randint(1, 40)
            kind = dice.randrange(4)
            if kind == 0:
                data[at] = dice.randrange(256)
            elif kind == 1:
                del data[at : at + length]
            elif kind == 2:
                data[at:at] = data[at : at + length]
            else:
                data[at:at] = dice.choice([b'"', b"'", b"\n", b"[[", b"{", b"=", b"\\u00", b"'''", b"\xff"])
            data = data or bytearray(b" ")
        yield data.decode("utf-8", "replace")
