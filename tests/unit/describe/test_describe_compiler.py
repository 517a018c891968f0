"""The cross compiler: found, tried, refused. Compilers here are shell scripts that answer as real ones do."""

from __future__ import annotations

import platform
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from sample_targets import ELF, ROWS, config_vars, put, sysconfigdata, sysroot_files

from crosspy.describe import Request, Wanted, describe
from crosspy.describe.compiler import find_toolchain, words
from crosspy.errors import CrosspyError, ToolchainError
from crosspy.model import machine as machines

GCC = """\
Using built-in specs.
Target: {triplet}
gcc version {version} (Debian 12.2.0-14)
 /usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1 -quiet -v -imultiarch {triplet} probe.c
#include "..." search starts here:
#include <...> search starts here:
{includes}
End of search list.
"""

CLANG = """\
Debian clang version {version}
Target: {triplet}
clang -cc1 version {version} based upon LLVM
#include "..." search starts here:
#include <...> search starts here:
{includes}
End of search list.
"""

MACROS = "#define __LDBL_MANT_DIG__ 113\n#define __SIZEOF_LONG_DOUBLE__ 16\n#define __VERSION__ 12\n#define __CHAR_UNSIGNED__ 1\n"
MACROS += "#define __GCC_ATOMIC_CHAR_LOCK_FREE 1\n#define __GCC_ATOMIC_CHAR8_T_LOCK_FREE 1\n"


class Compilers:
    """Writes fake compilers into one directory of a PATH that has little else."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.bin = base / "tools" / "bin"
        self.bin.mkdir(parents=True)
        self.log = base / "log"
        system = base / "system"
        system.mkdir()
        for name in ("cat", "cp", "sh", "dirname"):
            (system / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        self.env = {"PATH": f"{self.bin}:{system}", "HOME": str(base)}

    def add(
        self,
        name: str,
        arch: str = "aarch64",
        *,
        triplet: str = "aarch64-linux-gnu",
        version: str = "12.2.0",
        includes: tuple[str, ...] = (),
        text: str = GCC,
        made: Path | None = None,
        before: str = "",
    ) -> Path:
        said = self.base / f"{name}.says"
        said.write_text(
            text.format(triplet=triplet, version=version, includes="\n".join(f" {d}" for d in includes))
        )
        (self.base / "macros").write_text(MACROS)
        return self.program(
            name,
            f"""{before}
printf '%s\\n' "$0 $*" >>{shlex.quote(str(self.log))}
case " $* " in *" -dM "*) cat {shlex.quote(str(self.base / "macros"))}; exit ;; esac
cat {shlex.quote(str(said))} >&2
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then cp {shlex.quote(str(made or ELF / arch / "ext.so"))} "$2"; fi
  shift
done
""",
        )

    def program(self, name: str, body: str = "exit 0") -> Path:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def find(
        self,
        *candidates: str,
        arch: str = "aarch64",
        sysroot: Path | None = None,
        abi=None,
        env=None,
        **wanted,
    ):
        return find_toolchain(
            Wanted(**wanted),
            candidates=candidates,
            sysroot=sysroot,
            machine=machines.by_name(ROWS.get(arch, arch)),
            abi=abi or {},
            env={**self.env, **(env or {})},
        )


@pytest.fixture
def compilers(tmp_path):
    return Compilers(tmp_path)


def test_the_first_candidate_on_path(compilers):
    gcc = compilers.add("aarch64-linux-gnu-gcc")
    toolchain = compilers.find("absent-gcc", "aarch64-linux-gnu-gcc", "later-gcc")
    assert toolchain.cc == (str(gcc),)
    assert toolchain.cxx == ()
    assert (toolchain.family, toolchain.version, toolchain.triplet) == ("gcc", "12.2.0", "aarch64-linux-gnu")
    assert toolchain.macros == {
        "__LDBL_MANT_DIG__": "113",
        "__SIZEOF_LONG_DOUBLE__": "16",
        "__CHAR_UNSIGNED__": "1",
        "__GCC_ATOMIC_CHAR_LOCK_FREE": "1",
    }
    assert toolchain.calls_libatomic


def test_clang(compilers):
    compilers.add("clang", text=CLANG, version="16.0.6", triplet="aarch64-unknown-linux-gnu")
    toolchain = compilers.find(cc=("clang", "--target=aarch64-linux-gnu"))
    assert (toolchain.family, toolchain.version) == ("clang", "16.0.6")
    assert toolchain.cc[1:] == ("--target=aarch64-linux-gnu",)


def test_none_on_path(compilers):
    with pytest.raises(ToolchainError, match="none of a-gcc, b-gcc is on PATH") as caught:
        compilers.find("a-gcc", "b-gcc", "a-gcc")
    assert "--cc" in caught.value.hint
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("cc", "missing"),
    [(("no-gcc", "-O2"), "no-gcc"), (("ccache", "no-gcc"), "no-gcc"), (("no-ccache",), "no-ccache")],
)
def test_a_named_one_that_is_missing(compilers, cc, missing):
    compilers.program("ccache")
    with pytest.raises(ToolchainError, match=f"compiler not found: '{missing}'") as caught:
        compilers.find(cc=cc)
    assert shlex.join(cc) in caught.value.message
    assert compilers.env["PATH"] in caught.value.hint


def test_a_file_that_is_no_program(compilers):
    compilers.add("aarch64-linux-gnu-gcc").chmod(0o644)
    with pytest.raises(ToolchainError, match="is on PATH"):
        compilers.find("aarch64-linux-gnu-gcc")


def test_words_of_a_command_are_kept(compilers, tmp_path):
    """As Yocto exports them: CC with its flags, and a sysroot."""
    gcc = compilers.add("aarch64-poky-linux-gcc")
    flags = ("-mcpu=cortex-a57", "-D_FORTIFY_SOURCE=2", f"--sysroot={tmp_path}", "-DX=a b")
    toolchain = compilers.find(cc=("aarch64-poky-linux-gcc", *flags))
    assert toolchain.cc == (str(gcc), *flags)
    assert f"{gcc} {' '.join(flags)} -v -c" in compilers.log.read_text()


def test_an_absolute_and_a_relative_command(compilers, monkeypatch):
    gcc = compilers.add("aarch64-linux-gnu-gcc")
    assert compilers.find(cc=(str(gcc),)).cc == (str(gcc),)
    monkeypatch.chdir(compilers.base)
    assert compilers.find(cc=("./tools/bin/aarch64-linux-gnu-gcc",)).cc == (str(gcc),)


def test_ccache_in_front(compilers):
    gcc, gxx = compilers.add("aarch64-linux-gnu-gcc"), compilers.add("aarch64-linux-gnu-g++")
    ccache = compilers.program("ccache", 'exec "$@"')
    ar = compilers.program("aarch64-linux-gnu-ar")
    toolchain = compilers.find(cc=("ccache", "aarch64-linux-gnu-gcc", "-O2"))
    assert toolchain.cc == (str(ccache), str(gcc), "-O2")
    assert toolchain.cxx == (str(ccache), str(gxx), "-O2")
    assert toolchain.tools["ar"] == (str(ar),)


def test_env_in_front(compilers):
    gcc = compilers.add("aarch64-linux-gnu-gcc")
    env = compilers.program("env", 'shift; exec "$@"')
    assert compilers.find(cc=("env", "LANG=C", "aarch64-linux-gnu-gcc")).cc == (str(env), "LANG=C", str(gcc))


@pytest.mark.parametrize(
    ("cc", "cxx"),
    [
        ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++"),
        ("aarch64-linux-gnu-gcc-12", "aarch64-linux-gnu-g++-12"),
        ("aarch64-linux-cc", "aarch64-linux-c++"),
        ("cc", "c++"),
        ("gcc", "g++"),
        ("clang", "clang++"),
        ("clang-16", "clang++-16"),
        ("aarch64-linux-gnu-clang", "aarch64-linux-gnu-clang++"),
    ],
)
def test_the_sibling_for_cxx(compilers, cc, cxx):
    compilers.add(cc)
    expected = compilers.add(cxx)
    assert compilers.find(cc=(cc, "-O2")).cxx == (str(expected), "-O2")


def test_a_compiler_whose_name_says_nothing_has_no_sibling(compilers):
    compilers.add("mycompiler")
    assert compilers.find(cc=("mycompiler",)).cxx == ()


def test_cxx_as_wanted(compilers):
    compilers.add("aarch64-linux-gnu-gcc")
    compilers.add("aarch64-linux-gnu-g++")
    other = compilers.add("other-g++")
    assert compilers.find(cc=("aarch64-linux-gnu-gcc",), cxx=("other-g++", "-O1")).cxx == (str(other), "-O1")


def test_no_cxx_as_wanted(compilers):
    compilers.add("aarch64-linux-gnu-gcc")
    compilers.add("aarch64-linux-gnu-g++")
    assert compilers.find(cc=("aarch64-linux-gnu-gcc",), cxx=("no",)).cxx == ()


# What is wrong with a compiler.


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("x86_64", "makes 64-bit little-endian x86-64 code"),
        ("armhf", "makes 32-bit little-endian ARM code"),
        ("s390x", "makes 64-bit big-endian S/390 code"),
    ],
)
def test_for_another_machine(compilers, made, said):
    compilers.add("gcc", made)
    with pytest.raises(ToolchainError, match=said) as caught:
        compilers.find(cc=("gcc",))
    assert "the target is 64-bit little-endian AArch64 (aarch64)" in caught.value.message


def test_cxx_for_another_machine(compilers):
    compilers.add("aarch64-linux-gnu-gcc")
    compilers.add("g++", "x86_64")
    with pytest.raises(ToolchainError, match=r"g\+\+ makes 64-bit little-endian x86-64"):
        compilers.find("aarch64-linux-gnu-gcc", cxx=("g++",))


@pytest.mark.parametrize(
    ("arch", "abi", "said"),
    [
        ("armel", {"float": "hard", "eabi": "5"}, "float is soft, the target's libraries have hard"),
        ("armhf", {"float": "soft", "eabi": "5"}, "float is hard, the target's libraries have soft"),
        ("riscv64-soft", {"float": "double"}, "float is soft, the target's libraries have double"),
    ],
)
def test_for_another_abi(compilers, arch, abi, said):
    compilers.add("gcc", arch)
    with pytest.raises(ToolchainError, match=said) as caught:
        compilers.find(cc=("gcc",), arch=arch.removesuffix("-soft"), abi=abi)
    assert "another ABI" in caught.value.message


@pytest.mark.parametrize(("arch", "float_abi"), [("armhf", "hard"), ("armel", "soft")])
def test_for_the_right_abi(compilers, arch, float_abi):
    compilers.add("gcc", arch)
    assert compilers.find(cc=("gcc",), arch=arch, abi={"float": float_abi, "eabi": "5"}).cc


def test_that_fails(compilers):
    compilers.program("gcc", "echo 'error: unrecognized command-line option -mfoo' >&2; exit 4")
    with pytest.raises(ToolchainError, match="cannot compile an empty file") as caught:
        compilers.find(cc=("gcc", "-mfoo"))
    assert "unrecognized command-line option -mfoo" in caught.value.message
    assert "gcc -mfoo -v -c -o " in caught.value.message


def test_that_is_killed(compilers):
    compilers.program("gcc", "kill -9 $$")
    with pytest.raises(ToolchainError, match="cannot compile an empty file"):
        compilers.find(cc=("gcc",))


@pytest.mark.parametrize("contents", [b"\x7fELF garbage", b"", b"\0\1\2"], ids=["damaged", "empty", "bytes"])
def test_that_cannot_run_here(compilers, contents):
    path = compilers.bin / "gcc"
    path.write_bytes(contents)
    path.chmod(0o755)
    with pytest.raises(ToolchainError, match=r"cannot (run the compiler|compile)|ELF"):
        compilers.find(cc=("gcc",))


def test_variables_that_mislead_compilers_are_removed(compilers):
    compilers.add(
        "gcc", before='[ -z "$CPATH$LIBRARY_PATH$C_INCLUDE_PATH" ] || exit 1; [ "$LC_ALL" = C ] || exit 1'
    )
    env = {
        "CPATH": "/usr/include",
        "LIBRARY_PATH": "/usr/lib",
        "C_INCLUDE_PATH": "/usr/include",
        "LC_ALL": "de_DE",
    }
    assert compilers.find(cc=("gcc",), env=env).cc


@pytest.mark.parametrize("text", ["gcc 'open", 'gcc "', "gcc \\"])
def test_a_command_with_an_open_quote(text):
    with pytest.raises(ToolchainError, match="cannot split the command"):
        words(text)


def test_words():
    assert words("gcc -DX='a b' \"-I/c d\"") == ("gcc", "-DX=a b", "-I/c d")
    assert words("") == ()


# Headers and libraries.


@pytest.fixture
def sysroot(tmp_path):
    return put(
        tmp_path / "sysroot",
        {
            "usr/include/stdio.h": "",
            "usr/include/aarch64-linux-gnu/bits/x.h": "",
            "usr/lib/aarch64-linux-gnu/libc.so": "",
            "lib": "-> usr/lib",
        },
    )


@pytest.fixture
def in_place(tmp_path, sysroot):
    """What a compiler searches that is installed in place (Debian's): its own libc's headers before the sysroot's."""
    cross = put(
        tmp_path / "cross",
        {
            "gcc/include/stddef.h": "",
            "aarch64-linux-gnu/include/stdio.h": "",
            "c++/12/cstdio": "",
            "c++/12/stdio.h": "",
        },
    )
    names = ("c++/12", "gcc/include", "aarch64-linux-gnu/include")
    return (
        *(str(cross / name) for name in names),
        f"{sysroot}/usr/include/aarch64-linux-gnu",
        f"{sysroot}/usr/include",
    )


def test_headers_of_a_foreign_libc_are_taken_out(compilers, sysroot, in_place):
    compilers.add("gcc", includes=in_place[1:])
    compilers.add("g++", includes=in_place)
    toolchain = compilers.find(cc=("gcc",), sysroot=sysroot)
    assert toolchain.c_includes == (in_place[1], *in_place[3:])
    assert toolchain.cxx_includes == (*in_place[:2], *in_place[3:])
    assert toolchain.library_dirs == tuple(
        str(sysroot / name) for name in ("usr/lib/aarch64-linux-gnu", "usr/lib")
    )


def test_a_relocated_compiler_is_left_to_itself(compilers, sysroot, in_place):
    compilers.add("gcc", includes=(in_place[1], *in_place[3:]))
    toolchain = compilers.find(cc=("gcc",), sysroot=sysroot)
    assert (toolchain.c_includes, toolchain.library_dirs) == ((), ())


SEARCH = "install: /usr/lib/gcc/x86_64-linux-gnu/12/\nprograms: =/usr/bin/\nlibraries: ={}\n"
SPECS = "*link:\n--eh-frame-hdr\n\n*startfile_prefix_spec:\n\n\n"


@pytest.mark.parametrize(
    ("libraries", "machine", "told"),
    [
        ("/usr/lib/gcc/x86_64-linux-gnu/12/:/usr/lib/gcc/../:{}/usr/lib/", "x86_64", True),
        ("/opt/toolchain/lib/gcc/x86_64-linux-gnu/12/:{}/usr/lib/", "x86_64", False),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/:/usr/lib/gcc/../:{}/usr/lib/", "aarch64", False),
    ],
    ids=["of the build machine", "relocated", "on another machine"],
)
def test_a_compiler_that_links_from_its_neighbours(
    compilers, sysroot, in_place, monkeypatch, libraries, machine, told
):
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(machine=machine))
    compilers.add("gcc", "x86_64", triplet="aarch64-linux-gnu", includes=in_place[3:])
    for name, text in {"search": SEARCH.format(libraries.format(sysroot)), "specs": SPECS}.items():
        (compilers.base / name).write_text(text)
    fake = compilers.bin / "gcc"
    answers = f"""case " $* " in
*" -print-search-dirs "*) cat {compilers.base}/search; exit ;;
*" -dumpspecs "*) cat {compilers.base}/specs; exit ;;
esac"""
    fake.write_text(fake.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{answers}\n"))
    toolchain = compilers.find(arch="x86_64", cc=("gcc",), sysroot=sysroot)
    places = "/usr/lib/aarch64-linux-gnu/ /usr/lib/"
    added = f"{SPECS.rstrip()}\n\n*startfile_prefix_spec:\n{places}\n\n"
    assert toolchain.specs == (added if told else "")
    assert toolchain.library_dirs == ()


def test_a_sysroot_without_headers_of_a_libc(compilers, tmp_path, in_place):
    compilers.add("gcc", includes=in_place)
    assert compilers.find(cc=("gcc",), sysroot=put(tmp_path / "other", {"usr": None})).c_includes == ()


def test_the_compiler_is_tried_with_the_sysroot(compilers, sysroot):
    compilers.add("gcc")
    compilers.find(cc=("gcc",), sysroot=sysroot)
    assert all(f"--sysroot={sysroot}" in line for line in compilers.log.read_text().splitlines())


def test_no_search_list(compilers, sysroot):
    compilers.add("gcc", text="Target: {triplet}\n")
    toolchain = compilers.find(cc=("gcc",), sysroot=sysroot)
    assert (toolchain.version, toolchain.c_includes) == ("", ())


# Tools.


def test_tools_by_the_prefix_of_the_compiler(compilers):
    compilers.add("aarch64-linux-gnu-gcc-12")
    found = {
        name: compilers.program(f"aarch64-linux-gnu-{name}") for name in ("ar", "strip", "ld", "gfortran")
    }
    for name in ("ar", "nm", "strip"):
        compilers.program(name)
    tools = compilers.find("aarch64-linux-gnu-gcc-12").tools
    assert tools == {name: (str(path),) for name, path in found.items()}


def test_tools_by_a_wanted_prefix(compilers):
    compilers.add("arm-gcc", "armhf")
    strip = compilers.program("other-strip")
    assert compilers.find(arch="armhf", cc=("arm-gcc",), prefix="other-").tools == {"strip": (str(strip),)}


def test_tools_by_a_prefix_that_is_a_path(compilers):
    compilers.add("arm-linux-gcc", "armhf")
    ar = compilers.program("arm-linux-ar")
    prefix = f"{compilers.bin}/arm-linux-"
    assert compilers.find(prefix + "gcc", arch="armhf", prefix=prefix).tools == {"ar": (str(ar),)}


def test_tools_as_wanted(compilers):
    compilers.add("aarch64-linux-gnu-gcc")
    compilers.program("aarch64-linux-gnu-ar")
    mine = compilers.program("gcc-ar")
    tools = compilers.find("aarch64-linux-gnu-gcc", tools={"ar": ("gcc-ar", "--plugin", "x")}).tools
    assert tools["ar"] == (str(mine), "--plugin", "x")


def test_a_wanted_tool_that_is_missing(compilers):
    compilers.add("aarch64-linux-gnu-gcc")
    with pytest.raises(ToolchainError, match="'no-ar'"):
        compilers.find("aarch64-linux-gnu-gcc", tools={"ar": ("no-ar",)})


def test_clang_takes_llvms_tools(compilers):
    compilers.add("clang", text=CLANG)
    for name in ("ar", "strip"):
        compilers.program(name)
    llvm = {name: compilers.program(f"llvm-{name}") for name in ("ar", "strip", "objcopy")}
    tools = compilers.find(cc=("clang", "--target=aarch64-linux-gnu")).tools
    assert tools == {name: (str(path),) for name, path in llvm.items()}


# From a sysroot.


def of_sysroot(compilers, tmp_path, *, files=None, **wanted):
    root = put(tmp_path / "s", files or sysroot_files())
    return describe(Request(sysroot=root, wanted=Wanted(**wanted), need_compiler=True), env=compilers.env)


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ("aarch64-linux-gnu-gcc -pthread", "aarch64-linux-gnu-gcc"),
        ("/build/elsewhere/bin/aarch64-buildroot-linux-gnu-gcc", "aarch64-buildroot-linux-gnu-gcc"),
        ("ccache aarch64-poky-linux-gcc -mcpu=x --sysroot=/y", "aarch64-poky-linux-gcc"),
        ("aarch64-poky-linux-gcc -mcpu=x", "aarch64-poky-linux-gcc"),
        ("absent-gcc", "aarch64-unknown-linux-gnu-gcc"),
        ("", "aarch64-linux-gnu-gcc"),
    ],
)
def test_the_compiler_that_sysconfigdata_names(compilers, tmp_path, recorded, found):
    expected = compilers.add(found)
    assert of_sysroot(compilers, tmp_path, files=sysroot_files(CC=recorded)).toolchain.cc == (str(expected),)


@pytest.mark.skipif(platform.machine() == "aarch64", reason="gcc is the target's compiler here")
def test_gcc_of_a_natively_built_target_is_not_taken_for_the_cross_compiler(compilers, tmp_path):
    compilers.add("gcc", "x86_64", before="exit 1")
    expected = compilers.add("aarch64-linux-gnu-gcc")
    assert of_sysroot(compilers, tmp_path, files=sysroot_files(CC="gcc -pthread")).toolchain.cc == (
        str(expected),
    )


def test_a_prefix(compilers, tmp_path):
    expected = compilers.add("my-linux-gcc")
    compilers.add("aarch64-linux-gnu-gcc")
    target = of_sysroot(compilers, tmp_path, prefix="my-linux-")
    assert target.toolchain.cc == (str(expected),)


def test_a_prefix_with_clang_only(compilers, tmp_path):
    expected = compilers.add("my-linux-clang", text=CLANG)
    assert of_sysroot(compilers, tmp_path, prefix="my-linux-").toolchain.cc == (str(expected),)


def test_a_broken_compiler_that_nobody_named_is_a_warning_of_describe(compilers, tmp_path):
    compilers.add("aarch64-linux-gnu-gcc", "x86_64")
    root = put(tmp_path / "s", sysroot_files())
    target = describe(Request(sysroot=root), env=compilers.env)
    assert target.toolchain is None
    assert "makes 64-bit little-endian x86-64" in target.warnings[0]


def test_wrong_float_abi_against_the_sysroot(compilers, tmp_path):
    compilers.add("arm-linux-gnueabi-gcc", "armel")
    with pytest.raises(ToolchainError, match="float is soft, the target's libraries have hard"):
        of_sysroot(compilers, tmp_path, files=sysroot_files("armhf"), cc=("arm-linux-gnueabi-gcc",))


def test_recorded_cc_with_an_open_quote_is_an_error_of_ours(compilers, tmp_path):
    files = {"usr/lib/python3.11/_sysconfigdata__linux_.py": sysconfigdata(config_vars(CC="gcc 'open"))}
    with pytest.raises(CrosspyError):
        of_sysroot(compilers, tmp_path, files=files)


def test_that_makes_nothing(compilers):
    compilers.program("gcc", "exit 0")
    with pytest.raises(ToolchainError, match="does not make ELF files"):
        compilers.find(cc=("gcc",))


@pytest.mark.parametrize("contents", [b"", b"MZ\x90\0" * 30, b"\x7fELF", b"\xfe\xed\xfa\xcf" * 20])
def test_that_makes_no_elf_files(compilers, contents):
    made = compilers.base / "made"
    made.write_bytes(contents)
    compilers.add("gcc", made=made)
    with pytest.raises(ToolchainError, match="does not make ELF files"):
        compilers.find(cc=("gcc",))


def test_clang_takes_no_tool_of_the_build_machine(compilers):
    compilers.add("clang", text=CLANG)
    for name in ("ld", "gfortran", "strip"):
        compilers.program(name)
    assert compilers.find(cc=("clang", "--target=aarch64-linux-gnu")).tools == {}


def test_clang_by_another_name_takes_no_tool_of_the_build_machine(compilers):
    compilers.add("cc", text=CLANG)
    compilers.program("ld")
    llvm = compilers.program("llvm-ar")
    assert compilers.find(cc=("cc", "--target=aarch64-linux-gnu")).tools == {"ar": (str(llvm),)}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("clang", "llvm-ar"),
        ("clang-18", "llvm-ar-18"),
    ],
)
def test_clang_takes_the_tools_of_its_own_release_from_beside_it(compilers, name, found):
    for beside in ("llvm-ar", "llvm-ar-18"):
        compilers.program(beside)
    own = compilers.base / "opt"
    own.mkdir()
    for program in (compilers.add(name, text=CLANG), compilers.bin / "llvm-ar", compilers.bin / "llvm-ar-18"):
        shutil.copy(program, own)
    tools = compilers.find(cc=(str(own / name), "--target=aarch64-linux-gnu")).tools
    assert tools == {"ar": (str(own / found),)}


def test_gcc_without_a_prefix_keeps_its_own_tools(compilers):
    """LLVM's ar reads no objects of gcc's link-time optimization."""
    compilers.add("gcc")
    own = compilers.program("ar")
    compilers.program("llvm-ar")
    assert compilers.find(cc=("gcc",)).tools == {"ar": (str(own),)}


def test_a_command_of_a_cache_alone(compilers):
    compilers.program("ccache")
    with pytest.raises(ToolchainError):
        compilers.find(cc=("ccache",))
