"""CMake's toolchain file (https://cmake.org/cmake/help/latest/manual/cmake-toolchains.7.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crosspy.model.target import Target
from crosspy.toolfiles.launchers import launcher_name

_BUILD_MACHINE: Final = """\
# CMake has asked uname before it read this, and uname answers for the target in a build.
get_property(_crosspy_trying GLOBAL PROPERTY IN_TRY_COMPILE)
if(NOT _crosspy_trying)
  execute_process(COMMAND sh -c "command -p uname -m"
    OUTPUT_VARIABLE CMAKE_HOST_SYSTEM_PROCESSOR OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()"""


def toolchain_file(target: Target, *, emulator: bool = False, hints: bool = False) -> str:
    """Return the text of the toolchain file. FindPython is told of the target's Python, and runs none of it.

    :param emulator: ``tools/run-target`` runs programs of the target.
    :param hints: there are hints; the running build knows which of them are for it.
    """
    python = target.python
    sysroot = target.sysroot
    lines = [
        "# Made by crosspy.",
        "set(CMAKE_SYSTEM_NAME Linux)",
        f"set(CMAKE_SYSTEM_PROCESSOR {_quoted(target.machine.cmake if target.machine.name != 'arm' else target.uname)})",
        f"set(CMAKE_C_COMPILER {_quoted(launcher_name(target, 'gcc'))})",
    ]
    toolchain = target.toolchain
    if toolchain and toolchain.cxx:
        lines.append(f"set(CMAKE_CXX_COMPILER {_quoted(launcher_name(target, 'g++'))})")
    for variable, tool in (
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("NM", "nm"),
        ("STRIP", "strip"),
        ("OBJCOPY", "objcopy"),
    ):
        if toolchain and tool in toolchain.tools:
            # An absolute path: CMake looks for these beside the compiler, then on PATH, without a prefix.
            lines.append(
                f'set(CMAKE_{variable} "${{CMAKE_CURRENT_LIST_DIR}}/tools/{launcher_name(target, tool)}")'
            )
    if toolchain and "gfortran" in toolchain.tools:
        lines.append(f"set(CMAKE_Fortran_COMPILER {_quoted(launcher_name(target, 'gfortran'))})")
    if sysroot:
        lines += [
            f"set(CMAKE_SYSROOT {_quoted(sysroot)})",
            f'list(APPEND CMAKE_FIND_ROOT_PATH "${{CMAKE_CURRENT_LIST_DIR}}/links" {_quoted(sysroot)})',
            "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)",
            "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)",
            "set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)",
            "set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)",
            # What lies below one of these is looked up as it is: build requirements (pybind11, nanobind), the project.
            "list(APPEND CMAKE_FIND_ROOT_PATH $ENV{CROSSPY_ISOLATED} $ENV{CROSSPY_SOURCE}",
            '  "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}" $ENV{CROSSPY_BUILD})',
            # The user's own builds on this machine.
            "set(CMAKE_FIND_USE_PACKAGE_REGISTRY FALSE)",
            "set(CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY FALSE)",
            "set(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH TRUE)",
        ]
        if python.multiarch:
            lines.append(f"set(CMAKE_LIBRARY_ARCHITECTURE {_quoted(python.multiarch)})")
    include = f"{sysroot}{python.include}"
    for prefix in ("Python", "Python3"):
        lines += [
            f'set({prefix}_INCLUDE_DIR {_quoted(include)} CACHE PATH "")',
            f'set({prefix}_SOABI {_quoted(python.soabi)} CACHE STRING "")',
        ]
    lines += [
        f'set(PYTHON_MODULE_EXTENSION {_quoted(python.ext_suffix)} CACHE STRING "")',
        f'set(PYTHON_INCLUDE_DIR {_quoted(include)} CACHE PATH "")',
        "set(CMAKE_CROSSCOMPILING TRUE)",
    ]
    lines.append(_BUILD_MACHINE)
    if emulator:
        lines.append('set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/tools/run-target")')
    if hints:
        lines += [
            "foreach(crosspy_hint $ENV{CROSSPY_HINTS})",
            '  include("${CMAKE_CURRENT_LIST_DIR}/hints/${crosspy_hint}.cmake")',
            "endforeach()",
        ]
    return "\n".join(lines) + "\n"


def cache_entries(values: Mapping[str, str]) -> str:
    """Return commands that set cache variables, where a command line has not set them."""
    return "".join(f'set({name} {_quoted(value)} CACHE STRING "")\n' for name, value in values.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
