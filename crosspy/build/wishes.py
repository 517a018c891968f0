"""What is to be locked: requirements, the dependencies of a project, or what another tool has locked.

Other tools' locks are exported by those tools: to PEP 751 or to a requirements file. Then their versions are pins, with
their hashes, for pip to choose from as the target.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from crosspy import process
from crosspy.errors import LockError, UsageError
from crosspy.model.lock import FILE_NAME, Lock, from_toml
from crosspy.model.tags import marker_environment
from crosspy.model.target import Target

_EXPORTS: Final = {
    "uv.lock": ("uv", "export", "--frozen", "--no-dev", "--no-emit-project", "--format", "pylock.toml"),
    "pdm.lock": ("pdm", "export", "--prod", "--format", "pylock"),
    "poetry.lock": ("poetry", "export", "--only", "main", "--format", "pylock.toml"),
    "Pipfile.lock": ("pipenv", "requirements", "--hash"),
}
"""The command that tells what a lock holds, on its stdout: PEP 751, of pipenv a requirements file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What pip is told. ``complete``: the dependencies are among them."""

    requirements: tuple[str, ...]
    files: tuple[Path, ...]
    complete: bool = False


def read_wishes(
    words: Sequence[str],
    files: Sequence[Path],
    *,
    extras: Sequence[str],
    target: Target,
    cwd: Path,
    scratch: Path,
    environ: Mapping[str, str],
) -> Wishes:
    """Sort what the command line names.

    :param words: requirements, files and directories of projects; :param files: those of ``-r``.
    :param scratch: where a requirements file of a lock goes.
    :raises UsageError: if there is nothing, a file cannot be read, or a project's dependencies are not written down.
    :raises LockError: if a lock is damaged, or its tool is missing or fails.
    """
    requirements: list[str] = []
    plain: list[Path] = []
    locks: list[Path] = []
    words = [
        f"{word}/pyproject.toml" if (cwd / word / "pyproject.toml").is_file() else word for word in words
    ]
    for path in [*files, *(cwd / word for word in words if _is_file_name(word))]:
        if not path.is_file():
            raise UsageError(f"no such file: {path}")
        if path.name == "pyproject.toml":
            requirements += _dependencies(path, extras)
        elif path.name in _EXPORTS or FILE_NAME.fullmatch(path.name):
            locks.append(path)
        else:
            plain.append(path)
    requirements += [word for word in words if not _is_file_name(word)]
    if locks and (requirements or plain or len(locks) > 1):
        raise UsageError(
            f"{locks[0]} is a lock already: it goes alone", hint="A lock has all of the dependencies."
        )
    if locks:
        return Wishes(requirements=(), files=(_pins(locks[0], target, scratch, environ),), complete=True)
    if not requirements and not plain:
        raise UsageError(
            "nothing to lock", hint="Name requirements, -r FILE, pyproject.toml or a lock of another tool."
        )
    return Wishes(requirements=tuple(requirements), files=tuple(plain))


def _is_file_name(word: str) -> bool:
    name = word.rpartition("/")[2]
    return name == "pyproject.toml" or name in _EXPORTS or bool(FILE_NAME.fullmatch(name))


def _dependencies(path: Path, extras: Sequence[str]) -> list[str]:
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
        if "dependencies" in project.get("dynamic", ()):
            raise UsageError(
                f"{path}: the project's dependencies are dynamic: only a build of it tells them",
                hint="Name them in a requirements file: -r FILE",
            )
        found = list(project.get("dependencies", ()))
        optional = {
            canonicalize_name(name): words for name, words in project.get("optional-dependencies", {}).items()
        }
        for extra in extras:
            if canonicalize_name(extra) not in optional:
                raise UsageError(
                    f"{path} has no extra {extra!r}", hint=f"It has: {', '.join(sorted(optional)) or 'none'}."
                )
            found += optional[canonicalize_name(extra)]
        return [str(Requirement(text)) for text in found]
    except (OSError, ValueError, TypeError, AttributeError, InvalidRequirement) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


# ------------------------------------------------------------------------------------------- locks of other tools


def _pins(path: Path, target: Target, scratch: Path, environ: Mapping[str, str]) -> Path:
    """Write a requirements file of what a lock has for the target; return its path."""
    if path.name in _EXPORTS:
        text = _exported(path, environ)
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise LockError(f"{path} cannot be read: {error}") from None
    if path.name != "Pipfile.lock":
        text = requirements_of(from_toml(text, str(path)), target)
    file = scratch / "requirements.txt"
    file.write_text(text, encoding="utf-8")
    return file


def _exported(path: Path, environ: Mapping[str, str]) -> str:
    argv = _EXPORTS[path.name]
    try:
        done = process.run(argv, env=environ, cwd=path.parent)
    except FileNotFoundError:
        raise LockError(
            f"{path} is {argv[0]}'s own, and {argv[0]} is not on PATH to say what it means",
            hint=f"Install {argv[0]}, or run there what it can: cd {path.parent} && {' '.join(argv)} > pylock.toml",
        ) from None
    if not done.ok:
        raise LockError(
            f"{' '.join(argv)} failed (exit status {done.status}):\n{done.stderr.strip()[-2000:]}"
        )
    return done.stdout


def requirements_of(lock: Lock, target: Target) -> str:
    """Return the packages of a lock that are for the target, as a requirements file with hashes."""
    lines = []
    for package in lock.packages:
        if package.groups or not applies(package.marker, target):
            continue
        hashes = sorted({one.sha256 for one in package.artifacts})
        lines.append(
            " ".join([f"{package.name}=={package.version}", *(f"--hash=sha256:{one}" for one in hashes)])
        )
    return "\n".join(lines) + "\n"


def applies(marker: str, target: Target) -> bool:
    """Say whether a lock's marker holds for the target, with none of its extras and groups chosen.

    :raises LockError: if nobody can read it.
    """
    if not marker:
        return True
    try:
        return Marker(marker).evaluate({**marker_environment(target), "extra": ""})
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, KeyError, TypeError) as error:
        if "extras" in marker or "dependency_groups" in marker:
            return False
        raise LockError(f"the marker {marker!r} cannot be read: {error}") from None
