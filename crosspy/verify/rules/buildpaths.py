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

_CHUNK: Final = 1 << 22
_OVERLAP: Final = 512
# Searched for as plain bytes, fifty times as fast as a pattern; the pattern is for what is found.
_USUAL: Final = (
    b"/home/",
    b"/build/",
    b"/builds/",
    b"/workspace/",
    b"/tmp/pip-",
    b"/tmp/build",
    b"/var/tmp/",
)
_PATH: Final = re.compile(rb"(?:/[\w+~-][\w.+~-]{0,99}){3,}")
_GOES_ON: Final = re.compile(rb"[\w./@}*~$-]")
_REST: Final = re.compile(rb"[\w.+~/-]{0,200}")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Search the bytes of every file."""
    named = tuple(path.encode("utf-8", "surrogateescape") for path in expectation.options.build_paths)
    for path in sorted(image.files):
        found = b"" if place_of(path) is Place.PAYLOAD else _search(image, path, named)
        if found:
            yield XP602.finding(
                path,
                Severity.WARNING,
                "names a path of the build machine",
                found=found.decode("utf-8", "replace"),
            )


def _search(image: Image, path: str, named: tuple[bytes, ...]) -> bytes:
    try:
        with image.open(path) as reader:
            at, rest = 0, b""
            while chunk := reader.pread(_CHUNK, at):
                found = _first(rest + chunk, named)
                if found:
                    return found
                at += len(chunk)
                rest = chunk[-_OVERLAP:]
    except OSError:
        pass  # told as XP002
    return b""


def _first(data: bytes, named: tuple[bytes, ...]) -> bytes:
    """Return the first path of a build machine in the bytes, empty without one."""
    for start in named or _USUAL:
        at = data.find(start)
        while at >= 0:
            match = _REST.match(data, at) if named else _PATH.match(data, at)
            # What goes on from a name is no absolute path: https://x/home/y, ../build/z, @ROOT@/build.
            if match and (named or at == 0 or not _GOES_ON.match(data, at - 1)):
                return match.group()
            at = data.find(start, at + 1)
    return b""
