"""Source archives that pip is about to unpack, looked at before: the target's, and what the build machine is to run.

Python has a filter for that from 3.11.4 on, and pip uses it from 23.3 on. Without it a link leads where it likes, and what
follows is written there. A bomb goes off with both. As crosspy/build/sdist.py, which reads archives without pip.

This is also a module of the build layer (``_crosspy_build_archives``), where none of the others are.
"""

import os
import sys

TYPE_CHECKING = False  # typing's own would have to be imported, at every start of a native process
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

UNPACKING = "pip._internal.utils.unpacking"
BASE = 1 << 30
RATIO = 100
"""How much larger than its archive a source is, at most; below the base, nobody's disk is in danger."""
ENTRY = 4096
"""What an entry costs whatever its size: a block of a disk."""
HEADER = 1 << 20
"""The largest header that says more of the next entry: pip reads it into memory at once."""


DECODERS = frozenset({"tarfile", "zipfile", "gzip", "zlib", "_lzma", "lzma"})
"""Modules whose exceptions say that an archive is damaged; pip shows those as its own failure, with a traceback."""


class HugeHeader(Exception):  # noqa: N818 -- never seen outside
    """Its size."""


class Watch:
    """First on ``sys.meta_path`` of a process that works for the build machine: build requirements may be sources, too."""

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name != UNPACKING:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_apply(module: "ModuleType") -> None:
                load(module)
                apply(module)

            vars(spec.loader)["exec_module"] = load_and_apply
        return spec

    @staticmethod
    def invalidate_caches() -> None:
        pass


def watch() -> None:
    """Let the pip that this process may turn out to be refuse what is not safe."""
    if Watch not in sys.meta_path:
        sys.meta_path.insert(0, Watch)


def apply(module: "ModuleType") -> None:
    """Let pip refuse what is not safe: the names are the same from pip 22 to 26."""
    unpack = getattr(module, "unpack_file", None)
    error = getattr(module, "InstallationError", None)
    if unpack is None or error is None:
        return

    def unpack_safe(filename: str, *args: object, **options: object) -> object:
        wrong = fault(filename)
        if wrong:
            raise error(f"{os.path.basename(filename)} is not safe to unpack: {wrong}")
        try:
            return unpack(filename, *args, **options)
        except Exception as damage:
            if not isinstance(damage, EOFError) and type(damage).__module__ not in DECODERS:
                raise
            said = str(damage).rpartition("\n")[2]
            raise error(f"{os.path.basename(filename)} is damaged: {said}") from None

    module.unpack_file = unpack_safe  # type: ignore[attr-defined]


def fault(path: str) -> str:
    """Return what is wrong with an archive; empty if nothing is, or pip itself has to say it."""
    left = BASE + RATIO * os.path.getsize(path)
    links: set[tuple[str, ...]] = set()
    found: list[tuple[str, ...]] = []
    try:
        for name, size, kind, target in _members(path):
            left -= size + ENTRY
            parts = tuple(part for part in name.split("/") if part not in {"", "."})
            if left < 0:
                return f"it expands to more than {RATIO} times its size, or to too many files"
            if name.startswith("/") or ".." in parts:
                return f"it holds {name!r}, which lies outside"
            if kind == "special":
                return f"it holds {name!r}, which is neither a file, a directory nor a link"
            if kind == "symlink":
                links.add(parts)
                if leads_out(len(parts) - 1, target):
                    return f"it holds {name!r}, a link to {target!r}, which lies outside"
            found.append(parts)
    except HugeHeader as error:
        return f"it has a header of {error} bytes"
    except Exception:
        return ""  # each decoder has its own; pip is about to meet it, too
    behind = [parts for parts in found if any(parts[:end] in links for end in range(1, len(parts)))]
    return f"it holds {'/'.join(behind[0])!r}, which lies behind a link" if behind else ""


def leads_out(depth: int, target: str) -> bool:
    """Say whether a link that lies ``depth`` directories deep leaves the first of these."""
    parts = [part for part in target.split("/") if part not in {"", "."}]
    up = 0
    while up < len(parts) and parts[up] == "..":
        up += 1
    return target.startswith("/") or ".." in parts[up:] or up >= max(depth, 1)


def _members(path: str) -> "Iterator[tuple[str, int, str, str]]":
    """Yield name, size, kind and what a symbolic link leads to. A hard link is to another member, or damaged."""
    import tarfile
    import zipfile

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                yield info.filename, info.file_size, "plain", ""
        return

    class Member(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: "Any", encoding: str, errors: str) -> "Any":
            found = super().frombuf(buf, encoding, errors)
            if found.type in b"xgXLK" and found.size > HEADER:
                raise HugeHeader(found.size)
            return found

    with tarfile.open(path, tarinfo=Member) as packed:
        for member in packed:
            plain = member.isfile() or member.isdir() or member.islnk()
            kind = "symlink" if member.issym() else "plain" if plain else "special"
            yield member.name, member.size, kind, member.linkname
