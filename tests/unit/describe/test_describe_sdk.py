"""An SDK's environment-setup file, or directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crosspy.describe.sdk import read_sdk
from crosspy.errors import TargetDataError, UsageError

# As OE-core's toolchain-scripts.bbclass and toolchain-shar-extract.sh make it.
SETUP = """\
# Check for LD_LIBRARY_PATH being set, which can break SDK and generally is a bad practice
if [ ! -z "${LD_LIBRARY_PATH:-}" ]; then
    echo "Your environment is misconfigured, you probably need to 'unset LD_LIBRARY_PATH'"
    export CC="never"
    return 1
fi

export SDKTARGETSYSROOT=@SDK@/sysroots/cortexa57-poky-linux
export PATH=@SDK@/sysroots/x86_64-pokysdk-linux/usr/bin:@SDK@/sysroots/x86_64-pokysdk-linux/usr/bin/aarch64-poky-linux:"$PATH"
export PKG_CONFIG_SYSROOT_DIR=$SDKTARGETSYSROOT
export PKG_CONFIG_PATH=$SDKTARGETSYSROOT/usr/lib/pkgconfig:$SDKTARGETSYSROOT/usr/share/pkgconfig
export CONFIG_SITE=@SDK@/site-config-cortexa57-poky-linux
export OECORE_NATIVE_SYSROOT="@SDK@/sysroots/x86_64-pokysdk-linux"
export OECORE_TARGET_SYSROOT="$SDKTARGETSYSROOT"
export OECORE_ACLOCAL_OPTS="-I @SDK@/sysroots/x86_64-pokysdk-linux/usr/share/aclocal"
unset command_not_found_handle
export CC="aarch64-poky-linux-gcc  -mcpu=cortex-a57+crc -fstack-protector-strong  --sysroot=$SDKTARGETSYSROOT"
export CXX="aarch64-poky-linux-g++  -mcpu=cortex-a57+crc --sysroot=$SDKTARGETSYSROOT"
export AR=aarch64-poky-linux-ar
export CONFIGURE_FLAGS="--target=aarch64-poky-linux --with-libtool-sysroot=${SDKTARGETSYSROOT}"
export CFLAGS=" -O2 -pipe -g -feliminate-unused-debug-types "
export LDFLAGS="-Wl,-O1 -Wl,--hash-style=gnu"
export KCFLAGS="--sysroot=$SDKTARGETSYSROOT" # of the kernel
export STAMP=`date >@OUT@` MADE="$(touch @OUT@)"

# Append environment subscripts
if [ -d "$OECORE_TARGET_SYSROOT/environment-setup.d" ]; then
    for envfile in $OECORE_TARGET_SYSROOT/environment-setup.d/*.sh; do
            . $envfile
    done
fi
"""


def sdk(directory: Path, said: str = "", text: str = SETUP) -> Path:
    """Make an SDK in ``directory`` whose file says that it is in ``said``."""
    (directory / "sysroots/cortexa57-poky-linux/usr").mkdir(parents=True)
    path = directory / "environment-setup-cortexa57-poky-linux"
    path.write_text(text.replace("@SDK@", said or str(directory)).replace("@OUT@", str(directory / "ran")))
    return path


def test_what_it_exports(tmp_path: Path) -> None:
    top = tmp_path / "sdk"
    found = read_sdk(sdk(top), {"PATH": "/usr/bin"})
    sysroot = f"{top}/sysroots/cortexa57-poky-linux"
    assert found.sysroot == sysroot
    assert found.variables["CC"] == (
        f"aarch64-poky-linux-gcc  -mcpu=cortex-a57+crc -fstack-protector-strong  --sysroot={sysroot}"
    )
    native = f"{top}/sysroots/x86_64-pokysdk-linux/usr/bin"
    assert found.variables["PATH"] == f"{native}:{native}/aarch64-poky-linux:/usr/bin"
    assert found.variables["CONFIGURE_FLAGS"].endswith(f"--with-libtool-sysroot={sysroot}")
    assert found.variables["KCFLAGS"] == f"--sysroot={sysroot}"
    assert found.variables["CFLAGS"] == " -O2 -pipe -g -feliminate-unused-debug-types "


def test_nothing_is_run_and_what_commands_would_say_is_left_out(tmp_path: Path) -> None:
    found = read_sdk(sdk(tmp_path / "sdk"), {})
    assert not (tmp_path / "sdk/ran").exists()
    assert "STAMP" not in found.variables


@pytest.mark.parametrize("said", ["/opt/poky/6.0", "/opt/a+b (c)"])
def test_an_sdk_that_was_moved(tmp_path: Path, said: str) -> None:
    top = tmp_path / "moved here"
    text = SETUP.replace("=@SDK@", '="@SDK@"').replace(":@SDK@", ':"@SDK@"')
    path = sdk(top, said, text)
    found = read_sdk(path, {"PATH": f"/usr/bin:{said}-other/bin"})
    assert found.sysroot == f"{top}/sysroots/cortexa57-poky-linux"
    for name, value in found.variables.items():
        assert f"{said}/" not in value, name
    assert found.variables["PATH"].endswith(f"/usr/bin:{said}-other/bin")


def test_a_copy_is_taken_where_it_is_and_not_where_it_came_from(tmp_path: Path) -> None:
    first = sdk(tmp_path / "first")
    second = sdk(tmp_path / "second", str(first.parent))
    assert read_sdk(second, {}).sysroot.startswith(str(tmp_path / "second"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not export SDKTARGETSYSROOT"),
        ("export SDKTARGETSYSROOT=$(pwd)\nexport CC=gcc\n", "does not export SDKTARGETSYSROOT"),
        ("export SDKTARGETSYSROOT=@SDK@/sysroots/cortexa57-poky-linux\n", "does not export CC"),
        ("export SDKTARGETSYSROOT=/nowhere/sysroots/x\nexport CC=gcc\n", "/nowhere/sysroots/x, which is not there"),
        ('export CC="\n', "does not export"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TargetDataError, match="environment-setup") as caught:
        read_sdk(sdk(tmp_path / "sdk", text=text), {})
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_sdk(tmp_path / "environment-setup-x", {})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TargetDataError, match="not text"):
        read_sdk(tmp_path / "binary", {})


# --------------------------------------------------------------------------------------------------- Buildroot's


@pytest.fixture
def buildroot(tmp_path: Path) -> Path:
    """Return an SDK as ``make sdk`` and ``relocate-sdk.sh`` leave it, with an external toolchain."""
    top = tmp_path / "sdk"
    for directory in ("bin", "share/buildroot", "arm-buildroot-linux-gnueabihf/sysroot"):
        (top / directory).mkdir(parents=True)
    (top / "bin/toolchain-wrapper").write_text("")
    for tool in ("gcc", "g++"):
        (top / f"bin/arm-none-{tool}").symlink_to("toolchain-wrapper")
    for other in ("arm-none-ar", "other-gcc"):
        (top / "bin" / other).write_text("")
    (top / "share/buildroot/sdk-location").write_text(f"{top}\n")
    return top


@pytest.mark.parametrize("named", ["", "environment-setup"])
def test_a_directory_of_buildroot(buildroot: Path, named: str) -> None:
    found = read_sdk(buildroot / named, {"PATH": "/usr/bin"})
    assert found.sysroot == f"{buildroot}/arm-buildroot-linux-gnueabihf/sysroot"
    assert found.variables == {
        "PATH": f"{buildroot}/bin:{buildroot}/sbin:/usr/bin",
        "CC": f"{buildroot}/bin/arm-none-gcc",
        "CXX": f"{buildroot}/bin/arm-none-g++",
        "AR": f"{buildroot}/bin/arm-none-ar",
    }


def test_the_compiler_that_is_called_as_the_sysroot(buildroot: Path) -> None:
    compiler = buildroot / "bin/arm-buildroot-linux-gnueabihf-gcc"
    compiler.symlink_to("toolchain-wrapper")
    assert read_sdk(buildroot, {}).variables["CC"] == str(compiler)


def test_an_output_directory_is_where_it_was_made(buildroot: Path) -> None:
    (buildroot / "share/buildroot/sdk-location").unlink()
    assert read_sdk(buildroot, {}).sysroot


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda top: (top / "bin/toolchain-wrapper").unlink(), "toolchain-wrapper"),
        (lambda top: (top / "share/buildroot/sdk-location").write_text("/old\n"), "made for /old"),
        (lambda top: (top / "share/buildroot/sdk-location").write_bytes(b"\xff"), "made for"),
        (lambda top: (top / "arm-buildroot-linux-gnueabihf/sysroot").rmdir(), "0 sysroots"),
        (lambda top: (top / "other/sysroot").mkdir(parents=True), "2 sysroots"),
        (lambda top: (top / "bin/arm-none-gcc").unlink(), "0 compilers"),
    ],
)
def test_a_damaged_directory_is_a_clear_error(
    buildroot: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(buildroot)
    with pytest.raises(TargetDataError) as caught:
        read_sdk(buildroot, {})
    assert said in str(caught.value)
