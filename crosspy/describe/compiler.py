"""The cross compiler: found, checked against the target, and taught to see the sysroot's C library only."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crosspy import elf, process
from crosspy.errors import ToolchainError
from crosspy.model import machine as machines
from crosspy.model.compiler import Toolchain
from crosspy.model.machine import Machine

TOOL_VARIABLES: Final = {
    "AR": "ar", "NM": "nm", "RANLIB": "ranlib", "STRIP": "strip", "LD": "ld", "OBJCOPY": "objcopy",
    "OBJDUMP": "objdump", "READELF": "readelf", "FC": "gfortran",
}  # fmt: skip
"""The environment variable of each tool (GNU make's and autoconf's names) and its name behind a triplet."""

_CACHES: Final = frozenset({"ccache", "sccache", "icecc", "distcc", "env"})
"""Programs that stand before a compiler in CC without being it."""


NONE: Final = ("no",)
"""In the place of a command: there shall be none. Buildroot says ``CXX=no`` where it has no C++ (package/Makefile.in)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the user, or the environment, says of the toolchain. Empty: find it."""

    cc: tuple[str, ...] = ()
    cxx: tuple[str, ...] = ()
    tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prefix: str = ""
    """What to put before ``gcc`` and the other names, e.g. ``aarch64-poky-linux-`` or ``/opt/tc/bin/arm-linux-``."""
    relative: bool = False


def words(text: str) -> tuple[str, ...]:
    """Split a command such as Yocto's ``CC`` into words. :raises ToolchainError: on an open quote."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ToolchainError(
            f"cannot split the command {text!r}: {error}", hint="Quote it as for a shell."
        ) from None


def find_toolchain(
    wanted: Wanted,
    *,
    candidates: Sequence[str],
    sysroot: Path | None,
    machine: Machine,
    abi: Mapping[str, str],
    env: Mapping[str, str],
) -> Toolchain:
    """Find, try and describe the cross toolchain.

    :param candidates: commands to try when nothing is wanted, best first (sysconfigdata's CC, ``<triplet>-gcc``).
    :param env: the environment to look programs up in, and to run them with.
    :raises ToolchainError: if there is none, it does not work, or it is for another machine.
    """
    path = env.get("PATH", os.defpath)
    cc = _resolve(wanted.cc, path) if wanted.cc else _first_found(candidates, path)
    cxx = _cxx(wanted.cxx, cc, path)
    clean = {key: value for key, value in env.items() if key not in _HARMFUL} | {"LC_ALL": "C"}
    sysroot_flag = (f"--sysroot={sysroot}",) if sysroot else ()
    c_result, cxx_result, macros = _probes((*cc, *sysroot_flag), (*cxx, *sysroot_flag) if cxx else (), clean)
    _check_machine(cc, c_result, machine, abi)
    if cxx_result:
        _check_machine(cxx, cxx_result, machine, abi)
    c_includes = _without_foreign_libc(c_result.includes, sysroot)
    cxx_includes = _without_foreign_libc(cxx_result.includes, sysroot) if cxx_result else ()
    native = os.uname().machine == machine.uname
    in_sysroot = _sysroot_library_dirs(sysroot, c_result.multiarch) if sysroot else ()
    return Toolchain(
        cc=cc,
        cxx=cxx,
        tools=_find_tools(wanted, cc, path, family=c_result.family),
        triplet=c_result.triplet,
        native=native,
        family=c_result.family,
        version=c_result.version,
        c_includes=c_includes,
        cxx_includes=cxx_includes,
        library_dirs=in_sysroot if c_includes else (),
        specs=_specs((*cc, *sysroot_flag), sysroot, in_sysroot, clean) if native and sysroot else "",
        macros=macros,
    )


_HARMFUL: Final = frozenset({
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
})  # fmt: skip
"""Variables by which a compiler would read directories that nobody named (GCC manual, "Environment Variables")."""


def _resolve(command: Sequence[str], path: str) -> tuple[str, ...]:
    """Make the program of a command absolute; caches before the compiler stay, and are resolved too."""
    resolved = list(command)
    for index, word in enumerate(command):
        if "=" in word and command[0] == "env":
            continue
        program = process.find_program(word, path=path)
        if program is None:
            raise ToolchainError(
                f"compiler not found: {word!r} (of the command {shlex.join(command)!r}) is not on PATH",
                hint=f"Install it, put its directory on PATH, or name another: --cc COMMAND. PATH is {path}",
            )
        resolved[index] = program
        if Path(word).name not in _CACHES:
            break
    return tuple(resolved)


def _first_found(candidates: Sequence[str], path: str) -> tuple[str, ...]:
    for candidate in candidates:
        command = words(candidate)
        if command and process.find_program(command[0], path=path):
            return _resolve(command, path)
    names = ", ".join(dict.fromkeys(candidates))
    raise ToolchainError(
        f"no cross compiler for the target: none of {names} is on PATH",
        hint=f"Debian: apt install {_debian_package(candidates)}. Yocto, Buildroot: put the toolchain's bin directory on "
        "PATH. Or: --cc COMMAND",
    )


def _debian_package(candidates: Sequence[str]) -> str:
    """Return what Debian calls the compiler: ``g++-`` and its triplet (Debian policy 5.6.1: no underscore in a name)."""
    triplets = [Path(name).name.removesuffix("-gcc") for name in candidates if name.endswith("-gcc")]
    return "g++-" + next((name.replace("_", "-") for name in triplets), "<triplet>")


def _program_index(command: Sequence[str]) -> int:
    return next(
        (i for i, word in enumerate(command) if Path(word).name not in _CACHES and "=" not in word), 0
    )


def _cxx(wanted: tuple[str, ...], cc: tuple[str, ...], path: str) -> tuple[str, ...]:
    if wanted == NONE:
        return ()
    return _resolve(wanted, path) if wanted else _sibling_cxx(cc, path)


def _sibling_cxx(cc: tuple[str, ...], path: str) -> tuple[str, ...]:
    index = _program_index(cc)
    program = Path(cc[index])
    name = re.sub(r"clang(?!\+\+)", "clang++", re.sub(r"gcc(?!\w)", "g++", program.name), count=1)
    if name == program.name:
        name = re.sub(r"(^|-)cc$", r"\1c++", program.name)
    sibling = process.find_program(str(program.with_name(name)), path=path) or process.find_program(
        name, path=path
    )
    if name == program.name or sibling is None:
        return ()
    return (*cc[:index], sibling, *cc[index + 1 :])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Probe:
    header: elf.ElfHeader | None
    attributes: Mapping[str, object]
    triplet: str
    family: str
    version: str
    includes: tuple[str, ...]
    multiarch: str


def _probes(
    cc: tuple[str, ...], cxx: tuple[str, ...], env: Mapping[str, str]
) -> tuple[_Probe, _Probe | None, dict[str, str]]:
    """Compile an empty file with ``-v``: one run tells the machine, the version and the search directories.

    Beside it the predefined macros that describe C types; nothing of the target is run to learn them.
    """
    with tempfile.TemporaryDirectory(prefix="crosspy-cc-") as name:
        commands: list[tuple[str, ...]] = []
        for command, suffix in ((cc, "c"), (cxx, "cc")):
            if command:
                source = Path(name, f"probe.{suffix}")
                source.write_text("float crosspy_probe(float x) { return x; }\n", encoding="ascii")
                commands.append((*command, "-v", "-c", "-o", f"{source}.o", str(source)))
        commands.append((*cc, "-dM", "-E", "-x", "c", "/dev/null"))
        try:
            outcomes = process.run_together(commands, env=env)
        except OSError as error:
            message = f"cannot run the compiler: {shlex.join(cc)}: {error.strerror or error}"
            raise ToolchainError(message, hint="Name another: --cc COMMAND") from None
        results = [_read_probe(done, Path(done.argv[-2])) for done in outcomes[:-1]]
    return results[0], results[1] if cxx else None, _macros(outcomes[-1].stdout)


def _macros(text: str) -> dict[str, str]:
    types = r"__(?:LDBL_\w+|SIZEOF_\w+|CHAR_UNSIGNED|BYTE_ORDER|FLOAT_WORD_ORDER)__"
    atomics = r"__GCC_ATOMIC_(?:CHAR|SHORT|INT|LONG|LLONG)_LOCK_FREE"
    pattern = rf"^#define ({types}|{atomics}) (\S+)$"
    return dict(sorted(re.findall(pattern, text, re.MULTILINE)))


def _read_probe(done: process.Outcome, obj: Path) -> _Probe:
    if not done.ok:
        tail = "\n".join(done.stdout.splitlines()[-12:])
        raise ToolchainError(
            f"the compiler cannot compile an empty file:\n  {done.reproducer()}\n{tail}",
            hint="Run the command by hand; a CC of several words is given as one argument: --cc 'gcc -mcpu=...'",
        )
    family = "clang" if "clang version" in done.stdout else "gcc"
    version = re.search(r"(?:gcc|clang) version (\d+[\d.]*)", done.stdout)
    triplet = re.search(r"^Target: (\S+)", done.stdout, re.MULTILINE)
    multiarch = re.search(r"-imultiarch (\S+)", done.stdout)
    header, attributes = _object_facts(obj)
    return _Probe(
        header=header,
        attributes=attributes,
        triplet=triplet[1] if triplet else "",
        family=family,
        version=version[1] if version else "",
        includes=search_list(done.stdout),
        multiarch=multiarch[1] if multiarch else "",
    )


def _object_facts(obj: Path) -> tuple[elf.ElfHeader | None, Mapping[str, object]]:
    """Return the header and the ARM attributes of what the compiler made; no header if that is no ELF file, or nothing."""
    try:
        header = elf.read_header(obj)
        return header, elf.arm_attributes(obj) if header is not None else {}
    except (elf.ElfDamaged, OSError):
        return None, {}


def search_list(text: str) -> tuple[str, ...]:
    """Return the directories that a compiler's ``-v`` says it looks for headers in, links resolved."""
    match = re.search(r"#include <\.\.\.> search starts here:\n(.*?)End of search list", text, re.DOTALL)
    if not match:
        return ()
    return tuple(
        dict.fromkeys(os.path.realpath(line.strip()) for line in match[1].splitlines() if line.strip())
    )


def _check_machine(command: tuple[str, ...], probe: _Probe, machine: Machine, abi: Mapping[str, str]) -> None:
    header = probe.header
    if header is None:
        raise ToolchainError(
            f"{shlex.join(command)} does not make ELF files", hint="Name the target's compiler: --cc COMMAND"
        )
    if (header.elf_machine, header.bits, header.byteorder) != (
        machine.elf_machine,
        machine.bits,
        machine.byteorder,
    ):
        made = f"{header.bits}-bit {header.byteorder}-endian {machines.elf_machine_name(header.elf_machine)}"
        want = f"{machine.bits}-bit {machine.byteorder}-endian {machines.elf_machine_name(machine.elf_machine)} ({machine.name})"
        raise ToolchainError(
            f"{shlex.join(command)} makes {made} code, but the target is {want}",
            hint="Name the target's compiler with --cc, with the flags that choose its machine.",
        )
    found = machines.abi_of(header.elf_machine, header.bits, header.flags)
    if "Tag_ABI_VFP_args" in probe.attributes or header.elf_machine == 40:
        found["float"] = "hard" if probe.attributes.get("Tag_ABI_VFP_args") in (1, "1") else "soft"
    for what, expected, got in machines.abi_conflicts(dict(abi), found):
        raise ToolchainError(
            f"{shlex.join(command)} makes code of another ABI: {what} is {got}, the target's libraries have {expected}",
            hint="Add the flag that the image was built with, e.g. --cc 'arm-linux-gnueabi-gcc -mfloat-abi=hard'.",
        )


def _without_foreign_libc(includes: Sequence[str], sysroot: Path | None) -> tuple[str, ...]:
    """Return the include directories to pass explicitly, empty when the compiler's own list is right as it is.

    A gcc that is installed in place searches its own copy of a C library's headers (Debian:
    ``/usr/aarch64-linux-gnu/include``) before ``--sysroot``; code would be compiled against another libc than the
    image's. Yocto's and Buildroot's compilers are relocated and have no such directory.
    """
    if sysroot is None:
        return ()
    root = os.path.realpath(sysroot)
    inside = [d for d in includes if d == root or d.startswith(root + "/")]
    if not any((Path(d) / "stdio.h").is_file() for d in inside):
        return ()
    foreign = [d for d in includes if d not in inside and (Path(d) / "stdio.h").is_file() and not _is_cxx(d)]
    return tuple(d for d in includes if d not in foreign) if foreign else ()


def _is_cxx(directory: str) -> bool:
    return (Path(directory) / "cstdio").is_file()


def _sysroot_library_dirs(sysroot: Path, multiarch: str) -> tuple[str, ...]:
    names = [f"usr/lib/{multiarch}", f"lib/{multiarch}"] if multiarch else []
    names += ["usr/lib64", "lib64", "usr/lib", "lib"]
    found = [str(sysroot / name) for name in names if (sysroot / name).is_dir()]
    unique: dict[str, str] = {}
    for directory in found:
        unique.setdefault(os.path.realpath(directory), directory)
    return tuple(unique.values())


def _specs(cc: tuple[str, ...], sysroot: Path, library_dirs: Sequence[str], env: Mapping[str, str]) -> str:
    """Return GCC's specs with the sysroot's directories for libraries, empty for a compiler that keeps to the sysroot.

    A GCC that builds for the machine it runs on links from its neighbours, ``/usr/lib/gcc/x86_64-linux-gnu/12/../../..``,
    whatever ``--sysroot`` says; only startfile_prefix_spec replaces those (gcc/gcc.cc, set_up_specs). It is read from a
    file of specs, which has to be whole.
    """
    search, dump = process.run_together([(*cc, "-print-search-dirs"), (*cc, "-dumpspecs")], env=env)
    libraries = re.search(r"^libraries: =?(.*)$", search.stdout, re.MULTILINE)
    directories = {os.path.realpath(name) for name in libraries[1].split(":")} if libraries else set()
    if not dump.ok or directories.isdisjoint(_system_library_dirs()):
        return ""
    places = " ".join(f"{name.removeprefix(str(sysroot))}/" for name in library_dirs)
    return f"{dump.stdout.rstrip()}\n\n*startfile_prefix_spec:\n{places}\n\n"


def _system_library_dirs() -> set[str]:
    """Return where the build machine keeps its own libraries, links resolved."""
    names = [f"{base}/{name}" for base in ("", "/usr", "/usr/local") for name in ("lib", "lib64")]
    return {os.path.realpath(name) for name in names if Path(name).is_dir()}


def _find_tools(wanted: Wanted, cc: tuple[str, ...], path: str, *, family: str) -> dict[str, tuple[str, ...]]:
    program = Path(cc[_program_index(cc)])
    match = re.match(r"(.*?)(?:gcc|g\+\+|clang|cc)(-[\d.]+)?$", program.name)
    prefix = wanted.prefix or (match[1] if match else "")
    release = (match[2] or "") if match else ""
    tools: dict[str, tuple[str, ...]] = {}
    for name in TOOL_VARIABLES.values():
        if name in wanted.tools:
            tools[name] = _resolve(wanted.tools[name], path)
            continue
        if family == "clang" and not prefix:
            found = _llvm_tool(name, program.parent, release, path)
        else:
            beside = str(program.parent / (prefix + name)) if "/" not in prefix else ""
            found = process.find_program(beside, path=path) if beside else None
            found = found or (process.find_program(prefix + name, path=path) if prefix else None)
        if found:
            tools[name] = (found,)
    return tools


def _llvm_tool(name: str, directory: Path, release: str, path: str) -> str | None:
    """Find the tool of a clang without a prefix: what is called ``ld`` or ``strip`` there is the build machine's.

    LLVM's own binary tools know every target. They lie beside clang, with its ``-18`` or without, or on PATH.
    """
    if name in {"ld", "gfortran"}:
        return None
    names = dict.fromkeys((f"llvm-{name}{release}", f"llvm-{name}"))
    places = [str(directory / each) for each in names] + list(names)
    return next((found for each in places if (found := process.find_program(each, path=path))), None)
