"""Carry out a plan: all of it, or nothing.

What has to go is moved into a directory inside the image, which is the same file system, so that taking everything
back restores it with its owner, times and links. Modes and times do not depend on the umask or the clock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from crosspy.errors import WheelRefusedError
from crosspy.install.image import Image
from crosspy.install.plan import Plan
from crosspy.install.staging import StagedFile

_DIRECTORY_MODE = 0o755


@contextmanager
def locked(image: Image) -> Iterator[None]:
    """Wait until no other crosspy installs into the image, and keep others waiting; leaves no file behind."""
    descriptor = os.open(image.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def carry_out(plan: Plan, image: Image, *, mtime: int) -> None:
    """Make the changes of ``plan``.

    :param mtime: seconds since 1970 for every file and directory that is made.
    :raises WheelRefusedError: if the image cannot be written; it is as it was then.
    """
    journal = _Journal(image)
    try:
        for path in plan.removals:
            journal.remove(path)
        for path, file in plan.writes:
            journal.write(path, file, mtime=mtime)
        journal.prune(plan.kept_directories)
        journal.settle(mtime)
    except BaseException as error:
        # An interrupted installation (Ctrl-C) is taken back as well.
        left = journal.take_back()
        if not isinstance(error, OSError):
            raise
        where = f"{error.filename}: " if error.filename else ""
        after = f"; could not be restored: {', '.join(left)}" if left else "; the image is as it was"
        raise WheelRefusedError(
            f"cannot write into the image {image.root}: {where}{error.strerror or error}{after}",
            hint="Make room in it, or make it writable, and run the same command again.",
        ) from None
    journal.forget()


class _Journal:
    """The changes made so far, each with its reverse."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._undo: list[tuple[str, Callable[[], object]]] = []
        self._backup: Path | None = None
        self._moved = 0
        self._times: dict[Path, tuple[int, int]] = {}
        """Of each directory before its first change."""
        self._emptied: dict[PurePosixPath, None] = {}

    def remove(self, path: PurePosixPath) -> None:
        there = self._image.on_disk(path)
        if not os.path.lexists(there):
            return
        self._touch(there.parent)
        if self._backup is None:
            self._touch(self._image.root)
            self._backup = Path(tempfile.mkdtemp(prefix=".crosspy-", dir=self._image.root))
        kept = self._backup / str(self._moved)
        self._moved += 1
        shutil.move(there, kept)  # a rename, except across a mount point inside the image
        self._undo.append((str(path), lambda: shutil.move(kept, there)))
        self._emptied[path.parent] = None

    def write(self, path: PurePosixPath, file: StagedFile, *, mtime: int) -> None:
        self._make_directory(path.parent)
        there = self._image.on_disk(path)
        self._touch(there.parent)
        # O_EXCL: never through a link that appeared meanwhile.
        descriptor = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._undo.append((str(path), there.unlink))
        with open(descriptor, "wb") as output, file.staged.open("rb") as source:  # noqa: PTH123 -- a descriptor
            shutil.copyfileobj(source, output, 1 << 20)
            os.fchmod(descriptor, file.mode)
        os.utime(there, (mtime, mtime))

    def _make_directory(self, path: PurePosixPath) -> None:
        there = self._image.on_disk(path)
        if there.is_dir():
            return
        self._make_directory(path.parent)
        self._touch(there.parent)
        there.mkdir(_DIRECTORY_MODE)
        self._undo.append((str(path), there.rmdir))
        there.chmod(_DIRECTORY_MODE)

    def _touch(self, directory: Path) -> None:
        if directory not in self._times:
            info = directory.stat()
            self._times[directory] = (info.st_atime_ns, info.st_mtime_ns)

    def prune(self, kept: frozenset[PurePosixPath]) -> None:
        """Remove the directories that removals have emptied."""
        for start in self._emptied:
            for path in (start, *start.parents):
                there = self._image.on_disk(path)
                if path in kept or not there.is_dir() or any(there.iterdir()):
                    break
                self._touch(there.parent)
                mode = there.stat().st_mode & 0o7777
                there.rmdir()
                self._undo.append((str(path), lambda there=there, mode=mode: _restore_directory(there, mode)))  # type: ignore[misc]

    def settle(self, mtime: int) -> None:
        """Give every directory whose entries changed the same time, so that no clock shows in the image."""
        for directory in self._times:
            if directory != self._image.root and directory.is_dir():
                os.utime(directory, (mtime, mtime))

    def take_back(self) -> list[str]:
        """Undo everything, last first; return what could not be undone."""
        left: list[str] = []
        for name, undo in reversed(self._undo):
            try:
                undo()
            except OSError:
                left.append(name)
        if not left:  # otherwise the backup stays, for it holds what is missing
            self.forget()
        for directory, times in self._times.items():
            with suppress(OSError):
                os.utime(directory, ns=times)
        return left

    def forget(self) -> None:
        """Remove the backup; the image's root directory keeps its time."""
        if self._backup is None:
            return
        shutil.rmtree(self._backup, ignore_errors=True)
        with suppress(OSError):
            os.utime(self._image.root, ns=self._times[self._image.root])


def _restore_directory(there: Path, mode: int) -> None:
    there.mkdir()
    there.chmod(mode)
