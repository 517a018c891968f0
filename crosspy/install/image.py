"""An image tree, looked at as the target will see it.

Links in an image mean the image: ``/lib -> /usr/lib`` is the image's own ``usr/lib``. Following one with this
machine's ``open`` would leave the tree, so every path goes through :meth:`Image.locate` first.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from crosspy.errors import UsageError, WheelRefusedError

_MAX_LINKS = 40  # as Linux, path_resolution(7)
_MAX_TEXT = 64 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """The directory that becomes the target's ``/``; ``root`` is absolute and free of links."""

    root: Path
    _parents: dict[PurePosixPath, PurePosixPath] = field(default_factory=dict, repr=False, compare=False)

    def on_disk(self, path: PurePosixPath) -> Path:
        """Return where a *located* path of the target is on this machine."""
        return self.root.joinpath(*path.parts[1:])

    def locate(self, path: PurePosixPath, *, follow: bool = False) -> PurePosixPath:
        """Return ``path`` with the links among its parents resolved inside the image.

        What does not exist (yet) stays as written.

        :param path: absolute path of the target; ``..`` means what it means to a kernel.
        :param follow: resolve the last part too.
        :raises WheelRefusedError: if a relative link or ``..`` climbs above the image, or links run in a circle.
        """
        if follow or path.name in {"", ".."}:
            return self._walk(path)
        parent = path.parent
        known = self._parents.get(parent)
        if known is None:
            known = self._parents[parent] = self._walk(parent)
        return known / path.name

    def forget(self) -> None:
        """Drop what :meth:`locate` remembers of directories, after some have changed."""
        self._parents.clear()

    def _walk(self, path: PurePosixPath) -> PurePosixPath:
        stack: list[str] = []
        pending = list(reversed(path.parts[1:]))
        links = 0
        while pending:
            part = pending.pop()
            if part == "..":
                if not stack:
                    raise self._leaves(path)
                stack.pop()
                continue
            try:
                link = self.root.joinpath(*stack, part).readlink()
            except (OSError, ValueError):
                stack.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise WheelRefusedError(
                    f"{path}: links run in a circle in the image {self.root}",
                    hint=f"Look at them: ls -l {self.root.joinpath(*stack, part)}",
                )
            target = PurePosixPath(link)
            if target.is_absolute():
                stack.clear()
            pending += reversed([name for name in target.parts if name != "/"])
        return PurePosixPath("/", *stack)

    def _leaves(self, path: PurePosixPath) -> WheelRefusedError:
        return WheelRefusedError(
            f"{path} leads outside the image {self.root}: a link or '..' on its way climbs above the image's root",
            hint="Links of an image must stay inside it: make that one absolute as the target sees it, or remove it.",
        )

    def exists(self, path: PurePosixPath) -> bool:
        """Say whether there is anything at ``path``, a dangling link included."""
        try:
            return os.path.lexists(self.on_disk(self.locate(path)))
        except WheelRefusedError:
            return False

    def regular(self, path: PurePosixPath) -> Path | None:
        """Return where the regular file that ``path`` leads to is on this machine, or None without one."""
        try:
            found = self.on_disk(self.locate(path, follow=True))
            return found if stat.S_ISREG(found.lstat().st_mode) else None
        except (OSError, WheelRefusedError):
            return None

    def read_text(self, path: PurePosixPath) -> str | None:
        """Return the text of the regular file that ``path`` leads to, or None where that cannot be had."""
        found = self.regular(path)
        try:
            if found is None or found.stat().st_size > _MAX_TEXT:
                return None
            return found.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None

    def listing(self, path: PurePosixPath) -> list[str]:
        """Return the sorted names in the directory that ``path`` leads to; none where there is no such directory."""
        try:
            return sorted(entry.name for entry in os.scandir(self.on_disk(self.locate(path, follow=True))))
        except (OSError, WheelRefusedError):
            return []


def open_image(root: Path) -> Image:
    """Return the image at ``root``.

    :raises UsageError: if it is not a directory, or this machine's own root.
    """
    if not root.is_dir():
        raise UsageError(
            f"--root {root}: not a directory", hint=f"Make it first, or name another: mkdir -p {root}"
        )
    resolved = root.resolve()
    if resolved == Path("/"):
        raise UsageError(
            f"--root {root} is this machine's own root directory, not an image",
            hint="Name the tree that becomes the target's root file system.",
        )
    return Image(root=resolved)
