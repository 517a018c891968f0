"""One package on both sides: run the build machine's copy, compile against the target's.

numpy as a build requirement is imported by the build machine's interpreter, and its headers and static libraries go
into code for the target. ``NPY_SIZEOF_LONG`` of the wrong one makes modules that fail on the device
(pandas-dev/pandas#62883). So what compilers read of such a package is replaced by the same file of the target's build
of the same version: a package already in the environment or the sysroot, else one that is built now.

Shared libraries (pyarrow's and torch's are linked against) cannot be replaced, for the native copy loads its own. The
target's lie in ``target-packages``, a directory beside ``site-packages`` with the same paths in it, to which the
compilers' launchers lead whatever a linker is told of them.
"""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

from . import ROOT, buildfacts, facts, wheelcache

_FOR_COMPILERS = (".h", ".hh", ".hpp", ".a", ".pc", ".ini", ".pxd", ".cmake")
_HEADERS = (".h", ".hh", ".hpp")
_LIBRARY = re.compile(r"(?:^|/)lib[^/]+\.so(?:\.[\d.]+)?$")
_CONFIGURED = re.compile(
    rb"^[ \t]*#[ \t]*define[ \t]+\w*(?:SIZEOF|ALIGNOF|BYTE_ORDER|BYTEORDER)\w*[ \t]+[\d(]", re.MULTILINE
)


_DIST_INFO = re.compile(r".+-.+\.dist-info$")

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Iterator


class TwinError(Exception):
    """The target's build of a package could not be had."""


def complete(library: str, pip_words: list[str]) -> dict[str, str]:
    """Replace what compilers read in ``library``, a site-packages directory that pip has just filled.

    :param pip_words: pip's command line, for the index and the links that it was told of.
    :return: what identifies the target's build of each distribution that has one, by ``name==version``.
    """
    used = {}
    for entry in sorted(os.listdir(library)) if os.path.isdir(library) else ():
        if not entry.endswith(".dist-info"):
            continue
        name, _, version = entry.removesuffix(".dist-info").partition("-")
        files = _recorded(library, entry)
        if version and _is_native(files) and (_is_linked(files) or _is_configured(library, files)):
            twin = _twin(name, version, pip_words)
            recorded = _files(twin, _title(f"{name}-{version}"))
            _replace(library, twin, recorded)
            _mirror(library, twin, recorded)
            used[f"{name}=={version}"] = wheelcache.noted_entry(name, version) or _identity(
                twin, f"{name}-{version}"
            )
    return used


def note_layer(layers: list[str]) -> None:
    """Tell the launchers where the target's builds of the packages in ``layers`` are, directories of the build machine."""
    notes = os.path.join(ROOT, "crosspy", "target-packages")
    listing = repr([(place, listed(place)) for place in (*layers, *_places())])
    if is_noted(notes, listing):
        return
    known: dict[str, str] = {}
    for layer in reversed(layers):
        for entry in filter(_DIST_INFO.search, listed(layer)):
            known.update(_notes_of(layer, entry))
    os.makedirs(notes, exist_ok=True)
    for name in {*os.listdir(notes)} - {*known, ".listing"}:
        os.unlink(os.path.join(notes, name))
    for name, text in {**known, ".listing": listing}.items():
        write_note(notes, name, text)


def is_noted(notes: str, listing: str) -> bool:
    """Say whether the notes in that directory are of what ``listing`` tells."""
    try:
        with open(os.path.join(notes, ".listing"), encoding="utf-8", errors="surrogateescape") as file:
            return file.read() == listing
    except OSError:
        return False


def write_note(notes: str, name: str, text: str) -> None:
    """Write a note, whole or not at all: another build may read it, or write the same."""
    path = os.path.join(notes, name)
    with open(f"{path}.{os.getpid()}", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(f"{path}.{os.getpid()}", path)


def _notes_of(layer: str, entry: str) -> dict[str, str]:
    """Return what to tell of the packages of one distribution, by their names: a directory, or an empty line and a message."""
    name, _, version = entry.removesuffix(".dist-info").partition("-")
    files = _recorded(layer, entry)
    if not (version and _is_native(files) and (_is_linked(files) or _is_configured(layer, files))):
        return {}
    place = _present(name, version)
    others = "" if place else " and ".join(sorted(_versions(name)))
    text = place or (
        f"\ncrosspy: error: {name}=={version} of the build machine ({layer}) has headers or libraries that are compiled "
        f"against, and the target's build of that version is neither in the environment nor in the sysroot"
        f"{f', which have {others}' if others else ''}\n"
        f"crosspy: hint: install {name}=={version} into the environment (ENV/bin/pip), add it to the sysroot (Yocto: "
        f"DEPENDS, Buildroot: _DEPENDENCIES), or build with isolation.\n"
    )
    return dict.fromkeys(
        {file.partition("/")[0] for file in files if file.endswith(_FOR_COMPILERS)}, f"{text}\n"
    )


def _versions(name: str) -> "Iterator[str]":
    for place in _places():
        for entry in filter(_DIST_INFO.search, listed(place)):
            if _title(entry).startswith(f"{_normalized(name)}-"):
                yield _title(entry).replace("-", " ")


def listed(directory: str) -> list[str]:
    """Return the names in a directory, sorted; none, if it cannot be read."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def is_still(requirement: str, identity: str) -> bool:
    """Say whether the target's build of ``name==version`` is, or would become, the one that was used before."""
    name, _, version = requirement.partition("==")
    directory = _present(name, version)
    if directory:
        return _identity(directory, f"{name}-{version}") == identity
    return not identity.startswith("sha256:") and wheelcache.is_current(
        identity, wheelcache.current_situation()
    )


def _identity(directory: str, wanted: str) -> str:
    """Return a digest of what an installed distribution says of its files."""
    for entry in sorted(os.listdir(directory)):
        if entry.endswith(".dist-info") and _title(entry) == _title(wanted):
            try:
                with open(os.path.join(directory, entry, "RECORD"), "rb") as file:
                    return f"sha256:{hashlib.sha256(file.read()).hexdigest()}"
            except OSError:
                break
    return "sha256:"


def _recorded(library: str, entry: str) -> list[str]:
    try:
        with open(os.path.join(library, entry, "RECORD"), encoding="utf-8", newline="") as file:
            names = [row[0] for row in csv.reader(file) if row]
    except OSError:
        names = _unrecorded(library, entry)
    return [name for name in names if not os.path.isabs(name) and ".." not in name.split("/")]


def _unrecorded(library: str, entry: str) -> list[str]:
    """Return the files of a distribution whose RECORD the system's packager left out, as Debian does."""
    try:
        with open(os.path.join(library, entry, "top_level.txt"), encoding="utf-8") as file:
            tops = file.read().split()
    except OSError:
        tops = [entry.partition("-")[0]]
    return [
        os.path.relpath(os.path.join(base, name), library)
        for top in tops
        for base, _, names in os.walk(os.path.join(library, os.path.basename(top)))
        for name in names
    ]


def _is_native(files: list[str]) -> bool:
    return any(name.endswith((".so", ".a")) or _LIBRARY.search(name) for name in files)


def _is_linked(files: list[str]) -> bool:
    """Say whether a package has libraries to link, and headers that go with them."""
    return any(name.endswith(".a") for name in files) or (
        any(map(_is_library, files)) and any(name.endswith(_HEADERS) for name in files)
    )


def _is_library(name: str) -> bool:
    """Say whether this is a shared library for others: not an extension, nor what auditwheel put into NAME.libs."""
    return _LIBRARY.search(name) is not None and not name.partition("/")[0].endswith(".libs")


def _is_configured(library: str, files: list[str]) -> bool:
    """Say whether a package has headers that a configuration for one machine was written into."""
    for name in files:
        if name.endswith(_HEADERS):
            try:
                with open(os.path.join(library, name), "rb") as file:
                    if _CONFIGURED.search(file.read(1 << 18)):
                        return True
            except OSError:
                continue
    return False


def _replace(library: str, twin: str, files: list[str]) -> None:
    for name in files:
        if name.endswith(_FOR_COMPILERS):
            path = os.path.join(library, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # Not into the file that is there: pip may have linked it to its cache.
            if os.path.lexists(path):
                os.unlink(path)
            shutil.copyfile(os.path.join(twin, name), path)


def _mirror(library: str, twin: str, files: list[str]) -> None:
    """Link the twin's shared libraries into ``target-packages``, also by the names without a version (-lNAME)."""
    for name in filter(_is_library, files):
        path = os.path.join(os.path.dirname(library), "target-packages", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for link in {path, path[: path.rindex(".so") + 3]}:
            if not os.path.lexists(link):
                os.symlink(os.path.join(twin, name), link)


def _twin(name: str, version: str, pip_words: list[str]) -> str:
    """Return a directory with the target's build of a distribution."""
    present = _present(name, version)
    if present:
        return present
    # A run of `crosspy wheel` takes it from the cache of wheels; without one, it is kept in the environment.
    kept = os.path.join(
        os.environ.get("CROSSPY_RUN") or os.path.join(ROOT, "crosspy"), "twins", _title(f"{name}-{version}")
    )
    if not os.path.isdir(kept):
        _build(f"{name}=={version}", kept, pip_words)
    return kept


def _present(name: str, version: str) -> str:
    """Return the directory of the environment or the sysroot where a distribution is installed; empty if in none."""
    wanted = _title(f"{name}-{version}")
    # cross-expose leaves metadata alone.
    return next((place for place in _places() if _is_native(_files(place, wanted))), "")


def _places() -> tuple[str, ...]:
    return (os.path.join(ROOT, *facts.LIBRARY), *buildfacts.PACKAGE_DIRS)


def _title(text: str) -> str:
    """Return ``name-version`` as it compares, of the same or of the name of a ``.dist-info``."""
    name, _, version = text.removesuffix(".dist-info").partition("-")
    return f"{_normalized(name)}-{version}"


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files(directory: str, wanted: str) -> list[str]:
    """Return the files of the distribution ``wanted`` (``name-version``) in ``directory``; none if it is not there."""
    try:
        entries = os.listdir(directory)
    except OSError:
        return []
    for entry in entries:
        if entry.endswith(".dist-info") and _title(entry) == wanted:
            return _recorded(directory, entry)
    return []


def _build(requirement: str, kept: str, pip_words: list[str]) -> None:
    options = wheelcache.download_options(pip_words)
    sys.stderr.write(
        f"crosspy: {requirement} is needed for the target, too: its headers are compiled against\n"
    )
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".twin-", dir=os.path.dirname(kept)) as scratch:
        wheels = os.path.join(scratch, "wheels")
        _wheel(requirement, wheels, options)
        tree = os.path.join(scratch, "tree")
        with zipfile.ZipFile(os.path.join(wheels, os.listdir(wheels)[0])) as archive:
            archive.extractall(tree)
        if not os.path.isdir(kept):
            os.rename(tree, kept)


def _wheel(requirement: str, wheels: str, options: list[str]) -> None:
    """Make the target's wheel of ``requirement``; one without sources is taken as its project publishes it."""
    words = [os.path.join(ROOT, "bin", "python"), "-m", "pip", "wheel", "--no-deps", "--progress-bar", "off"]
    output = b""
    for policy in (os.environ.get("CROSSPY_POLICY", "sdist"), "auto"):
        done = subprocess.run(
            [*words, "-w", wheels, *options, requirement],
            env={**os.environ, "CROSSPY_POLICY": policy},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode == 0:
            return
        output += done.stdout
    sys.stderr.write(output.decode("utf-8", "replace"))
    raise TwinError(
        f"{requirement} is a build requirement whose headers or libraries are compiled against, so its build for "
        "the target is needed; it failed (see above)"
    )
