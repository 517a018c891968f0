"""Levels of instruction sets: what a processor runs, and what a file says it needs.

A level is a set of feature names; what a file needs beyond those of the processor, it cannot have. Names of processors
are GCC's (``-mcpu``, ``-march``). Sources: ARM IHI 0045 (``Tag_CPU_arch``), the RISC-V ISA naming chapter, the x86-64
psABI's micro-architecture levels, binutils' ``include/elf/mips.h``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from crosspy.errors import UsageError
from crosspy.model.machine import Machine

# Tag_CPU_arch of ARM build attributes: its name, and the level that has it, in steps of the architecture.
_ARM_TAGS: Final = {
    0: "pre-v4", 1: "v4", 2: "v4t", 3: "v5t", 4: "v5te", 5: "v5tej", 6: "v6", 7: "v6kz", 8: "v6t2", 9: "v6k", 10: "v7",
    14: "v8", 15: "v8-r", 17: "v8.1", 18: "v8.2", 19: "v8.3", 22: "v9",
}  # fmt: skip
_ARM_ORDER: Final = (
    "pre-v4", "v4", "v4t", "v5t", "v5te", "v5tej", "v6", "v6k", "v6kz", "v6t2", "v7", "v8", "v8-r", "v8.1", "v8.2", "v8.3",
    "v9",
)  # fmt: skip
_ARM_CORES: Final = {
    "arm7tdmi": "v4t", "arm920t": "v4t", "xscale": "v5te", "arm926ej-s": "v5tej", "arm1136j-s": "v6", "arm1136jf-s": "v6",
    "arm1176jz-s": "v6kz", "arm1176jzf-s": "v6kz", "mpcore": "v6k", "arm1156t2-s": "v6t2",
}  # fmt: skip
_ARM_NAME: Final = re.compile(
    r"(?:arm)?(v[4-9](?:\.[0-9])?(?:te?j?|t2|k|kz|zk)?)(?:l|hf|el|ve)?(?:-?[arm])?((?:[+-][a-z0-9.]+)*)"
)

_X86_LEVELS: Final = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
_MIPS_NAMES: Final = (
    "mips1", "mips2", "mips3", "mips4", "mips5", "mips32", "mips64", "mips32r2", "mips64r2", "mips32r6", "mips64r6",
)  # fmt: skip
_MIPS_RUNS: Final = {
    "mips1": ("mips1",),
    "mips2": ("mips1", "mips2"),
    "mips3": ("mips1", "mips2", "mips3"),
    "mips4": ("mips1", "mips2", "mips3", "mips4"),
    "mips5": ("mips1", "mips2", "mips3", "mips4", "mips5"),
    "mips32": ("mips1", "mips2", "mips32"),
    "mips32r2": ("mips1", "mips2", "mips32", "mips32r2"),
    "mips64": ("mips1", "mips2", "mips3", "mips4", "mips5", "mips32", "mips64"),
    "mips64r2": ("mips1", "mips2", "mips3", "mips4", "mips5", "mips32", "mips64", "mips32r2", "mips64r2"),
    "mips32r6": ("mips32r6",),
    "mips64r6": ("mips32r6", "mips64r6"),
}
_RISCV_IMPLIES: Final = {
    "g": ("i", "m", "a", "f", "d", "zicsr", "zifencei"),
    "q": ("d",),
    "d": ("f",),
    "f": ("zicsr",),
    "m": ("zmmul",),
    "a": ("zaamo", "zalrsc"),
    "b": ("zba", "zbb", "zbs"),
    "c": ("zca", "zcd", "zcf"),
    "v": ("zve64d", "zvl128b", "d"),
    "zve64d": ("zve64f",),
    "zve64f": ("zve64x", "zve32f"),
    "zve64x": ("zve32x", "zvl64b"),
    "zve32f": ("zve32x",),
    "zve32x": ("zvl32b", "zicsr"),
    "zvl128b": ("zvl64b",),
    "zvl64b": ("zvl32b",),
    "zcb": ("zca",),
    "zfh": ("zfhmin",),
}
_RISCV_PROFILES: Final = {
    "rva20u64": "rv64gc_zicntr",
    "rva22u64": "rv64gc_zicntr_zihpm_zihintpause_zba_zbb_zbs_zicbom_zicbop_zicboz_zfhmin_zkt",
}


def features_of_cpu(name: str, machine: Machine) -> frozenset[str]:
    """Return what a processor named as for ``-mcpu`` or ``-march`` runs; empty where files say nothing of it.

    :raises UsageError: if the name is none of this machine's.
    """
    plain = name.lower()
    if machine.elf_machine == 40:
        found = _arm(plain)
    elif machine.elf_machine == 243:
        found = riscv_features(_RISCV_PROFILES.get(plain, plain))
    elif machine.elf_machine == 62:
        level = {"x86-64-v1": "x86-64", "baseline": "x86-64"}.get(plain, plain)
        found = (
            frozenset(_X86_LEVELS[: _X86_LEVELS.index(level) + 1]) if level in _X86_LEVELS else frozenset()
        )
    elif machine.elf_machine == 8:
        level = plain if "r" in plain[4:] else re.sub(r"r[1235]$", "r2", plain)
        found = frozenset(_MIPS_RUNS.get(re.sub(r"r[35]$", "r2", level), ()))
    else:
        return frozenset()
    if not found:
        raise UsageError(f"{name!r} is no processor of {machine.name}", hint=_hint(machine))
    return found


def _hint(machine: Machine) -> str:
    names = {
        40: "armv5te, armv6, arm1176jzf-s, armv7-a, cortex-a7, armv8-a ...",
        243: "an architecture string: rv64gc, rv64imac, rv32imafdc_zba ...",
        62: ", ".join(_X86_LEVELS),
        8: ", ".join(_MIPS_NAMES),
    }
    return f"Name it as for GCC: {names[machine.elf_machine]}"


def _arm(name: str) -> frozenset[str]:
    core, *more = name.split("+")
    level = _ARM_CORES.get(core, "")
    if core.startswith("cortex-a"):
        number = int((re.findall(r"\d+", core) or ["0"])[0])
        level = "v7" if number < 30 and number not in {32, 34, 35} else "v8"
    match = _ARM_NAME.fullmatch(core)
    if match:
        level = {"v6zk": "v6kz", "v5": "v5t"}.get(match[1], match[1])
    if level not in _ARM_ORDER:
        return frozenset()
    features = set(_ARM_ORDER[: _ARM_ORDER.index(level) + 1])
    # Cortex-A cores but a few have NEON; armv7-a alone does not promise it.
    if (
        any(one.startswith(("neon", "simd")) for one in more)
        or core.startswith("cortex-a")
        or level[1] in "89"
    ):
        features.add("neon")
    if "nosimd" in more:
        features.discard("neon")
    return frozenset(features)


def riscv_features(arch: str) -> frozenset[str]:
    """Return the extensions of an architecture string, such as ``rv64i2p1_m2p0_zicsr2p0`` or ``rv64gc_zba``."""
    match = re.fullmatch(r"rv(?:32|64|128)([a-z0-9_]+)", arch.lower())
    if match is None:
        return frozenset()
    pending = []
    for number, word in enumerate(match[1].split("_")):
        plain = re.sub(r"\d+p\d+$", "", word)
        if number == 0:
            # Single letters stand together in the first word, each perhaps with its version.
            head = re.match(r"(?:[a-y](?:\d+(?:p\d+)?)?)*", word)
            letters = head.group() if head else ""
            pending += re.findall(r"[a-y]", re.sub(r"\d+(?:p\d+)?", "", letters))
            plain = re.sub(r"\d+p\d+$", "", word[len(letters) :])
        if plain:
            pending.append(plain)
    found: set[str] = set()
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += _RISCV_IMPLIES.get(one, ())
    return frozenset(found - {"g"})


def arm_needs(attributes: Mapping[str, object]) -> frozenset[str]:
    """Return what the build attributes of an ARM file need: an architecture, perhaps ``neon``."""
    level = _ARM_TAGS.get(int(str(attributes.get("Tag_CPU_arch", 0))), "")
    profile = attributes.get("Tag_CPU_arch_profile", 0)
    simd = attributes.get("Tag_Advanced_SIMD_arch", 0)
    needs = {level} if level and profile != ord("M") else set()
    return frozenset(needs | ({"neon"} if simd else set()))


def riscv_needs(attributes: Mapping[str, object]) -> frozenset[str]:
    """Return the extensions that the build attributes of a RISC-V file need."""
    return riscv_features(str(attributes.get("Tag_arch", "")))


def mips_needs(e_flags: int) -> frozenset[str]:
    """Return the architecture that a MIPS file's flags state."""
    number = e_flags >> 28
    return frozenset({_MIPS_NAMES[number]}) if number < len(_MIPS_NAMES) else frozenset()


def x86_needs(bits: int) -> frozenset[str]:
    """Return the levels of ``GNU_PROPERTY_X86_ISA_1_NEEDED``."""
    return frozenset(name for number, name in enumerate(_X86_LEVELS) if bits >> number & 1)
