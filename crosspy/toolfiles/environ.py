"""The environment variables by which build tools learn of a target.

``{ROOT}`` stands for the cross environment, which can be moved.
"""

from __future__ import annotations

from typing import Final

from crosspy.model.target import Target
from crosspy.toolfiles.launchers import VARIABLES, launcher_name
from crosspy.toolfiles.meson import pkg_config_dirs
from crosspy.toolfiles.rust import rust_variables

UNSET: Final = (
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
    "GCC_EXEC_PREFIX", "PKG_CONFIG_PATH", "PKG_CONFIG_SYSTEM_INCLUDE_PATH", "PKG_CONFIG_SYSTEM_LIBRARY_PATH",
    "CMAKE_PREFIX_PATH", "CMAKE_INCLUDE_PATH", "CMAKE_LIBRARY_PATH", "_PYTHON_HOST_PLATFORM",
    "_PYTHON_SYSCONFIGDATA_NAME", "_PYTHON_PROJECT_BASE", "ARCHFLAGS", "LDSHARED",
)  # fmt: skip
"""Variables that would let the build machine, or another build system's pretence, into a build."""

DEFAULTS: Final = {
    "SOURCE_DATE_EPOCH": "315532800",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""Set unless the caller did: a wheel's own dates begin in 1980 (ZIP), and sets have an order."""

FLAGS: Final = ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "FFLAGS", "RUSTFLAGS", "CMAKE_ARGS")
"""Flags of the caller that a build gets, and a native one does not."""


def launcher_variables(target: Target) -> dict[str, str]:
    """Return ``CC``, ``CXX``, ``AR`` ... and the launcher that each names, for the tools that exist."""
    toolchain = target.toolchain
    if toolchain is None:
        return {}
    present = {"gcc", *toolchain.tools} | ({"g++"} if toolchain.cxx else set())
    return {variable: launcher_name(target, tool) for variable, tool in VARIABLES.items() if tool in present}


def build_variables(target: Target, rust_target: str = "", *, emulator: bool = False) -> dict[str, str]:
    """Return the variables of a build for the target, by name.

    :param rust_target: see :func:`rust_variables`.
    :param emulator: ``run-target`` runs programs of the target.
    """
    variables = launcher_variables(target)
    if variables:
        variables["CPP"] = f"{variables['CC']} -E"
        # ld by itself knows no sysroot; whoever wants a linker gets it through the compiler.
        variables.pop("LD", None)
    if target.sysroot:
        links = [name.replace(target.sysroot, "{ROOT}/crosspy/links", 1) for name in pkg_config_dirs(target)]
        variables["PKG_CONFIG_LIBDIR"] = ":".join([*pkg_config_dirs(target), *links])
        variables["PKG_CONFIG_SYSROOT_DIR"] = target.sysroot
    variables["CMAKE_TOOLCHAIN_FILE"] = "{ROOT}/crosspy/toolchain.cmake"
    variables["CONFIG_SITE"] = "{ROOT}/crosspy/config.site"
    # Automake's `make check` runs each test with this: without an emulator a program of the target is skipped, not run.
    runner = "{ROOT}/crosspy/tools/" + ("run-target" if emulator else "skip-target-test")
    variables["LOG_COMPILER"] = runner
    variables["PYTHONNOUSERSITE"] = "1"
    variables["LC_ALL"] = "C.UTF-8"
    variables.update(rust_variables(target, rust_target, runner=runner if emulator else ""))
    return dict(sorted(variables.items()))
