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
_FEW: Final = 100


def owners(image: Image, paths: Collection[str], buildroot: str = "") -> dict[str, str]:
    """Return ``numpy 1.26.4 (wheel)``, ``libssl3 (dpkg)`` for those of ``paths`` whose package is known.

    :param buildroot: the text of Buildroot's ``packages-file-list.txt``, which is not in the image.
    """
    wanted = set(paths)
    if not wanted:
        return {}
    names = {basename(path) for path in wanted}
    found: dict[str, str] = {}
    # The last word is the wheel's.
    lists = chain(_buildroot(buildroot), _distribution(image, names), _wheels(image, names))
    for owner, files in lists:
        for file in files:
            if file.rpartition("/")[2] in names:
                path = file if file in wanted else image.resolve(file)
                if path in wanted:
                    found[path] = owner
    return found


def _wheels(image: Image, names: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(path for path in image.files if path.endswith("/RECORD")):
        match = _RECORD.fullmatch(path)
        lines = _lines(image, path, names) if match else []
        if match and lines:
            rows = csv.reader(lines)
            try:
                files = [f"{match[1]}/{row[0]}" for row in rows if row]
            except csv.Error:
                continue
            yield f"{match[2]} {match[3]} (wheel)", files


def _distribution(image: Image, names: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(path for path in image.files if path.endswith(".list")):
        match = _LISTS.fullmatch(path)
        if match:
            lines = _lines(image, path, names)
            yield f"{match[2]} ({match[1]})", [line.partition("\t")[0] for line in lines]


def _buildroot(text: str) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        package, comma, path = line.partition(",")
        if comma:
            found.setdefault(package, []).append(f"/{path.removeprefix('./').lstrip('/')}")
    for package, files in found.items():
        yield f"{package} (Buildroot)", files


def _lines(image: Image, path: str, names: Collection[str]) -> list[str]:
    """Return the lines of a file; none, without taking it apart, if it has none of a few ``names``."""
    try:
        text = image.read(path, _MAX_LIST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    wanted = len(names) > _FEW or any(name in text for name in names)
    return text.splitlines() if wanted else []
