"""The targets that there are to test on, for tests/integration and tests/corpus."""

from __future__ import annotations

_DEBIAN_12 = "/usr/bin/python3.11"

# name: (compiler's triplet, QEMU's name, X.Y, build Python: absolute, or below the directory of sysroots)
REQUIRED = {
    "arm64": ("aarch64-linux-gnu", "aarch64", "3.11", _DEBIAN_12),
    "armhf": ("arm-linux-gnueabihf", "arm", "3.11", _DEBIAN_12),
    "riscv64": ("riscv64-linux-gnu", "riscv64", "3.13", "build-3.13/usr/bin/python3.13"),
    "arm64-3.14": ("aarch64-linux-gnu", "aarch64", "3.14", "build-3.14/usr/bin/python3.14"),
}
OPTIONAL = {
    "amd64": ("x86_64-linux-gnu", "x86_64", "3.11", _DEBIAN_12),
    "armel": ("arm-linux-gnueabi", "arm", "3.11", _DEBIAN_12),
    "i386": ("i686-linux-gnu", "i386", "3.11", _DEBIAN_12),
    "mips64el": ("mips64el-linux-gnuabi64", "mips64el", "3.11", _DEBIAN_12),
    "ppc64el": ("powerpc64le-linux-gnu", "ppc64le", "3.11", _DEBIAN_12),
    "s390x": ("s390x-linux-gnu", "s390x", "3.11", _DEBIAN_12),
}
