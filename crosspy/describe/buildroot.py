"""What Buildroot's ``.config`` says of a target.

Buildroot writes every symbol into ``.config``, also those that nobody is asked for (BR2_ARCH, BR2_GCC_TARGET_ABI: see its
``arch/Config.in*``). So the few symbols below, declared in a Kconfig of our own, are enough to read it: Buildroot's own
tree, its release and its environment are not needed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.errors import ContradictionError, TargetDataError, UsageError
from crosspy.model import machine as machines
from crosspy.model.machine import Machine
from crosspy.model.target import Target

_STRINGS: Final = (
    "BR2_ARCH", "BR2_ENDIAN", "BR2_GCC_TARGET_ABI", "BR2_GCC_TARGET_NAN", "BR2_GCC_TARGET_FLOAT_ABI",
)  # fmt: skip
_BOOLS: Final = (
    "BR2_TOOLCHAIN_USES_GLIBC", "BR2_TOOLCHAIN_USES_MUSL", "BR2_TOOLCHAIN_USES_UCLIBC", "BR2_ARM_EABI", "BR2_ARM_EABIHF",
    "BR2_STATIC_LIBS", "BR2_INSTALL_LIBSTDCPP", "BR2_TOOLCHAIN_HAS_FORTRAN", "BR2_PACKAGE_PYTHON3",
)  # fmt: skip

_ASSIGNMENT: Final = re.compile(r"^(# )?(BR2_\w+)(?==| is not set)", re.MULTILINE)
_RISCV_FLOAT: Final = {"": "soft", "f": "single", "d": "double", "q": "quad", "e": "soft"}
_LOONGARCH_FLOAT: Final = {"s": "soft", "f": "single", "d": "double"}


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildrootConfig:
    """The facts of a target that a ``.config`` states.

    ``abi`` has the keys and values of :func:`crosspy.model.machine.abi_of`, as far as the configuration decides them.
    ``libc`` is ``glibc``, ``musl``, ``uclibc``, or empty. Which Python it is, Buildroot's release says, not ``.config``.
    """

    path: str
    machine: Machine
    abi: Mapping[str, str]
    libc: str
    static: bool
    """Nothing is linked dynamically: no extension module can be loaded."""
    cxx: bool
    fortran: bool
    python: bool


def read_config(path: Path) -> BuildrootConfig:
    """Read Buildroot's ``.config``.

    :raises UsageError: if kconfiglib is not installed, or there is no such file.
    :raises TargetDataError: if it is damaged, of something else than Buildroot, or of an unknown architecture.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(
            f"{path}: {reason}", hint="Name the .config in Buildroot's output directory (O=)."
        ) from None
    values = _evaluate(text, path)
    arch, abi = values["BR2_ARCH"], values["BR2_GCC_TARGET_ABI"]
    machine = machines.by_triplet(f"{arch}-linux-{'gnuabin32' if abi == 'n32' else 'gnu'}") if arch else None
    if machine is None:
        known = f"BR2_ARCH is {arch!r}, which crosspy does not know" if arch else "it has no BR2_ARCH"
        raise TargetDataError(
            f"{path} describes no target: {known}",
            hint="It must be the .config that Buildroot's make olddefconfig wrote, not a defconfig.",
        )
    if values["BR2_ENDIAN"] and values["BR2_ENDIAN"].lower() != machine.byteorder:
        raise ContradictionError(
            f"{path} contradicts itself: BR2_ARCH is {arch!r}, BR2_ENDIAN {values['BR2_ENDIAN']!r}",
            hint="It was edited by hand: run make olddefconfig.",
        )
    kinds = [kind for kind in ("glibc", "musl", "uclibc") if values[f"BR2_TOOLCHAIN_USES_{kind.upper()}"]]
    return BuildrootConfig(
        path=str(path),
        machine=machine,
        abi=_abi(machine, values),
        libc=kinds[0] if kinds else "",
        static=bool(values["BR2_STATIC_LIBS"]),
        cxx=bool(values["BR2_INSTALL_LIBSTDCPP"]),
        fortran=bool(values["BR2_TOOLCHAIN_HAS_FORTRAN"]),
        python=bool(values["BR2_PACKAGE_PYTHON3"]),
    )


def check_config(config: BuildrootConfig, target: Target) -> dict[str, str]:
    """Compare ``.config`` with what a sysroot says; return where the facts stand in ``.config``.

    :raises ContradictionError: naming both.
    """
    stated = [
        ("machine", config.machine.name, target.machine.name),
        ("libc", config.libc or target.libc.kind, target.libc.kind),
        *machines.abi_conflicts(dict(config.abi), dict(target.abi)),
    ]
    for what, asked, found in stated:
        if asked != found:
            raise ContradictionError(
                f"{what} is {asked} in {config.path}, but {found} in {target.sysroot}",
                hint="The output is of another configuration: Buildroot needs make clean after such a change.",
            )
    return {"buildroot": config.path}


def _evaluate(text: str, path: Path) -> dict[str, str]:
    """Return each symbol's value by name; a bool is ``y`` or empty."""
    try:
        import kconfiglib  # noqa: PLC0415 -- optional: the extra "buildroot"
    except ImportError:
        raise UsageError(
            "reading Buildroot's .config needs kconfiglib", hint="pip install 'crosspy[buildroot]'"
        ) from None
    with tempfile.TemporaryDirectory(prefix="crosspy-kconfig-") as directory:
        kconfig, config = Path(directory, "Kconfig"), Path(directory, "config")
        kinds = [*((name, "string") for name in _STRINGS), *((name, "bool") for name in _BOOLS)]
        kconfig.write_text(
            "".join(f'config {name}\n\t{kind} "x"\n' for name, kind in kinds), encoding="utf-8"
        )
        try:
            kconf = kconfiglib.Kconfig(str(kconfig), warn_to_stderr=False)
            kconf.warn_assign_override = kconf.warn_assign_redun = False
            # Buildroot's Kconfig has no prefix; kconfiglib's own may be set by the environment.
            config.write_text(_ASSIGNMENT.sub(rf"\g<1>{kconf.config_prefix}\g<2>", text), encoding="utf-8")
            kconf.load_config(str(config))
        except kconfiglib.KconfigError as error:
            raise TargetDataError(f"{path}: {error}", hint="Run make olddefconfig.") from None
    if kconf.warnings:
        # Each ends with where our own Kconfig declares the symbol, which nobody can look at.
        what = re.sub(r" \(defined at [^)]*\)|warning: ", "", str(kconf.warnings[0]))
        raise TargetDataError(what.replace(str(config), str(path)), hint="Run make olddefconfig.")
    values = {name: str(kconf.syms[name].str_value) for name, _ in kinds}
    return {name: "" if value == "n" and name in _BOOLS else value for name, value in values.items()}


def _abi(machine: Machine, values: Mapping[str, str]) -> dict[str, str]:
    """Decode the ABI that the symbols state, as :func:`crosspy.model.machine.abi_of` decodes ``e_flags``."""
    abi = values["BR2_GCC_TARGET_ABI"]
    if machine.name in {"arm", "armeb"}:
        hard = values["BR2_ARM_EABIHF"] or values["BR2_GCC_TARGET_FLOAT_ABI"] == "hard"
        return {"eabi": "5", "float": "hard" if hard else "soft"}
    if machine.name.startswith("riscv") and (match := re.fullmatch(r"(?:ilp32|lp64)([fdqe]?)", abi)):
        return {"float": _RISCV_FLOAT[match[1]]}
    if machine.name.startswith("loongarch") and (match := re.fullmatch(r"lp64([sfd])", abi)):
        return {"float": _LOONGARCH_FLOAT[match[1]]}
    if machine.name.startswith("mips"):
        names = {"32": "o32", "n32": "n32", "64": "n64"}
        nan = values["BR2_GCC_TARGET_NAN"]
        return {**({"abi": names[abi]} if abi in names else {}), **({"nan": nan} if nan else {})}
    return {}
