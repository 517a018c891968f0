"""A lock: which files of which versions, with their hashes. Its text is PEP 751's ``pylock.toml``.

What runs on the target is one file; what its source distributions need to be built, for the build machine, is a second
one beside it (:func:`build_lock_name`): ``environments`` and ``requires-python`` hold for the whole of a file. In the
second one, each source distribution is a dependency group (:func:`group_of`), so two may want two versions of one tool.

Sources: PEP 751 and PyPA "pylock.toml", PEP 735 (names of groups), Cargo's reference (``Cargo.lock``).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from crosspy.errors import LockError

FILE_NAME: Final = re.compile(r"pylock(?:\.([^.]+))?\.toml")
_GROUP: Final = re.compile(r"""['"]([A-Za-z0-9][A-Za-z0-9._-]*)['"] in dependency_groups""")
_GROUPS: Final = re.compile(rf"{_GROUP.pattern}( or {_GROUP.pattern})*")
_FILE: Final = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9._+!-]{0,240}\.(whl|zip|tar|tgz|tbz|txz|tlz|tar\.(gz|bz2|xz|lz|lzma))"
)
"""Of what pip unpacks."""
_LONGEST: Final = 120
"""Of a name or a version: both are parts of one file name."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ANEW: Final = "It was changed by hand, or is not complete: make it anew with crosspy lock."


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A source distribution or wheel: its file name, and where it is, by ``url`` or by ``path`` below the lock's directory."""

    name: str
    sha256: str
    url: str = ""
    path: str = ""
    size: int | None = None

    @property
    def is_wheel(self) -> bool:
        return self.name.endswith(".whl")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Crate:
    """A crate that a ``Cargo.lock`` names; ``sha256`` is empty for one from git."""

    name: str
    version: str
    source: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A version of a distribution: ``name`` is canonical. ``groups`` are those that it is for; none: all."""

    name: str
    version: str
    sdist: Artifact | None = None
    wheels: tuple[Artifact, ...] = ()
    requires_python: str = ""
    marker: str = ""
    groups: tuple[str, ...] = ()
    crates: tuple[Crate, ...] = ()

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        return (*((self.sdist,) if self.sdist else ()), *self.wheels)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A lock file. ``requested`` are the requirements that were asked for, where crosspy wrote it."""

    packages: tuple[Package, ...]
    environments: tuple[str, ...] = ()
    requires_python: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
    policy: str = ""
    requested: tuple[str, ...] = ()


def group_of(package: Package) -> str:
    """Return the group of the build requirements of a source distribution: ``NAME-VERSION``."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", f"{package.name}-{package.version}")


def build_lock_name(name: str) -> str:
    """Return the file name of the build machine's lock beside the lock ``name``.

    :raises LockError: if ``name`` is not one that PEP 751 allows.
    """
    match = FILE_NAME.fullmatch(name)
    if not match:
        raise LockError(
            f"{name} is no name for a lock file",
            hint="PEP 751: pylock.toml, or pylock.NAME.toml without more dots.",
        )
    return f"pylock.{match[1]}-build.toml" if match[1] else "pylock.build.toml"


# -------------------------------------------------------------------------------------------------------- its text


def to_toml(lock: Lock) -> str:
    """Return the text of a lock: packages in the order of their names, the same text for the same lock."""
    top: dict[str, Any] = {"lock-version": "1.0"}
    if lock.environments:
        top["environments"] = list(lock.environments)
    if lock.requires_python:
        top["requires-python"] = lock.requires_python
    if lock.groups:
        top["dependency-groups"] = sorted(lock.groups)
        top["default-groups"] = []
    top["created-by"] = "crosspy"
    packages = sorted(lock.packages, key=lambda one: (one.name, Version(one.version)))
    if not packages:
        top["packages"] = []
    parts = [_table("", top), *map(_package, packages)]
    tool: dict[str, Any] = {}
    if lock.policy:
        tool["policy"] = lock.policy
    if lock.requested:
        tool["requested"] = list(lock.requested)
    if tool:
        parts.append(_table("[tool.crosspy]", tool))
    return "\n".join(parts)


def _package(package: Package) -> str:
    table: dict[str, Any] = {"name": package.name, "version": package.version}
    markers = [package.marker] if package.marker else []
    if package.groups:
        markers.append(" or ".join(f"'{group}' in dependency_groups" for group in sorted(package.groups)))
    if markers:
        table["marker"] = " and ".join(f"({one})" if len(markers) > 1 else one for one in markers)
    if package.requires_python:
        table["requires-python"] = package.requires_python
    if package.sdist:
        table["sdist"] = _artifact(package.sdist)
    if package.wheels:
        table["wheels"] = [_artifact(wheel) for wheel in package.wheels]
    text = _table("[[packages]]", table)
    if package.crates:
        crates = [
            {
                name: value
                for name in ("name", "version", "source", "sha256")
                if (value := getattr(crate, name))
            }
            for crate in package.crates
        ]
        text += "\n" + _table("[packages.tool.crosspy]", {"crates": crates})
    return text


def _artifact(artifact: Artifact) -> dict[str, Any]:
    table: dict[str, Any] = {"name": artifact.name}
    table |= {"url": artifact.url} if artifact.url else {"path": artifact.path}
    if artifact.size is not None:
        table["size"] = artifact.size
    return {**table, "hashes": {"sha256": artifact.sha256}}


def _table(header: str, table: Mapping[str, Any]) -> str:
    lines = [f"{header}\n"] if header else []
    lines += [f"{key} = {_value(value)}\n" for key, value in table.items()]
    return "".join(lines)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A TOML basic string is written as JSON's, which does not escape DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# ------------------------------------------------------------------------------------------------------ and back


def from_toml(text: str, source: str) -> Lock:
    """Read a lock, whoever wrote it; keys that PEP 751 has and nobody here needs are passed over.

    :param source: what messages call it.
    :raises LockError: if it is no lock, or one that would not be safe to follow.
    """
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is no TOMLDecodeError
        raise LockError(f"{source} cannot be read: {brief(str(error))}", hint=_ANEW) from None
    try:
        return _lock(data)
    except _WrongError as error:
        raise LockError(f"{source}: {brief(str(error))}", hint=_ANEW) from None


def brief(text: str) -> str:
    """Return a text that fits into a message, whatever somebody wrote into a file."""
    return text if len(text) < 400 else f"{text[:300]} ..."


class _WrongError(Exception):
    """What is wrong, and where in the file."""


def _lock(data: Mapping[str, Any]) -> Lock:
    version = _text(data, "lock-version", "it")
    if not re.fullmatch(r"1\.\d+", version):
        raise _WrongError(f"lock-version is {version!r}; 1.0 is what PEP 751 defines")
    if "packages" not in data:
        raise _WrongError("it has no packages")
    packages = tuple(
        _read_package(entry, f"packages[{number}]")
        for number, entry in enumerate(_tables(data, "packages", "it"))
    )
    files: dict[str, str] = {}
    for package in packages:
        for artifact in package.artifacts:
            if files.setdefault(artifact.name, artifact.sha256) != artifact.sha256:
                raise _WrongError(f"it names {artifact.name} twice, with two hashes")
    tool = _dict(_dict(data.get("tool", {}), "tool").get("crosspy", {}), "tool.crosspy")
    return Lock(
        packages=packages,
        environments=_texts(data, "environments", "it"),
        requires_python=_text(data, "requires-python", "it", ""),
        extras=_texts(data, "extras", "it"),
        groups=_texts(data, "dependency-groups", "it"),
        default_groups=_texts(data, "default-groups", "it"),
        policy=_text(tool, "policy", "tool.crosspy", ""),
        requested=_texts(tool, "requested", "tool.crosspy"),
    )


def _read_package(entry: Mapping[str, Any], where: str) -> Package:
    name = _text(entry, "name", where)
    where = f"packages {name!r}"
    try:
        canonical = canonicalize_name(name if len(name) < _LONGEST else "", validate=True)
    except InvalidName:
        raise _WrongError(f"{where}: that is no name of a package") from None
    if any(key in entry for key in ("vcs", "directory", "archive")):
        kind = next(key for key in ("vcs", "directory", "archive") if key in entry)
        raise _WrongError(f"{where} is from a {kind}; crosspy takes source distributions and wheels")
    version = _text(entry, "version", where)
    try:
        Version(version if len(version) < _LONGEST else "too long")
    except InvalidVersion:
        raise _WrongError(f"{where}: {version!r} is no version") from None
    sdist = _read_artifact(entry["sdist"], f"{where}: sdist") if "sdist" in entry else None
    wheels = tuple(_read_artifact(one, f"{where}: wheels") for one in _tables(entry, "wheels", where))
    if sdist is None and not wheels:
        raise _WrongError(f"{where} has neither a source distribution nor a wheel")
    if sdist and sdist.is_wheel:
        raise _WrongError(f"{where}: sdist is {sdist.name}, a wheel")
    wrong = [wheel.name for wheel in wheels if not wheel.is_wheel]
    if wrong:
        raise _WrongError(f"{where}: wheels has {wrong[0]}, which is none")
    marker = _text(entry, "marker", where, "")
    groups = tuple(_GROUP.findall(marker)) if _GROUPS.fullmatch(marker) else ()
    tool = _dict(_dict(entry.get("tool", {}), where).get("crosspy", {}), where)
    return Package(
        name=canonical,
        version=version,
        sdist=sdist,
        wheels=wheels,
        requires_python=_text(entry, "requires-python", where, ""),
        # A marker of groups and nothing else is one of crosspy's own.
        marker="" if groups else marker,
        groups=groups,
        crates=tuple(_read_crate(one, where) for one in _tables(tool, "crates", where)),
    )


def _read_artifact(entry: object, where: str) -> Artifact:
    table = _dict(entry, where)
    url, path = _text(table, "url", where, ""), _text(table, "path", where, "")
    if not url and not path:
        raise _WrongError(f"{where} has neither url nor path")
    try:
        place = urlsplit(url).path if url else path
    except ValueError as error:
        raise _WrongError(f"{where}: url is {url!r}: {error}") from None
    if re.search(r"[\x00-\x20\x7f]", url) or "\0" in path:
        raise _WrongError(f"{where}: {url or path!r} is no address")
    name = _text(table, "name", where, "") or PurePosixPath(unquote(place)).name
    if not _FILE.fullmatch(name):
        raise _WrongError(f"{where}: {name!r} is no file name of a distribution")
    where = f"{where} {name}"
    sha256 = str(_dict(table.get("hashes", {}), where).get("sha256", "")).lower()
    if not _HASH.fullmatch(sha256):
        raise _WrongError(f"{where} has no sha256 of 64 hexadecimal digits, so nothing could be checked")
    size = table.get("size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise _WrongError(f"{where}: size is {size!r}, no number of bytes")
    return Artifact(name=name, sha256=sha256, url=url, path=path if not url else "", size=size)


def _read_crate(table: Mapping[str, Any], where: str) -> Crate:
    return Crate(
        name=_text(table, "name", where),
        version=_text(table, "version", where),
        source=_text(table, "source", where, ""),
        sha256=_text(table, "sha256", where, ""),
    )


def _text(table: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise _WrongError(f"{where} has no {key}")
    if not isinstance(value, str):
        raise _WrongError(f"{where}: {key} is {brief(repr(value))}, no string")
    return value


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _WrongError(f"{where}: {key} is no list of strings")
    return tuple(value)


def _tables(table: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _WrongError(f"{where}: {key} is no list of tables")
    return value


def _dict(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"{where} is no table")
    return value
