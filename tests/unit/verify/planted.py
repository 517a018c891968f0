"""Faults, planted one at a time into an image that is sound: each has one check that must find it, at its path.

:func:`clean` makes the image for any ABI of elf_writer.py; a :class:`Fault` changes a file of it. test_verify_planted.py
plants each into images of several ABIs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from elf_writer import ARCHS, Arch, Elf, arm_attributes, riscv_attributes

from crosspy.verify.expectation import Options

LIB = "/usr/lib/python3.11"
SITE = f"{LIB}/site-packages"
MAGIC = (3495).to_bytes(2, "little") + b"\r\n"
CODE = MAGIC + bytes(12) + b"\xe3" + bytes(20)
EVERY = tuple(ARCHS)
TWO = ("armhf", "mips64-n64")
"""32 and 64 bits, little and big endian."""
PLAIN = Options()


@dataclass
class Tree:
    """An image in memory: ELF files as what they state, other files as bytes, links as their target."""

    arch: Arch
    elf: dict[str, Elf] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    pipes: list[str] = field(default_factory=list)

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
            place.chmod(self.modes.get(path, 0o755 if "/bin/" in path or path in self.elf else 0o644))
        for path, goal in self.links.items():
            place = root / path[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(goal)
        for path in self.pipes:
            os.mkfifo(root / path[1:])
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
        f"{LIB}/encodings/__init__.py": b"",
        f"{LIB}/_sysconfigdata__linux_{arch.multiarch}.py": facts(arch, tree.suffix),
        f"{SITE}/pkg-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
        b"Requires-Dist: dep>=2\nRequires-Dist: old; python_version < '3.8'\nRequires-Dist: more; extra == 'more'\n",
        f"{SITE}/pkg-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: cp311-cp311-linux_{arch.machine.uname}\n".encode(),
        f"{SITE}/dep-2.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Dep\nVersion: 2.0\n",
        f"{SITE}/dep.py": b"from os import path\n",
        f"{LIB}/__pycache__/os.cpython-311.pyc": CODE,
        f"{SITE}/pkg/__init__.py": b"import os\n",
        f"{SITE}/sourceless.pyc": CODE,
        "/usr/bin/tool": b"#!/usr/bin/python3\nimport pkg\n",
        "/etc/passwd": b"root:x:0:0::/:/bin/sh\n",
    }
    return tree


def facts(arch: Arch, suffix: str, **changes: object) -> bytes:
    """Return a sysconfigdata file."""
    values = {
        "EXT_SUFFIX": suffix,
        "HOST_GNU_TYPE": arch.multiarch,
        "SIZEOF_VOID_P": arch.machine.bits // 8,
    } | changes
    return f"build_time_vars = {values!r}\n".encode()


@dataclass(frozen=True)
class Fault:
    """What is done to a sound image, and what must be found: a check at a path. ``archs`` are those it is planted on."""

    check: str
    path: str
    plant: Callable[[Tree], object]
    archs: tuple[str, ...] = TWO
    severity: str = "error"
    options: Options = PLAIN

    def where(self, tree: Tree) -> str:
        return (
            self.path.replace("NATIVE", tree.native)
            .replace("LOADER", tree.arch.loader)
            .replace("SUFFIX", tree.suffix)
            .replace("TRIPLE", tree.arch.multiarch)
        )


def _wants(tree: Tree, *names: str) -> None:
    tree.change(tree.native, wants=(*tree.elf[tree.native].wants, *names))


def _python_closure(tree: Tree) -> None:
    tree.remove("/usr/lib/libdep.so.1")
    tree.remove("/usr/lib/libdep.so")


def _old_library(tree: Tree) -> None:
    tree.change("/usr/lib/libdep.so.1", defines=("dep@DEP_0.9",))


def _other_libc(tree: Tree) -> None:
    tree.change(tree.native, needed=("libc.musl-other.so.1",), wants=())


def _newest_glibc(tree: Tree, path: str) -> None:
    """glibc 2.41, and a module or library that asks for an executable stack."""
    tree.change("/lib/libc.so.6", defines=("answer@GLIBC_2.17", "later@GLIBC_2.41"))
    tree.change(path, exec_stack=True)


def _bundled_openmp(tree: Tree) -> None:
    gomp = Elf(arch=tree.arch, soname="libgomp.so.1", needed=(tree.arch.libc,))
    tree.elf["/usr/lib/libgomp.so.1"] = gomp
    tree.elf[f"{SITE}/pkg.libs/libgomp-1e2d3c4b.so.1.0.0"] = gomp.but(soname="libgomp-1e2d3c4b.so.1.0.0")


def mixed_time(tree: Tree, program: str, module: str) -> None:
    tree.change("/lib/libc.so.6", defines=("answer@GLIBC_2.17", "later@GLIBC_2.36", program, module))
    tree.change("/usr/bin/python3.11", wants=(program,))
    _wants(tree, module)


def _attributes(tree: Tree, raw: bytes) -> None:
    tree.change(tree.native, attributes=raw)


def _script(tree: Tree, length: int) -> None:
    line = b"#!/usr/bin/" + b"./" * ((length - 18) // 2) + b"python3"
    tree.files["/usr/bin/tool"] = line.ljust(length) + b"\n"


def _data(tree: Tree, **changes: object) -> None:
    path = f"{LIB}/_sysconfigdata__linux_{tree.arch.multiarch}.py"
    tree.files[path] = facts(tree.arch, tree.suffix, **changes)


def _metadata(tree: Tree, line: bytes) -> None:
    tree.files[f"{SITE}/pkg-1.0.dist-info/METADATA"] += line


def _editable(tree: Tree) -> None:
    text = b'{"url": "file:///home/me/src/pkg", "dir_info": {"editable": true}}'
    tree.files[f"{SITE}/pkg-1.0.dist-info/direct_url.json"] = text


def _old_musl(tree: Tree) -> None:
    tree.change(tree.arch.loader, data=b"\0musl libc\0001.2.3\0")
    tree.change(tree.native, packed_relocations=True)


def _nameless_musl(tree: Tree) -> None:
    """Debian's musl has no SONAME, so that files need ``libc.so``, which is nowhere: the loader takes itself."""
    for path, elf in tree.elf.items():
        tree.change(path, needed=tuple("libc.so" if name == tree.arch.libc else name for name in elf.needed))
    _wants(tree, "nobody_has_this")


def _two_pythons(tree: Tree) -> None:
    name = "libpython3.10.so.1.0"
    tree.elf[f"/usr/lib/{name}"] = Elf(arch=tree.arch, soname=name, needed=(tree.arch.libc,))
    tree.change(tree.native, needed=(*tree.elf[tree.native].needed, name))


def _wheel(tree: Tree, tag: str) -> None:
    tree.files[f"{SITE}/pkg-1.0.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nTag: {tag}\n".encode()


DATA_FILE = f"{LIB}/_sysconfigdata__linux_TRIPLE.py"
OTHER_CODE = (3531).to_bytes(2, "little") + CODE[2:]
STABLE = f"{SITE}/pkg/_stable.abi3.so"
DEP = "/usr/lib/libdep.so.1"
MUSL = ("aarch64-musl", "armhf-musl")


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
    # ---------------------------------------------------------------- machine and ABI
    "soft float on hard": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["armel"]), archs=("armhf", "armhf-musl")
    ),
    "hard float on soft": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["armhf"]), archs=("armel",)
    ),
    "soft float of RISC-V": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["riscv64-lp64"]), archs=("riscv64-lp64d",)
    ),
    "hard float of RISC-V": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["riscv32-ilp32d"]), archs=("riscv32-ilp32",)
    ),
    "NaN of 2008": Fault(
        "XP102", "NATIVE",
        lambda t: t.change(t.native, arch=replace(t.arch, flags=t.arch.flags | 0x400)), archs=("mipsel-o32", "mips64-n64"),
    ),
    "NaN of before 2008": Fault(
        "XP102", "NATIVE",
        lambda t: t.change(t.native, arch=replace(t.arch, flags=t.arch.flags & ~0x400)), archs=("mipsel-nan2008",),
    ),
    "soft float of MIPS": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=replace(t.arch, fp_abi=3)), archs=("mips-o32", "mipsel-o32")
    ),
    "n32 on n64": Fault(
        "XP101", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["mips64el-n32"]), archs=("mips64el-n64",)
    ),
    "o32 on n32": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=ARCHS["mipsel-o32"]), archs=("mips64el-n32",)
    ),
    "ELFv1 on ELFv2": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=replace(t.arch, flags=1)), archs=("ppc64le",)
    ),
    "ELFv2 on ELFv1": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=replace(t.arch, flags=2)), archs=("ppc64",)
    ),
    "soft float of LoongArch": Fault(
        "XP102", "NATIVE", lambda t: t.change(t.native, arch=replace(t.arch, flags=0x41)), archs=("loongarch64",)
    ),
    "ARMv7 code on ARMv6": Fault(
        "XP103", "NATIVE", lambda t: _attributes(t, arm_attributes(10)), archs=("armhf", "armel"), options=Options(cpu="armv6")
    ),
    "ARMv6 code on ARMv5": Fault(
        "XP103", "NATIVE", lambda t: _attributes(t, arm_attributes(6)), archs=("armel",), options=Options(cpu="arm926ej-s")
    ),
    "NEON where there is none": Fault(
        "XP103", "NATIVE", lambda t: _attributes(t, arm_attributes(10, simd=1)), archs=("armhf", "armhf-musl"),
        severity="warning", options=Options(cpu="armv7-a"),
    ),
    "vectors of RISC-V": Fault(
        "XP103", "NATIVE", lambda t: _attributes(t, riscv_attributes("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_v1p0")),
        archs=("riscv64-lp64d",), options=Options(cpu="rv64gc"),
    ),
    "floating point of RISC-V": Fault(
        "XP103", "NATIVE", lambda t: _attributes(t, riscv_attributes("rv32i2p1_m2p0_f2p2")),
        archs=("riscv32-ilp32",), options=Options(cpu="rv32imac"),
    ),
    "x86-64-v3": Fault(
        "XP103", "NATIVE", lambda t: t.change(t.native, isa_needed=7), archs=("x86_64", "x86_64-musl", "x32"),
        options=Options(cpu="x86-64-v2"),
    ),
    "MIPS release 6": Fault(
        "XP103", "NATIVE", lambda t: t.change(t.native, arch=replace(t.arch, flags=0x90000007)),
        archs=("mips-o32", "mipsel-o32"), options=Options(cpu="mips32r2"),
    ),
    # ---------------------------------------------------------------- loading
    "text relocations": Fault(
        "XP207", "NATIVE", lambda t: t.change(t.native, text_relocations=True), severity="warning"
    ),
    "text relocations with musl": Fault(
        "XP207", "NATIVE", lambda t: t.change(t.native, text_relocations=True), archs=MUSL, severity="warning"
    ),
    # ---------------------------------------------------------------- Python
    "bytecode alone, of another Python": Fault(
        "XP302", f"{SITE}/sourceless.pyc", lambda t: t.files.update({f"{SITE}/sourceless.pyc": OTHER_CODE})
    ),
    "bytecode of another Python beside its source": Fault(
        "XP302", f"{LIB}/__pycache__/os.cpython-311.pyc",
        lambda t: t.files.update({f"{LIB}/__pycache__/os.cpython-311.pyc": OTHER_CODE}), severity="warning",
    ),
    "an empty bytecode file": Fault(
        "XP302", f"{SITE}/sourceless.pyc", lambda t: t.files.update({f"{SITE}/sourceless.pyc": b""})
    ),
    "a module without its function": Fault(
        "XP305", "NATIVE", lambda t: t.change(t.native, defines=("init_native",))
    ),
    "a module under another name": Fault(
        "XP305", f"{SITE}/pkg/_renamedSUFFIX",
        lambda t: t.rename(t.native, f"{SITE}/pkg/_renamed{t.suffix}"),
    ),
    "a wheel for another machine": Fault(
        "XP306", f"{SITE}/pkg-1.0.dist-info/WHEEL", lambda t: _wheel(t, "cp311-cp311-linux_sparc"), severity="warning"
    ),
    "a wheel for another C library": Fault(
        "XP306", f"{SITE}/pkg-1.0.dist-info/WHEEL", lambda t: _wheel(t, "cp311-cp311-musllinux_1_2_aarch64"),
        archs=("aarch64",), severity="warning",
    ),
    "a wheel for a newer Python": Fault(
        "XP306", f"{SITE}/pkg-1.0.dist-info/WHEEL", lambda t: _wheel(t, "cp312-abi3-any"), severity="warning"
    ),
    "a requirement that is not there": Fault(
        "XP307", f"{SITE}/pkg-1.0.dist-info/METADATA", lambda t: _metadata(t, b"Requires-Dist: absent\n"),
        severity="warning",
    ),
    "a requirement for this target only": Fault(
        "XP307", f"{SITE}/pkg-1.0.dist-info/METADATA",
        lambda t: _metadata(t, b"Requires-Dist: absent; platform_machine == 's390x'\n"), archs=("s390x",),
        severity="warning",
    ),
    "a requirement that is too old": Fault(
        "XP307", f"{SITE}/pkg-1.0.dist-info/METADATA", lambda t: _metadata(t, b"Requires-Dist: dep>=3\n"),
        severity="warning",
    ),
    "sysconfig of the build machine": Fault(
        "XP308", DATA_FILE, lambda t: _data(t, EXT_SUFFIX=".cpython-311-x86_64-linux-gnu.so")
    ),
    "sysconfig of another machine": Fault("XP308", DATA_FILE, lambda t: _data(t, HOST_GNU_TYPE="sparc64-linux-gnu")),
    "build details of the build machine": Fault(
        "XP308", f"{LIB}/build-details.json",
        lambda t: t.files.update(
            {f"{LIB}/build-details.json": b'{"abi": {"extension_suffix": ".cpython-311-x86_64-linux-gnu.so"}}'}
        ),
    ),
    # ---------------------------------------------------------------- files
    "a script for a Python that is not there": Fault(
        "XP401", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"#!/usr/bin/python3.12\n"})
    ),
    "a first line for new kernels only": Fault("XP402", "/usr/bin/tool", lambda t: _script(t, 200), severity="warning"),
    "a first line for no kernel": Fault("XP402", "/usr/bin/tool", lambda t: _script(t, 300)),
    "a setuid script": Fault(
        "XP403", "/usr/bin/tool", lambda t: t.modes.update({"/usr/bin/tool": 0o4755}), severity="warning"
    ),
    "a link out of the image": Fault(
        "XP404", "/usr/lib/out", lambda t: t.links.update({"/usr/lib/out": "../../../../etc/passwd"})
    ),
    "a link into the build tree": Fault(
        "XP404", "/usr/lib/data", lambda t: t.links.update({"/usr/lib/data": "/home/me/output/target/usr/lib/data"})
    ),
    "a link to itself": Fault(
        "XP404", "/usr/lib/loop", lambda t: t.links.update({"/usr/lib/loop": "./loop"})
    ),
    "a library link that dangles": Fault(
        "XP405", "/usr/lib/libgone.so", lambda t: t.links.update({"/usr/lib/libgone.so": "libgone.so.4"}),
        severity="warning",
    ),
    # ---------------------------------------------------------------- platform traps
    "an executable stack": Fault(
        "XP501", "NATIVE", lambda t: t.change(t.native, exec_stack=True), severity="warning"
    ),
    "an executable stack with glibc 2.41": Fault("XP501", "NATIVE", lambda t: _newest_glibc(t, t.native)),
    "an executable stack of a module's library": Fault("XP501", DEP, lambda t: _newest_glibc(t, DEP)),
    "segments for smaller pages": Fault(
        "XP502", "NATIVE", lambda t: t.change(t.native, align=0x1000), archs=("aarch64", "ppc64le", "mips64el-n64"),
        options=Options(page_size=0x4000),
    ),
    "segments for no page": Fault("XP502", "NATIVE", lambda t: t.change(t.native, align=0x400)),
    "OpenMP twice": Fault(
        "XP503", f"{SITE}/pkg.libs/libgomp-1e2d3c4b.so.1.0.0", _bundled_openmp, severity="info"
    ),
    "64-bit time beside 32": Fault(
        "XP504", "NATIVE", lambda t: mixed_time(t, "clock_gettime", "__clock_gettime64"), archs=("armhf", "mips-o32"),
        severity="warning",
    ),
    "32-bit time beside 64": Fault(
        "XP504", "NATIVE", lambda t: mixed_time(t, "__time64", "stat64"), archs=("armel", "i686"), severity="warning",
    ),
    # ---------------------------------------------------------------- only when asked
    "a module of the standard library that was left out": Fault(
        "XP601", f"{SITE}/dep.py", lambda t: t.files.update({f"{SITE}/dep.py": b"from json import loads\n"}),
        severity="warning", options=Options(tiers=frozenset({"--imports"})),
    ),
    "a distribution that nobody names": Fault(
        "XP601", f"{SITE}/dep.py", lambda t: t.files.update({f"{SITE}/dep.py": b"import nobody_has_this.x\n"}),
        severity="info", options=Options(tiers=frozenset({"--imports"})),
    ),
    "a path of the build machine": Fault(
        "XP602", "NATIVE", lambda t: t.change(t.native, data=b"\0/home/me/work/pkg/native.c\0"),
        severity="warning", options=Options(tiers=frozenset({"--buildpaths"})),
    ),
    "a path that was named": Fault(
        "XP602", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"#!/usr/bin/python3\n# /srv/ci/7\n"}),
        severity="warning", options=Options(tiers=frozenset({"--buildpaths"}), build_paths=("/srv/ci",)),
    ),
    # ---------------------------------------------------------------- what else was met on boards
    "a shell script under a module's name": Fault(
        "XP110", "NATIVE", lambda t: t.cut(t.native, b"#!/bin/sh\nexec ld\n")
    ),
    "a pipe under a library's name": Fault("XP110", "/usr/lib/libpipe.so.1", lambda t: t.pipes.append("/usr/lib/libpipe.so.1")),
    "an object file under a module's name": Fault("XP114", "NATIVE", lambda t: t.change(t.native, type=1)),
    "a program under a module's name": Fault("XP114", "NATIVE", lambda t: t.change(t.native, type=2)),
    "the debugging half of a module": Fault("XP114", "NATIVE", lambda t: t.change(t.native, dynamic=False)),
    "a segment that is out of line": Fault("XP110", "NATIVE", lambda t: t.change(t.native, shift=0x100)),
    "a module for FreeBSD": Fault("XP101", "NATIVE", lambda t: t.change(t.native, osabi=9)),
    "a library by a relative path": Fault(
        "XP201", "NATIVE", lambda t: t.change(t.native, needed=("usr/lib/libdep.so.1", t.arch.libc))
    ),
    "a library by a path of the build machine": Fault(
        "XP201", "NATIVE", lambda t: t.change(t.native, needed=("/home/me/sysroot/usr/lib/libdep.so.1", t.arch.libc))
    ),
    "what is no library before the one that is": Fault(
        "XP201", "NATIVE", lambda t: t.files.update({"/usr/local/lib/libdep.so.1": b"INPUT(libdep.a)\n"}), archs=MUSL
    ),
    "what is no library where a musl path file leads first": Fault(
        "XP201", "NATIVE",
        lambda t: t.files.update({
            f"/etc/{t.arch.loader.rpartition('/')[2].removesuffix('.so.1')}.path": b"/opt/lib\n/lib\n/usr/lib\n",
            "/opt/lib/libdep.so.1": b"INPUT(libdep.a)\n",
        }),
        archs=MUSL,
    ),
    "packed relocations with an old glibc": Fault(
        "XP208", "NATIVE", lambda t: t.change(t.native, packed_relocations=True)
    ),
    "packed relocations with an old musl": Fault("XP208", "NATIVE", _old_musl, archs=MUSL),
    "an undefined symbol where libc.so is the loader": Fault("XP205", "NATIVE", _nameless_musl, archs=MUSL),
    "a path file of the build machine": Fault(
        "XP309", f"{SITE}/easy.pth", lambda t: t.files.update({f"{SITE}/easy.pth": b"# x\n/home/me/src/pkg\n"})
    ),
    "a path file of nowhere": Fault(
        "XP309", f"{SITE}/egg.pth", lambda t: t.files.update({f"{SITE}/egg.pth": b"./pkg-1.egg\nimport sys\n"}),
        severity="warning",
    ),
    "an editable install": Fault("XP309", f"{SITE}/pkg-1.0.dist-info/direct_url.json", _editable),
    "no standard library": Fault(
        "XP310", "/usr/bin/python3.11", lambda t: t.remove(f"{LIB}/encodings/__init__.py")
    ),
    "a distribution for a newer Python": Fault(
        "XP311", f"{SITE}/pkg-1.0.dist-info/METADATA", lambda t: _metadata(t, b"Requires-Python: >=3.12\n"),
        severity="warning",
    ),
    "a distribution twice": Fault(
        "XP312", f"{SITE}/dep-2.1.dist-info/METADATA",
        lambda t: t.files.update({f"{SITE}/dep-2.1.dist-info/METADATA": b"Name: dep\nVersion: 2.1\n"}),
        severity="warning",
    ),
    "a script from Windows": Fault(
        "XP401", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"#!/usr/bin/env python3\r\nimport pkg\r\n"})
    ),
    "a script of a wheel that was unpacked": Fault(
        "XP401", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"#!python\nimport pkg\n"})
    ),
    "a script with a byte order mark": Fault(
        "XP401", "/usr/bin/tool", lambda t: t.files.update({"/usr/bin/tool": b"\xef\xbb\xbf#!/usr/bin/python3\n"})
    ),
    "a module that is a link to nowhere": Fault(
        "XP405", f"{SITE}/pkg/_linkSUFFIX",
        lambda t: t.links.update({f"{SITE}/pkg/_link{t.suffix}": "../../bazel-bin/_link.so"}),
    ),
    "a program without its x bit": Fault(
        "XP406", "/usr/bin/python3.11", lambda t: t.modes.update({"/usr/bin/python3.11": 0o644})
    ),
    "a loader without its x bit": Fault("XP406", "LOADER", lambda t: t.modes.update({t.arch.loader: 0o644})),
    "a module for root alone": Fault(
        "XP406", "NATIVE", lambda t: t.modes.update({t.native: 0o600}), severity="warning"
    ),
    "two Pythons in one process": Fault("XP505", "NATIVE", _two_pythons),
}  # fmt: skip
