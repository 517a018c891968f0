"""The target's Python, as its sysroot describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ConfigValue = str | int


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetPython:
    """A CPython installation of the target.

    Paths are those of the target itself (``/usr/lib/python3.12``), never with the sysroot in front.
    ``config_vars`` are the ``build_time_vars`` of its sysconfigdata, as they are in the file.
    ``schemes`` are the ``_INSTALL_SCHEMES`` of its ``sysconfig`` module, empty where the sysroot holds no stdlib.
    """

    version: str
    """``X.Y``"""
    full_version: str
    """``X.Y.Z`` with any ``a1``, ``rc2``; equal to ``version`` when the sysroot does not say the patch release."""
    hexversion: int
    abiflags: str
    soabi: str
    ext_suffix: str
    extension_suffixes: tuple[str, ...]
    """What ``importlib.machinery.EXTENSION_SUFFIXES`` is there, in order."""
    platform: str
    """``sysconfig.get_platform()``, e.g. ``linux-armv7l``"""
    multiarch: str
    """``sys.implementation._multiarch``, empty if that attribute does not exist there."""
    prefix: str
    exec_prefix: str
    platlibdir: str
    stdlib: str
    include: str
    """Directory of ``Python.h``."""
    platinclude: str
    """Directory of ``pyconfig.h``."""
    debian_layout: bool = False
    """Packages live in ``dist-packages`` (Debian's patched site.py)."""
    builtin_modules: tuple[str, ...] = ()
    compiler: str = ""
    """``platform.python_compiler()``, e.g. ``GCC 12.2.0``; empty if not known."""
    build_info: str = ""
    """The part of ``sys.version`` in parentheses, e.g. ``main, May 12 2026, 05:17:27``; empty if not known."""
    config_vars: Mapping[str, ConfigValue] = field(default_factory=dict)
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def nodot(self) -> str:
        return self.version.replace(".", "")

    @property
    def free_threaded(self) -> bool:
        return "t" in self.abiflags
