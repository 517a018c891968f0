"""Every source of facts about a target, put into one :class:`~crosspy.model.target.Target`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crosspy import elf
from crosspy.describe import compiler, libc, locate
from crosspy.describe import python as target_python
from crosspy.describe.compiler import Wanted
from crosspy.describe.libc import FoundLibc
from crosspy.describe.locate import Location
from crosspy.describe.sysconfigdata import Sysconfigdata
from crosspy.errors import ContradictionError, TargetDataError, ToolchainError
from crosspy.model import machine as machines
from crosspy.model.compiler import Toolchain
from crosspy.model.machine import Machine
from crosspy.model.target import CType, Libc, Target

_SIZES: Final = {
    "short": 2, "int": 4, "long": 0, "long long": 8, "void *": 0, "size_t": 0, "float": 4, "double": 8, "long double": 0,
    "wchar_t": 4, "_Bool": 1, "time_t": 0, "off_t": 0, "pid_t": 4,
}  # fmt: skip
"""C types, and the size each has on every Linux (0: it differs, and sysconfigdata must say)."""

_SIZE_VARS: Final = {"void *": "SIZEOF_VOID_P"}

_ARM_UNAME: Final = {
    1: "armv4l", 2: "armv4tl", 3: "armv5tl", 4: "armv5tel", 5: "armv5tejl", 6: "armv6l", 7: "armv6l", 8: "armv6l", 9: "armv6l",
    10: "armv7l", 14: "armv7l",
}  # fmt: skip
"""Tag_CPU_arch (ABI for the Arm Architecture, addenda32) to what Linux says of such a processor in ``uname -m``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What to describe. At least one of ``sysroot``, ``python`` and ``sysconfigdata`` is set."""

    sysroot: Path | None = None
    python: Path | None = None
    sysconfigdata: Path | None = None
    version: str = ""
    """``X.Y`` to take where a sysroot holds several Pythons."""
    uname: str = ""
    """``os.uname().machine`` of the target, where the sysroot's own answer is not wanted."""
    wanted: Wanted = field(default_factory=Wanted)
    need_compiler: bool = False
    """Whether a toolchain that is not there, or not fit, is an error. Otherwise it is left out, with a warning."""
    overrides: Mapping[str, str | int] | None = None
    """sysconfig variables to replace (``--config-var``)."""


def describe(request: Request, *, env: Mapping[str, str]) -> Target:
    """Learn everything about a target without running anything of it.

    :param env: environment for looking up, and running, the cross compiler.
    :raises TargetDataError, ContradictionError, ToolchainError: see there.
    """
    sysroot = None if request.sysroot is None else Path(os.path.abspath(request.sysroot))  # noqa: PTH100 -- links stay
    location = locate.locate(
        sysroot=sysroot, python=request.python, data_file=request.sysconfigdata, version=request.version
    )
    data = _overridden(location.data, request.overrides or {})
    location = Location(
        sysroot=location.sysroot, data=data, stdlib=location.stdlib, build_tree=location.build_tree
    )
    sources: dict[str, str] = {}
    machine = _machine(data, sources)
    binary = target_python.find_binary(location)
    found = libc.find_libc(location.sysroot, data.text("MULTIARCH")) if location.sysroot else None
    abi, e_flags = _check_elf(machine, data, found, binary, sources)
    uname = _uname(request.uname, machine, found, binary, sources)
    python = target_python.describe_python(
        location, platform=f"linux-{uname}", binary=binary, sources=sources
    )
    toolchain, warnings = _toolchain(request, location, machine, abi, env, sources=sources)
    return Target(
        machine=machine,
        uname=uname,
        triplet=_triplet(data),
        abi=abi,
        libc=_libc(found, location, data, sources),
        python=python,
        types=_types(data, machine, sources),
        sysroot=str(location.sysroot or ""),
        toolchain=toolchain,
        e_flags=e_flags,
        os_release=_os_release(location.sysroot, sources),
        sources=dict(sorted(sources.items())),
        warnings=(*target_python.check_build_details(location, python), *warnings),
    )


def _overridden(data: Sysconfigdata, overrides: Mapping[str, str | int]) -> Sysconfigdata:
    return Sysconfigdata(path=data.path, variables={**data.variables, **overrides}) if overrides else data


def _triplet(data: Sysconfigdata) -> str:
    return data.text("HOST_GNU_TYPE") or data.text("MULTIARCH")


def _machine(data: Sysconfigdata, sources: dict[str, str]) -> Machine:
    for name in ("HOST_GNU_TYPE", "MULTIARCH"):
        machine = machines.by_triplet(data.text(name)) if data.text(name) else None
        if machine is None:
            continue
        size = data.number("SIZEOF_VOID_P")
        if size is not None and size * 8 != machine.bits:
            raise ContradictionError(
                f"{data.path} contradicts itself: {name} is {data.text(name)} ({machine.bits}-bit), SIZEOF_VOID_P is {size}",
                hint="It is not of one Python build; take the file from the target's own installation.",
            )
        sources["machine"] = f"{data.path}: {name}"
        return machine
    raise TargetDataError(
        f"{data.path}: no architecture that crosspy knows in HOST_GNU_TYPE ({data.text('HOST_GNU_TYPE')!r}) or MULTIARCH "
        f"({data.text('MULTIARCH')!r})",
        hint="Set it: --config-var HOST_GNU_TYPE=<triplet>",
    )


def _check_elf(
    machine: Machine,
    data: Sysconfigdata,
    found: FoundLibc | None,
    binary: target_python.Binary | None,
    sources: dict[str, str],
) -> tuple[dict[str, str], int]:
    """Compare the sysroot's ELF files with sysconfigdata's machine, and return the ABI that they state, and its flags."""
    files: list[tuple[Path, elf.ElfHeader]] = []
    if found is not None:
        files.append((found.path, found.file.header))
    if binary is not None:
        header = elf.read_header(binary.resolved)
        if header is not None:
            files.append((binary.path, header))
    abi: dict[str, str] = {}
    for path, header in files:
        if (header.elf_machine, header.bits, header.byteorder) != (
            machine.elf_machine,
            machine.bits,
            machine.byteorder,
        ):
            raise ContradictionError(
                f"the sysroot contradicts itself: {data.path} says {_triplet(data)}, but {path} is "
                f"{header.bits}-bit {header.byteorder}-endian {machines.elf_machine_name(header.elf_machine)}",
                hint="Was the right tree given? A sysroot holds the target's files only.",
            )
        stated = machines.abi_of(header.elf_machine, header.bits, header.flags)
        for what, one, two in machines.abi_conflicts(abi, stated):
            raise ContradictionError(
                f"the sysroot contradicts itself: {what} is {one} in {files[0][0]}, {two} in {path}"
            )
        for key, value in stated.items():
            abi.setdefault(key, value)
            sources.setdefault(f"abi.{key}", f"{path}: e_flags")
    if machine.name in {"arm", "armeb"} and "float" not in abi and _triplet(data):
        abi["float"] = (
            "hard" if _triplet(data).endswith("hf") or data.text("MULTIARCH").endswith("hf") else "soft"
        )
        sources["abi.float"] = f"{data.path}: HOST_GNU_TYPE"
    return abi, files[-1][1].flags if files else 0


def _uname(
    asked: str,
    machine: Machine,
    found: FoundLibc | None,
    binary: target_python.Binary | None,
    sources: dict[str, str],
) -> str:
    if asked:
        sources["uname"] = "--machine"
        return asked
    path = Path(found.file.path) if found else binary.resolved if binary else None
    if machine.name == "arm" and path is not None:
        arch = elf.arm_attributes(path).get("Tag_CPU_arch")
        name = _ARM_UNAME.get(arch) if isinstance(arch, int) else None
        if name:
            sources["uname"] = f"{path}: Tag_CPU_arch {arch}"
            return name
    sources["uname"] = f"what Linux says on {machine.name}"
    return machine.uname


def _libc(found: FoundLibc | None, location: Location, data: Sysconfigdata, sources: dict[str, str]) -> Libc:
    interpreter = libc.dynamic_loader(location.sysroot) if location.sysroot else ""
    if found is not None:
        sources["libc.kind"] = sources["libc.version"] = str(found.path)
        return Libc(kind=found.libc.kind, version=found.libc.version, interpreter=interpreter)
    triplet = f"{_triplet(data)} {data.text('MULTIARCH')}"
    kind = "musl" if "musl" in triplet else "uclibc" if "uclibc" in triplet else "glibc"
    sources["libc.kind"] = f"{data.path}: HOST_GNU_TYPE (no C library in the sysroot)"
    version = libc.from_headers(location.sysroot) if location.sysroot and kind == "glibc" else ""
    sources["libc.version"] = "features.h" if version else "not known: no C library in the sysroot"
    return Libc(kind=kind, version=version, interpreter=interpreter)


def _types(data: Sysconfigdata, machine: Machine, sources: dict[str, str]) -> dict[str, CType]:
    types: dict[str, CType] = {}
    for name, usual in _SIZES.items():
        variable = _SIZE_VARS.get(name, "SIZEOF_" + name.upper().replace(" ", "_"))
        size = data.number(variable) or usual or machine.bits // 8
        types[name] = CType(size=size, align=_alignment(name, size, machine))
    sources["types"] = f"{data.path}: SIZEOF_*, alignments by the machine's psABI"
    return types


def _alignment(name: str, size: int, machine: Machine) -> int:
    if name == "long double":
        # i386 and m68k pad 80 and 96 bits to 12 bytes, aligned as an int.
        if machine.name == "s390x":
            return 8  # its psABI aligns nothing stricter
        return {12: 4 if machine.name == "i686" else 2}.get(size, machine.align8 if size == 8 else 16)
    if size == 8:
        return machine.align8
    return min(size, machine.align8) if machine.name == "m68k" else size


def _toolchain(
    request: Request,
    location: Location,
    machine: Machine,
    abi: Mapping[str, str],
    env: Mapping[str, str],
    *,
    sources: dict[str, str],
) -> tuple[Toolchain | None, tuple[str, ...]]:
    candidates = _compiler_candidates(request.wanted, location.data)
    try:
        toolchain = compiler.find_toolchain(
            request.wanted, candidates=candidates, sysroot=location.sysroot, machine=machine, abi=abi, env=env
        )
    except ToolchainError as error:
        if request.need_compiler:
            raise
        return None, (f"no toolchain described: {error.message}",)
    sources["toolchain"] = (
        "--cc, CC or --cross-prefix"
        if request.wanted.cc or request.wanted.prefix
        else f"found: {candidates[0]}"
    )
    return toolchain, ()


def _compiler_candidates(wanted: Wanted, data: Sysconfigdata) -> list[str]:
    """Return the compiler commands to try: sysconfigdata's own (its program alone: its flags are of that build)."""
    if wanted.prefix:
        return [wanted.prefix + "gcc", wanted.prefix + "clang", wanted.prefix + "cc"]
    recorded = compiler.words(data.text("CC")) if data.text("CC") else ()
    names = [
        word
        for word in recorded[:2]
        if not word.startswith("-") and Path(word).name not in {"ccache", "sccache"}
    ][:1]
    names = [Path(name).name if not Path(name).exists() else name for name in names]
    triplets = [
        data.text("MULTIARCH"),
        data.text("HOST_GNU_TYPE"),
        re.sub(r"-unknown-", "-", data.text("HOST_GNU_TYPE")),
    ]
    native = (
        {"gcc", "cc", "clang", f"{os.uname().machine}-linux-gnu-gcc"}
        if machines.by_triplet(_triplet(data)) != machines.by_triplet(os.uname().machine)
        else set()
    )
    names = [name for name in names if name not in native]
    return list(dict.fromkeys(names + [f"{triplet}-gcc" for triplet in triplets if triplet]))


def _os_release(sysroot: Path | None, sources: dict[str, str]) -> dict[str, str]:
    """Read ``os-release`` (freedesktop.org, os-release(5)) the way ``platform.freedesktop_os_release`` does."""
    if sysroot is None:
        return {}
    for name in ("etc/os-release", "usr/lib/os-release"):
        path = libc.within(sysroot, sysroot / name)
        if path is None:
            continue
        try:
            text = path.read_text(encoding="utf-8", errors="replace")[: 1 << 16]
        except OSError:
            continue
        pattern = re.compile(r"""^([a-zA-Z0-9_]+)=(["']?)(.*)\2$""")
        found = {
            m[1]: re.sub(r"\\([\\$\"'`])", r"\1", m[3])
            for line in text.splitlines()
            if (m := pattern.match(line))
        }
        sources["os_release"] = str(path)
        return {"NAME": "Linux", "ID": "linux", "PRETTY_NAME": "Linux", **found}
    return {}
