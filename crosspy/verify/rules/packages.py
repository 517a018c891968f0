"""XP306, XP307, XP311, XP312: what installed distributions say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.rules import Rule
from crosspy.verify.rules.loader import is_complete
from crosspy.verify.tree import Image, basename, parent

XP306: Final = Rule(
    id="XP306",
    title="wheel of another platform or Python",
    why="The tags in the distribution's WHEEL file are those of another machine, C library or Python. What it holds may "
    "still fit (build systems write their own machine's tag), but pip on the device thinks otherwise, and a package that "
    "asks its own tag goes astray.",
    fix="Build the wheel in a cross environment: crosspy wheel ENV NAME.",
    reference="https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/",
)
XP307: Final = Rule(
    id="XP307",
    title="required distribution not in the image",
    why="The distribution requires another (Requires-Dist, its marker holds on the target), which the image lacks or has in "
    "a version that does not do: ModuleNotFoundError at the import, or an error when a program is started.",
    fix="Add what is required to the image: crosspy install ENV --root ROOTFS NAME installs requirements too.",
    reference="https://packaging.python.org/en/latest/specifications/core-metadata/#requires-dist-multiple-use",
)
XP311: Final = Rule(
    id="XP311",
    title="distribution for another version of Python",
    why="Its metadata says which Pythons it is for (Requires-Python), and the image's is none of them: a SyntaxError at the "
    "import, or a module of the standard library that is not there yet, or no more.",
    fix="Install a version of the distribution for the image's Python: crosspy install ENV NAME chooses it.",
    reference="https://packaging.python.org/en/latest/specifications/core-metadata/#requires-python",
)
XP312: Final = Rule(
    id="XP312",
    title="distribution twice",
    why="Two versions of a distribution are noted in one directory: one was unpacked over the other, so files of both are "
    "mixed, and which version importlib.metadata and pip tell is chance.",
    fix="Remove both, and install the one that is meant.",
    reference="https://packaging.python.org/en/latest/specifications/recording-installed-packages/",
)
RULES: Final = (XP306, XP307, XP311, XP312)

_METADATA: Final = re.compile(r".*\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)")
_PLACE: Final = re.compile(
    r"(.*/python3?)(?:\.(\d+)t?)?/[^/]*-packages$|(.*/lib(?:32|64)?/python)3\.(\d+)t?$"
)
_MAX_METADATA: Final = 1 << 18
_MAX_WHEEL: Final = 1 << 14
_PLATFORM: Final = re.compile(r"(linux|manylinux\w*?_\d+_\d+|manylinux\d+|musllinux_\d+_\d+)_(\w+)")
_FAMILIES: Final = (
    ("arm", "armel", "armhf", "armv4l", "armv5l", "armv5tel", "armv5tejl", "armv6l", "armv6hf", "armv7l", "armv7a", "armv8l"),
    ("i386", "i486", "i586", "i686", "x86"),
    ("ppc", "powerpc"),
    ("ppc64le", "ppc64el", "powerpc64le"),
    ("mips64", "mips64el", "mips64le"),
    ("mips", "mipsel", "mipsle"),
    ("aarch64", "arm64"),
    ("x86_64", "amd64"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Distribution:
    """One installed distribution; ``place`` is the directory of packages that it is in."""

    path: str
    place: str
    name: str
    version: str
    requires: tuple[str, ...]
    pythons: str


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Read the metadata of each distribution."""
    for path in sorted(path for path in image.files if path.endswith(".dist-info/WHEEL")):
        yield from _tags(image, expectation, path)
    if not is_complete(image):
        return  # a wheel, or a package of an image: others bring what it requires
    installed = list(_distributions(image))
    known: dict[str, list[_Distribution]] = {}
    for one in installed:
        known.setdefault(canonicalize_name(one.name), []).append(one)
    environment = _markers(expectation)
    for one in installed:
        yield from _requirements(one, known, environment)
        yield from _other_python(one, expectation.python)
    yield from _twice(known)


# --------------------------------------------------------------------------------------------------------- tags


def _tags(image: Image, expectation: Expectation, path: str) -> Iterator[Finding]:
    tags = [tag.strip() for tag in _headers(image, path, _MAX_WHEEL).get_all("Tag", ())]
    reasons = [_misfit(tag, expectation) for tag in tags]
    if tags and all(reasons):
        yield XP306.finding(
            path,
            Severity.WARNING,
            f"wheel for {reasons[0]}",
            expected=f"tags of {expectation.describe()}",
            found=", ".join(tags[:3]),
        )


def _misfit(tag: str, expectation: Expectation) -> str:
    """Return what of a wheel's tag is not the target's, empty if it fits."""
    words = tag.split("-")
    if len(words) != 3:
        return "a tag that nobody can read"
    interpreters, abis, platforms = (word.split(".") for word in words)
    if expectation.python and not any(_python_fits(one, abis, expectation.python) for one in interpreters):
        return "another Python"
    reasons = [_platform_misfit(one, expectation) for one in platforms]
    return reasons[0] if all(reasons) else ""


def _python_fits(interpreter: str, abis: list[str], python: str) -> bool:
    match = re.fullmatch(r"(py|cp)(\d)(\d*)", interpreter)
    if match is None:
        return False
    wanted = (int(match[2]), int(match[3] or 0))
    major, minor = (int(word) for word in python.split("."))
    older_fits = match[1] == "py" or "none" in abis or any(one.startswith("abi3") for one in abis)
    return wanted[0] == major and (wanted[1] <= minor if older_fits else wanted[1] == minor)


def _platform_misfit(platform: str, expectation: Expectation) -> str:
    if platform == "any":
        return ""
    match = _PLATFORM.fullmatch(platform)
    if match is None:
        return f"another system ({platform})"
    libc = {"many": "glibc", "musl": "musl"}.get(match[1][:4], "")
    if libc and expectation.libc and libc != expectation.libc:
        return f"another C library ({platform})"
    machine = expectation.machine
    own = {machine.name, machine.uname}
    own |= {name for family in _FAMILIES if own & set(family) for name in family}
    return "" if match[2] in own else f"another machine ({platform})"


# ------------------------------------------------------------------------------------------------- requirements


def _headers(image: Image, path: str, limit: int) -> _Headers:
    try:
        raw = image.read(path, limit)
    except OSError:
        raw = b""
    return _Headers(raw.decode("utf-8", "replace"))


class _Headers:
    """The header lines of an e-mail like file, those with several values too; without the rest of email's cost."""

    def __init__(self, text: str) -> None:
        head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
        unfolded = re.sub(r"\r?\n[ \t]+", " ", head)
        self._lines = [line.partition(":") for line in unfolded.splitlines()]

    def get_all(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(value.strip() for key, _, value in self._lines if key.lower() == name.lower())
        return found or default

    def get(self, name: str) -> str:
        return next(iter(self.get_all(name, ())), "")


def _distributions(image: Image) -> Iterator[_Distribution]:
    endings = ("/METADATA", "/PKG-INFO", ".egg-info")
    for path in sorted(path for path in image.files if path.endswith(endings)):
        if not _METADATA.fullmatch(path):
            continue
        place = parent(path) if path.endswith(".egg-info") else parent(parent(path))
        if not _PLACE.match(place):
            continue  # copies that other distributions vendor
        headers = _headers(image, path, _MAX_METADATA)
        name = headers.get("Name") or basename(path).partition("-")[0]
        requires = headers.get_all("Requires-Dist", ()) or tuple(_egg_requires(image, path))
        yield _Distribution(
            path=path,
            place=place,
            name=name,
            version=headers.get("Version"),
            requires=requires,
            pythons=headers.get("Requires-Python"),
        )


def _egg_requires(image: Image, path: str) -> Iterator[str]:
    """Yield the requirements of setuptools' older ``requires.txt``: sections are extras and markers."""
    other = f"{parent(path)}/requires.txt"
    if other not in image.files or not path.endswith("/PKG-INFO"):
        return
    marker: str | None = ""
    try:
        text = image.read(other, _MAX_METADATA).decode("utf-8", "replace")
    except OSError:
        return
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            extra, _, condition = line.strip("[]").partition(":")
            marker = None if extra else condition
        elif line and marker is not None:
            yield f"{line} ; {marker}" if marker else line


def _requirements(
    one: _Distribution, known: Mapping[str, list[_Distribution]], environment: Mapping[str, str]
) -> Iterator[Finding]:
    for line in one.requires:
        try:
            requirement = Requirement(line)
            applies = requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})
        except (InvalidRequirement, ValueError, KeyError):
            continue
        if not applies:
            continue
        found = [
            other
            for other in known.get(canonicalize_name(requirement.name), ())
            if _sees(one.place, other.place)
        ]
        if any(_satisfies(requirement, other.version) for other in found):
            continue
        yield XP307.finding(
            one.path,
            Severity.WARNING,
            f"requires {requirement.name}",
            expected=f"{requirement.name}{requirement.specifier}",
            found=f"version {found[0].version}" if found else "no such distribution",
        )


def _other_python(one: _Distribution, python: str) -> Iterator[Finding]:
    try:
        wanted = SpecifierSet(one.pythons)
    except InvalidSpecifier:
        return
    # Which micro version it is, the image does not say: the first and a late one.
    fits = not python or any(f"{python}.{micro}" in wanted for micro in (0, 99))
    if not fits and _sees(one.place, f"/python{python}/"):
        yield XP311.finding(
            one.path,
            Severity.WARNING,
            f"{one.name} {one.version} is not for Python {python}",
            expected=f"Python {one.pythons}",
            found=f"Python {python}",
        )


def _twice(known: Mapping[str, list[_Distribution]]) -> Iterator[Finding]:
    for several in known.values():
        first: dict[str, _Distribution] = {}
        for one in several:
            other = first.setdefault(one.place, one)
            if other.version != one.version:
                yield XP312.finding(
                    one.path,
                    Severity.WARNING,
                    f"{one.name} is there twice",
                    expected="one version",
                    found=f"{one.version} here, {other.version} in {basename(parent(other.path))}",
                )


def _sees(place: str, other: str) -> bool:
    """Say whether what is in ``place`` and in ``other`` is on the path of one interpreter."""
    versions = {match[0] for where in (place, other) if (match := re.search(r"3\.\d+", where))}
    return len(versions) < 2


def _satisfies(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _markers(expectation: Expectation) -> dict[str, str]:
    python = expectation.python or "3"
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": expectation.machine.uname,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
