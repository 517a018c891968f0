"""What installers ask of a target: the wheel tags it accepts, and its environment markers.

Wheel tags come from the public functions of :mod:`packaging.tags`, which are told of the target instead of looking at
the machine they run on; only the platforms have to be listed here, because ``packaging`` finds those out by running.

Sources: PyPA "Platform compatibility tags", PEP 600 (manylinux), PEP 656 (musllinux), PEP 703 and PEP 803 (free
threading), PyPA "Dependency specifiers" (markers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from packaging import tags
from packaging.tags import Tag

from crosspy.model.target import Target

_MANYLINUX_ARCHS: Final = frozenset(
    {"x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"}
)
_LEGACY_FLOOR: Final = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_NO_LEGACY: Final = frozenset({"riscv64", "loongarch64"})
"""Not among the architectures of PEP 599, which defined manylinux2014."""
_DOUBLE_FLOAT: Final = frozenset({"riscv64", "loongarch64"})
"""Distributions that prebuilt wheels are for have the ABI lp64d alone."""


def target_tags(target: Target, *, prebuilt: bool) -> tuple[Tag, ...]:
    """Return the tags of the wheels that run on ``target``, best first.

    :param prebuilt: also those of wheels that were built elsewhere against a public policy (manylinux, musllinux).
    """
    python = target.python
    version = tuple(int(part) for part in python.version.split("."))
    interpreter = f"cp{python.nodot}"
    platforms = tuple(platform_tags(target, prebuilt=prebuilt))
    native = tags.cpython_tags(python_version=version, abis=_abis(target), platforms=platforms)
    if python.free_threaded:
        # packaging before 24.1 offers abi3 to free-threaded Pythons, which cannot load it.
        native = (tag for tag in native if tag.abi != "abi3")
    native = (
        tag
        for tag in native
        if tag.abi.startswith(("abi3", "none")) or imports_of(python.extension_suffixes, tag.platform)
    )
    pure = tags.compatible_tags(python_version=version, interpreter=interpreter, platforms=platforms)
    return tuple(dict.fromkeys((*native, *pure)))


def imports_of(suffixes: Sequence[str], platform: str) -> bool:
    """Say whether a Python that tries ``suffixes`` finds extension modules of wheels with this platform tag.

    Prebuilt ones are named as CPython's ``configure`` names them for glibc or musl (PEP 3149), such as
    ``_x.cpython-314-aarch64-linux-gnu.so``. OE-core's Python says ``-linux`` alone from 3.13 on, and ``-gnueabi``
    whatever floats are passed in: it imports none of them.
    """
    policy = re.match(r"(many|musl)linux", platform)
    if not policy:
        return True
    libc = "gnu" if policy[1] == "many" else "musl"
    ending = f"-linux-{libc}eabihf.so" if re.search(r"_armv\d+l$", platform) else f"-linux-{libc}.so"
    return any(suffix.startswith(".cpython-") and suffix.endswith(ending) for suffix in suffixes)


def misfit(target: Target, found: frozenset[Tag]) -> str:
    """Say what tags that do not fit the target lack, beyond what they say themselves; empty if that is all."""
    platforms = set(platform_tags(target, prebuilt=True))
    if any(tag.platform in platforms and f"cp{target.python.nodot}" == tag.interpreter for tag in found):
        return f"; its extension modules are named for another Python, this one imports *{target.python.extension_suffixes[0]}"
    return ""


def _abis(target: Target) -> list[str]:
    """Return the ABIs of the target's CPython: a debug build also loads extensions of a release build."""
    flags = target.python.abiflags
    names = [flags, flags.replace("d", "")] if "d" in flags else [flags]
    return [f"cp{target.python.nodot}{name}" for name in names]


def platform_tags(target: Target, *, prebuilt: bool) -> Iterator[str]:
    """Yield the platform tags of ``target`` in the order of :func:`packaging.tags.platform_tags`."""
    archs = _architectures(target)
    for arch in archs:
        yield f"linux_{arch}"
    if not prebuilt or target.machine.name == "x32":
        return
    if target.libc.kind == "glibc":
        yield from _manylinux(target, archs)
    elif target.libc.kind == "musl":
        yield from _musllinux(target, archs)


def _architectures(target: Target) -> tuple[str, ...]:
    """Return the architectures that wheel tags name, as ``packaging`` sees a 32-bit Python on a 64-bit kernel."""
    name = re.sub(r"[-.]", "_", target.python.platform).removeprefix("linux_")
    if target.machine.name == "i686" and name == "x86_64":
        name = "i686"
    elif target.machine.name == "arm" and name == "aarch64":
        name = "armv8l"
    return ("armv8l", "armv7l") if name == "armv8l" else (name,)


def _libc_version(target: Target) -> tuple[int, int] | None:
    match = re.match(r"(\d+)\.(\d+)", target.libc.version)
    return (int(match[1]), int(match[2])) if match else None


def _manylinux(target: Target, archs: tuple[str, ...]) -> Iterator[str]:
    version = _libc_version(target)
    if version is None or version[0] != 2 or not _manylinux_abi(target, archs):
        return
    floor = 5 if {"x86_64", "i686"} & set(archs) else 17
    for arch in archs:
        for minor in range(version[1], floor - 1, -1):
            yield f"manylinux_2_{minor}_{arch}"
            legacy = _LEGACY_FLOOR.get((2, minor))
            if legacy and arch not in _NO_LEGACY:
                yield f"{legacy}_{arch}"


def _manylinux_abi(target: Target, archs: tuple[str, ...]) -> bool:
    """Say whether the policy covers the ABI: on ARM, only that of ARMv7 with hard float (PEP 599)."""
    if "armv7l" in archs:
        return target.abi.get("eabi") == "5" and _is_armv7_hard_float(target)
    return any(arch in _MANYLINUX_ARCHS for arch in archs) and _has_double_float(target, archs)


def _has_double_float(target: Target, archs: tuple[str, ...]) -> bool:
    """Say whether numbers are passed as in prebuilt wheels: tags of these say nothing of it, and there is no lp64 wheel."""
    return not _DOUBLE_FLOAT & set(archs) or target.abi.get("float", "double") == "double"


def _is_armv7_hard_float(target: Target) -> bool:
    """Say whether code for armv7l runs: a Python that was built on a newer processor names that, not the target's."""
    return target.abi.get("float") == "hard" and not re.match(r"armv[1-6]", target.uname)


def _musllinux(target: Target, archs: tuple[str, ...]) -> Iterator[str]:
    version = _libc_version(target)
    if version is None or ("armv7l" in archs and not _is_armv7_hard_float(target)):
        return  # such wheels are Alpine's armv7
    if not _has_double_float(target, archs):
        return
    for arch in archs:
        for minor in range(version[1], -1, -1):
            yield f"musllinux_{version[0]}_{minor}_{arch}"


def marker_environment(target: Target) -> dict[str, str]:
    """Return the values that environment markers have on ``target``, ``extra`` not among them.

    The kernel that will run there is not known: ``platform_release`` and ``platform_version`` are empty.
    """
    python = target.python
    full = python.full_version if python.full_version.count(".") > 1 else f"{python.full_version}.0"
    return {
        "implementation_name": "cpython",
        # packaging builds this one from sys.implementation.version, with "c" where "rc" is usual.
        "implementation_version": full.replace("rc", "c"),
        "os_name": "posix",
        "platform_machine": target.uname,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": python.version,
        "sys_platform": "linux",
    }
