"""Whether the machine code of a wheel is the target's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crosspy import elf
from crosspy.install.staging import StagedFile
from crosspy.model import machine as machines
from crosspy.model.target import Target

_EM_BPF: Final = 247
"""Programs for the kernel's virtual machine: data, on every architecture."""


def misfits(files: Iterable[StagedFile], target: Target, *, any_machine: bool = False) -> list[str]:
    """Return a sentence for each staged ELF file that the target cannot load.

    :param any_machine: they are those of a wheel with the platform tag ``any``.
    """
    # debugpy brings attach_linux_amd64.so wherever it goes, for the machine that its name says.
    own = (
        file
        for file in files
        if not machines.is_meant_for_another(
            file.name, any_machine=any_machine and file.key in {"purelib", "platlib"}
        )
    )
    found = ((file.name, misfit(file.staged, target)) for file in own)
    return [f"{name} {reason}" for name, reason in found if reason]


def misfit(path: Path, target: Target) -> str:
    """Say why the target cannot load the ELF file at ``path``; empty if it can, or if it is no ELF file."""
    try:
        header = elf.read_header(path)
    except elf.ElfDamaged as error:
        return f"is a damaged ELF file: {error}"
    if header is None or header.elf_machine == _EM_BPF:
        return ""
    machine = target.machine
    wanted = (machine.elf_machine, machine.bits, machine.byteorder)
    given = (header.elf_machine, header.bits, header.byteorder)
    if given != wanted:
        return f"is for {_described(*given)}, the target is {_described(*wanted)}"
    found = machines.abi_of(header.elf_machine, header.bits, header.flags)
    conflicts = machines.abi_conflicts(dict(target.abi), found)
    return "; ".join(f"has ABI {what} {has}, the target {expected}" for what, expected, has in conflicts)


def _described(number: int, bits: int, byteorder: str) -> str:
    return f"{machines.elf_machine_name(number)} ({bits} bit, {byteorder} endian)"
