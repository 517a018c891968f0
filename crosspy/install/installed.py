"""The distributions that an image holds already.

Sources: PyPA "Recording installed projects" (.dist-info), setuptools' .egg-info, and what Debian does to both: its
packages carry .dist-info without RECORD, as dpkg knows their files.
"""

from __future__ import annotations

from collections.abc import Iterable
from csv import Error as CsvError
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath

from installer.records import InvalidRecordEntry, parse_record_file
from installer.utils import parse_metadata_file
from packaging.utils import canonicalize_name

from crosspy.errors import WheelRefusedError
from crosspy.install.image import Image


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A distribution in an image. ``metadata`` is its .dist-info or .egg-info, ``name`` canonical.

    ``record`` is the paths that its RECORD lists, as written; None where nothing says which files are its own.
    """

    name: str
    version: str
    site: PurePosixPath
    metadata: PurePosixPath
    record: tuple[str, ...] | None
    requires: tuple[str, ...] = ()

    def files(self, image: Image) -> tuple[list[PurePosixPath], list[str]]:
        """Return the located paths of its RECORD, and those lines of it that lead outside the image."""
        inside: list[PurePosixPath] = []
        outside: list[str] = []
        for line in self.record or ():
            try:
                inside.append(image.locate(self.site / line))
            except (WheelRefusedError, ValueError):
                outside.append(line)
        return inside, outside


def find_distributions(image: Image, sites: Iterable[PurePosixPath]) -> list[Distribution]:
    """Return the distributions below ``sites``, directories of the target that need not exist."""
    found: dict[PurePosixPath, Distribution] = {}
    for site in sites:
        for entry in image.listing(site):
            if entry.endswith((".dist-info", ".egg-info")):
                # Links may make two sites one directory: it is looked at once.
                metadata = image.locate(site / entry)
                if metadata not in found:
                    found[metadata] = _read(image, metadata.parent, entry)
    return list(found.values())


def _read(image: Image, site: PurePosixPath, entry: str) -> Distribution:
    metadata = site / entry
    stem, _, kind = entry.rpartition(".")
    texts = [image.read_text(metadata / ("METADATA" if kind == "dist-info" else "PKG-INFO"))]
    if kind == "egg-info":
        texts.append(image.read_text(metadata))  # of distutils: one file
    headers = parse_metadata_file(next((text for text in texts if text is not None), ""))
    name, _, version = stem.partition("-")
    return Distribution(
        name=canonicalize_name(str(headers["Name"] or name)),
        version=str(headers["Version"] or version.partition("-py")[0]),
        site=site,
        metadata=metadata,
        record=_record(image.read_text(metadata / "RECORD")) if kind == "dist-info" else None,
        requires=_requires(headers),
    )


def _requires(headers: Message) -> tuple[str, ...]:
    return tuple(str(line) for line in headers.get_all("Requires-Dist", ()))


def _record(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    try:
        return tuple(row[0] for row in parse_record_file(text.splitlines()) if row[0] and "\0" not in row[0])
    except (InvalidRecordEntry, CsvError, ValueError):
        return None
