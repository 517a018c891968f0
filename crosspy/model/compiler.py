"""The compiler that makes code for the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """The cross toolchain: commands are lists of words, resolved to absolute programs, flags included.

    ``tools`` maps ``ar``, ``nm``, ``ranlib``, ``strip``, ``ld``, ``objcopy``, ``objdump``, ``readelf``, ``fortran``
    to such commands, where they exist. ``include_dirs`` and ``library_dirs`` are what the compiler must be told in
    order to see the sysroot's C library and not one of its own (see :mod:`crosspy.describe.compiler`).
    """

    cc: tuple[str, ...]
    cxx: tuple[str, ...] = ()
    tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    triplet: str = ""
    """What ``-dumpmachine`` says."""
    native: bool = False
    """The build machine is of the target's architecture: the names of their tools could be the same."""
    family: str = "gcc"
    """``gcc`` or ``clang``"""
    version: str = ""
    c_includes: tuple[str, ...] = ()
    cxx_includes: tuple[str, ...] = ()
    library_dirs: tuple[str, ...] = ()
    specs: str = ""
    """What GCC shall read in the place of its own specs, so that it links from the sysroot alone; empty: its own."""
    macros: Mapping[str, str] = field(default_factory=dict)
    """Those of the compiler's predefined macros that tell of the target's types, and how it does atomics of them."""

    @property
    def calls_libatomic(self) -> bool:
        """Whether some atomics are calls: of bytes by GCC before 14 for RISC-V, of all sizes for ARMv5.

        GCC manual, "__atomic Builtins" and "Common Predefined Macros": 2 is always lock-free, by instructions.
        """
        return any(value != "2" for name, value in self.macros.items() if name.startswith("__GCC_ATOMIC_"))
