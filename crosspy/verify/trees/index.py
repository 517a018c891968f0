"""A tree that is listed as a whole before it is walked: archives, whose entries come in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from crosspy.verify.trees import MAX_ENTRIES, Kind, Node, damaged

_MAX_LINKS: Final = 40  # Linux's own limit (MAXSYMLINKS)


class Index:
    """The entries of an archive, at the paths where unpacking would put them; the last one at a path counts.

    Names are relative to the root, whatever they begin with, and go through the archive's own symbolic links
    (``lib/x`` where ``lib`` is a link to ``usr/lib``). A name with ``..`` is told as unreadable, and nothing else is
    done with it.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Kind, Any]] = {"/": ("directory", "")}
        self._parents: dict[str, str | None] = {}

    def add(self, name: str, kind: Kind, value: Any = "") -> None:
        """Take in an entry; ``value`` is a link's target, a special file's kind, or what a file's bytes are found by.

        :raises OSError: if there are too many of them.
        """
        if len(self._entries) >= MAX_ENTRIES:
            raise damaged(f"more than {MAX_ENTRIES:,} entries")
        path = self._path(name)
        if path is None:
            path, kind, value = f"/{name.lstrip('/')}", "unreadable", "its name leads out of the image"
        if kind == "directory" and self._entries.get(path, ("", ""))[0] in {"directory", "link"}:
            return  # a directory over a link to one: unpacking leaves the link
        if kind == "link" or path in self._entries:
            self._parents.clear()
        self._entries[path] = (kind, value)

    def file(self, name: str) -> Any:
        """Return what the bytes of the file of this name are found by; None if there is no such file."""
        entry = self._entries.get(name) or self._entries.get(self._path(name) or "")
        return entry[1] if entry and entry[0] == "file" else None

    def walk(self) -> Iterator[Node]:
        for path, (kind, value) in sorted(self._entries.items(), key=_name):
            yield Node(path, kind, "" if kind == "file" else value)

    def _path(self, name: str) -> str | None:
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if not parts:
            return "/"
        place = None if ".." in parts else self._place("/".join(parts[:-1]))
        return None if place is None else f"{place}/{parts[-1]}"

    def _place(self, directory: str) -> str | None:
        """Return where a directory of an archive's names is in the tree; made if it is not there. None: nowhere."""
        if directory in self._parents:
            return self._parents[directory]
        current = ""
        pending = [part for part in reversed(directory.split("/")) if part not in {"", "."}]
        hops = 0
        while pending:
            part = pending.pop()
            if part == "..":
                current = current.rpartition("/")[0]
                continue
            step = f"{current}/{part}"
            kind, target = self._entries.setdefault(step, ("directory", ""))
            if kind != "link":
                current = step
                continue
            hops += 1
            if hops > _MAX_LINKS:
                self._parents[directory] = None
                return None
            if target.startswith("/"):
                current = ""
            pending += [word for word in reversed(target.split("/")) if word not in {"", "."}]
        self._parents[directory] = current
        return current


def _name(item: tuple[str, tuple[Kind, Any]]) -> str:
    return item[0]
