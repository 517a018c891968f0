"""What a .config of Buildroot says: recorded symbols, as `make olddefconfig` writes them."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest
from sample_targets import make_target

from crosspy.describe.buildroot import check_config, read_config
from crosspy.errors import ContradictionError, TargetDataError, UsageError

ARM = """\
#
# Automatically generated file; DO NOT EDIT.
# Buildroot 2026.02.3 Configuration
#
BR2_ARCH="arm"
BR2_ENDIAN="LITTLE"
BR2_GCC_TARGET_ABI="aapcs-linux"
BR2_GCC_TARGET_FLOAT_ABI="hard"
# BR2_ARM_EABI is not set
BR2_ARM_EABIHF=y
BR2_TOOLCHAIN_USES_GLIBC=y
# BR2_STATIC_LIBS is not set
BR2_INSTALL_LIBSTDCPP=y
BR2_PACKAGE_PYTHON3=y
BR2_TARGET_GENERIC_HOSTNAME="BR2_ARCH=\\"mips\\""
"""


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / ".config"
    path.write_text(text, encoding="utf-8")
    return path


def test_arm_hard_float(tmp_path: Path) -> None:
    read = read_config(config(tmp_path, ARM))
    assert (read.machine.name, dict(read.abi), read.libc) == ("arm", {"eabi": "5", "float": "hard"}, "glibc")
    assert (read.cxx, read.fortran, read.python, read.static) == (True, False, True, False)


@pytest.mark.parametrize(
    ("arch", "endian", "abi", "libc", "machine", "decoded"),
    [
        ("aarch64", "LITTLE", "lp64", "MUSL", "aarch64", {}),
        ("arm", "LITTLE", "aapcs-linux", "UCLIBC", "arm", {"eabi": "5", "float": "soft"}),
        ("riscv64", "LITTLE", "lp64d", "GLIBC", "riscv64", {"float": "double"}),
        ("riscv32", "LITTLE", "ilp32", "GLIBC", "riscv32", {"float": "soft"}),
        ("mipsel", "LITTLE", "32", "GLIBC", "mipsel", {"abi": "o32"}),
        ("mips64", "BIG", "n32", "GLIBC", "mipsn32", {"abi": "n32"}),
        ("mips64el", "LITTLE", "64", "MUSL", "mips64el", {"abi": "n64"}),
        ("powerpc64le", "LITTLE", "", "GLIBC", "ppc64le", {}),
        ("loongarch64", "LITTLE", "lp64s", "GLIBC", "loongarch64", {"float": "soft"}),
        ("i586", "LITTLE", "", "GLIBC", "i686", {}),
        ("x86_64", "LITTLE", "", "GLIBC", "x86_64", {}),
        ("s390x", "BIG", "", "GLIBC", "s390x", {}),
    ],
)
def test_architectures(tmp_path, arch, endian, abi, libc, machine, decoded) -> None:
    lines = [f'BR2_ARCH="{arch}"', f'BR2_ENDIAN="{endian}"', f"BR2_TOOLCHAIN_USES_{libc}=y"]
    lines += [f'BR2_GCC_TARGET_ABI="{abi}"'] if abi else []
    read = read_config(config(tmp_path, "\n".join(lines) + "\n"))
    assert (read.machine.name, dict(read.abi), read.libc) == (machine, decoded, libc.lower())


def test_the_callers_prefix_does_not_matter(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CONFIG_", "OTHER_")
    assert read_config(config(tmp_path, ARM)).libc == "glibc"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("CONFIG_ARM=y\nCONFIG_MODULES=y\n", TargetDataError, "no BR2_ARCH"),
        ("", TargetDataError, "no BR2_ARCH"),
        (ARM.replace('"arm"', '"vax"'), TargetDataError, "'vax'"),
        (ARM.replace('"arm"', "arm"), TargetDataError, "malformed string"),
        (ARM.replace("BR2_ARM_EABIHF=y", "BR2_ARM_EABIHF=maybe"), TargetDataError, "BR2_ARM_EABIHF"),
        (ARM.replace('"LITTLE"', '"BIG"'), ContradictionError, "BR2_ENDIAN"),
    ],
)
def test_damaged(tmp_path, text, error, words) -> None:
    path = config(tmp_path, text)
    with pytest.raises(error, match=words) as caught:
        read_config(path)
    assert str(path) in caught.value.message
    assert "crosspy-kconfig" not in caught.value.message
    assert caught.value.hint


def test_no_file(tmp_path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_config(tmp_path / ".config")
    (tmp_path / ".config").write_bytes(b"BR2_ARCH=\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_config(tmp_path / ".config")


def test_kconfiglib_is_optional(tmp_path, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "kconfiglib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="kconfiglib") as caught:
        read_config(config(tmp_path, ARM))
    assert "crosspy[buildroot]" in caught.value.hint


def test_a_sysroot_of_another_configuration(tmp_path) -> None:
    read = read_config(config(tmp_path, ARM))
    with pytest.raises(ContradictionError, match=r"machine is arm in .*, but aarch64 in"):
        check_config(read, make_target("aarch64"))
