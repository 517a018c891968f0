"""A wheel that a build, or an index, handed over: does it fit the target?"""

from __future__ import annotations

import zipfile
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from crosspy import elf
from crosspy.errors import WheelRefusedError
from crosspy.model import machine as machines
from crosspy.model.tags import misfit, target_tags
from crosspy.model.target import Target


def check_wheel(wheel: Path, target: Target, *, prebuilt: bool) -> None:
    """Make sure that the target accepts the wheel's tags and that its ELF files are of the target's machine.

    :param prebuilt: manylinux and musllinux tags are admitted.
    :raises WheelRefusedError: with what was expected and what was found.
    """
    try:
        _, _, _, tags = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        raise WheelRefusedError(f"{wheel.name}: {error}") from None
    accepted = target_tags(target, prebuilt=prebuilt)
    if not tags & set(accepted):
        raise WheelRefusedError(
            f"{wheel.name}: its tags ({', '.join(sorted(map(str, tags)))}) do not fit the target; the best that does is {accepted[0]}"
            f"{misfit(target, tags)}",
            hint="Was it built in another environment? Build it with: crosspy wheel ENV ...",
        )
    any_machine = all(tag.platform == "any" for tag in tags)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    head = member.read(64)
                if not machines.is_meant_for_another(info.filename, any_machine=any_machine):
                    _check_member(wheel.name, info.filename, head, target)
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise WheelRefusedError(f"{wheel.name}: damaged: {error}") from None


def _check_member(wheel: str, name: str, head: bytes, target: Target) -> None:
    if head[:4] != b"\x7fELF":
        return
    try:
        header = elf.parse_header(head)
    except elf.ElfDamaged:
        return
    machine = target.machine
    if header is None or (header.elf_machine, header.bits, header.byteorder) == (
        machine.elf_machine,
        machine.bits,
        machine.byteorder,
    ):
        return
    raise WheelRefusedError(
        f"{wheel}: {name} is {header.bits}-bit {header.byteorder}-endian {machines.elf_machine_name(header.elf_machine)}, "
        f"the target is {machine.bits}-bit {machine.byteorder}-endian {machines.elf_machine_name(machine.elf_machine)}",
        hint="If it was built here, its build used a compiler of its own: tell us of it. If its project published it so, "
        "it cannot run on this target: look for a source distribution (--no-binary), or tell the project.",
    )
