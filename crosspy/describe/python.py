"""The target's Python, from its sysconfigdata, headers, standard library and ELF files."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crosspy import elf
from crosspy.describe.libc import within
from crosspy.describe.locate import Location
from crosspy.errors import TargetDataError
from crosspy.model.python import TargetPython

_ALWAYS_BUILTIN: Final = ("_imp", "_warnings", "builtins", "marshal", "sys")
"""In CPython's inittab under names or functions of their own (Modules/config.c.in)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Binary:
    """The ELF file that holds the target's interpreter: ``libpythonX.Y.so`` or the program; and its bytes."""

    path: Path
    resolved: Path
    """``path`` with its links followed inside the sysroot."""
    content: bytes


def find_binary(location: Location) -> Binary | None:
    """Return the interpreter's ELF file, or None where the sysroot has neither library nor program.

    :raises TargetDataError: if the file is damaged.
    """
    for path in _binary_candidates(location):
        resolved = within(location.sysroot, path) if location.sysroot else path
        if resolved is None or not resolved.is_file():
            continue
        try:
            if elf.read_header(resolved) is None:
                continue
        except elf.ElfDamaged as error:
            raise TargetDataError(
                f"{path}: damaged Python: {error}", hint="Build or extract the sysroot again."
            ) from None
        return Binary(path=path, resolved=resolved, content=resolved.read_bytes())
    return None


def _binary_candidates(location: Location) -> list[Path]:
    data = location.data
    names = [
        name
        for name in (data.text("INSTSONAME"), data.text("LDLIBRARY"))
        if name.endswith((".so", ".0")) or ".so." in name
    ]
    if location.build_tree is not None:
        return [location.build_tree / name for name in (*names, "python")]
    if location.sysroot is None:
        return []
    version = data.version + data.text("ABIFLAGS")
    directories = [
        data.text("LIBDIR"),
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        f"/usr/lib/{data.text('MULTIARCH')}",
    ]
    paths = [
        in_sysroot(location.sysroot, directory) / name
        for directory in directories
        if directory
        for name in names
    ]
    paths += [
        in_sysroot(location.sysroot, d) / f"python{version}" for d in (data.text("BINDIR"), "/usr/bin") if d
    ]
    return paths


def in_sysroot(sysroot: Path, path: str) -> Path:
    """Return where a target path is on the build machine; a path that is in the sysroot already stays."""
    if path == str(sysroot) or path.startswith(f"{sysroot}/"):
        return Path(path)
    return sysroot / path.lstrip("/")


def describe_python(
    location: Location, *, platform: str, binary: Binary | None, sources: dict[str, str]
) -> TargetPython:
    """Put the facts together; ``sources`` gets an entry for each.

    :raises TargetDataError: if the sysconfigdata lacks what every CPython has.
    """
    data = location.data
    for name in ("EXT_SUFFIX", "SOABI"):
        if not data.text(name):
            raise TargetDataError(
                f"{data.path}: no {name} in it, so not of a CPython for Linux",
                hint="Name another: --sysconfigdata-file FILE",
            )
    if not re.fullmatch(r"3\.\d+", data.version):
        raise TargetDataError(f"{data.path}: VERSION is {data.version!r}, not of the form 3.Y")
    abiflags = data.text("ABIFLAGS")
    full, hexversion = _patch_version(location, sources)
    schemes = _schemes(location.stdlib, sources)
    prefix = data.text("prefix") or "/usr"
    sources["python.config_vars"] = str(data.path)
    include = (
        _target_path(data.text("INCLUDEPY"), location.sysroot)
        or f"{prefix}/include/python{data.version}{abiflags}"
    )
    platinclude = _target_path(data.text("CONFINCLUDEPY"), location.sysroot) or include
    if location.build_tree is not None:
        include, platinclude = _build_tree_includes(location.build_tree, data.text("srcdir"))
    return TargetPython(
        version=data.version,
        full_version=full,
        hexversion=hexversion,
        abiflags=abiflags,
        soabi=data.text("SOABI"),
        ext_suffix=data.text("EXT_SUFFIX"),
        extension_suffixes=_extension_suffixes(
            data.text("EXT_SUFFIX"), data.version, abiflags, binary, sources
        ),
        platform=platform,
        multiarch=data.text("MULTIARCH"),
        prefix=prefix,
        exec_prefix=data.text("exec_prefix") or prefix,
        platlibdir=data.text("PLATLIBDIR") or "lib",
        stdlib=_target_path(data.text("LIBDEST"), location.sysroot) or f"{prefix}/lib/python{data.version}",
        include=include,
        platinclude=platinclude,
        debian_layout="deb_system" in schemes or _says_dist_packages(location.stdlib),
        builtin_modules=_builtin_modules(binary, sources),
        compiler=_compiler(binary, sources),
        build_info=_build_info(binary, sources),
        config_vars=data.variables,
        schemes=schemes,
    )


def _target_path(path: str, sysroot: Path | None) -> str:
    """Strip the sysroot that OE-core and Buildroot wrote in front of a path; only absolute paths are taken."""
    if sysroot is not None and path.startswith(f"{sysroot}/"):
        return path.removeprefix(str(sysroot))
    staged = re.match(r"/.*/(?:recipe-sysroot|staging|sysroot)(/usr/.*)", path)
    if staged:
        return staged[1]
    return path if path.startswith("/") else ""


def _build_tree_includes(tree: Path, srcdir: str) -> tuple[str, str]:
    source = (tree / srcdir).resolve() if srcdir else tree
    return str(source / "Include"), str(tree)


def _patch_version(location: Location, sources: dict[str, str]) -> tuple[str, int]:
    """Read ``patchlevel.h``; without it only X.Y is known."""
    data = location.data
    directories: list[Path] = []
    if location.build_tree is not None:
        directories.append(Path(_build_tree_includes(location.build_tree, data.text("srcdir"))[0]))
    if location.sysroot is not None:
        bare = f"/usr/include/python{data.version}{data.text('ABIFLAGS')}"
        directories += [
            in_sysroot(location.sysroot, path)
            for path in (_target_path(data.text("INCLUDEPY"), location.sysroot), bare)
            if path
        ]
    for directory in directories:
        header = directory / "patchlevel.h"
        try:
            text = header.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        number = {
            m[1]: int(m[2], 0) for m in re.finditer(r"#define\s+PY_(\w+)\s+(0x[0-9A-Fa-f]+|\d+)\b", text)
        }
        level = re.search(r"#define\s+PY_RELEASE_LEVEL\s+PY_RELEASE_LEVEL_(\w+)", text)
        levels = {"ALPHA": 0xA, "BETA": 0xB, "GAMMA": 0xC, "FINAL": 0xF}
        shown = re.search(r'#define\s+PY_VERSION\s+"([^"]+)"', text)
        try:
            code = (
                number["MAJOR_VERSION"] << 24 | number["MINOR_VERSION"] << 16 | number["MICRO_VERSION"] << 8
            )
            code |= levels[level[1]] << 4 | number["RELEASE_SERIAL"] if level else 0xF0
        except KeyError:
            continue
        if not shown or f"{number['MAJOR_VERSION']}.{number['MINOR_VERSION']}" != data.version:
            continue
        sources["python.full_version"] = str(header)
        return shown[1].rstrip("+"), code
    sources["python.full_version"] = f"{data.path}: VERSION (no patchlevel.h in the sysroot)"
    major, minor = (int(part) for part in data.version.split("."))
    return data.version, major << 24 | minor << 16 | 0xF0


def _extension_suffixes(
    ext_suffix: str, version: str, abiflags: str, binary: Binary | None, sources: dict[str, str]
) -> tuple[str, ...]:
    """Return the suffixes in the interpreter's own order (Python/dynload_shlib.c).

    Read from the interpreter where it is there (Debian's has ``.abi3-<multiarch>.so`` too); the stable ABI's suffix is absent from free-threaded builds until
    3.15, which brings ``.abi3t.so`` (PEP 803).
    """
    if binary is not None:
        names = _strings(binary.content, b".abi3", 1, rb"\0(\.abi3t?(?:-[\w-]+)?\.so)\0")
        found = sorted(names, key=lambda name: (len(name), name))
        sources["python.extension_suffixes"] = str(binary.path)
        return (ext_suffix, *found, ".so")
    sources["python.extension_suffixes"] = (
        "EXT_SUFFIX, and CPython's rule for its version (no interpreter in the sysroot)"
    )
    if "t" not in abiflags:
        return (ext_suffix, ".abi3.so", ".so")
    newer = int(version.split(".")[1]) >= 15
    return (ext_suffix, ".abi3t.so", ".so") if newer else (ext_suffix, ".so")


def _schemes(stdlib: Path | None, sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """Read ``_INSTALL_SCHEMES`` out of the target's ``sysconfig`` as a literal; empty where that cannot be done."""
    if stdlib is None:
        return {}
    for path in (stdlib / "sysconfig.py", stdlib / "sysconfig" / "__init__.py"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        value = _install_schemes(text)
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            return {}
        sources["python.schemes"] = str(path)
        return {
            str(k): {str(a): str(b) for a, b in v.items()} for k, v in value.items() if "nt" not in str(k)
        }
    return {}


def _install_schemes(text: str) -> object:
    """Return the ``_INSTALL_SCHEMES`` of a sysconfig module, None if it is not a literal."""
    try:
        # As CPython's own source has it, the literal is cut out: to parse the whole module takes ten times as long.
        cut = re.search(r"^_INSTALL_SCHEMES = (\{\n.*?^ *\})$", text, re.MULTILINE | re.DOTALL)
        if cut:
            return ast.literal_eval(cut[1])
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_INSTALL_SCHEMES":
                return ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        pass
    return None


def _says_dist_packages(stdlib: Path | None) -> bool:
    if stdlib is None:
        return False
    try:
        return "dist-packages" in (stdlib / "site.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _builtin_modules(binary: Binary | None, sources: dict[str, str]) -> tuple[str, ...]:
    """Name the modules inside the interpreter: it exports a ``PyInit_`` for each. Without an interpreter: not known."""
    if binary is not None:
        names = {
            name.removeprefix("PyInit_")
            for name in elf.defined_symbols(binary.resolved)
            if name.startswith("PyInit_")
        }
        if names:
            sources["python.builtin_modules"] = str(binary.path)
            return tuple(sorted(names | set(_ALWAYS_BUILTIN)))
    return ()


def _compiler(binary: Binary | None, sources: dict[str, str]) -> str:
    """Read the compiler that ``sys.version`` ends with (Python/getcompiler.c keeps it as ``[GCC 12.2.0]``)."""
    match = binary and re.search(rb"\[((?:GCC|Clang) [^\]\0]{1,80})\]\0", binary.content)
    if not binary or not match:
        return ""
    sources["python.compiler"] = str(binary.path)
    return match[1].decode("ascii", "replace")


def _build_info(binary: Binary | None, sources: dict[str, str]) -> str:
    """Read the date and time of the build (Modules/getbuildinfo.c keeps both as constants)."""
    if binary is None:
        return ""
    dates = _strings(
        binary.content, b" 20", 7, rb"\0((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{4})\0"
    )
    times = _strings(binary.content, b":", 3, rb"\0([012]\d:[0-5]\d:[0-6]\d)\0")
    if len(dates) != 1 or len(times) != 1:
        return ""
    sources["python.build_info"] = str(binary.path)
    return f"main, {dates.pop()}, {times.pop()}"


def _strings(content: bytes, part: bytes, before: int, pattern: bytes) -> set[str]:
    """Return what ``pattern`` matches ``before`` bytes ahead of each ``part``.

    Megabytes of program are searched for the part, which ``bytes.find`` does fifty times faster than an expression.
    """
    expression = re.compile(pattern)
    found: set[str] = set()
    at = content.find(part)
    while at >= 0:
        match = expression.match(content, max(at - before, 0))
        if match:
            found.add(match[1].decode())
        at = content.find(part, at + 1)
    return found


def check_build_details(location: Location, python: TargetPython) -> tuple[str, ...]:
    """Compare ``build-details.json`` (PEP 739) with what was found; return a sentence for each difference.

    The sysconfigdata is believed: files of cross builds are known to be wrong (python/cpython#136267, #140266).
    """
    if location.stdlib is None:
        return ()
    warnings: list[str] = []
    for path in sorted(location.stdlib.glob("build-details*.json")):
        details = _load_details(path)
        if details is None:
            warnings.append(f"{path}: not readable as PEP 739 build details; ignored")
            continue
        claims: Mapping[str, tuple[object, object]] = {
            "abi.extension_suffix": (_get(details, "abi", "extension_suffix"), python.ext_suffix),
            "language.version": (_get(details, "language", "version"), python.version),
            "platform": (_get(details, "platform"), python.platform),
            "abi.flags": ("".join(_get(details, "abi", "flags") or ()), python.abiflags),
        }
        for name, (claimed, known) in claims.items():
            if claimed is not None and claimed != known and not (name == "abi.flags" and not claimed):
                warnings.append(
                    f"{path}: {name} is {claimed!r}, but the sysconfigdata says {known!r}, which is believed"
                )
    return tuple(warnings)


def _load_details(path: Path) -> dict[str, Any] | None:
    try:
        details = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return details if isinstance(details, dict) else None


def _get(details: Mapping[str, Any], *keys: str) -> Any:
    value: Any = details
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
