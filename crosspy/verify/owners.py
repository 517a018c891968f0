"""Which package a file of an image belongs to: the wheel's RECORD, else what opkg or dpkg or Buildroot noted."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Final

from crosspy.verify.tree import Image, basename

_RECORD: Final = re.compile(r"(.*)/([^/]+)-([^/-]+)\.dist-info/RECORD")
_LISTS: Final = re.compile(r"/(?:var|usr)/lib/(opkg|dpkg)/info/([^/:]+)(?::[^/]+)?\.list")
_MAX_LIST: Final = 1 << 24


def owners(image: Image, paths: Collection[str], buildroot: str = "") -> dict[str, str]:
    """Return ``numpy 1.26.4 (wheel)``, ``libssl3 (dpkg)`` for those of ``paths`` whose package is known.

    :param buildroot: the text of Buildroot's ``packages-file-list.txt``, which is not in the image.
    """
    wanted = set(paths)
    if not wanted:
        return {}
    names = {basename(path) for path in wanted}
    found: dict[str, str] = {}
    lists = chain(_buildroot(buildroot), _distribution(image), _wheels(image))  # the last word is the wheel's
    for owner, files in lists:
        for file in files:
            if file.rpartition("/")[2] in names:
                path = file if file in wanted else image.resolve(file)
                if path in wanted:
                    found[path] = owner
    return found


def _wheels(image: Image) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(image.files):
        match = _RECORD.fullmatch(path) if path.endswith("/RECORD") else None
        if match:
            rows = csv.reader(_lines(image, path))
            try:
                files = [f"{match[1]}/{row[0]}" for row in rows if row]
            except csv.Error:
                continue
            yield f"{match[2]} {match[3]} (wheel)", files


def _distribution(image: Image) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(image.files):
        match = _LISTS.fullmatch(path) if path.endswith(".list") else None
        if match:
            yield f"{match[2]} ({match[1]})", [line.split("\t")[0] for line in _lines(image, path)]


def _buildroot(text: str) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        package, comma, path = line.partition(",")
        if comma:
            found.setdefault(package, []).append(f"/{path.removeprefix('./').lstrip('/')}")
    for package, files in found.items():
        yield f"{package} (Buildroot)", files


def _lines(image: Image, path: str) -> list[str]:
    try:
        return image.read(path, _MAX_LIST).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
