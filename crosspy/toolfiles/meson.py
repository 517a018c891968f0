"""Meson's cross file (https://mesonbuild.com/Machine-files.html). The python entry is the running build's to add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crosspy.model.target import Target
from crosspy.toolfiles.launchers import launcher_name

_LONG_DOUBLE: Final = {
    ("53", "8"): "IEEE_DOUBLE", ("113", "16"): "IEEE_QUAD", ("64", "16"): "INTEL_EXTENDED_16_BYTES",
    ("64", "12"): "INTEL_EXTENDED_12_BYTES", ("106", "16"): "IBM_DOUBLE_DOUBLE",
}  # fmt: skip
"""numpy's names (numpy/_core/meson.build) by mantissa bits and bytes, as the compiler's own macros tell them."""


def long_double_format(target: Target) -> str:
    """Return numpy's ``longdouble_format`` property, empty for a format that it has no name for."""
    macros = target.toolchain.macros if target.toolchain else {}
    name = _LONG_DOUBLE.get(
        (macros.get("__LDBL_MANT_DIG__", ""), macros.get("__SIZEOF_LONG_DOUBLE__", "")), ""
    )
    return f"{name}_{'LE' if target.machine.byteorder == 'little' else 'BE'}" if name else ""


def cross_file(target: Target, *, emulator: bool = False) -> str:
    """Return the text of the cross file; compilers by name, so that no build path gets into what records them.

    :param emulator: there is a launcher ``run-target`` for programs of the target.
    """
    tools = {
        "c": "gcc",
        "ar": "ar",
        "nm": "nm",
        "strip": "strip",
        "ranlib": "ranlib",
        "objcopy": "objcopy",
        "readelf": "readelf",
    }
    present = {name: tool for name, tool in tools.items() if _present(target, tool)}
    if _present(target, "g++"):
        present["cpp"] = "g++"
    if _present(target, "gfortran"):
        present["fortran"] = "gfortran"
    binaries = {name: _text(launcher_name(target, tool)) for name, tool in present.items()}
    binaries["pkg-config"] = binaries["pkgconfig"] = _text("pkg-config")
    if not _present(target, "gfortran"):
        # Without this, Meson takes the build machine's.
        binaries["fortran"] = _text(launcher_name(target, "gfortran"))
    if emulator:
        binaries["exe_wrapper"] = _text("run-target")
    properties = {"needs_exe_wrapper": "true"}
    if target.sysroot:
        properties["sys_root"] = _text(target.sysroot)
        properties["pkg_config_libdir"] = _list(pkg_config_dirs(target))
    if long_double_format(target):
        properties["longdouble_format"] = _text(long_double_format(target))
    machine = {
        "system": _text("linux"),
        "kernel": _text("linux"),
        "cpu_family": _text(target.machine.meson),
        "cpu": _text(target.uname),
        "endian": _text(target.machine.byteorder),
    }
    sections = {"binaries": binaries, "properties": properties, "host_machine": machine}
    return "\n".join(_section(name, values) for name, values in sections.items())


def pkg_config_dirs(target: Target) -> list[str]:
    """Return the sysroot's ``.pc`` directories, most specific first."""
    names = [f"usr/lib/{target.python.multiarch}/pkgconfig"] if target.python.multiarch else []
    names += [
        "usr/lib64/pkgconfig",
        "usr/lib/pkgconfig",
        "usr/share/pkgconfig",
        "usr/local/lib/pkgconfig",
        "lib/pkgconfig",
    ]
    return [f"{target.sysroot}/{name}" for name in names]


def _present(target: Target, tool: str) -> bool:
    toolchain = target.toolchain
    if toolchain is None:
        return False
    return tool == "gcc" or (tool == "g++" and bool(toolchain.cxx)) or tool in toolchain.tools


def _section(name: str, values: dict[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(values.items()))


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def properties(values: Mapping[str, Any]) -> str:
    """Return a machine file with these properties: texts, numbers, booleans, or sequences of texts."""
    return _section("properties", {name: _value(value) for name, value in values.items()})


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return _text(value) if isinstance(value, str) else _list(value)


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
