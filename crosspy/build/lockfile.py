"""The two files of a lock: the target's, and the build machine's beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from crosspy.errors import LockError
from crosspy.model.lock import Artifact, Lock, Package, brief, build_lock_name, from_toml, group_of
from crosspy.model.tags import marker_environment, target_tags
from crosspy.model.target import Target

_MEMBER: Final = re.compile(
    r"""(?P<quote>['"])(?P<name>[^'"]+)(?P=quote)\s+(?P<no>not\s+)?in\s+(?P<of>extras|dependency_groups)\b"""
)
"""PEP 751's words in markers: an extra or a group that is chosen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locks:
    """What the target gets, and what its source distributions are built with; None where there is no such file."""

    target: Lock
    build: Lock | None

    def packages(self) -> Iterator[Package]:
        """Yield the packages of both."""
        yield from self.target.packages
        yield from self.build.packages if self.build else ()

    def artifacts(self) -> Iterator[Artifact]:
        """Yield every file that either names, each once."""
        yield from {one.name: one for package in self.packages() for one in package.artifacts}.values()

    def group(self, package: Package) -> tuple[Package, ...]:
        """Return what a source distribution is built with. :raises LockError: if the build machine's lock does not say."""
        name = group_of(package)
        if self.build is None or name not in self.build.groups:
            raise LockError(
                f"nothing says what {package.name} {package.version} is built with: the build machine's lock, beside "
                f"the other one, has {'no group ' + name if self.build else 'to be there'}",
                hint="Make both anew, together: crosspy lock",
            )
        return tuple(one for one in self.build.packages if name in one.groups)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Extras and dependency groups that are wanted, by their canonical names. Without groups: a lock's default ones."""

    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


def read_locks(path: Path) -> Locks:
    """Read a lock, and the build machine's where there is one.

    :raises LockError: if one cannot be read, or they name two files alike.
    """
    beside = path.with_name(build_lock_name(path.name))
    target = read_lock(path)
    build = read_lock(beside) if beside.is_file() else None
    locks = Locks(target=target, build=build)
    files: dict[str, Artifact] = {}
    for artifact in (one for package in locks.packages() for one in package.artifacts):
        if files.setdefault(artifact.name, artifact).sha256 != artifact.sha256:
            raise LockError(
                f"{path.name} and {beside.name} name {artifact.name} with two hashes",
                hint="Make both anew, together: crosspy lock",
            )
    return locks


def read_lock(path: Path) -> Lock:
    """Read one file. :raises LockError: if that cannot be done."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LockError(
            f"{path} cannot be read: {error}", hint="Make it with: crosspy lock ENV ..."
        ) from None
    return from_toml(text, str(path))


def for_target(lock: Lock, target: Target) -> list[Package]:
    """Return the packages of a lock that are for ``target``, each with the one file that is to be used.

    :raises LockError: if the lock is for another machine or Python, or has no file of a package that fits.
    """
    _check_machine(lock, target)
    found = [_chosen(one, lock, target) for one in lock.packages if is_wanted(one, lock, target, Selection())]
    names: set[str] = set()
    for package in found:
        if package.name in names:
            raise LockError(
                f"the lock has {package.name} twice for this target", hint="Make it anew: crosspy lock"
            )
        names.add(package.name)
    return found


def is_wanted(package: Package, lock: Lock, target: Target, selection: Selection) -> bool:
    """Say whether a lock's package is for the target, with what is chosen of it. :raises LockError: as :func:`applies`."""
    groups = selection.groups or frozenset(map(canonicalize_name, lock.default_groups))
    if package.groups:
        return any(canonicalize_name(name) in groups for name in package.groups)
    return applies(package.marker, target, Selection(extras=selection.extras, groups=groups))


def applies(marker: str, target: Target, selection: Selection | None = None) -> bool:
    """Say whether a lock's marker holds for the target. :raises LockError: if nobody can read it."""
    if not marker:
        return True
    chosen = selection or Selection()

    def member(match: re.Match[str]) -> str:
        names = chosen.extras if match["of"] == "extras" else chosen.groups
        holds = (canonicalize_name(match["name"]) in names) != bool(match["no"])
        return "python_version >= '0'" if holds else "python_version < '0'"

    try:
        # packaging knows of these two from 25.0 on only.
        return Marker(_MEMBER.sub(member, marker)).evaluate({**marker_environment(target), "extra": ""})
    except (
        InvalidMarker,
        UndefinedComparison,
        UndefinedEnvironmentName,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        raise LockError(f"the marker {brief(repr(marker))} cannot be read: {brief(str(error))}") from None


def _check_machine(lock: Lock, target: Target) -> None:
    markers: Mapping[str, str] = marker_environment(target)
    if lock.environments and not any(applies(one, target) for one in lock.environments):
        raise LockError(
            f"the lock is for {brief(' or '.join(lock.environments))}; the target is {markers['platform_machine']} with Python "
            f"{markers['python_full_version']}",
            hint="Make one for this target: crosspy lock ENV ...",
        )
    try:
        fits = SpecifierSet(lock.requires_python).contains(markers["python_full_version"], prereleases=True)
    except InvalidSpecifier as error:
        raise LockError(f"the lock's requires-python cannot be read: {brief(str(error))}") from None
    if not fits:
        raise LockError(
            f"the lock is for Python {brief(lock.requires_python)}; the target has {markers['python_full_version']}",
            hint="Make one for this target: crosspy lock ENV ...",
        )


def _chosen(package: Package, lock: Lock, target: Target) -> Package:
    """Return the package with one file: the best wheel that fits, else the source distribution, as the policy says."""
    order = {
        tag: number
        for number, tag in enumerate(target_tags(target, prebuilt=lock.policy in {"auto", "wheel"}))
    }
    ranked = []
    for wheel in package.wheels:
        try:
            tags = parse_wheel_filename(wheel.name)[3]
        except ValueError as error:
            raise LockError(f"the lock names {wheel.name}, which is no wheel: {error}") from None
        ranked += [(order[tag], wheel) for tag in tags if tag in order]
    if ranked:
        best = min(ranked, key=lambda pair: (pair[0], pair[1].name))[1]
        return Package(name=package.name, version=package.version, wheels=(best,))
    if package.sdist is None:
        raise LockError(
            f"{package.name} {package.version}: the lock has neither a source distribution nor a wheel that fits the target "
            f"({', '.join(one.name for one in package.wheels)})",
            hint="Make a lock for this target: crosspy lock ENV ...",
        )
    return Package(name=package.name, version=package.version, sdist=package.sdist, crates=package.crates)
