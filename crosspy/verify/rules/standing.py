"""XP309, XP310, XP406: what is in the image but does not stand on its own there: paths elsewhere, parts, permissions."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation, machine_matches
from crosspy.verify.extensions import is_extension
from crosspy.verify.places import Place, is_build_path, is_program_place, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.rules.loader import is_complete
from crosspy.verify.tree import Image, basename, parent

XP309: Final = Rule(
    id="XP309",
    title="package that is somewhere else",
    why="A .pth file, or an editable install (pip install -e), names the directory of the sources instead of holding the "
    "package: that directory is on the build machine. ModuleNotFoundError, although pip lists the package.",
    fix="Install the package itself: crosspy install ENV --root ROOTFS NAME, or pip install without -e.",
    reference="https://packaging.python.org/en/latest/specifications/direct-url/",
)
XP310: Final = Rule(
    id="XP310",
    title="interpreter without its standard library",
    why="Python reads the package encodings before anything else; without it: 'Fatal Python error: Failed to import "
    "encodings module'. The standard library's package was left out, or is that of another version.",
    fix="Add the standard library of this version (Yocto: python3-core; Debian: libpython3-stdlib).",
    reference="https://docs.python.org/3/c-api/init_config.html#python-path-configuration",
)
XP406: Final = Rule(
    id="XP406",
    title="permissions that keep others out",
    why="A program without the x bit does not start ('Permission denied'), nor does any if the dynamic loader has none; a "
    "library or module that only its owner may read cannot be loaded by services with another user. The image was made "
    "with umask 077, or copied through a file system without modes.",
    fix="chmod 755 a program or loader, chmod a+r a library or module; build with umask 022.",
    reference="https://man7.org/linux/man-pages/man2/umask.2.html",
)
RULES: Final = (XP309, XP310, XP406)

_PTH: Final = re.compile(r".*/(?:site|dist)-packages/[^/]+\.pth")
_DIRECT_URL: Final = re.compile(r".*/(?:site|dist)-packages/([^/-]+)-[^/]*\.dist-info/direct_url\.json")
_PROGRAM: Final = re.compile(r"python(3)\.(\d+)(t?)d?")
_MAX_TEXT: Final = 1 << 16
_MAX_NAMED: Final = 64


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look at whole images only: what a part lacks, or may not do, others complete."""
    if not is_complete(image):
        return
    for path in sorted(path for path in image.files if path.endswith((".pth", "/direct_url.json"))):
        if _PTH.fullmatch(path):
            yield from _pth(image, path)
        elif _DIRECT_URL.fullmatch(path):
            yield from _editable(image, path)
    yield from _without_library(image, expectation)
    yield from _permissions(image, expectation)


def _text(image: Image, path: str) -> str:
    try:
        return image.read(path, _MAX_TEXT).decode("utf-8", "surrogateescape")
    except OSError:
        return ""  # told as XP002


def _pth(image: Image, path: str) -> Iterator[Finding]:
    lines = [line.rstrip() for line in _text(image, path).splitlines()[:_MAX_NAMED]]
    for line in lines:
        if not line.strip() or line.startswith(("#", "import ", "import\t")):
            continue
        named = line if line.startswith("/") else f"{parent(path)}/{line}"
        if not image.exists(named):
            severity = Severity.ERROR if is_build_path(line) else Severity.WARNING
            yield XP309.finding(
                path,
                severity,
                "names a directory that is not there",
                expected="a directory of the image",
                found=line,
            )


def _editable(image: Image, path: str) -> Iterator[Finding]:
    try:
        whole = json.loads(_text(image, path))
        url = urlsplit(str(whole["url"]))
        editable = whole.get("dir_info", {}).get("editable") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    place = unquote(url.path)
    if editable and url.scheme == "file" and not image.exists(place):
        yield XP309.finding(
            path,
            Severity.ERROR,
            "editable install",
            expected="the package in the image",
            found=f"its sources at {place}",
        )


def _without_library(image: Image, expectation: Expectation) -> Iterator[Finding]:
    for path, elf in sorted(image.elf.items()):
        match = _PROGRAM.fullmatch(basename(path))
        if not match or not elf.interpreter or not machine_matches(expectation.machine, elf.header):
            continue
        prefix = parent(parent(path)).rstrip("/")
        name = f"python{match[1]}.{match[2]}{match[3]}"
        roots = [f"{start}/{lib}" for start in (prefix, "/usr") for lib in ("lib", "lib64", "lib32")]
        files = [f"{root}/{name}/encodings/__init__.{end}" for root in roots for end in ("py", "pyc")]
        files += [f"{root}/python{match[1]}{match[2]}.zip" for root in roots]
        if is_program_place(path) and not any(image.exists(file) for file in files):
            yield XP310.finding(
                path,
                Severity.ERROR,
                "interpreter without its standard library",
                expected=f"{prefix}/lib/{name}/encodings",
                found="no such directory",
            )


def _permissions(image: Image, expectation: Expectation) -> Iterator[Finding]:
    loaders = {image.resolve(elf.interpreter) for elf in image.elf.values() if elf.interpreter}
    for path, mode in image.modes.items():
        elf = image.elf[path]
        if not machine_matches(expectation.machine, elf.header):
            continue
        starts = path in loaders or (elf.interpreter and is_program_place(path))
        if starts and not mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            what = "the dynamic loader, and so every program," if path in loaders else "program"
            yield XP406.finding(
                path,
                Severity.ERROR,
                f"{what} that nobody may start",
                expected="mode 755",
                found=f"mode {mode & 0o7777:o}",
            )
        elif not mode & stat.S_IROTH and not starts:
            loaded = is_extension(image, path) or (
                elf.soname and place_of(path) in {Place.SYSTEM, Place.PYTHON}
            )
            if loaded:
                yield XP406.finding(
                    path,
                    Severity.WARNING,
                    "only its owner may load it",
                    expected="mode 644 or 755",
                    found=f"mode {mode & 0o7777:o}",
                )
