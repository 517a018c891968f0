"""A thing that a build did not find, looked for in the sysroot."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.build.causes import FROM_PYPI, Reason
from crosspy.build.libraries import Library, find, known_libraries
from crosspy.model.target import Target

_CALLED: Final = {
    "module": "pkg-config module {}",
    "header": "header {}",
    "library": "library -l{}",
    "package": "CMake package {}",
    "program": "program {}",
    "named": "{}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sysroot:
    """The directories of a target's sysroot in which compilers and pkg-config look."""

    root: Path
    includes: tuple[Path, ...]
    libraries: tuple[Path, ...]

    def header(self, name: str) -> Path | None:
        """Return the header ``name`` where a compiler finds it by itself."""
        return next((path for path in self._below(self.includes, name)), None)

    def stray_header(self, name: str) -> Path | None:
        """Return a header ``name`` somewhere below the include directories."""
        tail, last = os.sep + name, Path(name).name
        for directory in self.includes:
            for base, names, entries in os.walk(directory):
                names.sort()
                if last in entries and f"{base}{os.sep}{last}".endswith(tail):
                    return Path(base, last)
        return None

    def library(self, name: str) -> Path | None:
        """Return what ``-lNAME`` links with."""
        return next(
            (path for ending in (".so", ".a") for path in self._below(self.libraries, f"lib{name}{ending}")),
            None,
        )

    def runtime_library(self, name: str) -> Path | None:
        """Return a ``libNAME.so.VERSION``."""
        return next(
            (path for directory in self.libraries for path in sorted(directory.glob(f"lib{name}.so.*"))), None
        )

    def module(self, name: str) -> Path | None:
        """Return the ``.pc`` file of a pkg-config module."""
        places = [directory / "pkgconfig" for directory in (*self.libraries, self.root / "usr" / "share")]
        return next((path for path in self._below(places, f"{name}.pc")), None)

    @staticmethod
    def _below(directories: Iterable[Path], name: str) -> Iterator[Path]:
        return (directory / name for directory in directories if (directory / name).exists())


def sysroot_of(target: Target) -> Sysroot:
    """Return where things are in the sysroot of ``target``."""
    root = Path(target.sysroot or "/")
    multiarch = target.python.multiarch
    includes = [root / "usr/include" / multiarch] if multiarch else []
    includes += [root / "usr/include", root / "usr/local/include"]
    libraries = [root / lib / multiarch for lib in ("usr/lib", "lib")] if multiarch else []
    libraries += [root / name for name in ("usr/lib64", "lib64", "usr/lib", "lib", "usr/local/lib")]
    return Sysroot(root=root, includes=tuple(includes), libraries=tuple(libraries))


def judge(thing: str, name: str, sysroot: Sysroot) -> Reason | None:
    """Say what it means that a build did not find ``name``; None if that is not clear enough to be told.

    :param thing: one of :data:`crosspy.build.causes.THINGS`.
    """
    name = os.path.normpath(name) if thing == "header" else name
    there = _found(thing, name, sysroot)
    if there is not None:
        return there
    library = find(thing, name, known_libraries())
    if thing == "program" and not name.endswith(("-config", "_config")):
        return _program(name)
    if thing == "named" and library is not None and (path := _sign_of(library, sysroot)):
        return Reason(
            id="not-looked-for",
            says=f"the project says that it did not find {name}; {library.name} is in the sysroot: {path}",
            step="See in the log how the build looked for it, and what it said before.",
            about=library.name,
        )
    if library is not None:
        return _other_version(thing, name, library, sysroot) or _known(thing, name, library)
    if thing == "named" or name.startswith("/"):
        return None
    return _unknown(thing, name)


def _found(thing: str, name: str, sysroot: Sysroot) -> Reason | None:
    """Tell of what is in the sysroot, but not where it was looked for."""
    if thing == "header" and (path := sysroot.header(name) or sysroot.stray_header(name)):
        return Reason(
            id="not-looked-for",
            says=f"the header {name} is in the sysroot, where the compiler was not told to look: {path}",
            step=f"Add the directory: CPPFLAGS=-I{str(path).removesuffix(os.sep + name)} crosspy wheel ... "
            "The project should ask pkg-config for it.",
        )
    if thing == "library" and sysroot.library(name) is None and (path := sysroot.runtime_library(name)):
        return Reason(
            id="missing-library",
            says=f"the sysroot has {path.name} to run with, and no lib{name}.so to link with",
            step="Bring the library's development files into the sysroot (Debian: its -dev package).",
        )
    path = {"module": sysroot.module, "library": sysroot.library}.get(thing, lambda _: None)(name)
    if path:
        return Reason(
            id="not-looked-for",
            says=f"the {_CALLED[thing].format(name)} is in the sysroot, and the build did not look there: {path}",
            step="See in the log how the build looked for it, and whether it is the version that it asks for.",
        )
    return None


def _sign_of(library: Library, sysroot: Sysroot) -> Path | None:
    """Return a file by which the sysroot shows that it has a library's development files."""
    headers = [header for header in library.headers if not header.endswith("*")]
    looks = ((sysroot.module, library.modules), (sysroot.stray_header, headers))
    return next((path for look, names in looks for name in names if (path := look(name))), None)


def _other_version(thing: str, name: str, library: Library, sysroot: Sysroot) -> Reason | None:
    """Tell of a library that is in the sysroot, without a part that another version of it has."""
    pc = next((path for module in library.modules if (path := sysroot.module(module))), None)
    headers = (header for header in library.headers if not header.endswith("*"))
    if thing not in {"header", "library"} or not (pc or any(map(sysroot.header, headers))):
        return None
    found = (
        re.search(r"^Version:[ \t]*(\S+)", pc.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        if pc
        else None
    )
    version = f", version {found[1]}," if found else ""
    return Reason(
        id="other-version",
        says=f"the sysroot has {library.name}{version} without the {_CALLED[thing].format(name)}: the project is made for another version, "
        "or for one with more of its options",
        step=f"Bring a newer version into the sysroot ({library.packages()}), or build an older version of the project.",
        about=library.name,
    )


def _known(thing: str, name: str, library: Library) -> Reason:
    signs = library.signs()
    asked = _CALLED[thing].format(name)
    if thing != "named" and asked not in signs:
        signs = f"{asked}; {signs}" if signs else asked
    return Reason(
        id="missing-library",
        says=f"the sysroot has no {library.name} ({signs}): {library.packages()}",
        step="Add the package that brings it to the sysroot.",
        about=library.name,
    )


def _program(name: str) -> Reason:
    name = name if name.lower() not in {"cmake", "swig"} else name.lower()  # as people write them
    return Reason(
        id="missing-program",
        says=f"the program {name} is not on the build machine",
        step=f"Install it there, with your system's packages (Debian: apt-file search bin/{name}; in Yocto a -native recipe in "
        f"DEPENDS, in Buildroot a host- package). {FROM_PYPI}",
    )


def _unknown(thing: str, name: str) -> Reason:
    pattern = {"module": f"{name}.pc", "library": f"lib{name}.so"}.get(thing, name)
    return Reason(
        id="missing-library",
        says=f"the sysroot has no {_CALLED[thing].format(name)}",
        step=_search(pattern)
        + (". If it is the project's own, its source distribution lacks it" if thing == "header" else ""),
        known=False,
    )


def _search(pattern: str) -> str:
    return (
        f"Find the package that brings it: Yocto oe-pkgdata-util find-path '*/{pattern}', "
        f"Buildroot grep -rl {pattern} package/, Debian apt-file search {pattern}"
    )
