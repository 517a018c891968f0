"""Targets and sysroots made up by tests: one place says what is normal, a test says what is not."""

from __future__ import annotations

import pprint
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspy.model import machine as machines
from crosspy.model.compiler import Toolchain
from crosspy.model.python import ConfigValue, TargetPython
from crosspy.model.target import CType, Libc, Target

ELF = Path(__file__).resolve().parents[1] / "data" / "elf"

NATIVE = f"{sys.version_info[0]}.{sys.version_info[1]}"
"""The X.Y of the Python that runs the tests: targets have it, so that it can be their build Python."""

TRIPLETS = {
    # fixture of tests/data/elf: (MULTIARCH, HOST_GNU_TYPE)
    "aarch64": ("aarch64-linux-gnu", "aarch64-unknown-linux-gnu"),
    "aarch64-musl": ("aarch64-linux-musl", "aarch64-buildroot-linux-musl"),
    "armhf": ("arm-linux-gnueabihf", "arm-unknown-linux-gnueabihf"),
    "armel": ("arm-linux-gnueabi", "arm-unknown-linux-gnueabi"),
    "i686": ("i386-linux-gnu", "i686-pc-linux-gnu"),
    "mips64el": ("mips64el-linux-gnuabi64", "mips64el-unknown-linux-gnuabi64"),
    "ppc64le": ("powerpc64le-linux-gnu", "powerpc64le-unknown-linux-gnu"),
    "riscv64": ("riscv64-linux-gnu", "riscv64-unknown-linux-gnu"),
    "s390x": ("s390x-linux-gnu", "s390x-ibm-linux-gnu"),
    "x86_64": ("x86_64-linux-gnu", "x86_64-pc-linux-gnu"),
}

ROWS = {"aarch64-musl": "aarch64", "armhf": "arm", "armel": "arm"}
"""Fixture to row of crosspy.model.machine, where the names differ."""

Contents = bytes | str | Path | None
"""Of a file: bytes or text, ``-> target`` for a link, the file to copy; None for an empty directory."""


def put(root: Path, files: Mapping[str, Contents]) -> Path:
    """Write files into a tree and return it."""
    root.mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if contents is None:
            path.mkdir(exist_ok=True)
        elif isinstance(contents, Path):
            shutil.copyfile(contents, path)
        elif isinstance(contents, bytes):
            path.write_bytes(contents)
        elif contents.startswith("-> "):
            path.symlink_to(contents.removeprefix("-> "))
        else:
            path.write_text(contents, encoding="utf-8")
    return root


def config_vars(
    arch: str = "aarch64", version: str = "3.11", **changes: ConfigValue
) -> dict[str, ConfigValue]:
    """Return what CPython's own build writes down of itself, as much of it as crosspy looks at."""
    multiarch, gnu = TRIPLETS[arch]
    word = machines.by_name(ROWS.get(arch, arch)).bits // 8
    abiflags = str(changes.get("ABIFLAGS", ""))
    soabi = f"cpython-{version.replace('.', '')}{abiflags}-{multiarch}"
    values: dict[str, ConfigValue] = {
        "ABIFLAGS": "",
        "AR": f"{multiarch}-gcc-ar",
        "BINDIR": "/usr/bin",
        "CC": f"{multiarch}-gcc -pthread",
        "CFLAGS": "-Wsign-compare -DNDEBUG -g -O2 -Wall",
        "CONFINCLUDEPY": f"/usr/include/python{version}{abiflags}",
        "CXX": f"{multiarch}-g++ -pthread",
        "EXT_SUFFIX": f".{soabi}.so",
        "HOST_GNU_TYPE": gnu,
        "INCLUDEPY": f"/usr/include/python{version}{abiflags}",
        "INSTSONAME": f"libpython{version}{abiflags}.so.1.0",
        "LDLIBRARY": f"libpython{version}{abiflags}.so",
        "LDSHARED": f"{multiarch}-gcc -pthread -shared -Wl,-O1",
        "LIBDEST": f"/usr/lib/python{version}",
        "LIBDIR": "/usr/lib",
        "MULTIARCH": multiarch,
        "PLATLIBDIR": "lib",
        "SIZEOF_LONG": word,
        "SIZEOF_LONG_DOUBLE": 16 if word == 8 else 8,
        "SIZEOF_SIZE_T": word,
        "SIZEOF_TIME_T": 8,
        "SIZEOF_VOID_P": word,
        "SIZEOF_WCHAR_T": 4,
        "SOABI": soabi,
        "VERSION": version,
        "exec_prefix": "/usr",
        "prefix": "/usr",
    }
    return values | changes


def sysconfigdata(variables: Mapping[str, ConfigValue]) -> str:
    """Return the text of the file, in CPython's own form."""
    return (
        "# system configuration generated and used by the sysconfig module\n"
        f"build_time_vars = {pprint.pformat(dict(variables))}\n"
    )


def sysroot_files(
    arch: str = "aarch64", version: str = "3.11", **changes: ConfigValue
) -> dict[str, Contents]:
    """Return a sysroot of a plain prefix: no interpreter in it, only what a staging tree has at least."""
    multiarch, _ = TRIPLETS[arch]
    variables = config_vars(arch, version, **changes)
    return {
        f"usr/lib/python{version}/_sysconfigdata_{variables['ABIFLAGS']}_linux_{multiarch}.py": sysconfigdata(
            variables
        ),
        f"usr/lib/python{version}/os.py": "",
        f"usr/include/python{version}/Python.h": "",
        ("usr/lib/libc.so.6" if "musl" not in arch else "lib/ld-musl-aarch64.so.1"): ELF / arch / "libc.so",
    }


def ctypes_of(bits: int, **changes: tuple[int, int]) -> dict[str, CType]:
    """Return the C types of an ILP32 (8-byte integers aligned to 8) or LP64 machine."""
    word = bits // 8
    rows = {
        "_Bool": (1, 1),
        "short": (2, 2),
        "int": (4, 4),
        "long": (word, word),
        "long long": (8, 8),
        "void *": (word, word),
        "size_t": (word, word),
        "float": (4, 4),
        "double": (8, 8),
        "long double": (16, 16) if bits == 64 else (8, 8),
        "wchar_t": (4, 4),
        "time_t": (8, 8),
        "off_t": (8, 8),
        "pid_t": (4, 4),
    }
    return {name: CType(size=size, align=align) for name, (size, align) in (rows | changes).items()}


def make_toolchain(*, family: str = "gcc", **changes: Any) -> Toolchain:
    """Return a toolchain whose programs nobody runs, unless a test says which."""
    values: dict[str, Any] = {
        "cc": ("/opt/tc/bin/aarch64-linux-gnu-gcc",),
        "cxx": ("/opt/tc/bin/aarch64-linux-gnu-g++",),
        "tools": {
            name: (f"/opt/tc/bin/aarch64-linux-gnu-{name}",) for name in ("ar", "nm", "ranlib", "strip", "ld")
        },
        "triplet": "aarch64-linux-gnu",
        "family": family,
        "version": "12.2.0",
        "macros": {"__LDBL_MANT_DIG__": "113", "__SIZEOF_LONG_DOUBLE__": "16"},
    }
    return Toolchain(**(values | changes))


def make_python(arch: str = "aarch64", version: str = NATIVE, **changes: Any) -> TargetPython:
    multiarch, _ = TRIPLETS[arch]
    abiflags = changes.get("abiflags", "")
    variables = config_vars(arch, version, ABIFLAGS=abiflags) | changes.pop("config_vars", {})
    soabi = str(variables["SOABI"])
    row = machines.by_name(ROWS.get(arch, arch))
    values: dict[str, Any] = {
        "version": version,
        "full_version": f"{version}.2",
        "hexversion": 0x030002F0 | int(version.removeprefix("3.")) << 16,
        "abiflags": abiflags,
        "soabi": soabi,
        "ext_suffix": f".{soabi}.so",
        "extension_suffixes": (f".{soabi}.so", ".abi3.so", ".so"),
        "platform": f"linux-{row.uname}",
        "multiarch": multiarch,
        "prefix": "/usr",
        "exec_prefix": "/usr",
        "platlibdir": "lib",
        "stdlib": f"/usr/lib/python{version}",
        "include": f"/usr/include/python{version}",
        "platinclude": f"/usr/include/python{version}",
        "config_vars": variables,
    }
    return TargetPython(**(values | changes))


def make_target(
    arch: str = "aarch64", *, version: str = NATIVE, python: Mapping[str, Any] | None = None, **changes: Any
) -> Target:
    """Return a target; ``python`` are changes to its Python."""
    row = machines.by_name(ROWS.get(arch, arch))
    values: dict[str, Any] = {
        "machine": row,
        "uname": row.uname,
        "triplet": TRIPLETS[arch][1],
        "abi": {"float": "hard", "eabi": "5"}
        if arch == "armhf"
        else {"float": "soft", "eabi": "5"}
        if arch == "armel"
        else {},
        "libc": Libc(
            kind="musl" if "musl" in arch else "glibc",
            version="1.2" if "musl" in arch else "2.36",
            interpreter="/lib/ld-linux.so.1",
        ),
        "python": make_python(arch, version, **(python or {})),
        "types": ctypes_of(row.bits),
        "sysroot": "/opt/sysroot",
        "toolchain": make_toolchain(),
    }
    return Target(**(values | changes))
