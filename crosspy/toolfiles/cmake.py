"""CMake's toolchain file (https://cmake.org/cmake/help/latest/manual/cmake-toolchains.7.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crosspy.model.target import Target
from crosspy.toolfiles.launchers import launcher_name
from crosspy.toolfiles.sysconfig import in_sysroot

_TOOLS: Final = {"AR": "ar", "RANLIB": "ranlib", "NM": "nm", "STRIP": "strip", "OBJCOPY": "objcopy"}

_FIND: Final = """\
# A path below one of these is looked up as it is, any other one below each of these: what the build itself brings
# (build requirements, the project, what it compiles) is found, and nothing of the build machine.
get_filename_component(_crosspy_env "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
list(APPEND CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}/links" @sysroot@ $ENV{CROSSPY_ISOLATED}
  $ENV{CROSSPY_SOURCE} "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}" "${_crosspy_env}")
list(REMOVE_DUPLICATES CMAKE_FIND_ROOT_PATH)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The user's own builds on this machine.
set(CMAKE_FIND_USE_PACKAGE_REGISTRY FALSE)
set(CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY FALSE)
"""

# The interpreter is the running build's, which knows the build requirements of an isolated environment.
_PYTHON: Final = """\
set(_crosspy_python "$ENV{CROSSPY_PYTHON}")
if(NOT _crosspy_python)
  get_filename_component(_crosspy_python "${CMAKE_CURRENT_LIST_DIR}/../bin/python" ABSOLUTE)
endif()
foreach(_crosspy_prefix Python Python3)
  set(${_crosspy_prefix}_EXECUTABLE "${_crosspy_python}" CACHE FILEPATH "")
  set(${_crosspy_prefix}_INCLUDE_DIR @include@ CACHE PATH "")
  set(${_crosspy_prefix}_SOABI @soabi@ CACHE STRING "")
  set(${_crosspy_prefix}_SOSABI @sosabi@ CACHE STRING "")
endforeach()
set(PYTHON_EXECUTABLE "${_crosspy_python}" CACHE FILEPATH "")
set(PYTHON_INCLUDE_DIR @include@ CACHE PATH "")
set(PYTHON_MODULE_EXTENSION @suffix@ CACHE STRING "")
set(PYTHON_MODULE_DEBUG_POSTFIX "" CACHE STRING "")
"""

# Programs that embed Python link it, and the old FindPythonLibs wants it found even where nothing is linked.
_LIBPYTHON: Final = """\
foreach(_crosspy_library @libraries@)
  if(EXISTS "${_crosspy_library}")
    set(Python_LIBRARY "${_crosspy_library}" CACHE FILEPATH "")
    set(Python3_LIBRARY "${_crosspy_library}" CACHE FILEPATH "")
    set(PYTHON_LIBRARY "${_crosspy_library}" CACHE FILEPATH "")
    break()
  endif()
endforeach()
"""

_PROVIDER: Final = """\
# CMP0190 (CMake 4.1) wants an emulator for the interpreter; cross-python needs none.
list(PREPEND CMAKE_PROJECT_TOP_LEVEL_INCLUDES "${CMAKE_CURRENT_LIST_DIR}/findpython.cmake")
list(REMOVE_DUPLICATES CMAKE_PROJECT_TOP_LEVEL_INCLUDES)
"""

_HINTS: Final = """\
foreach(crosspy_hint $ENV{CROSSPY_HINTS})
  include("${CMAKE_CURRENT_LIST_DIR}/hints/${crosspy_hint}.cmake")
endforeach()
"""

_BUILD_MACHINE: Final = """\
# CMake has asked uname before it read this, and uname answers for the target in a build.
get_property(_crosspy_trying GLOBAL PROPERTY IN_TRY_COMPILE)
if(NOT _crosspy_trying)
  execute_process(COMMAND sh -c "command -p uname -m"
    OUTPUT_VARIABLE CMAKE_HOST_SYSTEM_PROCESSOR OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
"""

FIND_PYTHON: Final = """\
# Made by crosspy. While FindPython looks, programs of the target "run" under env, which runs cross-python as it is:
# policy CMP0190 (CMake 4.1) refuses an interpreter without an emulator. Outside of it there is the emulator of the
# user, or none, and try_run says so.
if(CMAKE_VERSION VERSION_LESS 3.24)
  return()
endif()
macro(crosspy_find_python _crosspy_method _crosspy_package)
  if("${_crosspy_package}" MATCHES "^Python3?$")
    if(DEFINED CMAKE_CROSSCOMPILING_EMULATOR)
      set(_crosspy_emulator "${CMAKE_CROSSCOMPILING_EMULATOR}")
    endif()
    set(CMAKE_CROSSCOMPILING_EMULATOR env)
    find_package(${_crosspy_package} ${ARGN} BYPASS_PROVIDER)
    # Before policy CMP0190 no interpreter is asked in a cross build: FindPython then empties what the toolchain file says.
    if(NOT ${_crosspy_package}_SOABI)
      set(${_crosspy_package}_SOABI "$CACHE{${_crosspy_package}_SOABI}")
    endif()
    # try_run runs programs wherever this is set, also to nothing.
    unset(CMAKE_CROSSCOMPILING_EMULATOR)
    if(DEFINED _crosspy_emulator)
      set(CMAKE_CROSSCOMPILING_EMULATOR "${_crosspy_emulator}")
      unset(_crosspy_emulator)
    endif()
  endif()
endmacro()
cmake_language(SET_DEPENDENCY_PROVIDER crosspy_find_python SUPPORTED_METHODS FIND_PACKAGE)
"""
"""The dependency provider (cmake-language(7)) that the toolchain file names."""


def toolchain_file(target: Target, *, emulator: bool = False, hints: bool = False) -> str:
    """Return the text of the toolchain file. FindPython is told of the target's Python, and runs none of it.

    :param emulator: ``tools/run-target`` runs programs of the target.
    :param hints: there are hints; the running build knows which of them are for it.
    """
    lines = [
        "# Made by crosspy.",
        "set(CMAKE_SYSTEM_NAME Linux)",
        f"set(CMAKE_SYSTEM_PROCESSOR {_quoted(target.machine.cmake if target.machine.name != 'arm' else target.uname)})",
        "set(CMAKE_CROSSCOMPILING TRUE)",
        *_compilers(target),
    ]
    if target.sysroot:
        lines.append(f"set(CMAKE_SYSROOT {_quoted(target.sysroot)})")
        lines.append(_FIND.replace("@sysroot@", _quoted(target.sysroot)))
        if target.python.multiarch:
            lines.append(f"set(CMAKE_LIBRARY_ARCHITECTURE {_quoted(target.python.multiarch)})")
    if emulator:
        lines.append('set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/tools/run-target")')
    return "\n".join([*lines, _python(target), _PROVIDER, _BUILD_MACHINE, *([_HINTS] if hints else [])])


def _compilers(target: Target) -> list[str]:
    """Name each language's compiler, whether or not there is one: CMake would look for the build machine's."""
    toolchain = target.toolchain
    if toolchain is None:
        return []
    lines = [
        f"set(CMAKE_{language}_COMPILER {_quoted(launcher_name(target, tool))})"
        for language, tool in (("C", "gcc"), ("CXX", "g++"), ("Fortran", "gfortran"))
    ]
    # An absolute path: CMake looks for these beside the compiler, then on PATH, without a prefix.
    return lines + [
        f'set(CMAKE_{variable} "${{CMAKE_CURRENT_LIST_DIR}}/tools/{launcher_name(target, tool)}")'
        for variable, tool in _TOOLS.items()
        if tool in toolchain.tools
    ]


def _python(target: Target) -> str:
    python = target.python
    stable = next((suffix for suffix in python.extension_suffixes if suffix.startswith(".abi3")), "")
    values = {
        "include": f"{target.sysroot}{python.include}",
        "soabi": python.soabi,
        "sosabi": stable.removeprefix(".").removesuffix(".so"),
        "suffix": python.ext_suffix,
    }
    text = _PYTHON
    for name, value in values.items():
        text = text.replace(f"@{name}@", _quoted(value))
    libraries = " ".join(_quoted(path) for path in _libpython(target))
    return text + (_LIBPYTHON.replace("@libraries@", libraries) if libraries else "")


def _libpython(target: Target) -> list[str]:
    """Return where the target's libpython may be, from its sysconfigdata."""
    variables = target.python.config_vars
    name = str(variables.get("LDLIBRARY", ""))
    libdir, config = (str(variables.get(key, "")) for key in ("LIBDIR", "LIBPL"))
    multiarch = f"{libdir}/{target.python.multiarch}" if libdir and target.python.multiarch else ""
    directories = [path for path in (libdir, multiarch, config) if path.startswith("/")]
    return [f"{in_sysroot(path, target.sysroot)}/{name}" for path in directories if name]


def cache_entries(values: Mapping[str, str]) -> str:
    """Return commands that set cache variables, where a command line has not set them."""
    return "".join(f'set({name} {_quoted(value)} CACHE STRING "")\n' for name, value in values.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
