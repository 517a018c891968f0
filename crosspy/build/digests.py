"""Digests of files and directories, remembered between runs by size, times and inode: a sysroot is read once."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_REMEMBERED_AFTER: Final = 2.0
"""Seconds: a file may change again within one tick of the clock that its times are taken from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digests:
    """What files of one directory, or of one toolchain, digest to.

    :param memo: file of the local machine that remembers; None: nothing is remembered. It never decides a key: a
        file that it knows under another size, time or inode is read again.
    """

    memo: Path | None = None
    _known: dict[str, list[object]] = field(default_factory=dict)
    _seen: dict[str, list[object]] = field(default_factory=dict)

    def load(self) -> None:
        """Read the memo; one that is absent or damaged is empty."""
        try:
            found = json.loads(self.memo.read_bytes()) if self.memo else {}
        except (OSError, ValueError):
            return
        if isinstance(found, dict):
            self._known.update(found)

    def save(self) -> None:
        """Write the memo, at once; several runs may do so at the same time."""
        if self.memo is None or self._seen == self._known:
            return
        temporary = self.memo.with_name(f"{self.memo.name}.{os.getpid()}")
        try:
            self.memo.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._seen), encoding="utf-8")
            temporary.replace(self.memo)
        except OSError:
            temporary.unlink(missing_ok=True)

    def of_file(self, path: str, read: Callable[[bytes], bytes] = bytes) -> str:
        """Return the sha256 of a file as ``read`` sees it, links followed. :raises OSError:"""
        status = os.stat(path)  # thousands of them
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]
        known = self._known.get(path)
        if isinstance(known, list) and len(known) == 2 and known[0] == stamp:
            self._seen[path] = known
            return str(known[1])
        digest = hashlib.sha256(read(Path(path).read_bytes())).hexdigest()
        if time.time() - max(status.st_mtime, status.st_ctime) > _REMEMBERED_AFTER:
            self._seen[path] = [stamp, digest]
        return digest


def of_tree(
    root: str,
    directories: Iterable[str],
    *,
    wanted: Callable[[str], bool],
    digests: Digests,
    read: Callable[[str], Callable[[bytes], bytes]] = lambda _name: bytes,
) -> str:
    """Return a digest of the names and contents below some directories of ``root``; of a link, what it says.

    :param wanted: whether a file counts, by its path below ``root``.
    :param read: how a file's content is seen, by its path below ``root``.
    """
    lines: set[str] = set()
    for directory in directories:
        top = os.path.join(root, directory)
        if os.path.islink(top):  # /lib of a merged /usr: what it leads to is read under its own name
            lines.add(f"{directory}\0{_content(top, bytes, digests)}\n")
            continue
        for base, names, files in os.walk(top):
            for name in files + [name for name in names if os.path.islink(os.path.join(base, name))]:
                path = os.path.join(base, name)
                relative = os.path.relpath(path, root)
                if wanted(relative):
                    lines.add(f"{relative}\0{_content(path, read(relative), digests)}\n")
    return of_texts(sorted(lines))


def _content(path: str, read: Callable[[bytes], bytes], digests: Digests) -> str:
    try:
        if os.path.islink(path):
            return "-> " + os.fsdecode(read(os.fsencode(os.readlink(path))))
        return digests.of_file(path, read) if os.path.isfile(path) else "no file"
    except OSError as error:
        return f"unreadable: {error.errno}"


def of_texts(texts: Iterable[str]) -> str:
    """Return a digest of some texts, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def of_mapping(mapping: Mapping[str, str]) -> str:
    """Return a digest of names and values, whatever their order."""
    return of_texts(f"{name}={value}" for name, value in sorted(mapping.items()))
