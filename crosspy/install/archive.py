"""A wheel file, read with suspicion: everything that can be refused without looking at an image.

Sources: PyPA "Binary distribution format" (PEP 427, 491) and "Recording installed projects" (PEP 376, 627), "Core
metadata", "Entry points specification"; for what hostile archives do, CVE-2007-4559 and CVE-2024-0450.
"""

from __future__ import annotations

import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from configparser import Error as ConfigError
from contextlib import contextmanager
from csv import Error as CsvError
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file
from installer.sources import WheelFile
from installer.utils import SCHEME_NAMES, parse_entrypoints, parse_metadata_file
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from crosspy.errors import UsageError, WheelRefusedError
from crosspy.model.tags import misfit, target_tags
from crosspy.model.target import Target

REBUILD: Final = "Get the file again, or build it anew: crosspy wheel ENV NAME"

_EXPANSION_BASE: Final = 256 << 20
_EXPANSION_RATIO: Final = 100
"""Real wheels expand 2 to 10 times; deflate reaches 1032. Below the base, nobody's disk is in danger."""
_MAX_MESSAGE: Final = 600
_MAX_NAME: Final = 255  # NAME_MAX of every file system an image is made of, in bytes
_SIGNATURES: Final = frozenset({"RECORD.jws", "RECORD.p7s"})
_OF_INSTALLERS: Final = frozenset({"INSTALLER", "REQUESTED", "direct_url.json"})
_STRONG_HASHES: Final = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_SAFE_DIR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCRIPT_NAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\\s][^\x00-\x1f\x7f/\\]*")

# What zipfile, the decoders below it and the parsers of installer and packaging raise on damaged input.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,  # UnicodeDecodeError, InvalidVersion, hashes without a name, negative seeks
    RuntimeError,  # NotImplementedError
    LookupError,
    AssertionError,
    OverflowError,
    MemoryError,
    ConfigError,
    CsvError,
    InstallerError,
    InvalidRecordEntry,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedWheel:
    """A wheel that holds together and fits the target.

    ``name`` is canonical (PEP 503), ``title`` as METADATA spells it; ``dist_info`` and ``data`` are names
    of directories in the archive, ``requires`` is the Requires-Dist lines.
    """

    path: Path
    name: str
    title: str
    version: str
    dist_info: str
    data: str
    requires: tuple[str, ...] = ()
    bytecode: tuple[str, ...] = ()
    """Entries below ``__pycache__``: never installed, the target's own are made."""


class WheelContents(WheelFile):
    """The source that :func:`installer.install` reads: the checked file, without what is not a wheel's to bring."""

    def __init__(self, archive: zipfile.ZipFile, data: str = "") -> None:
        super().__init__(archive)
        self._data = data

    @property
    def data_dir(self) -> str:
        """The ``.data`` directory as the archive spells it; its name may be normalized differently."""
        return self._data or super().data_dir

    def get_contents(self) -> Iterator[tuple[tuple[str, str, str], BinaryIO, bool]]:
        # The signatures are of the archive's RECORD, which is not the one that is installed.
        left_out = {f"{self.dist_info_dir}/{name}" for name in _SIGNATURES | _OF_INSTALLERS}
        for record, stream, executable in super().get_contents():
            if not is_bytecode(record[0]) and record[0] not in left_out:
                yield record, stream, executable


def is_bytecode(name: str) -> bool:
    return "__pycache__" in name.split("/")[:-1]


@contextmanager
def open_contents(wheel: CheckedWheel) -> Iterator[WheelContents]:
    """Open a checked wheel for :func:`installer.install`.

    :raises WheelRefusedError: if the file has changed or cannot be read.
    """
    with _damage_refused(wheel.path), zipfile.ZipFile(wheel.path) as archive:
        yield WheelContents(archive, wheel.data)


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    try:
        yield
    except WheelRefusedError:
        raise
    except _DAMAGE as error:
        text = str(error) or type(error).__name__
        raise WheelRefusedError(
            _shown(f"{path.name}: damaged, or not a wheel: {text}"), hint=REBUILD
        ) from None


def check_wheel(path: Path, target: Target) -> CheckedWheel:
    """Check everything about the wheel at ``path`` that needs no image.

    :raises UsageError: if there is no such file.
    :raises WheelRefusedError: naming what is wrong where, and what to do.
    """
    if not path.is_file():
        raise UsageError(
            f"{path}: no such file", hint="Name an existing .whl file, or a requirement to build one from."
        )
    name, version, tags = _file_name(path)
    _check_tags(path, tags, target)
    with _damage_refused(path), zipfile.ZipFile(path) as archive:
        _check_entries(path, archive)
        dist_info = _dist_info(path, archive, name, version)
        data = _data_dir(path, archive, name, version)
        contents = WheelContents(archive, data)
        _check_record(path, archive, contents)
        wheel_file = _metadata(contents, "WHEEL")
        metadata = _metadata(contents, "METADATA")
        _check_wheel_file(path, wheel_file, tags)
        _check_identity(path, metadata, name, version)
        _check_python(path, metadata, target)
        _check_entry_points(path, contents)
        entries = [info.filename for info in archive.infolist() if not info.is_dir()]
        return CheckedWheel(
            path=path,
            name=name,
            title=str(metadata["Name"]),
            version=str(version),
            dist_info=dist_info,
            data=data,
            requires=tuple(str(line) for line in metadata.get_all("Requires-Dist", ())),
            bytecode=tuple(entry for entry in entries if is_bytecode(entry)),
        )


def _refuse(path: Path, message: str, hint: str = REBUILD) -> NoReturn:
    raise WheelRefusedError(_shown(f"{path.name}: {message}"), hint=hint)


def _shown(text: str) -> str:
    """Return foreign text so that a terminal can show it: no control characters, no end in sight of a screen."""
    plain = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return plain if len(plain) <= _MAX_MESSAGE else f"{plain[:_MAX_MESSAGE]}..."


# ----------------------------------------------------------------------------------------------- name and tags


def _file_name(path: Path) -> tuple[str, Version, frozenset[Tag]]:
    try:
        name, version, _build, tags = parse_wheel_filename(path.name)
    except (InvalidWheelFilename, InvalidVersion, ValueError) as error:
        _refuse(
            path,
            f"not the name of a wheel: {error}",
            "A wheel is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl; do not rename it.",
        )
    return name, version, tags


def _check_tags(path: Path, tags: frozenset[Tag], target: Target) -> None:
    accepted = target_tags(target, prebuilt=True)
    if tags.isdisjoint(accepted):
        offered = ", ".join(sorted(map(str, tags)))
        wanted = ", ".join(map(str, accepted[:3]))
        _refuse(
            path,
            f"does not fit the target: its tags are {offered}; the target takes {wanted} ... py3-none-any"
            f"{misfit(target, tags)}",
            "Build it for the target: crosspy wheel ENV NAME",
        )


# ------------------------------------------------------------------------------------------- the archive's entries


def _check_entries(path: Path, archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    size = path.stat().st_size
    declared = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if packed > size:
        _refuse(path, f"its {len(infos)} entries overlap: they claim {packed} bytes of a file of {size}")
    if declared > _EXPANSION_BASE + _EXPANSION_RATIO * size:
        _refuse(path, f"a zip bomb: {size} bytes that claim to expand to {declared}")
    files: set[str] = set()
    directories: set[str] = set()
    for info in infos:
        _check_entry(path, info)
        name = info.filename.rstrip("/")
        if info.is_dir():
            directories.add(name)
        elif name in files:
            _refuse(path, f"holds {name!r} twice")
        else:
            files.add(name)
    for name in files:
        directories.update(_parents(name))
    both = sorted(files & directories)
    if both:
        _refuse(path, f"{both[0]!r} is a file and a directory in it")


def _parents(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def _check_entry(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    shown = repr(name)
    if _CONTROL.search(name):
        _refuse(path, f"entry {shown} has control characters in its name")
    if "\\" in name:
        _refuse(path, f"entry {shown} has a backslash in its name, which is a path separator elsewhere")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        _refuse(path, f"entry {shown} has an absolute path: it would be written outside of the image")
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        _refuse(path, f"entry {shown} climbs with '..': it would be written outside of its directory")
    if "" in parts or "." in parts:
        _refuse(path, f"entry {shown} is not a plain path")
    if any(len(part.encode("utf-8", "surrogatepass")) > _MAX_NAME for part in parts):
        _refuse(path, f"entry {name[:60]!r}... has a name of more than {_MAX_NAME} bytes")
    if info.flag_bits & 0x1:
        _refuse(path, f"entry {shown} is encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        _refuse(path, f"entry {shown} is compressed by method {info.compress_type}; wheels are deflated")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        _refuse(path, f"entry {shown} is a symbolic link, which wheels cannot hold")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        _refuse(path, f"entry {shown} is neither file nor directory (mode {kind:#o})")


# --------------------------------------------------------------------------------- .dist-info, .data and metadata


def _top_level(archive: zipfile.ZipFile, suffix: str) -> list[str]:
    tops = {name.split("/", 1)[0] for name in archive.namelist() if "/" in name}
    return sorted(top for top in tops if top.endswith(suffix))


def _dist_info(path: Path, archive: zipfile.ZipFile, name: str, version: Version) -> str:
    found = _top_level(archive, ".dist-info")
    if len(found) != 1:
        listed = ", ".join(map(repr, found)) or "none"
        _refuse(path, f"a wheel has exactly one .dist-info directory; this one has {listed}")
    if not _names(found[0].removesuffix(".dist-info"), name, version):
        _refuse(path, f"its {found[0]!r} is not that of {name} {version}, as the file is called")
    return found[0]


def _names(stem: str, name: str, version: Version) -> bool:
    """Say whether ``NAME-VERSION`` of a directory means this distribution, in whatever spelling."""
    spelled, dash, number = stem.rpartition("-")
    if not dash or not _SAFE_DIR.fullmatch(stem):
        return False
    try:
        return canonicalize_name(spelled) == name and Version(number.replace("_", "-")) == version
    except InvalidVersion:
        return False


def _data_dir(path: Path, archive: zipfile.ZipFile, name: str, version: Version) -> str:
    """Return the name of the ``.data`` directory, empty without one, after a look at its keys."""
    found = _top_level(archive, ".data")
    if not found:
        return ""
    if len(found) > 1 or not _names(found[0].removesuffix(".data"), name, version):
        _refuse(
            path,
            f"a wheel has one .data directory, that of {name} {version}; this one has {', '.join(found)}",
        )
    for entry in archive.namelist():
        parts = entry.rstrip("/").split("/")
        if parts[0] != found[0] or len(parts) == 1:
            continue
        if parts[1] not in SCHEME_NAMES or (len(parts) == 2 and not entry.endswith("/")):
            _refuse(
                path, f"{entry!r}: the directories of .data are {', '.join(SCHEME_NAMES)}, and nothing else"
            )
        if len(parts) > 2 and parts[1].endswith("lib") and parts[2].endswith((".dist-info", ".egg-info")):
            _refuse(path, f"{entry!r} would forge the metadata of a distribution")
    return found[0]


def _metadata(contents: WheelContents, name: str) -> Message:
    if name not in contents.dist_info_filenames:
        raise ValueError(f"no {contents.dist_info_dir}/{name}")
    return parse_metadata_file(contents.read_dist_info(name))


def _check_wheel_file(path: Path, wheel_file: Message, tags: frozenset[Tag]) -> None:
    version = str(wheel_file["Wheel-Version"] or "").strip()
    if not re.fullmatch(r"1\.\d+", version):
        _refuse(path, f"WHEEL says {version!r} as Wheel-Version; version 1 is what can be installed")
    stated = frozenset(tag for line in wheel_file.get_all("Tag", ()) for tag in parse_tag(str(line).strip()))
    if stated != tags:
        one, other = (", ".join(sorted(map(str, group))) for group in (tags, stated))
        _refuse(
            path,
            f"its name says {one}, its WHEEL file says {other or 'nothing'}",
            "It was renamed by hand: change tags with `wheel tags`, which changes both, or build it anew.",
        )


def _check_identity(path: Path, metadata: Message, name: str, version: Version) -> None:
    stated_name, stated_version = str(metadata["Name"] or ""), str(metadata["Version"] or "")
    try:
        same = bool(_SAFE_DIR.fullmatch(stated_name)) and canonicalize_name(stated_name) == name
        same = same and Version(stated_version) == version
    except InvalidVersion:
        same = False
    if not same:
        _refuse(path, f"its name says {name} {version}, its METADATA says {stated_name!r} {stated_version!r}")


def _check_python(path: Path, metadata: Message, target: Target) -> None:
    wanted = str(metadata["Requires-Python"] or "").strip()
    try:
        specifiers = SpecifierSet(wanted)
    except InvalidSpecifier:
        return  # as pip: a wish nobody can read excludes nobody
    python = target.python
    # Where the sysroot does not say the patch release, one that exists may be the one.
    full = (
        [python.full_version]
        if python.full_version != python.version
        else [f"{python.version}.{n}" for n in (0, 99)]
    )
    if not any(specifiers.contains(version, prereleases=True) for version in full):
        _refuse(
            path,
            f"wants Python {wanted}, the target has {python.full_version}",
            "Ask for a version of it that supports the target's Python.",
        )


# ------------------------------------------------------------------------------------------------------- RECORD


def _check_record(path: Path, archive: zipfile.ZipFile, contents: WheelContents) -> None:
    """Compare RECORD with the archive, both ways, every byte."""
    if "RECORD" not in contents.dist_info_filenames:
        _refuse(path, f"no {contents.dist_info_dir}/RECORD, so nothing says what belongs to it")
    present = {info.filename for info in archive.infolist() if not info.is_dir()}
    listed: dict[str, tuple[str, str, str]] = {}
    for row in parse_record_file(contents.read_dist_info("RECORD").splitlines()):
        if listed.setdefault(row[0], row) != row:
            _refuse(path, f"RECORD lists {row[0]!r} twice, and differently")
        algorithm = row[1].partition("=")[0]
        if row[1] and algorithm not in _STRONG_HASHES:
            _refuse(path, f"RECORD has a {algorithm} hash of {row[0]!r}; wheels need sha256 or better")
        RecordEntry.from_elements(*row)
    absent = sorted(name for name in listed.keys() - present if not name.endswith("/"))
    if absent:
        _refuse(path, f"RECORD lists {absent[0]!r}, which the archive does not hold{_more(absent)}")
    try:
        contents.validate_record(validate_contents=True)
    except WheelFile.validation_error as error:
        issues = [str(issue) for issue in getattr(error, "issues", [])] or [str(error)]
        plain = [issue.replace(f"In {path}, ", "") for issue in issues]
        _refuse(path, f"{plain[0]}{_more(plain)}")


def _more(things: list[str]) -> str:
    return f" (and {len(things) - 1} more)" if len(things) > 1 else ""


# ------------------------------------------------------------------------------------------------- entry points


def _check_entry_points(path: Path, contents: WheelContents) -> None:
    """Check what becomes a script: its name is a file name, and the rest becomes code of it."""
    if "entry_points.txt" not in contents.dist_info_filenames:
        return
    text = contents.read_dist_info("entry_points.txt")
    try:
        points = list(parse_entrypoints(text))
    except (AssertionError, ConfigError) as error:
        reason = (str(error).splitlines() or [""])[0] or "a script is not MODULE:FUNCTION"
        _refuse(path, f"entry_points.txt cannot be read: {reason}")
    seen: set[str] = set()
    for name, module, attr, _section in points:
        reason = _wrong_name(name) or _wrong_object(module, attr)
        if reason or name in seen:
            _refuse(path, f"entry_points.txt: script {name!r} {reason or 'is there twice'}")
        seen.add(name)


def _wrong_name(name: str) -> str:
    fine = _SCRIPT_NAME.fullmatch(name) and name not in {".", ".."}
    if fine and len(name.encode("utf-8", "surrogatepass")) <= _MAX_NAME:
        return ""
    return "has no plain name: it would be written outside of the scripts directory"


def _wrong_object(module: str, attr: str) -> str:
    if all(part.isidentifier() for text in (module, attr) for part in text.split(".")):
        return ""
    return f"is {module}:{attr}, which is not MODULE:FUNCTION"
