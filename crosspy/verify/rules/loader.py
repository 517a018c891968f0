"""XP201, XP203: what the dynamic loader will not find in the image.

The search follows ld.so(8) and musl's ``ldso/dynlink.c``, with ``/`` meaning the image: DT_RPATH or DT_RUNPATH with
``$ORIGIN``, then ``/etc/ld.so.conf``, then the built-in directories. ``LD_LIBRARY_PATH`` is nobody's business here.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from crosspy.elf import ElfFile
from crosspy.model.finding import Finding, Severity
from crosspy.model.machine import by_triplet
from crosspy.verify.expectation import (
    Expectation,
    libc_of,
    libc_of_interpreter,
    libc_of_needed,
    machine_matches,
)
from crosspy.verify.extensions import is_extension
from crosspy.verify.places import Place, is_test_data, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename, parent

RULES: Final = (
    Rule(
        id="XP201",
        title="needed library not found",
        why="The file names a library (NEEDED) that is nowhere the dynamic loader looks in this image: 'ImportError: "
        "libx.so.1: cannot open shared object file'. The package was built against a sysroot that has it; the image "
        "lacks the package it comes from.",
        fix="Add the package that provides the library to the image, or bundle it (auditwheel-style, with $ORIGIN).",
        reference="https://man7.org/linux/man-pages/man8/ld.so.8.html",
    ),
    Rule(
        id="XP203",
        title="program interpreter not in the image",
        why="The kernel starts a program through its dynamic loader (PT_INTERP). Where that is missing, the shell says "
        "'not found' of a program that is there.",
        fix="Add the C library that the program was linked with, or build the program with the image's toolchain.",
        reference="https://man7.org/linux/man-pages/man8/ld.so.8.html",
    ),
)

_FIXES: Final = {rule.id: rule.fix for rule in RULES}
_FIX_ELSEWHERE: Final = (
    "Name its directory in /etc/ld.so.conf.d, or link it where the loader looks (update-alternatives has not run in a "
    "tree that was only unpacked)."
)
_BUILT_IN: Final = tuple(
    f"{prefix}/{name}"
    for name in ("lib", "lib64", "lib32", "libx32")
    for prefix in ("", "/usr", "/usr/local")
)
_LIBC_FILES: Final = re.compile(r"libc\.so\.[016](?:\.1)?|libc\.musl-\w+\.so\.1|ld-musl-[\w-]+\.so\.1")
_MUSL_OWN: Final = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.")
_PYTHON_FILES: Final = re.compile(r"(?:lib)?python3(?:\.\d+)?t?(?:\.so(?:\.[\d.]+)?)?")
_MAX_CONF: Final = 1 << 16
_MAX_CONF_FILES: Final = 256


def is_complete(image: Image) -> bool:
    """Say whether the tree is a whole image: without a C library it is a part that others complete."""
    return any(_LIBC_FILES.fullmatch(basename(path)) for path in (*image.elf, *image.links))


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look up, as the loader would, what each ELF file of the target's machine needs."""
    if not is_complete(image):
        return
    search = _Search(image=image, expectation=expectation, directories=_directories(image, expectation))
    ours = {
        path: elf
        for path, elf in sorted(image.elf.items())
        if elf.has_dynamic
        and place_of(path) is not Place.PAYLOAD
        and machine_matches(expectation.machine, elf.header)
    }
    for path, elf in ours.items():
        yield from _interpreter(image, expectation, path, elf)
    graph = {path: {name: search.find(path, elf, name) for name in elf.needed} for path, elf in ours.items()}
    missing = [
        (path, name) for path, needs in graph.items() for name, found in needs.items() if found is None
    ]
    if missing:
        web = _Web(search=search, graph=graph, users=_users(graph), named=_named(image))
        python = _reachable(image, graph)
        for path, name in missing:
            yield from _missing(web, path, name, python=path in python)


# ----------------------------------------------------------------------------------------- where the loader looks


@dataclass(frozen=True, slots=True)
class _Search:
    image: Image
    expectation: Expectation
    directories: tuple[str, ...]
    known: dict[str, str | None] = field(default_factory=dict)

    def find(self, path: str, elf: ElfFile, name: str) -> str | None:
        """Return the file that the loader would take for ``name`` on behalf of ``path``."""
        if "/" in name:
            return self.suitable(name)
        for directory in expand(path, elf.runpath or elf.rpath):
            found = self.suitable(f"{directory}/{name}")
            if found:
                return found
        if name not in self.known:
            places = (self.suitable(f"{directory}/{name}") for directory in self.directories)
            self.known[name] = next((found for found in places if found), None)
        return self.known[name]

    def suitable(self, path: str) -> str | None:
        """Return what ``path`` leads to, if it is a library that the loader of the target accepts."""
        found = self.image.resolve(path)
        elf = self.image.elf.get(found or "")
        return found if elf and machine_matches(self.expectation.machine, elf.header) else None


def expand(path: str, entries: tuple[str, ...]) -> list[str]:
    """Return the directories of an RPATH, its ``$ORIGIN`` being where ``path`` is."""
    origin = parent(path)
    return [entry.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for entry in entries]


def _directories(image: Image, expectation: Expectation) -> tuple[str, ...]:
    """Return the directories of ld.so.conf, of musl's path file, the multiarch ones and the built-in ones."""
    configured = list(_configured(image, "/etc/ld.so.conf", set()))
    for path in sorted(path for path in image.files if path.startswith("/etc/ld-musl-")):
        if path.endswith(".path"):
            configured += re.split(r"[:\s]+", _text(image, path))
    multiarch = sorted(
        path for path in (*image.directories, *image.links) if _is_multiarch(path, expectation)
    )
    own_loader = [parent(expectation.interpreter)] if expectation.interpreter else []
    ordered = (*configured, *multiarch, *_BUILT_IN, *own_loader)
    return tuple(dict.fromkeys(path.rstrip("/") for path in ordered if path.startswith("/")))


_UNDER_LIB: Final = re.compile(r"/(?:usr/(?:local/)?)?lib(?:32|64)?/([^/]+)")


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
    if path not in image.files:
        return ""
    try:
        return image.read(path, _MAX_CONF).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


# --------------------------------------------------------------------------------------------- who needs what

_Graph = dict[str, dict[str, str | None]]


def _reachable(image: Image, graph: _Graph) -> set[str]:
    """Return what importing and running Python loads: its programs, libraries and extension modules, and theirs."""
    pending = [
        path
        for path in graph
        if is_extension(image, path)
        or (_PYTHON_FILES.fullmatch(basename(path)) and place_of(path) is not Place.PAYLOAD)
    ]
    reached: set[str] = set()
    while pending:
        path = pending.pop()
        if path not in reached:
            reached.add(path)
            pending += [found for found in graph.get(path, {}).values() if found]
    return reached


@dataclass(frozen=True, kw_only=True, slots=True)
class _Web:
    """Who needs whom (``graph``), who is needed by whom (``users``), and all paths by their last part (``named``)."""

    search: _Search
    graph: _Graph
    users: dict[str, set[str]]
    named: dict[str, list[str]]


def _users(graph: _Graph) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for path, needs in graph.items():
        for found in needs.values():
            if found:
                users.setdefault(found, set()).add(path)
    return users


def _named(image: Image) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for path in sorted(image.files | image.links.keys()):
        named.setdefault(basename(path), []).append(path)
    return named


def _missing(web: _Web, path: str, name: str, *, python: bool) -> Iterator[Finding]:
    expectation = web.search.expectation
    flavour = libc_of_needed(name)
    if flavour and expectation.libc and flavour != expectation.libc:
        return  # told as XP104
    if expectation.libc == "musl" and _MUSL_OWN.match(name):
        return  # musl's loader is all of these itself
    if _loaded_before(web, path, name):
        return
    same_name = web.named.get(name, [])
    usable = next((other for other in same_name if web.search.suitable(other)), "")
    severity = Severity.ERROR if python and not is_test_data(path) else Severity.WARNING
    found, fix = "no such library in the image", _FIXES["XP201"]
    if usable:
        found, fix = f"{usable}, where the loader does not look", _FIX_ELSEWHERE
        if place_of(usable) is Place.PYTHON:
            # Packages load their own libraries by path, before the extension module that needs them.
            severity = Severity.WARNING
    elif same_name:
        found = f"{same_name[0]}, which is not for this machine, damaged, or a dangling link"
    yield Finding(
        path=path,
        check="XP201",
        severity=severity,
        message=f"needed library {name} not found",
        expected=name,
        found=found,
        fix=fix,
    )


def _loaded_before(web: _Web, path: str, name: str) -> bool:
    """Say whether whatever loads ``path`` brings ``name`` along: by needing it too, or by its DT_RPATH."""
    pending = sorted(web.users.get(path, ()))
    seen = {path, *pending}
    while pending:
        user = pending.pop()
        elf = web.search.image.elf[user]
        if web.graph[user].get(name):
            return True
        if any(web.search.suitable(f"{directory}/{name}") for directory in expand(user, elf.rpath)):
            return True
        above = web.users.get(user, set()) - seen
        seen |= above
        pending += sorted(above)
    return False


def _interpreter(image: Image, expectation: Expectation, path: str, elf: ElfFile) -> Iterator[Finding]:
    if not elf.interpreter or image.exists(elf.interpreter):
        return
    kind = libc_of(elf)[0] or libc_of_interpreter(elf.interpreter)
    if kind and expectation.libc and kind != expectation.libc:
        return  # told as XP104
    system = place_of(path) is Place.SYSTEM
    yield Finding(
        path=path,
        check="XP203",
        severity=Severity.ERROR if system else Severity.WARNING,
        message="program interpreter not in the image",
        expected=elf.interpreter,
        found=_loader_found(image, expectation),
        fix=_FIXES["XP203"],
    )


def _loader_found(image: Image, expectation: Expectation) -> str:
    wanted = expectation.interpreter
    return f"the image has {wanted}" if wanted and image.exists(wanted) else "no such file"
