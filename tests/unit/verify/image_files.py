"""Small image trees, made of the ELF files of tests/data/elf."""

from __future__ import annotations

import shutil
from pathlib import Path

from elf_writer import ARCHS, Elf

from crosspy import elf

DATA = Path(__file__).parents[2] / "data" / "elf"

MULTIARCH = {
    "aarch64": "aarch64-linux-gnu",
    "aarch64-musl": "aarch64-linux-musl",
    "armhf": "arm-linux-gnueabihf",
    "armel": "arm-linux-gnueabi",
    "riscv64": "riscv64-linux-gnu",
    "riscv64-soft": "riscv64-linux-gnu",
    "x86_64": "x86_64-linux-gnu",
    "i686": "i386-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "mips64el": "mips64el-linux-gnuabi64",
    "ppc64le": "powerpc64le-linux-gnu",
}

Contents = bytes | str | Path
"""Bytes of a file, ``-> target`` for a link, or the file to copy."""


def put(root: Path, files: dict[str, Contents]) -> None:
    """Write files into a tree; those in a ``bin``, and copies, are executable."""
    for name, contents in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(contents, Path):
            shutil.copyfile(contents, path)
        elif isinstance(contents, bytes):
            path.write_bytes(contents)
        else:
            path.symlink_to(contents.removeprefix("-> "))
        if (path.parent.name == "bin" or isinstance(contents, Path)) and not path.is_symlink():
            path.chmod(0o755)


def base_files(arch: str) -> dict[str, Contents]:
    """Return the least image: an interpreter, its C library, what that opens by itself, one extension module."""
    data = DATA / arch
    program = elf.read(data / "python")
    return {
        "/lib/libgcc_s.so.1": data / "libc.so",
        "/usr/bin/python3.11": data / "python",
        "/usr/bin/python3": "-> python3.11",
        "/usr/lib/python3.11/encodings/__init__.py": b"",
        program.interpreter: data / "libc.so",
        f"/lib/{program.needed[0]}": data / "libc.so",
        f"/usr/lib/python3.11/lib-dynload/ext.cpython-311-{MULTIARCH[arch]}.so": _module(arch),
    }


def _module(arch: str) -> Contents:
    """Return an extension module. The compilers for soft float leave calls of libgcc's routines in theirs, unlinked."""
    writers = {"armel": "armel", "riscv64-soft": "riscv64-lp64"}
    if arch not in writers:
        return DATA / arch / "ext.so"
    wants = ("PyModule_Create2", "answer@GLIBC_2.17@libc.so.6")
    return Elf(arch=ARCHS[writers[arch]], needed=("libc.so.6",), defines=("PyInit_ext",), wants=wants).build()
