"""All that a lock names, in a directory: each file checked against the lock, and the crates of Rust projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from crosspy.build.crates import fetch_crates
from crosspy.build.lockfile import Locks
from crosspy.build.transport import check_file, download_all, transport_of
from crosspy.console import Console
from crosspy.errors import FetchError, UsageError
from crosspy.model.lock import Artifact

CRATES: Final = "crates"
"""Below the directory of files: where crates go."""


def fetch(
    locks: Locks, directory: Path, *, base: Path, crates: bool, environ: Mapping[str, str], console: Console
) -> list[Path]:
    """Put every file of a lock into ``directory``, and its crates below ``crates``; return the files' paths, sorted.

    What is there and right stays; what is there and wrong is an error, as somebody put it there.

    :param base: the directory of the lock, from which its paths are.
    :raises FetchError: if a file cannot be had, or is not what the lock says. Good files stay, for the next try.
    """
    artifacts = list(locks.artifacts())
    get_files(artifacts, directory, base=base, environ=environ, console=console)
    paths = sorted(directory / one.name for one in artifacts)
    if crates:
        rust = sorted({directory / one.sdist.name for one in locks.packages() if one.sdist and one.crates})
        if rust:
            sources = sum(1 for one in artifacts if not one.is_wheel)
            console.step(f"crates of {len(rust)} of {sources} source distributions")
            fetch_crates(rust, directory / CRATES, environ=environ, console=console)
    return paths


def get_files(
    artifacts: Sequence[Artifact],
    directory: Path,
    *,
    base: Path,
    environ: Mapping[str, str],
    console: Console,
) -> None:
    """Download those of ``artifacts`` that ``directory`` lacks. :raises FetchError: as :func:`fetch`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        missing = []
        for artifact in artifacts:
            if (directory / artifact.name).exists():
                require(directory / artifact.name, artifact)
            else:
                missing.append(artifact)
    except OSError as error:
        raise UsageError(
            f"cannot use {directory}: {error.strerror}", hint="Name a directory that you may write."
        ) from None
    console.step(f"{len(missing)} files to download, {len(artifacts) - len(missing)} are there")
    if missing:
        download_all(
            missing,
            directory,
            base=base,
            transport=transport_of(environ),
            told=lambda one: console.note(f"{one.name}: {one.size} bytes"),
        )


def require(path: Path, artifact: Artifact) -> None:
    """Check a file that is there. :raises FetchError: if it is not the one of the lock."""
    try:
        wrong = check_file(path, artifact)
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror}") from None
    if wrong:
        raise FetchError(
            f"{path} {wrong}",
            hint="It is another file of that name. Remove it, and get it again: crosspy fetch --lock ...",
        )
