"""What an image's files must be, as its own Python interpreter says.

The interpreter's ELF header gives machine and ABI, its loader the C library, and the suffixes that it imports are in
its own bytes; whether its sysconfigdata agrees is XP308. An image that was built for the wrong machine from top to
bottom agrees with itself: name the target wherever it is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from crosspy.elf import ElfFile
from crosspy.errors import UsageError
from crosspy.model.machine import abi_conflicts, abi_of, by_elf
from crosspy.verify.expectation import Expectation, libc_of
from crosspy.verify.places import Place, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.rules.machine import arm_float, mips_float
from crosspy.verify.tree import Image, basename

_PROGRAM: Final = re.compile(r"python(3\.\d+)(t?)")
_LIBRARY: Final = re.compile(r"libpython(3\.\d+)(t?)d?\.so(?:\.[\d.]+)?")
_DIRECTORY: Final = re.compile(r"/lib(?:32|64)?/python(3\.\d+)(t?)")
_PREFERRED: Final = ("/usr/bin/python3", "/bin/python3", "/usr/local/bin/python3", "/usr/bin/python")
_SUFFIX: Final = re.compile(rb"\.(?:cpython-3\d+[a-z]*(?:-[A-Za-z0-9_-]+)?|abi3t?)\.so(?=\0)")
_MAX_INTERPRETER: Final = 1 << 28
_CHUNK: Final = 1 << 20
_HINT: Final = "Name the target: crosspy verify IMAGE --target target.json (or a triplet), or --env ENV."

RULES: Final = (
    Rule(
        id="XP001",
        title="the target is not known",
        why="Nothing was named with --target, --env, --sysconfigdata or --buildroot-config, and the image does not say "
        "what it is for: it has no Python, or several. Nothing is compared then, and the exit code is 2.",
        fix="Name the target: --target target.json, from crosspy describe, or a triplet such as aarch64-linux-gnu.",
        reference="https://github.com/crosspy/crosspy/blob/main/docs/how-to/verify.md#name-the-target",
    ),
)


def infer(image: Image) -> Expectation:
    """Read from the image's Python what the image is for.

    :raises UsageError: if there is no Python, several without a ``python3`` among them, or an unknown machine.
    """
    path, elf = _interpreter(image)
    header = elf.header
    machine = by_elf(
        elf_machine=header.elf_machine, bits=header.bits, byteorder=header.byteorder, e_flags=header.flags
    )
    if machine is None:
        raise _unknown(image, f"{path} is for ELF machine {header.elf_machine}, which is unknown")
    abi = abi_of(header.elf_machine, header.bits, header.flags) | mips_float(elf)
    if machine.name.startswith("arm") and "float" not in abi:
        abi |= arm_float(image, path)
    version = _version(path)
    suffixes = _suffixes(image, path, elf)
    return Expectation(
        machine=machine,
        abi=abi,
        libc=libc_of(elf)[0],
        interpreter=elf.interpreter,
        python=version,
        extension_suffixes=suffixes,
        source=f"inferred from {path}",
    )


def _unknown(image: Image, why: str) -> UsageError:
    return UsageError(f"XP001: {image.name}: {why}", hint=_HINT)


def complete(stated: Expectation, image: Image) -> Expectation:
    """Add to a target that is known in part what the image's own Python says of itself, if it is for that target."""
    if stated.extension_suffixes:
        return stated
    try:
        own = infer(image)
    except UsageError:
        return stated
    if own.machine != stated.machine or abi_conflicts(dict(stated.abi), dict(own.abi)):
        return stated
    if stated.libc and own.libc and stated.libc != own.libc:
        return stated
    return replace(
        stated,
        libc=stated.libc or own.libc,
        interpreter=stated.interpreter or own.interpreter,
        python=stated.python or own.python,
        extension_suffixes=own.extension_suffixes if stated.python in {"", own.python} else (),
        source=f"{stated.source}; its Python {own.source}",
    )


def has_python(image: Image) -> bool:
    """Say whether there is anything of Python's in the tree: an interpreter, or a directory of packages."""
    return any(_DIRECTORY.search(path) for path in image.directories) or bool(_pythons(image))


def _pythons(image: Image) -> list[str]:
    names = (path for path in image.elf if place_of(path) is not Place.PAYLOAD)
    return sorted(
        path for path in names if _PROGRAM.fullmatch(basename(path)) or _LIBRARY.fullmatch(basename(path))
    )


def _interpreter(image: Image) -> tuple[str, ElfFile]:
    for link in _PREFERRED:
        path = image.resolve(link)
        if path in image.elf and _version(path):
            return path, image.elf[path]
        if path in image.damaged:
            raise _unknown(image, f"its interpreter {path} is damaged: {image.damaged[path]}")
    found = _pythons(image)
    versions = {_version(path) for path in found}
    if not found:
        raise _unknown(image, "no Python in it, so there is nothing to tell the target from")
    machines = {image.elf[path].header.elf_machine for path in found}
    if len(versions) > 1 or len(machines) > 1:
        raise _unknown(image, f"several Pythons, and no /usr/bin/python3 says which: {', '.join(found)}")
    programs = [path for path in found if _PROGRAM.fullmatch(basename(path))]
    path = (programs or found)[0]
    return path, image.elf[path]


def _version(path: str) -> str:
    match = _PROGRAM.fullmatch(basename(path)) or _LIBRARY.fullmatch(basename(path))
    return match[1] if match else ""


def _suffixes(image: Image, path: str, elf: ElfFile) -> tuple[str, ...]:
    """Return the suffixes that the interpreter holds, itself or in its libpython, in the order it tries them."""
    libraries = [name for name in elf.needed if _LIBRARY.fullmatch(name)]
    candidates = [
        path,
        *(other for name in libraries for other in sorted(image.elf) if basename(other) == name),
    ]
    for candidate in candidates:
        found = {text.decode("ascii") for text in _texts(image, candidate)}
        tagged = sorted(suffix for suffix in found if "cpython" in suffix)
        if tagged:
            return (*tagged, *sorted(suffix for suffix in found if "abi3" in suffix), ".so")
    return ()


def _texts(image: Image, path: str) -> Iterator[bytes]:
    """Yield what looks like a suffix in a file's bytes, a chunk at a time."""
    try:
        with image.open(path) as reader:
            rest = b""
            for offset in range(0, min(reader.size, _MAX_INTERPRETER), _CHUNK):
                chunk = reader.pread(_CHUNK, offset)
                yield from _SUFFIX.findall(rest + chunk)
                rest = chunk[-128:]
    except OSError:
        return
