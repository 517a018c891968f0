"""What is to be locked: requirements, the dependencies of a project, or what another tool has locked.

Other tools' locks are exported by those tools: to PEP 751 or to a requirements file. Then their versions are pins, with
their hashes, for pip to choose from as the target.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from crosspy import process
from crosspy.build.lockfile import Selection, applies, is_wanted
from crosspy.errors import LockError, UsageError
from crosspy.model.lock import FILE_NAME, Lock, from_toml
from crosspy.model.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class _Export:
    """The command that tells what a tool's lock holds, on its stdout; its options for an extra and a group."""

    command: str
    needs: str
    extra: str = ""
    group: str = ""
    without_groups: tuple[str, ...] = ()
    """What the command has besides, where no group is chosen."""

    def argv(self, selection: Selection) -> list[str]:
        words = [*self.command.split(), *(() if selection.groups else self.without_groups)]
        words += [word for name in sorted(selection.extras) for word in (self.extra, name)]
        return words + [word for name in sorted(selection.groups) for word in (self.group, name)]


_EXPORTS: Final = {
    "uv.lock": _Export(
        command="uv export --frozen --no-default-groups --no-emit-project --format pylock.toml",
        extra="--extra",
        group="--group",
        needs="uv 0.6.15 or later",
    ),
    "pdm.lock": _Export(
        command="pdm export --format pylock",
        extra="--group",
        group="--group",
        without_groups=("--prod",),
        needs="PDM 2.24 or later",
    ),
    "poetry.lock": _Export(
        command="poetry export --format pylock.toml",
        extra="--extras",
        group="--with",
        needs="Poetry with its plugin: poetry self add 'poetry-plugin-export>=1.10'",
    ),
    "Pipfile.lock": _Export(command="pipenv requirements --hash", needs="pipenv 2022.4 or later"),
}
"""PEP 751 each, of pipenv a requirements file: its own PEP 751 asks the index again."""


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
    selection: Selection,
    target: Target,
    cwd: Path,
    scratch: Path,
    environ: Mapping[str, str],
) -> Wishes:
    """Sort what the command line names.

    :param words: requirements, files and directories of projects; :param files: those of ``-r``.
    :param selection: extras and dependency groups, of projects and of locks.
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
            requirements += _dependencies(path, selection)
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
        pins = _pins(locks[0], selection, target, scratch, environ)
        return Wishes(requirements=(), files=(pins,), complete=True)
    projects = any(_is_file_name(word) for word in words) or any(
        path.name == "pyproject.toml" for path in files
    )
    if not projects and (selection.extras or selection.groups):
        raise UsageError(
            "--extra and --group are of a pyproject.toml or a lock, and there is none",
            hint="An extra of a requirement is named with it: NAME[EXTRA]",
        )
    if not requirements and not plain:
        raise UsageError(
            "nothing to lock", hint="Name requirements, -r FILE, pyproject.toml or a lock of another tool."
        )
    return Wishes(requirements=tuple(requirements), files=tuple(plain))


def _is_file_name(word: str) -> bool:
    name = word.rpartition("/")[2]
    return name == "pyproject.toml" or name in _EXPORTS or bool(FILE_NAME.fullmatch(name))


def _dependencies(path: Path, selection: Selection) -> list[str]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        project = table.get("project", {})
        if "dependencies" in project.get("dynamic", ()):
            raise UsageError(
                f"{path}: the project's dependencies are dynamic: only a build of it tells them",
                hint="Name them in a requirements file: -r FILE",
            )
        found = _strings(project.get("dependencies", []))
        optional = _by_name(project.get("optional-dependencies", {}))
        groups = _by_name(table.get("dependency-groups", {}))
        for extra in sorted(selection.extras):
            found += _strings(_member(optional, extra, f"{path} has no extra"))
        for group in sorted(selection.groups):
            found += _group(groups, group, path)
        return [str(Requirement(text)) for text in found]
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        RecursionError,
        InvalidRequirement,
    ) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _group(groups: Mapping[str, object], name: str, path: Path, around: tuple[str, ...] = ()) -> list[str]:
    """Return the requirements of a dependency group, with those of the groups that it includes (PEP 735)."""
    if name in around:
        raise UsageError(f"{path}: its dependency groups include each other: {' > '.join([*around, name])}")
    entries = _member(groups, name, f"{path} has no dependency group")
    if not isinstance(entries, list):
        raise TypeError(f"the dependency group {name} is no list")
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, dict):
            found += _group(groups, canonicalize_name(entry["include-group"]), path, (*around, name))
        else:
            found += _strings([entry])
    return found


def _by_name(table: Mapping[str, object]) -> dict[str, object]:
    return {canonicalize_name(name): value for name, value in table.items()}


def _member(table: Mapping[Any, object], name: str, without: str) -> object:
    if name not in table:
        raise UsageError(f"{without} {name!r}", hint=f"It has: {', '.join(sorted(table)) or 'none'}.")
    return table[name]


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r} is no list of requirements")
    return list(value)


# ------------------------------------------------------------------------------------------- locks of other tools


def _pins(
    path: Path, selection: Selection, target: Target, scratch: Path, environ: Mapping[str, str]
) -> Path:
    """Write a requirements file of what a lock has for the target; return its path."""
    if path.name in _EXPORTS:
        text = _exported(path, selection, environ)
        selection = Selection()  # the tool has chosen
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise LockError(f"{path} cannot be read: {error}") from None
    if path.name == "Pipfile.lock":
        text = _of_pipenv(text, path, target)
    else:
        text = requirements_of(from_toml(text, str(path)), target, selection, str(path))
    file = scratch / "requirements.txt"
    file.write_text(text, encoding="utf-8")
    return file


def _exported(path: Path, selection: Selection, environ: Mapping[str, str]) -> str:
    export = _EXPORTS[path.name]
    tool = export.command.split()[0]
    if not export.group and (selection.extras or selection.groups):
        raise UsageError(
            f"--extra and --group say nothing of {path.name}",
            hint=f"Export it yourself: cd {path.parent} && {export.command} --categories ... > requirements.txt",
        )
    argv = export.argv(selection)
    try:
        done = process.run(argv, env=environ, cwd=path.parent)
    except FileNotFoundError:
        raise LockError(
            f"{path} is {tool}'s own, and {tool} is not on PATH to say what it means",
            hint=f"Install {export.needs}; or run it where it is, and lock what it says: "
            f"cd {path.parent} && {' '.join(argv)} > {'requirements.txt' if tool == 'pipenv' else 'pylock.toml'}",
        ) from None
    if not done.ok:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LockError(
            f"{' '.join(argv)} failed (exit status {done.status}):\n{said}",
            hint=f"It takes {export.needs}. Run it yourself: cd {path.parent}",
        )
    return done.stdout


def _of_pipenv(text: str, path: Path, target: Target) -> str:
    """Return its requirements for the target, without options: the index is that of the caller's pip configuration."""
    found = ""
    for line in text.splitlines():
        if not line.strip() or re.match(r"-i |--|#", line):
            continue
        if "--hash" in line:
            found += f"{line}\n"
        elif applies(line.partition(";")[2].strip(), target):
            raise LockError(
                f"{path} pins no file of {line}",
                hint="pipenv locks no version of what its own machine does not need, and no hash of a directory or of Git. "
                "Name a version in the Pipfile, then: pipenv lock",
            )
    return found


def requirements_of(lock: Lock, target: Target, selection: Selection, source: str) -> str:
    """Return the packages of a lock that are for the target, as a requirements file with hashes.

    :raises UsageError: if the lock has no such extra or group.
    """
    for names, known, kind in (
        (selection.extras, lock.extras, "extra"),
        (selection.groups, lock.groups, "dependency group"),
    ):
        table = {canonicalize_name(one): one for one in known}
        for name in sorted(names):
            _member(table, name, f"{source} has no {kind}")
    lines = []
    for package in lock.packages:
        if is_wanted(package, lock, target, selection):
            hashes = sorted({one.sha256 for one in package.artifacts})
            lines.append(
                " ".join([f"{package.name}=={package.version}", *(f"--hash=sha256:{one}" for one in hashes)])
            )
    return "\n".join(lines) + "\n"
