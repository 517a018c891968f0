"""The package index, asked for the source distributions of a project: nothing is run, and nothing resolved.

Sources: PEP 503 and PEP 691 (the simple repository API, HTML and JSON), PEP 592 (yanked files).
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urldefrag, urljoin

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from crosspy import process
from crosspy.build.downloads import download_options
from crosspy.build.transport import Transport, shown, transport_of
from crosspy.errors import FetchError, ResolveError, UsageError
from crosspy.model.lock import Artifact

_ACCEPT: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_DEFAULT: Final = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
_MAX_PAGE: Final = 64 << 20


def find_sdist(wish: str, *, environ: Mapping[str, str]) -> tuple[Version, Artifact]:
    """Return the newest source distribution that a requirement admits: no pre-release, unless it names one.

    :raises UsageError: if ``wish`` is no plain requirement. :raises ResolveError: if there is none.
    :raises FetchError: if the index cannot be asked.
    """
    return _newest(wish, "source distribution", _sdist_version, environ)


def find_portable(wish: str, *, environ: Mapping[str, str]) -> tuple[Version, Artifact]:
    """Return the newest wheel that a requirement admits and that any machine can run, else the newest source distribution.

    For what a build runs. Errors are those of :func:`find_sdist`.
    """
    try:
        return _newest(wish, "wheel", _portable_version, environ)
    except ResolveError:
        return find_sdist(wish, environ=environ)


def _newest(
    wish: str, kind: str, version_of: Callable[[str], tuple[str, Version]], environ: Mapping[str, str]
) -> tuple[Version, Artifact]:
    try:
        requirement = Requirement(wish)
    except InvalidRequirement as error:
        raise UsageError(
            f"{wish!r} is no requirement: {error}", hint="Name a project: NAME or NAME==VERSION."
        ) from None
    options = download_options(Path(sys.executable), environ)
    index = _index(options, environ)
    name = canonicalize_name(requirement.name)
    url = f"{index.rstrip('/')}/{name}/"
    found = list(_artifacts(_page(url, transport_of(environ, options)), url, name, version_of))
    files = dict(found)
    versions = list(requirement.specifier.filter(files))
    if not versions:
        known = ", ".join(str(version) for version in sorted({version for version, _ in found})[-5:])
        raise ResolveError(
            f"the index has no {kind} that {wish} admits" + (f"; the newest are {known}" if known else ""),
            hint="Yanked files and pre-releases do not count, unless the requirement names them."
            if known
            else f"Does the project have one? {shown(url)}",
        )
    return max(versions), files[max(versions)]


def _index(options: list[str], environ: Mapping[str, str]) -> str:
    """Return the user's index, else the one that pip has built in."""
    if "--index-url" in options:
        return options[options.index("--index-url") + 1]
    done = process.run([sys.executable, "-c", _DEFAULT], env=environ)
    if not done.ok:
        raise FetchError(
            "no index is configured, and there is no pip to ask for its own",
            hint="Name one: PIP_INDEX_URL, or index-url in pip.conf; and install pip.",
        )
    return done.stdout.strip()


def _page(url: str, transport: Transport) -> tuple[str, str]:
    try:
        with transport.open(url, headers={"Accept": _ACCEPT}) as response:
            return str(response.headers.get_content_type()), response.read(_MAX_PAGE).decode(
                "utf-8", "replace"
            )
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise ResolveError(f"the index has no such project: {shown(url)}") from None
        raise FetchError(f"{shown(url)}: the server says {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{shown(url)}: {getattr(error, 'reason', None) or error}") from None


def _sdist_version(file: str) -> tuple[str, Version]:
    return parse_sdist_filename(file)


def _portable_version(file: str) -> tuple[str, Version]:
    name, version, _, tags = parse_wheel_filename(file)
    if Tag("py3", "none", "any") not in tags:
        raise InvalidWheelFilename(file)
    return name, version


def _artifacts(
    page: tuple[str, str], base: str, name: str, version_of: Callable[[str], tuple[str, Version]]
) -> Iterator[tuple[Version, Artifact]]:
    try:
        for entry in _entries(*page):
            try:
                title, version = version_of(entry["filename"])
            except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
                continue
            sha256, size = entry["hashes"].get("sha256", ""), entry.get("size")
            if canonicalize_name(title) == name and sha256 and not entry.get("yanked"):
                url = urldefrag(urljoin(base, entry["url"]))[0]
                size = size if type(size) is int else None
                yield version, Artifact(name=entry["filename"], url=url, sha256=sha256, size=size)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FetchError(
            f"{shown(base)}: the index's answer cannot be read: {type(error).__name__}: {error}"
        ) from None


def _entries(kind: str, text: str) -> list[dict[str, Any]]:
    if not kind.endswith("json"):
        parser = _Links()
        parser.feed(text)
        return parser.found
    files: list[dict[str, Any]] = json.loads(text)["files"]
    return files


class _Links(HTMLParser):
    """The links of a project's page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        url, _, fragment = (values.get("href") or "").partition("#")
        algorithm, _, digest = fragment.partition("=")
        if tag == "a" and url:
            self.found.append(
                {
                    "filename": url.rpartition("/")[2],
                    "url": url,
                    "hashes": {algorithm: digest},
                    "yanked": "data-yanked" in values,
                }
            )
