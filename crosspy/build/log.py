"""The log of one build: what pip and the back ends said, and what a build that failed left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crosspy.build.evidence import Failure
from crosspy.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildLog:
    """A log file, open for writing."""

    path: Path
    file: BinaryIO

    def text(self) -> str:
        """Return what was written so far."""
        self.file.flush()
        return self.path.read_text(encoding="utf-8", errors="replace")

    def append(self, failures: Sequence[Failure]) -> None:
        """Add the commands and logs of failures, which nothing else keeps."""
        for failure in failures:
            for command in failure.commands:
                self._section(f"{failure.name}: this command failed, in {command.cwd}", command.shell())
                self._section("its messages", command.stderr)
            for name, text in failure.logs:
                self._section(f"{failure.name}: {name}", text)
        self.file.flush()

    def _section(self, title: str, text: str) -> None:
        self.file.write(f"\n==== {title}\n\n{text.rstrip()}\n".encode(errors="replace"))


@contextmanager
def open_log(wanted: Path | None, directory: Path) -> Iterator[BuildLog]:
    """Open the log of a build. It stays if it was ``wanted``, or if the block ends in an error.

    :param directory: where it goes without ``wanted``, under a name of its own; the temporary directory serves
        where that cannot be written.
    :raises UsageError: if ``wanted`` cannot be written.
    """
    path, file = _named(wanted) if wanted else _unnamed(directory)
    with file:
        try:
            yield BuildLog(path=path, file=file)
        except Exception:
            raise
        except BaseException:
            _remove_unless(wanted, path)
            raise
        else:
            _remove_unless(wanted, path)


def _remove_unless(wanted: Path | None, path: Path) -> None:
    if wanted is None:
        path.unlink(missing_ok=True)


def _named(path: Path) -> tuple[Path, BinaryIO]:
    try:
        return path, path.open("wb")
    except OSError as error:
        raise UsageError(f"cannot write --log {path}: {error.strerror}") from None


def _unnamed(directory: Path) -> tuple[Path, BinaryIO]:
    for place in (directory, Path(tempfile.gettempdir())):
        for number in range(1, 10_000):
            path = place / f"crosspy-build-{number}.log"
            try:
                place.mkdir(exist_ok=True)
                return path, path.open("xb")
            except FileExistsError:
                continue  # an earlier failure's, or that of a build that runs now
            except OSError:
                break
    raise UsageError(
        "no place for the build's log", hint="Name a file for it with --log FILE, or set TMPDIR."
    )
