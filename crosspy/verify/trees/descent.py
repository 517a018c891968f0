"""Going down a file system in which a directory is a list of names and inodes, as ext's and squashfs' are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from crosspy.verify.trees import MAX_ENTRIES, Node, damaged, reason

_MAX_DEPTH: Final = 256

Inode = TypeVar("Inode", bound=Any)


def descend(
    root: Inode,
    listed: Callable[[Inode], Iterable[tuple[str, Inode]]],
    node: Callable[[str, Inode], Node],
) -> Iterator[Node]:
    """Yield every entry once, directories before what is in them, in the order of names.

    :param root: the root directory's inode, or whatever tells one from another.
    :param listed: returns what is in a directory. :param node: returns what an inode is, at a path.
    :raises OSError: if the root cannot be read, or there are too many entries.
    """
    seen = {root}
    count = 0
    pending = [("", root)]
    while pending:
        path, directory = pending.pop()
        yield Node(path or "/", "directory")
        inner = []
        try:
            entries = sorted(listed(directory))
        except OSError as error:
            if not path:
                raise
            yield Node(path, "unreadable", reason(error))
            continue
        count += len(entries)
        if count > MAX_ENTRIES:
            raise damaged(f"more than {MAX_ENTRIES:,} entries")
        for name, inode in entries:
            below = node(f"{path}/{name}", inode)
            if below.kind != "directory":
                yield below
            elif inode in seen or below.path.count("/") > _MAX_DEPTH:
                yield Node(below.path, "unreadable", "a directory that contains itself")
            else:
                seen.add(inode)
                inner.append((below.path, inode))
        pending.extend(reversed(inner))
