"""The ``facts`` module of the runtime shims: what cross-python answers, as literals that load in no time."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crosspy.model.hint import Hint
from crosspy.model.tags import imports_of, platform_tags
from crosspy.model.target import Target
from crosspy.toolfiles import environ, sysconfig
from crosspy.toolfiles.answers import distribution_programs
from crosspy.toolfiles.hints import hint_facts
from crosspy.toolfiles.launchers import library_directories

_HASH_ALGORITHMS: Final = {1: "siphash24", 2: "fnv", 3: "siphash13"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the user chose for an environment, beside the target.

    ``user_env`` are ``(name, operator, value)`` of ``--env``. ``platform_tags`` None: the truth.
    """

    library: tuple[str, ...]
    """Site-packages below a prefix, as the *build* Python has it: ``("lib", "python3.12", "site-packages")``."""
    pip: str = ""
    """Directory that holds the ``pip`` package; empty: none."""
    user_env: Sequence[tuple[str, str, str]] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    platform_tags: Sequence[str] | None = None
    cross_prefix: str = ""
    """Where pip installs for the target, if not in the environment itself."""
    launcher: Sequence[str] = ()
    """The program that runs compilers."""
    emulator: bool = False
    """``ENV/crosspy/tools/run-target`` runs programs of the target."""
    hints: Sequence[Hint] = ()
    functions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``crosspy/data/functions.toml``: what functions of the target's libraries would return."""
    rust_target: str = ""
    """What cargo is asked for, if not Rust's own name of the target."""
    packages: Sequence[str] = ()
    """Where the build Python's system keeps packages that builds without isolation may import."""


def facts_module(target: Target, choices: Choices) -> str:
    """Return the text of ``facts.py``: what every start of cross-python reads, and no more."""
    python, libc = target.python, target.libc
    constants: dict[str, Any] = {
        "SYS": _sys_facts(target),
        "OS": {
            "sysname": "Linux",
            "machine": target.uname,
            "bits": target.machine.bits,
            "libc": f"glibc {libc.version}" if libc.kind == "glibc" and libc.version else "",
            "libc_ver": ("glibc", libc.version) if libc.kind == "glibc" and libc.version else None,
            "musl": _musl(target, choices),
            "sysroot": target.sysroot if target.os_release else "",
        },
        "TYPES": {name: (c.size, c.align) for name, c in sorted(target.types.items())},
        "SUFFIXES": python.extension_suffixes,
        "LIBRARY": choices.library,
        "PIP": choices.pip,
        "PACKAGES": tuple(choices.packages),
        "INCLUDE": _include(target),
        "NAMED_AS": _named_as(target),
        "PLATFORM_TAGS": None if choices.platform_tags is None else tuple(choices.platform_tags),
    }
    return _module("What cross-python answers.", constants)


def _named_as(target: Target) -> tuple[str, ...]:
    """Return the policies of prebuilt wheels whose extension modules are named as this Python imports them."""
    arch = "armv7l" if target.machine.name == "arm" else target.uname
    suffixes = target.python.extension_suffixes
    return tuple(name for name in ("manylinux", "musllinux") if imports_of(suffixes, f"{name}_{arch}"))


def _musl(target: Target, choices: Choices) -> tuple[int, int] | None:
    """Return the newest musl that prebuilt wheels may be for (PEP 656); None if there is none."""
    tags = (
        choices.platform_tags if choices.platform_tags is not None else platform_tags(target, prebuilt=True)
    )
    versions = [
        (int(tag.split("_")[1]), int(tag.split("_")[2])) for tag in tags if tag.startswith("musllinux_")
    ]
    return max(versions, default=None)


def build_facts_module(target: Target, choices: Choices) -> str:
    """Return the text of ``buildfacts.py``: what processes that run a build, or pip, read."""
    variables = environ.build_variables(target, choices.rust_target, emulator=choices.emulator)
    managed = {
        *variables,
        *environ.UNSET,
        *choices.flags,
        *environ.FLAGS,
        "LD",
        "CARGO_ENCODED_RUSTFLAGS",
        "HOST_CC",
        "HOST_CXX",
    } - {
        "LC_ALL",
        "PYTHONNOUSERSITE",
    }
    constants: dict[str, Any] = {
        "ANSWERS": ("meson", *distribution_programs(target)),
        "BARE_LINK": sysconfig.bare_link(target.python.config_vars, target),
        "BUILD_ENV": variables,
        "BUILD_UNSET": environ.UNSET,
        "BUILD_DEFAULTS": dict(sorted({**environ.DEFAULTS, **choices.flags}.items())),
        "USER_ENV": tuple(choices.user_env),
        "EMULATOR": choices.emulator,
        "FUNCTIONS": {name: dict(row) for name, row in sorted(choices.functions.items())},
        "HINTS": hint_facts(choices.hints, target),
        "LAUNCHER": " ".join(choices.launcher),
        "LAUNCHERS": environ.launcher_variables(target),
        "MANAGED": tuple(sorted(managed)),
        "ELF": (target.machine.elf_machine, target.machine.bits, target.machine.byteorder),
        "TRIPLET": target.triplet,
        "CPU": (target.toolchain.triplet if target.toolchain else target.triplet).partition("-")[0],
        "CPU_ALIASES": (target.machine.name, target.machine.uname),
        "FLAGS": environ.FLAGS,
        "CROSS_PREFIX": choices.cross_prefix,
        "PREFIX": target.python.prefix,
        "PYTHON": f"{target.python.exec_prefix}/bin/python{target.python.version}",
        "SYSROOT": "" if target.sysroot == "/" else target.sysroot,
        "LIBRARY_DIRS": library_directories(target),
        "PACKAGE_DIRS": _package_dirs(target),
    }
    return _module("What a build in cross-python needs.", constants)


def _package_dirs(target: Target) -> tuple[str, ...]:
    """Return where the sysroot keeps packages of its Python, as paths on the build machine."""
    if not target.sysroot:
        return ()
    python = target.python
    names = [f"{python.exec_prefix}/{python.platlibdir}/python{python.version}/site-packages"]
    names += [f"{python.prefix}/lib/python{python.version}/site-packages"]
    if python.debian_layout:
        names += ["/usr/lib/python3/dist-packages", f"/usr/local/lib/python{python.version}/dist-packages"]
    return tuple(dict.fromkeys(target.sysroot + name for name in names))


def _module(title: str, constants: Mapping[str, Any]) -> str:
    body = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    return f'"""{title} Made by crosspy."""\n\n{body}'


def _sys_facts(target: Target) -> dict[str, Any]:
    python = target.python
    word = target.types["void *"].size * 8
    prefix = f"{target.sysroot}{python.prefix}" if target.sysroot else python.prefix
    exec_prefix = f"{target.sysroot}{python.exec_prefix}" if target.sysroot else python.exec_prefix
    version = f"{python.full_version}"
    libc = target.libc
    if python.build_info and python.compiler:
        version += f" ({python.build_info}) [{python.compiler}]"
    return {
        "abiflags": python.abiflags,
        "platlibdir": python.platlibdir,
        "base_prefix": prefix,
        "base_exec_prefix": exec_prefix,
        "maxsize": 2 ** (word - 1) - 1,
        "byteorder": target.machine.byteorder,
        "hash_info": _hash_info(target, word),
        "int_info": _int_info(target),
        "thread_version": f"NPTL {libc.version}" if libc.kind == "glibc" and libc.version else None,
        "builtin_module_names": python.builtin_modules,
        "multiarch": python.multiarch,
        "version_info": _version_info(python.hexversion) if python.full_version != python.version else None,
        "hexversion": python.hexversion,
        "version": version,
    }


def _version_info(hexversion: int) -> tuple[int, int, int, str, int]:
    level = {0xA: "alpha", 0xB: "beta", 0xC: "candidate", 0xF: "final"}[hexversion >> 4 & 0xF]
    return hexversion >> 24, hexversion >> 16 & 0xFF, hexversion >> 8 & 0xFF, level, hexversion & 0xF


def _number(target: Target, name: str) -> int:
    value = target.python.config_vars.get(name, 0)
    return value if isinstance(value, int) else int(value) if value.isdecimal() else 0


def _hash_info(target: Target, word: int) -> tuple[int | str, ...]:
    """Return ``sys.hash_info``, from Include/cpython/pyhash.h and Include/pyport.h.

    A CPython that was itself cross-compiled has HAVE_ALIGNED_REQUIRED set and so hashes with FNV (configure.ac).
    """
    algorithm = _HASH_ALGORITHMS.get(_number(target, "Py_HASH_ALGORITHM"), "")
    if not algorithm:
        newer = tuple(int(part) for part in target.python.version.split(".")) >= (3, 11)
        algorithm = (
            "fnv" if _number(target, "HAVE_ALIGNED_REQUIRED") else "siphash13" if newer else "siphash24"
        )
    bits, seed = (word, 2 * word) if algorithm == "fnv" else (64, 128)
    modulus = 2**61 - 1 if word == 64 else 2**31 - 1
    return word, modulus, 314159, 0, 1000003, algorithm, bits, seed, 0


def _int_info(target: Target) -> tuple[int, int]:
    """Return the first two of ``sys.int_info`` (Include/cpython/longintrepr.h: 30 bits by default; configure may say 15)."""
    bits = _number(target, "PYLONG_BITS_IN_DIGIT") or 30
    return bits, 4 if bits == 30 else 2


def _include(target: Target) -> tuple[str, str] | None:
    """Return where the headers are, when it is not where the prefix says: in a build tree."""
    python = target.python
    usual = f"{python.prefix}/include/python{python.version}{python.abiflags}"
    if python.include == usual and python.platinclude == usual:
        return None
    return tuple(sysconfig.in_sysroot(path, target.sysroot) for path in (python.include, python.platinclude))  # type: ignore[return-value]


def _shows_loader(target: Target) -> bool:
    return (
        target.libc.kind == "glibc" and bool(target.libc.interpreter) and target.machine.byteorder == "little"
    )


_ARM_FLOAT: Final = {"hard": 0x400, "soft": 0x200}


def python_header(target: Target) -> bytes:
    """Return an ELF file of the target's kind that is nothing but headers: what ``sys.executable`` begins with there.

    With PT_INTERP for glibc only: packaging would run a musl loader to learn its version. Without it for big-endian
    targets: packaging before 23 (as in the pips of Python 3.11) reads the header in the byte order of the process.
    """
    machine = target.machine
    flags = target.e_flags
    if machine.name in {"arm", "armeb"} and not flags:
        flags = 0x05000000 | _ARM_FLOAT.get(target.abi.get("float", ""), 0)
    order = "<" if machine.byteorder == "little" else ">"
    interpreter = target.libc.interpreter.encode() + b"\0" if _shows_loader(target) else b""
    ident = b"\x7fELF" + bytes([machine.elf_class, 1 if order == "<" else 2, 1]) + bytes(9)
    wide = machine.bits == 64
    size, entry = (64, 56) if wide else (52, 32)
    count = 1 if interpreter else 0
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        3, machine.elf_machine, 1, 0, size if count else 0, 0, flags, size, entry if count else 0, count, 0, 0, 0,
    )  # fmt: skip
    offset, length = size + entry * count, len(interpreter)
    if not count:
        return ident + header
    if wide:
        segment = struct.pack(order + "IIQQQQQQ", 3, 4, offset, offset, offset, length, length, 1)
    else:
        segment = struct.pack(order + "IIIIIIII", 3, offset, offset, offset, length, length, 4, 1)
    return ident + header + segment + interpreter
