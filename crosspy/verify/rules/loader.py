"""XP201, XP203, XP204, XP206: what the dynamic loader will not find in the image.

The search is that of :mod:`crosspy.verify.loading`. What Python loads is followed from the interpreter and from each
module; of the rest, a library that something else brings along is taken for found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crosspy.elf import ElfFile
from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import (
    Expectation,
    libc_of,
    libc_of_interpreter,
    libc_of_needed,
    machine_matches,
)
from crosspy.verify.loading import Loading, Search, expand, loading_of
from crosspy.verify.places import Place, is_build_path, is_test_data, place_of
from crosspy.verify.rules import Rule, mapping, mixtures, symbols
from crosspy.verify.tree import Image, basename, is_library_name, parent

XP201: Final = Rule(
    id="XP201",
    title="needed library not found",
    why="The file names a library (NEEDED) that is nowhere the dynamic loader looks in this image: 'ImportError: "
    "libx.so.1: cannot open shared object file'. The package was built against a sysroot that has it; the image "
    "lacks the package it comes from.",
    fix="Add the package that provides the library to the image, or bundle it (auditwheel-style, with $ORIGIN).",
    reference="https://man7.org/linux/man-pages/man8/ld.so.8.html",
)
XP203: Final = Rule(
    id="XP203",
    title="program interpreter not in the image",
    why="The kernel starts a program through its dynamic loader (PT_INTERP). Where that is missing, the shell says "
    "'not found' of a program that is there.",
    fix="Add the C library that the program was linked with, or build the program with the image's toolchain.",
    reference="https://man7.org/linux/man-pages/man8/ld.so.8.html",
)
XP204: Final = Rule(
    id="XP204",
    title="RPATH that leads out of the image",
    why="The file tells the loader to look in a directory of the build machine, or relative to wherever the program was "
    "started. At best it is useless; at worst whoever can make that directory on the device chooses the libraries.",
    fix="Build without -rpath into the build tree (CMAKE_BUILD_WITH_INSTALL_RPATH, -Wl,-rpath-link instead), or remove "
    "it: patchelf --remove-rpath FILE.",
    reference="https://man7.org/linux/man-pages/man8/ld.so.8.html",
)
XP206: Final = Rule(
    id="XP206",
    title="libgcc_s missing beside glibc",
    why="glibc opens libgcc_s.so.1 by itself when a thread is cancelled or exits: 'libgcc_s.so.1 must be installed for "
    "pthread_exit to work', and the process aborts. Nothing names it as NEEDED, so package managers leave it out.",
    fix="Add libgcc_s.so.1 to the image (Yocto: libgcc; Debian: libgcc-s1).",
    reference="https://github.com/foundriesio/meta-lmp/pull/288",
)
RULES: Final = (XP201, XP203, XP204, XP206, *symbols.RULES, *mapping.RULES, *mixtures.RULES)

_FIX_ELSEWHERE: Final = (
    "Name its directory in /etc/ld.so.conf.d, or link it where the loader looks (update-alternatives has not run in a "
    "tree that was only unpacked)."
)
_LIBC_FILES: Final = re.compile(r"libc\.so\.[016](?:\.1)?|libc\.musl-\w+\.so\.1|ld-musl-[\w-]+\.so\.1")
_MUSL_OWN: Final = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.")


def is_complete(image: Image) -> bool:
    """Say whether the tree is a whole image: without a C library it is a part that others complete."""
    return any(_LIBC_FILES.fullmatch(basename(path)) for path in (*image.elf, *image.links))


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look up, as the loader would, what each ELF file of the target's machine needs."""
    ours = {
        path: elf
        for path, elf in sorted(image.elf.items())
        if elf.has_dynamic
        and place_of(path) is not Place.PAYLOAD
        and machine_matches(expectation.machine, elf.header)
    }
    for path, elf in ours.items():
        yield from _rpath(image, path, elf)
    loading = loading_of(image, expectation) if is_complete(image) else None
    yield from mapping.check(image, expectation, ours, loading)
    if loading is None:
        return
    for path, elf in ours.items():
        yield from _interpreter(image, expectation, path, elf)
    yield from mixtures.check(image, loading)
    yield from _libraries(image, loading, ours)
    yield from _libgcc(image, loading)
    yield from symbols.check(image, loading)


# --------------------------------------------------------------------------------------------- who needs what

_Graph = dict[str, dict[str, str | None]]


def _libraries(image: Image, loading: Loading, ours: dict[str, ElfFile]) -> Iterator[Finding]:
    search = loading.search
    python = loading.files()
    graph = {
        path: {name: search.find(name, search.paths(elf, ())[0]) for name in elf.needed}
        for path, elf in ours.items()
    }
    web = _Web(search=search, graph=graph, users=_users(graph))
    for path, name in sorted({one for _, loaded in loading.processes() for one in loaded.missing}):
        yield from _missing(web, path, name, python=True)
    for path, needs in graph.items():
        if path in python:
            continue
        for name, found in needs.items():
            if found is None and not _loaded_before(web, path, name):
                yield from _missing(web, path, name, python=False)
        yield from _versions(image, search, path, needs)


def _versions(image: Image, search: Search, path: str, needs: dict[str, str | None]) -> Iterator[Finding]:
    if search.expectation.libc == "musl":
        return
    for library, wanted in image.elf[path].verneed.items():
        provider = needs.get(library)
        lacking = symbols.lacking_versions(image, provider, wanted)
        if provider and lacking:
            severity = Severity.ERROR if place_of(path) is Place.SYSTEM else Severity.WARNING
            yield symbols.version_finding(
                image, path, library=library, lacking=lacking, provider=provider, severity=severity
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Web:
    """Who needs whom (``graph``), and who is needed by whom (``users``)."""

    search: Search
    graph: _Graph
    users: dict[str, set[str]]


def _users(graph: _Graph) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for path, needs in graph.items():
        for found in needs.values():
            if found:
                users.setdefault(found, set()).add(path)
    return users


def _missing(web: _Web, path: str, name: str, *, python: bool) -> Iterator[Finding]:
    expectation = web.search.expectation
    flavour = libc_of_needed(name)
    if flavour and expectation.libc and flavour != expectation.libc:
        return  # told as XP104
    if expectation.libc == "musl" and _MUSL_OWN.match(name):
        return  # musl's loader is all of these itself
    image = web.search.image
    same_name = sorted(path for path in (*image.files, *image.links) if path.endswith(f"/{name}"))
    usable = next((other for other in same_name if web.search.suitable(other)), "")
    severity = Severity.ERROR if python and not is_test_data(path) else Severity.WARNING
    found, fix = "no such library in the image", ""
    if usable:
        found, fix = f"{usable}, where the loader does not look", _FIX_ELSEWHERE
        if place_of(usable) is Place.PYTHON and not parent(usable).endswith(".libs"):
            # Packages load their own libraries by path, before the extension module that needs them; but not those
            # that auditwheel put beside them, which are found by RPATH alone.
            severity = Severity.WARNING
    elif same_name:
        found = f"{same_name[0]}, which is not for this machine, damaged, or a dangling link"
    yield XP201.finding(
        path, severity, f"needed library {name} not found", expected=name, found=found, fix=fix
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
    # glibc's own libc.so.6 can be started, too: nobody has to.
    system = place_of(path) is Place.SYSTEM and not is_library_name(basename(path))
    yield XP203.finding(
        path,
        Severity.ERROR if system else Severity.WARNING,
        "program interpreter not in the image",
        expected=elf.interpreter,
        found=_loader_found(image, expectation, elf.interpreter),
    )


def _loader_found(image: Image, expectation: Expectation, named: str) -> str:
    if image.exists(f"/usr{named}"):
        top = named.split("/")[1]
        return f"/usr{named}, but no link /{top} to usr/{top}"
    wanted = expectation.interpreter
    return f"the image has {wanted}" if wanted and image.exists(wanted) else "no such file"


# ------------------------------------------------------------------------------------------- RPATH and libgcc_s


def _rpath(image: Image, path: str, elf: ElfFile) -> Iterator[Finding]:
    for entry in dict.fromkeys((*elf.rpath, *elf.runpath)):
        if entry.startswith(("$ORIGIN", "${ORIGIN}")) or (entry[0] == "/" and image.exists(entry)):
            continue
        if not entry.startswith("/"):
            found, severity = "a path relative to the working directory", Severity.WARNING
        elif is_build_path(entry):
            found, severity = "a directory of a build machine", Severity.WARNING
        else:
            found, severity = "no such directory", Severity.INFO
        yield XP204.finding(
            path, severity, f"RPATH {entry}", expected="a directory of the image, or $ORIGIN", found=found
        )


def _libgcc(image: Image, loading: Loading) -> Iterator[Finding]:
    if loading.search.expectation.libc != "glibc" or not loading.programs:
        return
    name = "libgcc_s.so.1"
    if loading.search.find(name) is None and name not in {basename(path) for path in image.elf}:
        path = next(iter(loading.programs))
        yield XP206.finding(
            path, Severity.WARNING, "glibc opens libgcc_s.so.1, which the image lacks", expected=name
        )
