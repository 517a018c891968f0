"""XP602: paths of the build machine inside files of the image.

Asked with ``--buildpaths``: it reads every file whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.places import Place, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image

XP602: Final = Rule(
    id="XP602",
    title="path of the build machine in a file",
    why="The file names a directory of the build tree: it tells users how and where the image was built, makes builds "
    "differ from machine to machine, and what is read from that path on the device is not there.",
    fix="Compile with -ffile-prefix-map (the launchers of an environment do), and look for what else writes the path.",
    reference="https://reproducible-builds.org/docs/build-path/",
    tier="--buildpaths",
)
RULES: Final = (XP602,)

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
_USUAL: Final = re.compile(
    rb"(?<![\w./-])/(?:home/[\w.-]{1,64}|builds?|root/(?:build|\.cache)|workspace|tmp/(?:pip|build|tmp)[\w.-]{1,64}|"
    rb"var/tmp/[\w.-]{1,64})/[\w.+/-]{1,200}"
)


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Search the bytes of every file."""
    paths = tuple(expectation.options.build_paths)
    pattern = (
        re.compile(b"|".join(re.escape(path.encode()) + rb"[\w.+/-]{0,200}" for path in paths))
        if paths
        else _USUAL
    )
    for path in sorted(image.files):
        found = b"" if place_of(path) is Place.PAYLOAD else _search(image, path, pattern)
        if found:
            yield XP602.finding(
                path,
                Severity.WARNING,
                "names a path of the build machine",
                found=found.decode("utf-8", "replace"),
            )


def _search(image: Image, path: str, pattern: re.Pattern[bytes]) -> bytes:
    try:
        with image.open(path) as reader:
            at, rest = 0, b""
            while chunk := reader.pread(_CHUNK, at):
                match = pattern.search(rest + chunk)
                if match:
                    return match.group()
                at += len(chunk)
                rest = chunk[-_OVERLAP:]
    except OSError:
        pass  # told as XP002
    return b""
