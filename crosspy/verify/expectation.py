"""What the files of an image must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from crosspy.elf import ElfFile, ElfHeader
from crosspy.model.machine import Machine, abi_conflicts, abi_of, by_triplet, elf_machine_name
from crosspy.model.target import Target

_GLIBC_LOADER: Final = re.compile(r"/(?:ld-linux[^/]*|ld64|ld)\.so\.\d+$")
_LIBC_SONAMES: Final = (
    (re.compile(r"libc\.so\.6(?:\.1)?"), "glibc"),
    (re.compile(r"libc\.musl-\w+\.so\.1|libc\.so"), "musl"),
    (re.compile(r"libc\.so\.[01]"), "uclibc"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a user asks beyond what the target says.

    ``cpu`` names the processor as for GCC, ``page_size`` is the kernel's; empty or 0 if not said. ``tiers`` are the
    options that switch checks on which are off otherwise (:attr:`crosspy.verify.rules.Rule.tier`); ``build_paths`` the
    directories that no file may name, the usual ones if empty.
    """

    cpu: str = ""
    page_size: int = 0
    tiers: frozenset[str] = frozenset()
    build_paths: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """The facts of a target that files of an image are compared with.

    ``abi`` as :func:`crosspy.model.machine.abi_of` decodes it. ``libc`` is ``glibc``, ``musl``, ``uclibc`` or empty if
    not known. ``python`` is ``X.Y`` and ``extension_suffixes`` what that interpreter tries, in order; both empty if
    the target's Python is not known. ``source`` says where this comes from, for people.
    """

    machine: Machine
    abi: Mapping[str, str] = field(default_factory=dict)
    libc: str = ""
    interpreter: str = ""
    python: str = ""
    extension_suffixes: tuple[str, ...] = ()
    source: str = ""
    options: Options = Options()

    def describe(self) -> str:
        """Return the target in a line."""
        abi = ", ".join(f"{key} {value}" for key, value in sorted(self.abi.items()))
        parts = [self.machine.name, abi and f"({abi})", self.libc, self.python and f"Python {self.python}"]
        suffix = self.extension_suffixes[0] if self.extension_suffixes else ""
        return " ".join(part for part in (*parts, suffix) if part)


def from_target(target: Target, *, source: str) -> Expectation:
    """Take from a target description what its files are compared with."""
    return Expectation(
        machine=target.machine,
        abi=dict(target.abi),
        libc=target.libc.kind,
        interpreter=target.libc.interpreter,
        python=target.python.version,
        extension_suffixes=target.python.extension_suffixes,
        source=source,
    )


def from_triplet(triplet: str, *, source: str) -> Expectation | None:
    """Take from a GNU triplet what it says of machine, ABI and C library; None for an architecture that is unknown.

    ``gnueabi`` says nothing of floats: Debian's is soft, OpenEmbedded's is either.
    """
    machine = by_triplet(triplet)
    if machine is None:
        return None
    tail = triplet.rpartition("-")[2]
    abi = {}
    if tail.endswith("eabihf"):
        abi = {"eabi": "5", "float": "hard"}
    elif tail.endswith("eabi"):
        abi = {"eabi": "5"}
    elif machine.name.startswith("mips"):
        abi = {
            "abi": {"abi64": "n64", "abin32": "n32"}.get(
                tail.removeprefix("gnu"), "o32" if machine.bits == 32 else ""
            )
        }
    elif machine.name == "ppc64le":
        abi = {"elf": "v2"}
    libc = next(
        (kind for word, kind in (("musl", "musl"), ("uclibc", "uclibc"), ("gnu", "glibc")) if word in tail),
        "",
    )
    return Expectation(
        machine=machine, abi={key: value for key, value in abi.items() if value}, libc=libc, source=source
    )


def machine_matches(expected: Machine, header: ElfHeader) -> bool:
    """Say whether the file is for this architecture, word size and byte order."""
    same = (expected.elf_machine, expected.bits, expected.byteorder)
    return same == (header.elf_machine, header.bits, header.byteorder)


def abi_matches(expected: Expectation, header: ElfHeader) -> bool:
    """Say whether the flags of the file contradict the target's ABI nowhere."""
    found = abi_of(header.elf_machine, header.bits, header.flags)
    return not abi_conflicts(dict(expected.abi), found)


def machine_text(elf_machine: int, bits: int, byteorder: str) -> str:
    """Return ``AArch64 64-bit little-endian``."""
    return f"{elf_machine_name(elf_machine)} {bits}-bit {byteorder}-endian"


def libc_of_interpreter(interpreter: str) -> str:
    """Return which C library a program interpreter belongs to, empty if it is none of those known."""
    if "/ld-musl-" in interpreter:
        return "musl"
    if "/ld-uClibc" in interpreter or "/ld64-uClibc" in interpreter:
        return "uclibc"
    return "glibc" if _GLIBC_LOADER.search(interpreter) else ""


@lru_cache(1 << 12)
def libc_of_needed(name: str) -> str:
    """Return which C library has this NEEDED name, empty if none."""
    return next((kind for pattern, kind in _LIBC_SONAMES if pattern.fullmatch(name)), "")


def libc_of(elf: ElfFile) -> tuple[str, str]:
    """Return ``(C library, the name that says so)`` of a file, both empty for one that names none."""
    for name in elf.needed:
        kind = libc_of_needed(name)
        if kind:
            return kind, name
    kind = libc_of_interpreter(elf.interpreter)
    return (kind, elf.interpreter) if kind else ("", "")
