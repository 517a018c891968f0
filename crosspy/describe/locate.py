"""Where a sysroot keeps its Python: Debian, Yocto, Buildroot, a plain prefix, or a Python build tree."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.describe import sysconfigdata
from crosspy.describe.libc import within
from crosspy.describe.sysconfigdata import Sysconfigdata
from crosspy.errors import ContradictionError, TargetDataError

_PREFIXES: Final = ("usr", "usr/local", "", "opt/python", "opt/python3")
_LIBS: Final = ("lib", "lib64", "lib32", "libx32")
_STDLIB: Final = re.compile(r"python3\.\d+t?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A target Python on disk.

    ``data`` is the sysconfigdata to believe. ``stdlib`` holds ``os.py`` when the sysroot has a stdlib at all.
    ``build_tree`` is set when this is CPython's own build directory.
    """

    sysroot: Path | None
    data: Sysconfigdata
    stdlib: Path | None
    build_tree: Path | None = None


def locate(
    *, sysroot: Path | None, python: Path | None, data_file: Path | None, version: str = ""
) -> Location:
    """Find the target's Python.

    :param python: a target interpreter, an installation prefix or a build tree, when the user named one.
    :param data_file: the sysconfigdata to use, whatever else is there.
    :param version: ``X.Y`` to prefer where a sysroot holds several Pythons.
    :raises TargetDataError: if there is none; :raises ContradictionError: if there are several that differ.
    """
    if sysroot is not None and not sysroot.is_dir():
        raise TargetDataError(
            f"not a sysroot: {sysroot} is not a directory",
            hint="Give the directory that holds usr/include and usr/lib.",
        )
    if python is not None:
        tree = _build_tree(python)
        if tree is not None:
            return _in_build_tree(tree, sysroot, data_file)
        sysroot = sysroot or _sysroot_of(python)
    if data_file is not None:
        data = sysconfigdata.parse(data_file)
        return Location(sysroot=sysroot, data=data, stdlib=_stdlib_beside(data, sysroot))
    if sysroot is None:
        raise TargetDataError("no target Python is named", hint="Give --sysroot DIR, or a TARGET_PYTHON.")
    data = _choose(_candidates(sysroot, python), sysroot, version)
    if sysroot.name == "usr" and data.text("prefix") == "/usr" and data.path.is_relative_to(sysroot / "lib"):
        sysroot = sysroot.parent  # the sysroot's usr was named
    return Location(sysroot=sysroot, data=data, stdlib=_stdlib_beside(data, sysroot))


def _build_tree(python: Path) -> Path | None:
    directory = python if python.is_dir() else python.parent
    return directory if (directory / "pybuilddir.txt").is_file() else None


def _in_build_tree(tree: Path, sysroot: Path | None, data_file: Path | None) -> Location:
    """CPython leaves its sysconfigdata in the directory that ``pybuilddir.txt`` names (Makefile.pre.in)."""
    if data_file is None:
        try:
            build_lib = (tree / (tree / "pybuilddir.txt").read_text(encoding="utf-8").strip()).resolve()
        except (OSError, ValueError) as error:
            raise TargetDataError(
                f"{tree / 'pybuilddir.txt'}: {error}", hint="Finish the build: make pybuilddir.txt all"
            ) from None
        if not build_lib.is_relative_to(tree.resolve()):
            raise TargetDataError(f"{tree / 'pybuilddir.txt'} points outside its build tree: {build_lib}")
        files = sorted(build_lib.glob("_sysconfigdata_*.py"))
        if len(files) != 1:
            raise TargetDataError(
                f"{build_lib}: {len(files)} sysconfigdata files, expected one",
                hint="Finish the build: make pybuilddir.txt all",
            )
        data_file = files[0]
    data = sysconfigdata.parse(data_file)
    return Location(sysroot=sysroot, data=data, stdlib=None, build_tree=tree)


def _sysroot_of(python: Path) -> Path:
    """Guess the sysroot of ``SYSROOT/usr/bin/python3``, ``SYSROOT/opt/x/bin/python3`` or of such a prefix."""
    if not python.exists():
        raise TargetDataError(
            f"no target Python at {python}",
            hint="Give its interpreter, its prefix, its build tree, or --sysroot DIR.",
        )
    prefix = python if python.is_dir() else python.parent.parent
    for tail in ("usr/local", "usr"):
        if str(prefix).endswith("/" + tail):
            return Path(str(prefix).removesuffix("/" + tail) or "/")
    for ancestor in (prefix, *prefix.parents):
        if (ancestor / "usr" / "include").is_dir() and str(ancestor) != "/":
            return ancestor
    return prefix


def _candidates(sysroot: Path, python: Path | None) -> list[Path]:
    """Return every sysconfigdata of the sysroot, the one to believe first.

    OE-core's relocated copy (``lib/python-sysconfigdata``) comes first: sstate fixes its paths and leaves the
    original with those of the python3 recipe's own work directory.
    """
    bases = [sysroot / prefix / lib for prefix in _PREFIXES for lib in _LIBS]
    if python is not None:
        prefix = python if python.is_dir() else python.parent.parent
        bases = [prefix / lib for lib in _LIBS] + bases
    found: dict[Path, Path] = {}
    for base in bases:
        # Links are followed as the target would: one to /usr/lib means the sysroot's, not this machine's.
        directory = within(sysroot, base) if base.is_relative_to(sysroot) else base
        if directory is None:
            continue
        for path in (*directory.glob("python-sysconfigdata/_sysconfigdata*.py"), *_in_stdlibs(directory)):
            resolved = within(sysroot, path) if path.is_relative_to(sysroot) else path
            if resolved is not None:
                found.setdefault(resolved, path)
    return [resolved if path.is_symlink() else path for resolved, path in found.items()]


def _in_stdlibs(base: Path) -> list[Path]:
    stdlibs = [d for d in sorted(base.glob("python3.*")) if _STDLIB.fullmatch(d.name)]
    stdlibs += [d for d in sorted(base.glob("*-linux-*/python3.*")) if _STDLIB.fullmatch(d.name)]
    names = [(stdlib, name) for stdlib in stdlibs for name in _entries(stdlib)]
    return [stdlib / name for stdlib, name in names if fnmatch.fnmatch(name, "_sysconfigdata_*.py")]


def _entries(directory: Path) -> list[str]:
    try:
        return sorted(path.name for path in directory.iterdir())
    except OSError:
        return []


def _choose(paths: list[Path], sysroot: Path, version: str) -> Sysconfigdata:
    if not paths:
        raise _nothing_found(sysroot)
    parsed = [sysconfigdata.parse(path) for path in paths]
    versions = sorted({data.version for data in parsed})
    if version in versions:
        parsed = [data for data in parsed if data.version == version]
    elif len(versions) > 1:
        raise ContradictionError(
            f"{sysroot} holds several Pythons: {', '.join(versions)}",
            hint="Say which one: --sysconfigdata-file FILE, or --build-python of the same X.Y.",
        )
    for other in parsed[1:]:
        sysconfigdata.check_agreement(parsed[0], other)
    return parsed[0]


def _nothing_found(sysroot: Path) -> TargetDataError:
    compiled = sorted(sysroot.glob("usr/lib*/python3*/**/_sysconfigdata*.pyc"))
    if compiled:
        return TargetDataError(
            f"{compiled[0]}: the sysroot holds its sysconfigdata as compiled code only, and compiled code is not read: it "
            "could not be told from a program without running it",
            hint="Use the staging tree (Buildroot: output/staging, not output/target; Yocto: recipe-sysroot), "
            "or name the .py with --sysconfigdata-file.",
        )
    return TargetDataError(
        f"not a sysroot with Python: no usr/lib/pythonX.Y/_sysconfigdata*.py in {sysroot}",
        hint='Debian: install python3-dev in it. Yocto: DEPENDS += "python3". Buildroot: use output/staging, not output/target.',
    )


def _stdlib_beside(data: Sysconfigdata, sysroot: Path | None) -> Path | None:
    directories = [data.path.parent]
    if sysroot is not None:
        recorded = [data.text(name) for name in ("DESTLIB", "LIBDEST", "BINLIBDEST")]
        directories += [sysroot / path.lstrip("/") for path in recorded if path.startswith("/")]
    return next((d for d in directories if (d / "os.py").is_file()), None)
