"""What the target's dynamic loader would load: its search for libraries, done inside the image.

Two loaders, each with its own rules. glibc's ``elf/dl-load.c``: DT_RPATH of the file that needs a library and of all
that led to it (unless the file has DT_RUNPATH), DT_RUNPATH of the file alone, ``/etc/ld.so.conf`` (through
``ld.so.cache``, which is made from it), then the directories compiled into the loader, read from it here. musl's
``ldso/dynlink.c``: RPATH or RUNPATH of the file and of all that led to it, then ``/etc/ld-musl-ARCH.path`` if there
is one, else the directories compiled in. A library that is loaded already is not searched for. ``LD_LIBRARY_PATH`` is
nobody's business here; directories of processor features (``glibc-hwcaps``) come after their own, since which of them
a processor takes is not known.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from crosspy.elf import ElfDamaged, ElfFile, Linkage, linkage
from crosspy.model.machine import by_triplet
from crosspy.verify.expectation import Expectation, abi_matches, machine_matches
from crosspy.verify.extensions import extension_modules, parse_name
from crosspy.verify.places import Place, place_of
from crosspy.verify.tree import Image, basename, parent

_COMMON: Final = tuple(
    f"{prefix}/{name}"
    for name in ("lib", "lib64", "lib32", "libx32")
    for prefix in ("", "/usr", "/usr/local")
)
_MUSL_BUILT_IN: Final = ("/lib", "/usr/local/lib", "/usr/lib")
_GLIBC_BUILT_IN: Final = re.compile(rb"(?:/[\w./+-]{2,200}/\0){2,16}")
_MAX_LOADER: Final = 1 << 22
_UNDER_LIB: Final = re.compile(r"/(?:usr/(?:local/)?)?lib(?:32|64)?/([^/]+)")
_FEATURES: Final = re.compile(
    r"(/.+)/(?:glibc-hwcaps/[^/]+|(?:tls|neon|vfp|power\d+|z\d+|haswell)(?:/[^/]+)?)"
)
_MAX_CONF: Final = 1 << 16
_MAX_CONF_FILES: Final = 256
_MUSL_OWN: Final = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.(?!musl)")
_MAX_LOADED: Final = 4096
_PROGRAM: Final = re.compile(r"python(3\.\d+t?)d?")
_LIBRARY: Final = re.compile(r"libpython(?:3\.\d+t?d?|3)\.so(?:\.[\d.]+)?")
_PYTHON_DIRECTORY: Final = re.compile(r"/python(3\.\d+t?)/")


# ----------------------------------------------------------------------------------------- where the loader looks


@dataclass(frozen=True, slots=True)
class Search:
    """The search of one image; ``directories`` are those that hold for every file."""

    image: Image
    expectation: Expectation
    directories: tuple[str, ...]
    known: dict[tuple[tuple[str, ...], str], str | None] = field(default_factory=dict)

    def find(self, name: str, own: tuple[str, ...] = ()) -> str | None:
        """Return the file that the loader takes for ``name``, looking in ``own`` before the common directories."""
        key = own, name
        if key not in self.known:
            self.known[key] = self._find(name, own)
        return self.known[key]

    def _find(self, name: str, own: tuple[str, ...]) -> str | None:
        if self.expectation.libc == "musl" and _MUSL_OWN.match(name):
            loader = self.suitable(self.expectation.interpreter) if self.expectation.interpreter else None
            if loader:
                return loader  # it is all of these itself, and looks for none of them
        if "/" in name:
            return (
                self.suitable(name) if name.startswith("/") else None
            )  # else wherever the program was started
        for directory in own or self.directories:
            path = f"{directory}/{name}"
            found = self.suitable(path)
            if found:
                return found
            if self.expectation.libc == "musl" and self.image.exists(path):
                return None  # musl takes the first one there is, for its machine or not
        return self.find(name) if own else None

    def suitable(self, path: str) -> str | None:
        """Return what ``path`` leads to, if it is a library that the loader of the target accepts."""
        found = self.image.resolve(path)
        elf = self.image.elf.get(found or "")
        return found if elf and machine_matches(self.expectation.machine, elf.header) else None

    def paths(self, elf: ElfFile, inherited: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the directories of a file's own needs, and what it hands on to the files that it needs."""
        if self.expectation.libc == "musl":
            both = (*expand(elf.path, elf.runpath or elf.rpath), *inherited)
            return both, both
        if elf.runpath:
            return expand(elf.path, elf.runpath), inherited
        both = (*expand(elf.path, elf.rpath), *inherited)
        return both, both


def expand(path: str, entries: Sequence[str]) -> tuple[str, ...]:
    """Return the directories of an RPATH, its ``$ORIGIN`` being where ``path`` is."""
    origin = parent(path)
    return tuple(entry.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for entry in entries)


def search_of(image: Image, expectation: Expectation) -> Search:
    """Return the search of an image."""
    configured = list(_configured(image, "/etc/ld.so.conf", set()))
    if expectation.libc == "musl":
        files = sorted(path for path in image.files if re.fullmatch(r"/etc/ld-musl-[^/]+\.path", path))
        named = [word for path in files for word in re.split(r"[:\s]+", _text(image, path))]
        ordered: list[str] = named or list(_MUSL_BUILT_IN)
    else:
        ordered = [*configured, *(_compiled_in(image, expectation) or _guessed(image, expectation))]
    plain = dict.fromkeys(path.rstrip("/") for path in ordered if path.startswith("/"))
    features: dict[str, list[str]] = {}
    for path in sorted(image.directories):
        match = _FEATURES.fullmatch(path)
        if match:
            features.setdefault(match[1], []).append(path)
    whole = (*plain, *(one for place in plain for one in features.get(image.resolve(place) or "", ())))
    return Search(image, expectation, tuple(dict.fromkeys(whole)))


def _compiled_in(image: Image, expectation: Expectation) -> list[str]:
    """Return the directories that glibc's loader itself holds (``SYSTEM_DIRS``), empty if it cannot be read."""
    loader = image.resolve(expectation.interpreter) if expectation.interpreter else None
    if loader not in image.elf:
        return []
    try:
        found = _GLIBC_BUILT_IN.search(image.read(loader, _MAX_LOADER))
    except OSError:
        return []
    return found.group().decode("ascii").rstrip("\0").split("\0") if found else []


def _guessed(image: Image, expectation: Expectation) -> list[str]:
    multiarch = sorted(
        path for path in (*image.directories, *image.links) if _is_multiarch(path, expectation)
    )
    own_loader = [parent(expectation.interpreter)] if expectation.interpreter else []
    return [*multiarch, *_COMMON, *own_loader]


def _is_multiarch(path: str, expectation: Expectation) -> bool:
    match = _UNDER_LIB.fullmatch(path)
    if match is None:
        return False
    name = match[1]
    if name in {"lp64", "lp64d", "ilp32", "ilp32d"}:
        return True
    machine = by_triplet(name) if "-linux-" in name else None
    return machine is not None and machine.elf_machine == expectation.machine.elf_machine


def _configured(image: Image, path: str, seen: set[str]) -> Iterator[str]:
    """Yield the directories of a configuration file and of those it includes; ``seen`` bounds a hostile one."""
    found = image.resolve(path)
    if found is None or found in seen:
        return
    seen.add(found)
    for raw in _text(image, found).splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("include"):
            for pattern in line.split()[1:]:
                whole = pattern if pattern.startswith("/") else f"{parent(path)}/{pattern}"
                if whole not in seen and len(seen) < _MAX_CONF_FILES:
                    seen.add(whole)
                    for other in sorted(fnmatch.filter(image.files | image.links.keys(), whole)):
                        yield from _configured(image, other, seen)
        elif line and not line.startswith("hwcap"):
            yield from re.split(r"[:\s,]+", line.partition("=")[0])


def _text(image: Image, path: str) -> str:
    try:
        return image.read(path, _MAX_CONF).decode("utf-8", "surrogateescape") if path in image.files else ""
    except OSError:
        return ""


# ------------------------------------------------------------------------------------------------ what is loaded


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one program or module brings into a process, itself first, in the loader's order.

    ``names`` has the file that each needed name or SONAME stands for, ``missing`` what was not found: who needs it,
    and its name.
    """

    files: tuple[str, ...]
    names: dict[str, str]
    missing: tuple[tuple[str, str], ...]


def load(search: Search, path: str, before: Loaded | None = None) -> Loaded:
    """Return what loading ``path`` brings in, breadth first, into a process that has ``before`` loaded already."""
    image = search.image
    names: dict[str, str] = {}
    outer = before.names if before else {}
    present = set(before.files) if before else set()
    missing = []
    files = [path]
    pending: list[tuple[str, tuple[str, ...]]] = [(path, _program_path(search, before))]
    for who, inherited in pending:
        elf = image.elf[who]
        own, handed_on = search.paths(elf, inherited)
        for name in elf.needed:
            if name in names or name in outer:
                continue
            found = search.find(name, own)
            if found is None:
                missing.append((who, name))
                continue
            names[name] = found
            if found in files or found in present or len(files) > _MAX_LOADED:
                continue
            names.setdefault(image.elf[found].soname, found)
            files.append(found)
            pending.append((found, handed_on))
    return Loaded(tuple(files), names, tuple(missing))


def _program_path(search: Search, before: Loaded | None) -> tuple[str, ...]:
    """Return the directories of the program's own DT_RPATH, which hold for all that it opens."""
    if before is None:
        return ()
    elf = search.image.elf[before.files[0]]
    return search.paths(elf, ())[1]


@dataclass(frozen=True, slots=True)
class Symbols:
    """The dynamic symbols of an image's files, each read once."""

    image: Image
    versions: bool
    known: dict[str, Linkage | None] = field(default_factory=dict)

    def of(self, path: str) -> Linkage | None:
        """Return the symbols of a file, None if its tables are damaged (told as XP110)."""
        if path not in self.known:
            try:
                with self.image.open(path) as reader:
                    self.known[path] = linkage(reader, versions=self.versions)
            except (ElfDamaged, OSError):
                self.known[path] = None
        return self.known[path]

    def left(self, references: frozenset[bytes], files: Iterable[str]) -> frozenset[bytes]:
        """Return those of ``references`` that none of ``files`` defines."""
        loose = []
        for path in files:
            if not references:
                return references
            table = self.of(path)
            if table is None:
                return frozenset()  # a file that cannot be read may define anything
            references -= table.offered
            if table.loose:
                loose.append(table)
        for table in loose:
            references = table.lacking(references)
        return references

    def together(self, files: Iterable[str]) -> Linkage | None:
        """Return what files define, as if they were one; None if one of them cannot be read."""
        tables = [self.of(path) for path in files]
        sound = [table for table in tables if table]
        if len(sound) < len(tables):
            return None
        offered = frozenset[bytes]().union(*(table.offered for table in sound))
        loose = frozenset[bytes]().union(*(table.loose for table in sound))
        return Linkage(wanted=frozenset(), offered=offered, loose=loose)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """The processes of an image's Pythons.

    ``programs`` are its interpreters (programs, and libpythons that others embed) and what each loads; ``modules`` its
    extension modules, each with the interpreter that imports it, empty if the image has none.
    """

    search: Search
    symbols: Symbols
    programs: dict[str, Loaded]
    modules: dict[str, tuple[str, Loaded]]

    def processes(self) -> Iterator[tuple[Loaded | None, Loaded]]:
        """Yield ``(what is there before, what is loaded)`` of each interpreter and each module."""
        for loaded in self.programs.values():
            yield None, loaded
        for program, loaded in self.modules.values():
            yield self.programs.get(program), loaded

    def files(self) -> frozenset[str]:
        """Return all files that running Python and importing modules loads."""
        return frozenset(path for _, loaded in self.processes() for path in loaded.files)


def loading_of(image: Image, expectation: Expectation) -> Loading:
    """Follow the loader from each interpreter and each extension module of the target's machine."""
    search = search_of(image, expectation)
    ours = [path for path in sorted(image.elf) if _is_ours(image, expectation, path)]
    programs = {path: load(search, path) for path in ours if _is_python(path)}
    interpreters = _by_version(programs)
    default = interpreters.get(expectation.python) or _first_program(programs)
    modules = {}
    loadable = set(ours)
    for path in extension_modules(image):
        if path in loadable:
            program = interpreters.get(_version_for(path), default)
            modules[path] = program, load(search, path, programs.get(program))
    symbols = Symbols(image, versions=expectation.libc != "musl")
    return Loading(search=search, symbols=symbols, programs=programs, modules=modules)


def _is_ours(image: Image, expectation: Expectation, path: str) -> bool:
    elf = image.elf[path]
    return (
        elf.has_dynamic
        and machine_matches(expectation.machine, elf.header)
        and abi_matches(expectation, elf.header)
        and place_of(path) is not Place.PAYLOAD
    )


def _is_python(path: str) -> bool:
    name = basename(path)
    return _PROGRAM.fullmatch(name) is not None or _LIBRARY.fullmatch(name) is not None


def _by_version(programs: dict[str, Loaded]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(programs, key=lambda path: (not path.startswith("/usr/bin/"), path)):
        match = _PROGRAM.fullmatch(basename(path))
        if match:
            found.setdefault(match[1], path)
    return found


def _first_program(programs: dict[str, Loaded]) -> str:
    """Return an interpreter, a libpython where programs only embed it; empty without either."""
    return min(programs, key=lambda path: (_PROGRAM.fullmatch(basename(path)) is None, path), default="")


def _version_for(path: str) -> str:
    """Return which Python imports the module at ``path``, by its name or its place; empty if neither says."""
    parsed = parse_name(basename(path))
    if parsed and parsed.version:
        return f"{parsed.version}{'t' if 't' in parsed.flags else ''}"
    match = _PYTHON_DIRECTORY.search(path)
    return match[1] if match else ""
