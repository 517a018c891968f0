"""The requirements of installed distributions that neither the image nor the installation meets.

Markers are evaluated for the target (:func:`crosspy.model.tags.marker_environment`), extras are followed from one
distribution to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from crosspy.install.installed import Distribution
from crosspy.model.tags import marker_environment
from crosspy.model.target import Target


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class MissingRequirement:
    """A requirement without its distribution. ``found`` is the version that is there and does not do, or empty."""

    requirement: str
    needed_by: str
    found: str = ""


def missing_requirements(
    target: Target,
    *,
    installed: Iterable[Distribution],
    present: Iterable[Distribution],
    extras: Mapping[str, frozenset[str]],
) -> tuple[MissingRequirement, ...]:
    """Return what ``installed`` require and nobody provides.

    :param present: the distributions that were in the image and stay.
    :param extras: those that were asked for, by canonical name.
    """
    news = list(installed)
    # The first that Python finds is the one it imports; what is installed now goes before what was there.
    known: dict[str, Distribution] = {}
    for one in (*news, *present):
        known.setdefault(one.name, one)
    environment = marker_environment(target)
    missing: set[MissingRequirement] = set()
    seen: set[tuple[str, str]] = set()
    pending = [(one.name, extra) for one in news for extra in ("", *sorted(extras.get(one.name, ())))]
    while pending:
        name, extra = pending.pop()
        if (name, extra) in seen or name not in known:
            continue
        seen.add((name, extra))
        for requirement in _applying(known[name], environment, extra):
            found = known.get(canonicalize_name(requirement.name))
            if found is None or not _satisfies(requirement, found.version):
                version = found.version if found else ""
                missing.add(
                    MissingRequirement(
                        requirement=_plain(requirement), needed_by=known[name].name, found=version
                    )
                )
            else:
                pending += [(found.name, one) for one in sorted(requirement.extras)]
    return tuple(sorted(missing))


def _applying(one: Distribution, environment: Mapping[str, str], extra: str) -> list[Requirement]:
    """Return the requirements whose markers hold with ``extra``; a line that nobody can read asks for nothing."""
    found: list[Requirement] = []
    for line in one.requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None:
            if not extra:
                found.append(requirement)
            continue
        try:
            applies = requirement.marker.evaluate({**environment, "extra": extra})
        except (ValueError, KeyError):  # UndefinedComparison: of a version that the target does not have
            applies = True
        if applies:
            found.append(requirement)
    return found


def _satisfies(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # there, and nobody can say which


def _plain(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
