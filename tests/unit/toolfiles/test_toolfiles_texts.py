"""What other tools read: machine files, toolchain files, variables, flags, headers."""

from __future__ import annotations

import ast
import configparser
import shutil
import subprocess
import types
from typing import Any

import pytest
from sample_targets import TRIPLETS, ctypes_of, make_target, make_toolchain

from crosspy import elf
from crosspy.model.hint import Hint
from crosspy.model.python import TargetPython
from crosspy.model.target import Libc, Target
from crosspy.toolfiles import autoconf, cmake, environ, facts, hints, meson, sysconfig
from crosspy.toolfiles.sysconfig import clean_flags

# Flags.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("-O2 -g -Wall", "-O2 -g -Wall"),
        ("-O2  -g", "-O2  -g"),
        ("-ffile-prefix-map=/build/python3.11=. -O2", "-O2"),
        ("-fdebug-prefix-map=/b=/usr/src -fmacro-prefix-map=/b=/usr/src -fcanon-prefix-map=/b=x -O2", "-O2"),
        ("-O2 --sysroot=/b/recipe-sysroot", "-O2"),
        ("--sysroot /b/recipe-sysroot -O2", "-O2"),
        ("-march=native -O2", "-O2"),
        ("-mtune=native -mcpu=native", ""),
        ("-march=armv8-a+crc -mtune=cortex-a72", "-march=armv8-a+crc -mtune=cortex-a72"),
        ("-specs=/usr/lib/rpm/redhat/redhat-hardened-cc1 -O2", "-O2"),
        ("-specs=nosys.specs -O2", "-specs=nosys.specs -O2"),
        ("-fprofile-use -fprofile-correction -O2", "-fprofile-correction -O2"),
        ("-fprofile-use=/b/prof -O2", "-O2"),
        ("-fprofile-generate=/b -O2", "-O2"),
        ("-I/build/include -O2", "-O2"),
        ("-I /build/include -O2", "-O2"),
        ("-isystem /build/include -O2", "-O2"),
        ("-isystem/build/include -O2", "-O2"),
        ("-idirafter /x -iquote /y -O2", "-O2"),
        ("-L/build/lib -Wl,-O1", "-Wl,-O1"),
        ("-L /build/lib -Wl,-O1", "-Wl,-O1"),
        ("-Wl,-rpath,/build/lib -Wl,-O1", "-Wl,-O1"),
        ("-Wl,-rpath-link,/build/lib -Wl,-rpath=/x -Wl,-O1", "-Wl,-O1"),
        ("-I. -I./Include -Llib -O2", "-I. -I./Include -Llib -O2"),
        ("-I/sysroot/usr/include -I/build -O2", "-I/sysroot/usr/include -O2"),
        ("-I/sysroot2/usr/include -O2", "-O2"),
        ("-O2 -g -O2 -I/x -O2", "-O2 -g -O2 -O2"),
        ("-DX='a b' -O2", "-DX='a b' -O2"),
        ("-DX='a b' -I/x", "'-DX=a b'"),
        ('-DX=\\"q\\" -I/x', "'-DX=\"q\"'"),
        ("-Wl,-z,relro '-Wl,-rpath,$ORIGIN/../lib' -L/x", "-Wl,-z,relro '-Wl,-rpath,$ORIGIN/../lib'"),
        ("-DX='open -I/x -O2", "'-DX='\"'\"'open' -O2"),
    ],
)
def test_clean_flags(given, expected):
    assert clean_flags(given, sysroot="/sysroot") == expected


def with_vars(arch: str = "aarch64", **variables: Any) -> Target:
    return make_target(arch, python={"config_vars": variables})


def test_compilers_become_launchers():
    found = sysconfig.cross_variables(
        with_vars(
            CC="aarch64-poky-linux-gcc -mcpu=cortex-a57 --sysroot=/b/rs",
            CXX="aarch64-poky-linux-g++ -mcpu=cortex-a57 --sysroot=/b/rs",
            LDSHARED="aarch64-poky-linux-gcc -mcpu=cortex-a57 --sysroot=/b/rs -shared -Wl,-O1",
            LDCXXSHARED="aarch64-poky-linux-g++ -mcpu=cortex-a57 --sysroot=/b/rs -shared",
            BLDSHARED="other-gcc -shared -Wl,-O1",
            LINKCC="aarch64-poky-linux-gcc",
            AR="/b/bin/aarch64-poky-linux-gcc-ar",
            RANLIB="ranlib",
            MAINCC="gcc",
            READELF="readelf",
        )
    )
    gcc, gxx = "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++"
    assert {name: found[name] for name in ("CC", "CXX", "MAINCC", "AR", "RANLIB", "LINKCC", "READELF")} == {
        "CC": gcc,
        "CXX": gxx,
        "MAINCC": gcc,
        "AR": "aarch64-linux-gnu-ar",
        "RANLIB": "aarch64-linux-gnu-ranlib",
        "LINKCC": gcc,
        "READELF": "readelf",
    }
    assert found["LDSHARED"] == f"{gcc} -shared -Wl,-O1"
    assert found["LDCXXSHARED"] == f"{gxx} -shared"
    assert found["BLDSHARED"] == f"{gcc} -shared -Wl,-O1"


def test_variables_that_are_absent_stay_absent():
    found = sysconfig.cross_variables(with_vars())
    assert not {"RANLIB", "NM", "BLDSHARED", "LINKCC", "PY_CFLAGS"} & found.keys()


def test_what_is_no_flag_stays_as_the_target_has_it():
    values = {
        "CONFIG_ARGS": "'--prefix=/usr' '-I/x'",
        "SIZEOF_LONG": 8,
        "TZPATH": "/usr/share/zoneinfo",
        "BINDIR": "/usr/bin",
    }
    found = sysconfig.cross_variables(with_vars(**values))
    assert {name: found[name] for name in values} == values


def test_without_a_toolchain_compilers_stay():
    target = make_target(toolchain=None)
    assert sysconfig.cross_variables(target)["CC"] == "aarch64-linux-gnu-gcc -pthread"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LIBDIR", "/usr/lib", "/opt/sysroot/usr/lib"),
        ("LIBDIR", "/opt/sysroot/usr/lib", "/opt/sysroot/usr/lib"),
        ("LIBDIR", "/br/output/staging/usr/lib", "/opt/sysroot/usr/lib"),
        ("LIBPL", "/b/recipe-sysroot/usr/lib/python3.11/config", "/opt/sysroot/usr/lib/python3.11/config"),
        ("INCLUDEPY", "/b/recipe-sysroot/usr/include/python3.11", "/opt/sysroot/usr/include/python3.11"),
        ("LIBPC", "lib/pkgconfig", "lib/pkgconfig"),
        ("LIBPC", "", ""),
    ],
)
def test_directories_point_into_the_sysroot(name, value, expected):
    target = make_target(version="3.11", python={"config_vars": {name: value}})
    assert sysconfig.cross_variables(target)[name] == expected


def test_without_a_sysroot_directories_stay():
    target = make_target(version="3.11", sysroot="")
    assert sysconfig.cross_variables(target)["INCLUDEPY"] == "/usr/include/python3.11"


def test_the_literal_module_is_one():
    text = sysconfig.literal_module({"X": 'it\'s\n"q"'})
    tree = ast.parse(text)
    assert len(tree.body) == 1
    assert ast.literal_eval(tree.body[0].value)["X"] == 'it\'s\n"q"'  # type: ignore[attr-defined]
    assert text == sysconfig.literal_module({"X": 'it\'s\n"q"'})


def test_bare_link():
    target = make_target()
    assert sysconfig.bare_link(sysconfig.cross_variables(target), target) == {
        "LDSHARED": "aarch64-linux-gnu-gcc -shared"
    }


# Meson.


def cross_file(target: Target) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(meson.cross_file(target))
    return parser


def test_meson():
    parser = cross_file(make_target())
    assert dict(parser["host_machine"]) == {
        "system": "'linux'",
        "kernel": "'linux'",
        "cpu_family": "'aarch64'",
        "cpu": "'aarch64'",
        "endian": "'little'",
    }
    assert parser["binaries"]["c"] == "'aarch64-linux-gnu-gcc'"
    assert parser["binaries"]["cpp"] == "'aarch64-linux-gnu-g++'"
    assert parser["binaries"]["pkg-config"] == "'pkg-config'"
    assert parser["properties"]["needs_exe_wrapper"] == "true"
    assert parser["properties"]["sys_root"] == "'/opt/sysroot'"
    assert parser["properties"]["longdouble_format"] == "'IEEE_QUAD_LE'"
    directories = ast.literal_eval(parser["properties"]["pkg_config_libdir"])
    assert directories[0] == "/opt/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig"
    assert "/opt/sysroot/usr/share/pkgconfig" in directories


@pytest.mark.parametrize(
    ("arch", "family", "cpu", "endian"),
    [
        ("armhf", "arm", "armv7l", "little"),
        ("i686", "x86", "i686", "little"),
        ("s390x", "s390x", "s390x", "big"),
        ("ppc64le", "ppc64", "ppc64le", "little"),
        ("mips64el", "mips64", "mips64", "little"),
        ("riscv64", "riscv64", "riscv64", "little"),
    ],
)
def test_mesons_names_of_machines(arch, family, cpu, endian):
    section = cross_file(make_target(arch))["host_machine"]
    assert [section[name] for name in ("cpu_family", "cpu", "endian")] == [
        f"'{family}'",
        f"'{cpu}'",
        f"'{endian}'",
    ]


@pytest.mark.parametrize(
    ("arch", "bits", "size", "name"),
    [
        ("aarch64", "113", "16", "IEEE_QUAD_LE"),
        ("s390x", "113", "16", "IEEE_QUAD_BE"),
        ("armhf", "53", "8", "IEEE_DOUBLE_LE"),
        ("x86_64", "64", "16", "INTEL_EXTENDED_16_BYTES_LE"),
        ("i686", "64", "12", "INTEL_EXTENDED_12_BYTES_LE"),
        ("ppc64le", "106", "16", "IBM_DOUBLE_DOUBLE_LE"),
        ("aarch64", "1", "1", ""),
    ],
)
def test_long_double(arch, bits, size, name):
    toolchain = make_toolchain(macros={"__LDBL_MANT_DIG__": bits, "__SIZEOF_LONG_DOUBLE__": size})
    assert meson.long_double_format(make_target(arch, toolchain=toolchain)) == name


def test_meson_knows_only_tools_that_exist():
    parser = cross_file(make_target(toolchain=make_toolchain(cxx=(), tools={"gfortran": ("/x/gfortran",)})))
    assert set(parser["binaries"]) == {"c", "fortran", "pkg-config", "pkgconfig"}


def test_meson_finds_no_fortran_of_the_build_machine():
    assert cross_file(make_target())["binaries"]["fortran"] == "'aarch64-linux-gnu-gfortran'"


def test_meson_quoting():
    parser = cross_file(make_target(sysroot="/a b/it's\\x"))
    assert parser["properties"]["sys_root"] == "'/a b/it\\'s\\\\x'"


def test_meson_without_a_sysroot():
    assert set(cross_file(make_target(sysroot=""))["properties"]) == {
        "needs_exe_wrapper",
        "longdouble_format",
    }


# CMake.


def settings(text: str) -> dict[str, str]:
    """Read the ``set(NAME "value" ...)`` lines."""
    found = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("set("):
            name, _, rest = line.removeprefix("set(").removesuffix(")").partition(" ")
            found[name] = rest
    return found


def test_cmake():
    found = settings(cmake.toolchain_file(make_target(version="3.11")))
    assert found["CMAKE_SYSTEM_NAME"] == "Linux"
    assert found["CMAKE_SYSTEM_PROCESSOR"] == '"aarch64"'
    assert found["CMAKE_C_COMPILER"] == '"aarch64-linux-gnu-gcc"'
    assert found["CMAKE_CXX_COMPILER"] == '"aarch64-linux-gnu-g++"'
    assert found["CMAKE_AR"] == '"${CMAKE_CURRENT_LIST_DIR}/tools/aarch64-linux-gnu-ar"'
    assert found["CMAKE_SYSROOT"] == '"/opt/sysroot"'
    assert found["CMAKE_FIND_ROOT_PATH_MODE_PROGRAM"] == "NEVER"
    for kind in ("LIBRARY", "INCLUDE", "PACKAGE"):
        assert found[f"CMAKE_FIND_ROOT_PATH_MODE_{kind}"] == "ONLY"
    assert found["CMAKE_LIBRARY_ARCHITECTURE"] == '"aarch64-linux-gnu"'
    assert found["${_crosspy_prefix}_INCLUDE_DIR"] == '"/opt/sysroot/usr/include/python3.11" CACHE PATH ""'
    assert found["${_crosspy_prefix}_SOABI"] == '"cpython-311-aarch64-linux-gnu" CACHE STRING ""'
    assert found["${_crosspy_prefix}_SOSABI"] == '"abi3" CACHE STRING ""'
    assert "CMAKE_OBJCOPY" not in found


def test_cmake_finds_no_compiler_of_the_build_machine():
    """For a language that the toolchain does not have: CMake fails by the name of what it should find."""
    found = settings(cmake.toolchain_file(make_target(toolchain=make_toolchain(cxx=(), tools={}))))
    assert found["CMAKE_CXX_COMPILER"] == '"aarch64-linux-gnu-g++"'
    assert found["CMAKE_Fortran_COMPILER"] == '"aarch64-linux-gnu-gfortran"'


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"LIBDIR": "/usr/lib", "LDLIBRARY": "libpython3.11.so"},
            '"/opt/sysroot/usr/lib/libpython3.11.so" "/opt/sysroot/usr/lib/aarch64-linux-gnu/libpython3.11.so"',
        ),
        ({"LIBDIR": "/usr/lib", "LDLIBRARY": ""}, None),
        ({"LIBDIR": "", "LDLIBRARY": "libpython3.11.so"}, None),
    ],
)
def test_cmake_is_told_where_libpython_may_be(variables, expected):
    text = cmake.toolchain_file(make_target(python={"config_vars": variables}))
    assert text.count("if(EXISTS") == (1 if expected else 0)
    assert expected is None or f"foreach(_crosspy_library {expected})" in text


@pytest.mark.parametrize(
    ("arch", "name"), [("armhf", "armv7l"), ("i686", "i686"), ("x86_64", "x86_64"), ("ppc64le", "ppc64le")]
)
def test_cmakes_names_of_machines(arch, name):
    assert settings(cmake.toolchain_file(make_target(arch)))["CMAKE_SYSTEM_PROCESSOR"] == f'"{name}"'


def test_cmake_quoting():
    found = settings(cmake.toolchain_file(make_target(sysroot='/a b/$x"q\\y')))
    assert found["CMAKE_SYSROOT"] == '"/a b/\\$x\\"q\\\\y"'


def test_cmake_without_a_sysroot():
    text = cmake.toolchain_file(make_target(sysroot=""))
    assert "FIND_ROOT_PATH" not in text
    assert "SYSROOT" not in text


@pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake here")
def test_cmake_reads_it(tmp_path):
    (tmp_path / "t.cmake").write_text(
        cmake.toolchain_file(make_target(sysroot='/a b/$x"q\\y')) + 'message("${CMAKE_SYSROOT}")'
    )
    done = subprocess.run(["cmake", "-P", tmp_path / "t.cmake"], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == '/a b/$x"q\\y'


# Variables.


def test_variables_of_a_build():
    found = environ.build_variables(
        make_target(
            toolchain=make_toolchain(tools={"ar": ("/x/ar",), "ld": ("/x/ld",), "gfortran": ("/x/f",)})
        )
    )
    assert found["CC"] == "aarch64-linux-gnu-gcc"
    assert found["CXX"] == "aarch64-linux-gnu-g++"
    assert found["CPP"] == "aarch64-linux-gnu-gcc -E"
    assert found["AR"] == "aarch64-linux-gnu-ar"
    assert found["FC"] == "aarch64-linux-gnu-gfortran"
    assert "LD" not in found
    assert "STRIP" not in found
    assert found["PKG_CONFIG_SYSROOT_DIR"] == "/opt/sysroot"
    directories = found["PKG_CONFIG_LIBDIR"].split(":")
    assert directories[0] == "/opt/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig"
    assert "{ROOT}/crosspy/links/usr/lib/aarch64-linux-gnu/pkgconfig" in directories
    assert all(name.startswith(("/opt/sysroot/", "{ROOT}/")) for name in directories)
    assert found["LOG_COMPILER"] == "{ROOT}/crosspy/tools/skip-target-test"
    assert found["CARGO_BUILD_TARGET"] == "aarch64-unknown-linux-gnu"
    assert found["CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"] == "aarch64-linux-gnu-gcc"
    assert found["CC_aarch64_unknown_linux_gnu"] == "aarch64-linux-gnu-gcc"
    assert found["LC_ALL"] == "C.UTF-8"
    assert list(found) == sorted(found)


def test_variables_that_lead_elsewhere_are_neither_set_nor_kept():
    found = environ.build_variables(make_target())
    assert not set(environ.UNSET) & found.keys()
    assert {"CPATH", "LIBRARY_PATH", "PKG_CONFIG_PATH", "_PYTHON_HOST_PLATFORM"} <= set(environ.UNSET)


def test_variables_without_a_toolchain_or_sysroot():
    found = environ.build_variables(make_target(toolchain=None, sysroot=""))
    assert not {"CC", "CPP", "CARGO_BUILD_TARGET", "PKG_CONFIG_LIBDIR"} & found.keys()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "aarch64-unknown-linux-gnu=yes"),
        ("host_alias=arm-mine build_alias=me", "arm-mine=yes"),
    ],
)
def test_config_site_is_a_shell_script(tmp_path, given, expected):
    (tmp_path / "config.site").write_text(autoconf.config_site(make_target()))
    text = f'{given}\n. ./config.site; echo "$host_alias=$cross_compiling"; echo "$build_alias"'
    done = subprocess.run(
        ["sh", "-euc", f"host_alias= build_alias=\n{text}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    host, build = done.stdout.splitlines()
    assert host == expected
    assert build == ("me" if given else build)
    assert build.endswith("-pc-linux-gnu") or given


# Facts.


def module(text: str) -> types.SimpleNamespace:
    found: dict[str, Any] = {}
    exec(text, found)
    return types.SimpleNamespace(**found)


def choices(**changes: Any) -> facts.Choices:
    return facts.Choices(library=("lib", "python3.11", "site-packages"), **changes)


def test_facts():
    found = module(facts.facts_module(make_target(version="3.11"), choices(pip="/p")))
    assert found.SYS["maxsize"] == 2**63 - 1
    assert found.SYS["hash_info"] == (64, 2**61 - 1, 314159, 0, 1000003, "siphash13", 64, 128, 0)
    assert found.SYS["int_info"] == (30, 4)
    assert found.SYS["thread_version"] == "NPTL 2.36"
    assert found.SYS["version_info"] == (3, 11, 2, "final", 0)
    assert found.SYS["base_prefix"] == "/opt/sysroot/usr"
    assert found.OS["libc"] == "glibc 2.36"
    assert found.TYPES["void *"] == (8, 8)
    assert (found.PIP, found.INCLUDE, found.PLATFORM_TAGS) == ("/p", None, None)


def test_facts_of_a_32_bit_target():
    found = module(facts.facts_module(make_target("armhf"), choices(platform_tags=["manylinux_2_17_armv7l"])))
    assert found.SYS["maxsize"] == 2**31 - 1
    assert found.SYS["hash_info"][:2] == (32, 2**31 - 1)
    assert found.OS["bits"] == 32
    assert found.PLATFORM_TAGS == ("manylinux_2_17_armv7l",)


def test_facts_of_musl():
    found = module(facts.facts_module(make_target("aarch64-musl"), choices()))
    assert (found.OS["libc"], found.OS["libc_ver"], found.SYS["thread_version"]) == ("", None, None)


@pytest.mark.parametrize(
    ("variables", "version", "algorithm", "bits"),
    [
        ({}, "3.11", "siphash13", 64),
        ({"HAVE_ALIGNED_REQUIRED": 1}, "3.11", "fnv", 32),
        ({"Py_HASH_ALGORITHM": 1}, "3.11", "siphash24", 64),
        ({"Py_HASH_ALGORITHM": 2}, "3.11", "fnv", 32),
        ({"Py_HASH_ALGORITHM": "3"}, "3.14", "siphash13", 64),
    ],
)
def test_hash_info(variables, version, algorithm, bits):
    target = make_target("armhf", version=version, python={"config_vars": variables})
    found = module(facts.facts_module(target, choices())).SYS["hash_info"]
    assert found[5:7] == (algorithm, bits)


def test_15_bit_digits():
    target = make_target(python={"config_vars": {"PYLONG_BITS_IN_DIGIT": 15}})
    assert module(facts.facts_module(target, choices())).SYS["int_info"] == (15, 2)


@pytest.mark.parametrize(
    ("full", "hexversion", "info"),
    [
        ("3.11.2", 0x030B02F0, (3, 11, 2, "final", 0)),
        ("3.11.0rc2", 0x030B00C2, (3, 11, 0, "candidate", 2)),
        ("3.11.0a7", 0x030B00A7, (3, 11, 0, "alpha", 7)),
        ("3.11", 0x030B00F0, None),
    ],
)
def test_version_info(full, hexversion, info):
    target = make_target(version="3.11", python={"full_version": full, "hexversion": hexversion})
    assert module(facts.facts_module(target, choices())).SYS["version_info"] == info


def test_headers_that_are_not_below_the_prefix():
    target = make_target(
        version="3.11", sysroot="", python={"include": "/src/Include", "platinclude": "/build"}
    )
    assert module(facts.facts_module(target, choices())).INCLUDE == ("/src/Include", "/build")


def test_build_facts():
    found = module(
        facts.build_facts_module(make_target(), choices(flags={"CFLAGS": "-Os"}, user_env=[("A", "+=", "b")]))
    )
    assert found.ELF == (183, 64, "little")
    assert found.BUILD_DEFAULTS["CFLAGS"] == "-Os"
    assert found.BUILD_DEFAULTS["SOURCE_DATE_EPOCH"] == "315532800"
    assert found.USER_ENV == (("A", "+=", "b"),)
    assert {"CC", "CFLAGS", "LD", "CPATH", "PKG_CONFIG_LIBDIR"} <= set(found.MANAGED)
    assert not {"LC_ALL", "PYTHONNOUSERSITE", "PATH"} & set(found.MANAGED)
    assert found.LIBRARY_DIRS[0] == "/usr/lib/aarch64-linux-gnu"
    assert found.SYSROOT == "/opt/sysroot"


def test_the_build_machines_root_is_no_sysroot():
    assert module(facts.build_facts_module(make_target(sysroot="/"), choices())).SYSROOT == ""


# The ELF header of the interpreter.


@pytest.mark.parametrize("arch", [name for name in TRIPLETS if name != "aarch64-musl"])
def test_the_header_is_an_elf_file_of_the_target(tmp_path, arch):
    target = make_target(arch)
    path = tmp_path / "python.elf"
    path.write_bytes(facts.python_header(target))
    read = elf.read(path)
    machine = target.machine
    assert (read.header.elf_machine, read.header.bits, read.header.byteorder) == (
        machine.elf_machine,
        machine.bits,
        machine.byteorder,
    )
    assert read.header.type == elf.ET_DYN
    assert read.interpreter == ("" if machine.byteorder == "big" else "/lib/ld-linux.so.1")
    assert elf.parse_header(facts.python_header(target)[: elf.HEAD_SIZE]) == read.header


@pytest.mark.parametrize(
    ("arch", "changes", "flags"),
    [
        ("armhf", {}, 0x05000400),
        ("armel", {}, 0x05000200),
        ("armhf", {"abi": {}}, 0x05000000),
        ("armhf", {"e_flags": 0x05000402}, 0x05000402),
        ("riscv64", {"e_flags": 5}, 5),
        ("aarch64", {}, 0),
        ("ppc64le", {"e_flags": 2}, 2),
    ],
)
def test_the_header_has_the_targets_flags(arch, changes, flags):
    header = elf.parse_header(facts.python_header(make_target(arch, **changes)))
    assert header is not None
    assert header.flags == flags


def test_the_header_for_musl_names_no_loader(tmp_path):
    """packaging would run it."""
    (tmp_path / "x").write_bytes(facts.python_header(make_target("aarch64-musl")))
    assert elf.read(tmp_path / "x").interpreter == ""


def test_the_samples_are_complete():
    assert set(ctypes_of(64)) == set(make_target().types)
    assert isinstance(make_target().python, TargetPython)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("CC -shared -Wl,-O1 -L/b/lib", "aarch64-linux-gnu-gcc -shared -Wl,-O1"),
        ("CC -L/b/lib", "aarch64-linux-gnu-gcc"),
        ("CC -shared -ffile-prefix-map=/b=. -Wl,-O1", "aarch64-linux-gnu-gcc -shared -Wl,-O1"),
        ("CC", "aarch64-linux-gnu-gcc"),
        ("CC -shared", "aarch64-linux-gnu-gcc -shared"),
    ],
)
def test_link_commands(given, expected):
    cc = "aarch64-poky-linux-gcc -mcpu=x --sysroot=/b/rs"
    values = {"CC": cc, "LDSHARED": given.replace("CC", cc)}
    assert sysconfig.cross_variables(make_target(python={"config_vars": values}))["LDSHARED"] == expected


@pytest.mark.parametrize(
    "given", ["-I . -O2", "-L lib -O2", "-isystem include -O2", "-I /sysroot/usr/include -O2"]
)
def test_clean_flags_keeps_relative_and_own_directories_of_two_words(given):
    assert sysconfig.clean_flags(given, sysroot="/sysroot") == given


def test_clean_flags_keeps_the_sysroot_itself():
    assert sysconfig.clean_flags("-I/sysroot -I/x", sysroot="/sysroot") == "-I/sysroot"


# Autoconf's answers, emulators and hints.


def answered(text: str, script: str, **given: str) -> str:
    start = {"host_alias": "", "build_alias": "", "cross_compiling": "no", **given}
    words = "".join(f"{name}='{value}'\n" for name, value in start.items())
    return subprocess.run(
        ["sh", "-euc", f"{words}{text}\n{script}"], capture_output=True, text=True, check=True
    ).stdout


def test_configure_is_told_what_follows_from_libc_and_compiler():
    macros = {"__SIZEOF_LONG__": "4", "__SIZEOF_POINTER__": "4"}
    text = autoconf.config_site(make_target("s390x", toolchain=make_toolchain(macros=macros)))
    script = 'echo "$ac_cv_func_malloc_0_nonnull $ac_cv_c_bigendian $ac_cv_sizeof_long $ac_cv_sizeof_void_p ${ac_cv_sizeof_int-?}"'
    assert answered(text, script) == "yes yes 4 4 ?\n"
    assert answered(text, script, ac_cv_func_malloc_0_nonnull="mine").startswith("mine ")


def test_what_a_libc_leaves_open_is_not_answered():
    assert "malloc" not in autoconf.config_site(make_target(libc=Libc(kind="uclibc")))


@pytest.mark.parametrize(
    "given",
    [
        {"host_alias": "x86_64-pc-linux-gnu", "build_alias": "x86_64-pc-linux-gnu"},
        {"CC": "/usr/bin/gcc", "CC_FOR_BUILD": "/usr/bin/gcc"},
    ],
)
def test_a_native_configure_is_told_nothing(given):
    text = autoconf.config_site(make_target())
    script = 'echo "$cross_compiling $host_alias ${ac_cv_c_bigendian-?}"'
    assert answered(text, script, **given) == f"no {given.get('host_alias', '')} ?\n"


def hint(**changes: Any) -> Hint:
    return Hint(package="p", reason="r", link="https://x", **changes)


def test_configure_reads_the_hints_of_this_build(tmp_path):
    known = [
        hint(configure={"ac_cv_a": "it's"}),
        hint(configure={"ac_cv_a": "no", "ac_cv_c_bigendian": "maybe"}),
    ]
    (tmp_path / "crosspy" / "hints").mkdir(parents=True)
    for name, text in hints.hint_files(known, make_target()).items():
        (tmp_path / "crosspy" / "hints" / name).write_text(text)
    text = autoconf.config_site(make_target(), hints=True)
    script = 'echo "${ac_cv_a-?} $ac_cv_c_bigendian"'
    for numbers, expected in (("", "? no\n"), ("0", "it's no\n"), ("1;0", "no maybe\n")):
        assert answered(text, script, CROSSPY_BUILD=str(tmp_path), CROSSPY_HINTS=numbers) == expected


def test_cmake_reads_the_hints_and_the_emulator():
    text = cmake.toolchain_file(make_target(), emulator=True, hints=True)
    assert 'set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/tools/run-target")' in text
    assert 'include("${CMAKE_CURRENT_LIST_DIR}/hints/${crosspy_hint}.cmake")' in text
    plain = cmake.toolchain_file(make_target())
    assert "EMULATOR" not in plain
    assert "HINTS" not in plain
    files = hints.hint_files([hint(cmake={"A": '{SYSROOT}/"x"'})], make_target(sysroot="/s"))
    assert files["0.cmake"] == 'set(A "/s/\\"x\\"" CACHE STRING "")\n'


def test_meson_reads_the_hints_and_the_emulator():
    files = hints.hint_files([hint(meson={"a": True, "b": ("x", "it's"), "n": 3})], make_target())
    assert files["0.ini"] == "[properties]\na = true\nb = ['x', 'it\\'s']\nn = 3\n"
    assert "exe_wrapper = 'run-target'" in meson.cross_file(make_target(), emulator=True)
    assert "run-target" not in meson.cross_file(make_target())


def test_an_emulator_runs_tests():
    runners = [environ.build_variables(make_target(), emulator=given) for given in (False, True)]
    assert [found["LOG_COMPILER"].rpartition("/")[2] for found in runners] == [
        "skip-target-test",
        "run-target",
    ]
    name = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER"
    assert [name in found for found in runners] == [False, True]
