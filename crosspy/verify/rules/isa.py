"""XP103: code for a newer processor than the target's.

Asked only with ``--cpu``, and only where files say what they need: build attributes of ARM and RISC-V, flags of MIPS, a
note of x86-64 (which few toolchains write, so its absence proves nothing).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crosspy.elf import ElfDamaged, ElfFile, arm_attributes, riscv_attributes, x86_isa_needed
from crosspy.model.cpu import arm_needs, features_of_cpu, mips_needs, riscv_needs, x86_needs
from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation, machine_matches
from crosspy.verify.extensions import is_extension
from crosspy.verify.places import Place, place_of, severity_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image

XP103: Final = Rule(
    id="XP103",
    title="code for a newer processor than --cpu",
    why="The file was compiled for instructions that the processor does not have: 'Illegal instruction' (SIGILL), at once "
    "or when the code is reached. Wheels for Raspberry Pi built on a newer model, -march=native, a toolchain's default. "
    "Libraries that choose at run time (OpenSSL, zlib) may state the highest they have: look before you rebuild those.",
    fix="Build with the target's -march or -mcpu: the compiler that crosspy create was given decides it.",
    reference="https://github.com/piwheels/packages/issues/276",
)
RULES: Final = (XP103,)

_CHOSEN_AT_RUN_TIME: Final = frozenset({"neon"})
"""What one routine of a file makes the whole file state, although it is called only where the processor has it."""


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Compare what each file needs with what the processor has."""
    has = (
        features_of_cpu(expectation.options.cpu, expectation.machine)
        if expectation.options.cpu
        else frozenset()
    )
    if not has:
        return
    for path, elf in image.elf.items():
        if place_of(path) is Place.PAYLOAD or not machine_matches(expectation.machine, elf.header):
            continue
        lacking = needs(image, path, elf) - has
        if lacking:
            severity = severity_of(path, extension=is_extension(image, path))
            if lacking <= _CHOSEN_AT_RUN_TIME:
                severity = min(severity, Severity.WARNING)
            yield XP103.finding(
                path,
                severity,
                "needs a newer processor",
                expected=f"what {expectation.options.cpu} runs",
                found=" ".join(sorted(lacking)),
            )


def needs(image: Image, path: str, elf: ElfFile) -> frozenset[str]:
    """Return what a file says that it needs of a processor."""
    number = elf.header.elf_machine
    if number == 8:
        return mips_needs(elf.header.flags)
    try:
        with image.open(path) as reader:
            if number == 40:
                return arm_needs(arm_attributes(reader))
            if number == 243:
                return riscv_needs(riscv_attributes(reader))
            return x86_needs(x86_isa_needed(reader)) if number == 62 else frozenset()
    except (ElfDamaged, OSError):
        return frozenset()
