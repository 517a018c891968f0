"""Faults, planted one at a time into an image that is sound: each has one check that must find it, at its path.

:func:`clean` makes the image for any ABI of elf_writer.py; a :class:`Fault` changes a file of it. test_verify_planted.py
plants each into images of several ABIs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from elf_writer import ARCHS, Arch, Elf

LIB = "/usr/lib/python3.11"
SITE = f"{LIB}/site-packages"
MAGIC = (3495).to_bytes(2, "little") + b"\r\n"
CODE = MAGIC + bytes(12) + b"\xe3" + bytes(20)
EVERY = tuple(ARCHS)
TWO = ("armhf", "mips64-n64")
"""32 and 64 bits, little and big endian."""


@dataclass
class Tree:
    """An image in memory: ELF files as what they state, other files as bytes, links as their target."""

    arch: Arch
    elf: dict[str, Elf] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        return f".cpython-311-{self.arch.multiarch}.so"

    @property
    def native(self) -> str:
        """The extension module that faults are planted into."""
        return f"{SITE}/pkg/_native{self.suffix}"

    def change(self, path: str, **changes: object) -> None:
        self.elf[path] = self.elf[path].but(**changes)

    def remove(self, path: str) -> None:
        for part in (self.elf, self.files, self.links):
            part.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        for part in (self.elf, self.files):
            if old in part:
                part[new] = part.pop(old)

    def cut(self, path: str, data: bytes) -> None:
        """Put bytes in the place of an ELF file."""
        self.remove(path)
        self.files[path] = data

    def write(self, root: Path) -> Path:
        whole = self.files | {path: elf.build() for path, elf in self.elf.items()}
        for path, data in whole.items():
            place = root / path[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod(self.modes.get(path, 0o755 if "/bin/" in path else 0o644))
        for path, goal in self.links.items():
            place = root / path[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(goal)
        return root


def clean(name: str) -> Tree:
    """Return a sound image: interpreter, C library, two packages, a script, bytecode."""
    arch = ARCHS[name]
    tree = Tree(arch)
    libc = arch.libc
    versions = not arch.musl

    def of(symbol: str, version: str, library: str = "") -> str:
        return f"{symbol}@{version}@{library}".rstrip("@") if versions else symbol

    answer = of("answer", "GLIBC_2.17", libc)
    suffixes = b"\0".join((b"", tree.suffix.encode(), b".abi3.so", b".so", b""))
    tree.elf = {
        "/usr/bin/python3.11": Elf(
            arch=arch, interpreter=arch.loader, needed=(libc,), data=suffixes, wants=(answer,),
            defines=("PyModule_Create2", "PyLong_FromLong", "PyErr_SetString"),
        ),
        arch.loader: Elf(
            arch=arch, soname=arch.loader.rpartition("/")[2] if versions else libc, defines=("loader", "answer")
        ),
        "/usr/lib/libdep.so.1": Elf(
            arch=arch, soname="libdep.so.1", needed=(libc,), wants=(answer,), defines=(of("dep", "DEP_1.0"),)
        ),
        f"{LIB}/lib-dynload/_basic{tree.suffix}": Elf(
            arch=arch, needed=(libc,), wants=("PyLong_FromLong",), defines=("PyInit__basic",)
        ),
        tree.native: Elf(
            arch=arch, needed=("libdep.so.1", libc), defines=("PyInit__native",), weak=("optional_thing",),
            wants=(of("dep", "DEP_1.0", "libdep.so.1"), answer, "PyModule_Create2"),
        ),
        f"{SITE}/pkg/_stable.abi3.so": Elf(
            arch=arch, needed=(libc,), wants=("PyErr_SetString",), defines=("PyInit__stable",)
        ),
        "/lib/libgcc_s.so.1": Elf(arch=arch, soname="libgcc_s.so.1", needed=(libc,), defines=("_Unwind_Resume",)),
    }  # fmt: skip
    if versions:
        tree.elf["/lib/libc.so.6"] = Elf(
            arch=arch, soname=libc, defines=("answer@GLIBC_2.17", "later@GLIBC_2.36")
        )
    else:
        tree.links[f"/lib/{libc}"] = arch.loader.rpartition("/")[2]
    tree.links |= {"/usr/bin/python3": "python3.11", "/usr/lib/libdep.so": "libdep.so.1"}
    tree.files = {
        f"{LIB}/os.py": b"import sys\n",
        f"{LIB}/__pycache__/os.cpython-311.pyc": CODE,
        f"{SITE}/pkg/__init__.py": b"import os\n",
        f"{SITE}/sourceless.pyc": CODE,
        "/usr/bin/tool": b"#!/usr/bin/python3\nimport pkg\n",
        "/etc/passwd": b"root:x:0:0::/:/bin/sh\n",
    }
    return tree


@dataclass(frozen=True)
class Fault:
    """What is done to a sound image, and what must be found: a check at a path. ``archs`` are those it is planted on."""

    check: str
    path: str
    plant: Callable[[Tree], None]
    archs: tuple[str, ...] = TWO
    severity: str = "error"
    options: tuple[tuple[str, object], ...] = ()

    def where(self, tree: Tree) -> str:
        return self.path.replace("NATIVE", tree.native).replace("SUFFIX", tree.suffix)


def _wants(tree: Tree, *names: str) -> None:
    tree.change(tree.native, wants=(*tree.elf[tree.native].wants, *names))


def _python_closure(tree: Tree) -> None:
    tree.remove("/usr/lib/libdep.so.1")
    tree.remove("/usr/lib/libdep.so")


def _old_library(tree: Tree) -> None:
    tree.change("/usr/lib/libdep.so.1", defines=("dep@DEP_0.9",))


def _other_libc(tree: Tree) -> None:
    tree.change(tree.native, needed=("libc.musl-other.so.1",), wants=())


GLIBC = tuple(name for name in TWO)
FAULTS: dict[str, Fault] = {
    "a module for another machine": Fault(
        "XP101", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["x86_64"]), archs=("aarch64", "ppc")
    ),
    "a module of the other byte order": Fault(
        "XP101", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["aarch64_be"]), archs=("aarch64",)
    ),
    "a module of the other class": Fault(
        "XP101", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["x32"]), archs=("x86_64",)
    ),
    "a module for musl": Fault("XP104", "NATIVE", _other_libc),
    "a module that is cut off": Fault(
        "XP110", "NATIVE", lambda t: t.cut(t.native, t.elf[t.native].build()[:200])
    ),
    "a git-lfs pointer": Fault(
        "XP111", "NATIVE", lambda t: t.cut(t.native, b"version https://git-lfs.github.com/spec/v1\n")
    ),
    "an empty module": Fault("XP112", "NATIVE", lambda t: t.cut(t.native, b"")),
    "a linker script": Fault("XP113", "NATIVE", lambda t: t.cut(t.native, b"INPUT(libdep.so.1)\n")),
    "a needed library that is not there": Fault("XP201", "NATIVE", _python_closure),
    "a needed library of a library": Fault(
        "XP201", "/usr/lib/libdep.so.1", lambda t: t.change("/usr/lib/libdep.so.1", needed=("libgone.so.3",), wants=())
    ),
    "a library with an older version of its symbols": Fault("XP202", "NATIVE", _old_library),
    "a module for a newer glibc": Fault("XP202", "NATIVE", lambda t: _wants(t, "answer@GLIBC_2.97@libc.so.6")),
    "a program for a newer glibc": Fault(
        "XP202",
        "/usr/bin/prog",
        lambda t: t.elf.update(
            {"/usr/bin/prog": t.elf["/usr/bin/python3.11"].but(data=b"", wants=("later@GLIBC_2.97@libc.so.6",))}
        ),
    ),
    "a loader that is not there": Fault("XP203", "/usr/bin/python3.11", lambda t: t.remove(t.arch.loader)),
    "an RPATH of the build machine": Fault(
        "XP204", "NATIVE", lambda t: t.change(t.native, rpath="/home/me/build/lib"), severity="warning"
    ),
    "a RUNPATH relative to nowhere": Fault(
        "XP204", "NATIVE", lambda t: t.change(t.native, runpath="lib:$ORIGIN"), severity="warning"
    ),
    "an undefined symbol": Fault("XP205", "NATIVE", lambda t: _wants(t, "nobody_has_this")),
    "an undefined symbol of musl": Fault(
        "XP205", "NATIVE", lambda t: _wants(t, "nobody_has_this"), archs=("aarch64-musl", "armhf-musl")
    ),
    "an undefined symbol of a library": Fault(
        "XP205", "/usr/lib/libdep.so.1", lambda t: t.change("/usr/lib/libdep.so.1", wants=("nobody_has_this",))
    ),
    "a symbol that lost its version": Fault(
        "XP205", "NATIVE", lambda t: t.change("/usr/lib/libdep.so.1", defines=("other@DEP_1.0", "dep@DEP_0.9"))
    ),
    "no libgcc_s": Fault(
        "XP206", "/usr/bin/python3.11", lambda t: t.remove("/lib/libgcc_s.so.1"), severity="warning"
    ),
    "the suffix of another architecture": Fault(
        "XP301", f"{SITE}/pkg/_native.cpython-311-x86_64-linux-gnu.so",
        lambda t: t.rename(t.native, f"{SITE}/pkg/_native.cpython-311-x86_64-linux-gnu.so"),
    ),
    "the suffix of another C library": Fault(
        "XP301", f"{SITE}/pkg/_native.cpython-311-aarch64-linux-musl.so",
        lambda t: t.rename(t.native, f"{SITE}/pkg/_native.cpython-311-aarch64-linux-musl.so"), archs=("aarch64",),
    ),
    "abi3 for a newer Python": Fault(
        "XP303", f"{SITE}/pkg/_stable.abi3.so",
        lambda t: t.change(f"{SITE}/pkg/_stable.abi3.so", wants=("PyErr_GetRaisedException",)),
    ),
    "a module for another Python": Fault(
        "XP304", f"{SITE}/pkg/_native.cpython-312-arm-linux-gnueabihf.so",
        lambda t: t.rename(t.native, f"{SITE}/pkg/_native.cpython-312-arm-linux-gnueabihf.so"), archs=("armhf",),
    ),
    "a free-threaded module": Fault(
        "XP304", f"{SITE}/pkg/_native.cpython-311t-s390x-linux-gnu.so",
        lambda t: t.rename(t.native, f"{SITE}/pkg/_native.cpython-311t-s390x-linux-gnu.so"), archs=("s390x",),
    ),
    "a script of the build machine": Fault(
        "XP401", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"#!/home/me/venv/bin/python\n"})
    ),
}  # fmt: skip
