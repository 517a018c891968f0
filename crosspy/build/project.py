"""What a source distribution says of its project, for a recipe.

Sources: PEP 643 (metadata of source distributions), PEP 639 (licence files), PEP 621 (``pyproject.toml``).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.message import Message
from email.parser import HeaderParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from crosspy.build.contents import LICENCE, read_contents
from crosspy.errors import BuildFailedError
from crosspy.model.component import licence_of
from crosspy.model.lock import Artifact
from crosspy.model.project import LicenceFile, Project

_LINUX: Final = {
    "implementation_name": "cpython", "os_name": "posix", "platform_machine": "", "platform_python_implementation": "CPython",
    "platform_release": "", "platform_system": "Linux", "platform_version": "", "sys_platform": "linux", "extra": "",
}  # fmt: skip
_HOMEPAGES: Final = ("homepage", "home", "documentation", "source", "repository")
_BUGTRACKERS: Final = (
    "bug tracker",
    "bugtracker",
    "issue tracker",
    "issues",
    "bug reports",
    "tracker",
    "bugs",
)

_STATING: Final = (
    re.compile(rb"License-Expression: *\S"),
    re.compile(rb"License: *(?!UNKNOWN\s*$)\S"),
    re.compile(rb"Classifier: License ::"),
)
"""Headers that state a licence, the clearest first."""


def read_project(path: Path, artifact: Artifact) -> Project:
    """Return what the source distribution at ``path`` says of its project.

    :raises FetchError: if it is no archive, or not a safe one. :raises BuildFailedError: if it has no usable metadata.
    """
    contents = read_contents(path)
    texts = contents.texts
    headers = HeaderParser().parsestr(texts.get("PKG-INFO", b"").decode("utf-8", "replace"))
    if not headers["Name"] or not headers["Version"]:
        raise BuildFailedError(
            f"{path.name} is no source distribution: it has no PKG-INFO with a name and a version"
        )
    urls = _urls(headers)
    licence_files = tuple(_licence_files(headers, texts))
    static = contents.pyproject.get("project", {})
    requires = headers.get_all("Requires-Dist") or static.get("dependencies", [])
    build_requires = _names(contents.build_requires)
    return Project(
        name=canonicalize_name(str(headers["Name"])),
        version=str(headers["Version"]),
        sdist=artifact,
        summary=" ".join(str(headers["Summary"] or "").split()),
        homepage=_first(urls, (*_HOMEPAGES, *sorted(urls))),
        bugtracker=_first(urls, _BUGTRACKERS),
        licence=licence_of(
            str(headers["License-Expression"] or ""),
            map(str, headers.get_all("Classifier", ())),
            str(headers["License"] or ""),
            [texts[one.path].decode("utf-8", "replace") for one in licence_files if one.path != "PKG-INFO"],
        ),
        licence_files=licence_files,
        backend=contents.backend,
        build_requires=build_requires,
        build_wishes=tuple(str(one) for one in applying(contents.build_requires)),
        requires=_names(requires),
        crates=contents.crates_for(build_requires),
        rust=contents.is_built_with_rust(build_requires),
        unlocked=contents.leaves_crates_open(build_requires),
        dynamic="requires-dist" in {str(one).lower() for one in headers.get_all("Dynamic", ())},
    )


def _urls(headers: Message) -> dict[str, str]:
    """Return the project's addresses by their labels, in small letters."""
    lines = (str(line).partition(",") for line in headers.get_all("Project-URL", ()))
    urls = {label.strip().lower(): url.strip() for label, _, url in lines}
    home = str(headers["Home-page"] or "")
    return {"homepage": home, **urls} if home not in {"", "UNKNOWN"} else urls


def _first(urls: Mapping[str, str], labels: Iterable[str]) -> str:
    return next((urls[label] for label in labels if label in urls), "")


def _licence_files(headers: Message, texts: Mapping[str, bytes]) -> Iterable[LicenceFile]:
    """Yield those that the metadata name (PEP 639), else those at the top, else the lines of the metadata that state a licence."""
    patterns = [str(one) for one in headers.get_all("License-File", ())]
    named = [name for name in sorted(texts) if any(fnmatch(name, pattern) for pattern in patterns)]
    top = [name for name in sorted(texts) if "/" not in name and LICENCE.fullmatch(name)]
    for name in named or top:
        yield _licence_file(name, texts[name])
    if not named and not top:
        lines = [*io.BytesIO(texts["PKG-INFO"])]
        first, last = _stating(lines)
        if first:
            yield _licence_file("PKG-INFO", b"".join(lines[first - 1 : last]), (first, last))


def _licence_file(path: str, content: bytes, lines: tuple[int, int] | None = None) -> LicenceFile:
    return LicenceFile(
        path=path,
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        lines=lines,
    )


def _stating(lines: Sequence[bytes]) -> tuple[int, int]:
    """Return the first and the last line, from 1, of the header that states a licence; zeros where none does."""
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    for pattern in _STATING:
        found = [at for at in range(end) if pattern.match(lines[at])]
        if found:
            last = found[-1] + 1
            while last < end and lines[last][:1] in b" \t":
                last += 1  # the rest of a header of several lines
            return found[0] + 1, last
    return 0, 0


def _names(requirements: Iterable[object]) -> tuple[str, ...]:
    """Return the canonical names of those that Linux needs, whatever the version of its Python."""
    return tuple(sorted({canonicalize_name(one.name) for one in applying(requirements)}))


def applying(requirements: Iterable[object]) -> Iterator[Requirement]:
    """Yield what Linux needs of some requirements, whatever the version of its Python; what is none is left out."""
    for text in requirements:
        try:
            requirement = Requirement(str(text))
        except InvalidRequirement:
            continue
        if requirement.marker is None or _applies(requirement):
            yield requirement


def meets(requirement: Requirement, version: str) -> bool:
    """Say whether a version does; what is no version (empty, ``git``) is there, and nobody can say which it is."""
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _applies(requirement: Requirement) -> bool:
    marker = requirement.marker
    versions = ("3.11", "3.12", "3.13", "3.14")
    return marker is not None and any(
        marker.evaluate(
            {
                **_LINUX,
                "python_version": one,
                "python_full_version": f"{one}.9",
                "implementation_version": f"{one}.9",
            }
        )
        for one in versions
    )
