"""From a sysroot to a target: what its files say together, and what contradicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_targets import ELF, ROWS, TRIPLETS, config_vars, put, sysconfigdata, sysroot_files

from crosspy.describe import Request, Wanted, describe
from crosspy.errors import ContradictionError, TargetDataError, ToolchainError
from crosspy.model.target import Target, from_json

NOTHING = {"PATH": "/nonexistent"}


@pytest.fixture
def describe_files(tmp_path: Path):
    """Return a function that writes a sysroot and describes it."""

    def call(files, **request) -> Target:
        root = put(tmp_path / "sysroot", files)
        return describe(Request(sysroot=root, **request), env=NOTHING)

    return call


ARCHES = ["aarch64", "armhf", "armel", "i686", "mips64el", "ppc64le", "riscv64", "s390x", "x86_64"]


@pytest.mark.parametrize("arch", ARCHES)
def test_a_glibc_sysroot_of_each_architecture(describe_files, arch):
    target = describe_files(sysroot_files(arch))
    assert target.machine.name == ROWS.get(arch, arch)
    assert target.triplet == TRIPLETS[arch][1]
    assert (target.libc.kind, target.libc.version) == ("glibc", "2.17")
    assert target.python.version == "3.11"
    assert target.types["void *"].size * 8 == target.machine.bits
    assert target.python.platform == f"linux-{target.uname}"
    assert target.toolchain is None
    assert target.warnings[0].startswith("no toolchain described: no cross compiler")


@pytest.mark.parametrize(
    ("arch", "uname", "abi", "e_flags"),
    [
        ("aarch64", "aarch64", {}, 0),
        ("armhf", "armv7l", {"eabi": "5", "float": "hard"}, 0x5000400),
        ("armel", "armv5tel", {"eabi": "5", "float": "soft"}, 0x5000200),
        ("i686", "i686", {}, 0),
        ("mips64el", "mips64", {"abi": "n64", "nan": "legacy"}, 0x80000007),
        ("ppc64le", "ppc64le", {"elf": "v2"}, 2),
        ("riscv64", "riscv64", {"float": "double", "rve": "no"}, 5),
    ],
)
def test_uname_and_abi_come_from_the_elf_files(describe_files, arch, uname, abi, e_flags):
    target = describe_files(sysroot_files(arch))
    assert (target.uname, target.abi, target.e_flags) == (uname, abi, e_flags)
    for key in abi:
        assert "libc.so.6: e_flags" in target.sources[f"abi.{key}"]


def test_soft_float_riscv(describe_files):
    files = sysroot_files("riscv64") | {"usr/lib/libc.so.6": ELF / "riscv64-soft" / "libc.so"}
    assert describe_files(files).abi["float"] == "soft"


@pytest.mark.parametrize(("arch", "float_abi"), [("armhf", "hard"), ("armel", "soft")])
def test_float_abi_without_any_elf_file(describe_files, arch, float_abi):
    files = sysroot_files(arch)
    del files["usr/lib/libc.so.6"]
    target = describe_files(files)
    assert target.abi == {"float": float_abi}
    assert target.uname == "armv7l"
    assert target.e_flags == 0
    assert target.sources["abi.float"].endswith("HOST_GNU_TYPE")


def test_uname_as_the_user_says(describe_files):
    target = describe_files(sysroot_files("armhf"), uname="armv8l")
    assert (target.uname, target.python.platform) == ("armv8l", "linux-armv8l")
    assert target.sources["uname"] == "--machine"


def test_the_json_is_the_target(describe_files):
    target = describe_files(sysroot_files() | {"etc/os-release": "ID=x\n"})
    assert from_json(target.to_json(), origin="x") == target
    assert from_json(target.to_json(), origin="x").to_json() == target.to_json()


def test_twice_the_same(describe_files, tmp_path):
    first = describe_files(sysroot_files())
    assert describe(Request(sysroot=tmp_path / "sysroot"), env=NOTHING).to_json() == first.to_json()


# Contradictions, and damage.


@pytest.mark.parametrize("wrong", ["x86_64", "armhf", "i686", "s390x"])
def test_sysconfigdata_and_libc_of_two_machines(describe_files, wrong):
    files = sysroot_files() | {"usr/lib/libc.so.6": ELF / wrong / "libc.so"}
    with pytest.raises(ContradictionError, match="contradicts itself") as caught:
        describe_files(files)
    assert "aarch64-unknown-linux-gnu" in caught.value.message
    assert "usr/lib/libc.so.6 is " in caught.value.message


def test_big_and_little_endian(describe_files):
    files = sysroot_files(
        "ppc64le", HOST_GNU_TYPE="powerpc64-unknown-linux-gnu", MULTIARCH="powerpc64-linux-gnu"
    )
    with pytest.raises(ContradictionError, match="64-bit little-endian PowerPC64"):
        describe_files(files)


def test_libc_and_python_of_two_machines(describe_files):
    files = sysroot_files() | {"usr/bin/python3.11": ELF / "x86_64" / "python"}
    with pytest.raises(ContradictionError, match=r"python3\.11 is 64-bit little-endian x86-64"):
        describe_files(files)


@pytest.mark.parametrize(
    ("arch", "other", "what"),
    [("armhf", "armel", "float is hard"), ("riscv64", "riscv64-soft", "float is double")],
)
def test_libc_and_python_of_two_float_abis(describe_files, arch, other, what):
    files = sysroot_files(arch) | {"usr/bin/python3.11": ELF / other / "python"}
    with pytest.raises(ContradictionError, match=f"contradicts itself: {what}"):
        describe_files(files)


@pytest.mark.parametrize("size", [4, 16])
def test_sysconfigdata_that_contradicts_itself(describe_files, size):
    with pytest.raises(ContradictionError, match=f"SIZEOF_VOID_P is {size}"):
        describe_files(sysroot_files(SIZEOF_VOID_P=size))


@pytest.mark.parametrize("length", [4, 20, 63, 64, 200, 500, 800])
def test_a_truncated_libc(describe_files, length):
    files = sysroot_files() | {"usr/lib/libc.so.6": (ELF / "aarch64" / "libc.so").read_bytes()[:length]}
    with pytest.raises(TargetDataError, match=r"usr/lib/libc\.so\.6: damaged C library") as caught:
        describe_files(files)
    assert "again" in caught.value.hint


@pytest.mark.parametrize(
    "contents", ["", "GROUP ( /lib/libc.so.6 )", b"\0" * 4096], ids=["empty", "text", "zeros"]
)
def test_a_libc_that_is_none(describe_files, contents):
    with pytest.raises(TargetDataError, match=r"libc\.so\.6: damaged C library"):
        describe_files(sysroot_files() | {"usr/lib/libc.so.6": contents})


def test_a_truncated_python(describe_files):
    files = sysroot_files() | {"usr/bin/python3.11": (ELF / "aarch64" / "python").read_bytes()[:40]}
    with pytest.raises(TargetDataError, match=r"usr/bin/python3\.11: damaged Python"):
        describe_files(files)


def test_a_python_that_is_a_script(describe_files):
    target = describe_files(sysroot_files() | {"usr/bin/python3.11": "#!/bin/sh\n"})
    assert target.python.extension_suffixes[1] == ".abi3.so"


@pytest.mark.parametrize("name", ["EXT_SUFFIX", "SOABI"])
def test_what_every_python_has(describe_files, name):
    with pytest.raises(TargetDataError, match=f"no {name} in it"):
        describe_files(sysroot_files(**{name: ""}))


@pytest.mark.parametrize("version", ["3", "2.7", "3.x", "3.11.2", ""])
def test_a_strange_version(describe_files, version):
    files = {
        "usr/lib/python3.11/_sysconfigdata__linux_.py": sysconfigdata(config_vars() | {"VERSION": version})
    }
    with pytest.raises(TargetDataError, match="VERSION is"):
        describe_files(files)


def test_an_unknown_architecture(describe_files):
    with pytest.raises(TargetDataError, match=r"'vax-dec-linux-gnu'") as caught:
        describe_files(sysroot_files(HOST_GNU_TYPE="vax-dec-linux-gnu", MULTIARCH="vax-linux-gnu"))
    assert "--config-var HOST_GNU_TYPE" in caught.value.hint


def test_a_variable_replaced(describe_files):
    target = describe_files(
        sysroot_files(HOST_GNU_TYPE="", MULTIARCH=""),
        overrides={"HOST_GNU_TYPE": "aarch64-unknown-linux-gnu", "NEW": 3},
    )
    assert target.machine.name == "aarch64"
    assert target.python.config_vars["NEW"] == 3


# The C library.


@pytest.mark.parametrize(
    "directory",
    ["lib", "lib64", "usr/lib64", "lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib32"],
)
def test_places_of_the_c_library(describe_files, directory):
    files = sysroot_files()
    files[f"{directory}/libc.so.6"] = files.pop("usr/lib/libc.so.6")
    target = describe_files(files)
    assert target.libc.version == "2.17"
    assert target.sources["libc.version"].endswith(f"{directory}/libc.so.6")


@pytest.mark.parametrize("link", ["libc-2.17.so", "../lib/libc-2.17.so", "hop"])
def test_a_c_library_behind_links(describe_files, link):
    files = sysroot_files()
    files["lib/libc-2.17.so"] = files.pop("usr/lib/libc.so.6")
    target = describe_files(files | {"lib/libc.so.6": f"-> {link}", "lib/hop": "-> libc-2.17.so"})
    assert (target.libc.version, target.e_flags) == ("2.17", 0)


@pytest.mark.parametrize("link", ["libc.so.6", "/usr/lib/libc.so.6", "nowhere", "/nowhere"])
def test_links_that_lead_nowhere_are_no_c_library(describe_files, link):
    files = sysroot_files() | {"usr/lib/libc.so.6": f"-> {link}"}
    assert describe_files(files).libc.version == ""


def test_the_multiarch_library_before_a_foreign_one(describe_files):
    files = sysroot_files()
    files["lib/aarch64-linux-gnu/libc.so.6"] = files.pop("usr/lib/libc.so.6")
    assert describe_files(files | {"lib/libc.so.6": ELF / "x86_64" / "libc.so"}).libc.version == "2.17"


FEATURES = "#define\t__GLIBC__\t2\n#define\t__GLIBC_MINOR__\t39\n"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (FEATURES, "2.39"),
        ("# define __GLIBC__ 2\n#  define __GLIBC_MINOR__ 40 /* x */\n", "2.40"),
        ("#ifdef _GNU_SOURCE", ""),
    ],
)
def test_glibc_from_headers_where_no_library_is(describe_files, text, version):
    files = sysroot_files() | {"usr/include/features.h": text}
    del files["usr/lib/libc.so.6"]
    target = describe_files(files)
    assert (target.libc.kind, target.libc.version) == ("glibc", version)
    assert ("features.h" in target.sources["libc.version"]) == bool(version)


def test_the_library_before_the_headers(describe_files):
    assert describe_files(sysroot_files() | {"usr/include/features.h": FEATURES}).libc.version == "2.17"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"\0001.2.4\0", "1.2"),
        (b"\0001.1.24\0", "1.1"),
        (b"\0001.10.3\0", "1.10"),
        (b"1.2.4", ""),
        (b"\0002.2.4\0", ""),
        (b"", ""),
    ],
)
def test_musl_tells_its_version_as_a_constant(describe_files, text, version):
    files = sysroot_files("aarch64-musl")
    files["lib/ld-musl-aarch64.so.1"] = (ELF / "aarch64-musl" / "libc.so").read_bytes() + text + b"x"
    target = describe_files(files)
    assert (target.libc.kind, target.libc.version) == ("musl", version)


@pytest.mark.parametrize("link", ["libc.so", "/lib/libc.so"])
def test_musl_behind_the_link_that_it_installs(describe_files, link):
    files = sysroot_files("aarch64-musl")
    files["lib/libc.so"] = files.pop("lib/ld-musl-aarch64.so.1")
    assert describe_files(files | {"lib/ld-musl-aarch64.so.1": f"-> {link}"}).libc.kind == "musl"


def test_uclibc(describe_files):
    files = sysroot_files(HOST_GNU_TYPE="aarch64-buildroot-linux-uclibc")
    files["lib/libuClibc-1.0.45.so"] = files.pop("usr/lib/libc.so.6")
    target = describe_files(files)
    assert (target.libc.kind, target.libc.version) == ("uclibc", "1.0")


@pytest.mark.parametrize(
    ("gnu", "kind"),
    [
        ("aarch64-poky-linux-musl", "musl"),
        ("aarch64-buildroot-linux-uclibc", "uclibc"),
        ("aarch64-poky-linux", "glibc"),
    ],
)
def test_the_kind_of_an_absent_library(describe_files, gnu, kind):
    files = sysroot_files(HOST_GNU_TYPE=gnu)
    del files["usr/lib/libc.so.6"]
    target = describe_files(files)
    assert (target.libc.kind, target.libc.version) == (kind, "")
    assert "no C library" in target.sources["libc.version"]


def test_the_loader_is_what_programs_ask_for(describe_files):
    files = sysroot_files() | {"usr/bin/a-script": "#!/bin/sh", "usr/bin/env": ELF / "aarch64" / "python"}
    assert describe_files(files).libc.interpreter == "/lib/ld-linux-aarch64.so.1"


# The Python.


PATCHLEVEL = """\
/* Version parsed out into numeric values */
#define PY_RELEASE_LEVEL_ALPHA  0xA
#define PY_RELEASE_LEVEL_GAMMA  0xC     /* For release candidates */
#define PY_RELEASE_LEVEL_FINAL  0xF     /* Serial should be 0 here */
#define PY_MAJOR_VERSION        3
#define PY_MINOR_VERSION        {minor}
#define PY_MICRO_VERSION        {micro}
#define PY_RELEASE_LEVEL        PY_RELEASE_LEVEL_{level}
#define PY_RELEASE_SERIAL       {serial}
#define PY_VERSION              "{shown}"
#define PY_VERSION_HEX ((PY_MAJOR_VERSION << 24) | \\
"""


@pytest.mark.parametrize(
    ("values", "full", "hexversion"),
    [
        ((11, 2, "FINAL", 0, "3.11.2"), "3.11.2", 0x030B02F0),
        ((11, 2, "FINAL", 0, "3.11.2+"), "3.11.2", 0x030B02F0),
        ((11, 14, "FINAL", 0, "3.11.14"), "3.11.14", 0x030B0EF0),
        ((11, 0, "GAMMA", 2, "3.11.0rc2"), "3.11.0rc2", 0x030B00C2),
        ((11, 0, "BETA", 1, "3.11.0b1"), "3.11.0b1", 0x030B00B1),
        ((11, 0, "ALPHA", 7, "3.11.0a7+"), "3.11.0a7", 0x030B00A7),
        ((12, 1, "FINAL", 0, "3.12.1"), "3.11", 0x030B00F0),
    ],
)
def test_the_patch_release_from_patchlevel_h(describe_files, values, full, hexversion):
    text = PATCHLEVEL.format(**dict(zip(("minor", "micro", "level", "serial", "shown"), values, strict=True)))
    python = describe_files(sysroot_files() | {"usr/include/python3.11/patchlevel.h": text}).python
    assert (python.full_version, python.hexversion) == (full, hexversion)


@pytest.mark.parametrize("text", [None, "", "#define PY_MAJOR_VERSION 3\n", b"\xff\xfe"])
def test_no_patch_release(describe_files, text):
    files = sysroot_files() | ({} if text is None else {"usr/include/python3.11/patchlevel.h": text})
    target = describe_files(files)
    assert (target.python.full_version, target.python.hexversion) == ("3.11", 0x030B00F0)
    assert "no patchlevel.h" in target.sources["python.full_version"]


def test_patchlevel_h_beside_paths_of_another_machine(describe_files):
    """INCLUDEPY may name the python3 recipe's own staging; the header is where every sysroot has it."""
    text = PATCHLEVEL.format(minor=11, micro=2, level="FINAL", serial=0, shown="3.11.2")
    files = sysroot_files(INCLUDEPY="/b/python3/recipe-sysroot/usr/include/python3.11")
    python = describe_files(files | {"usr/include/python3.11/patchlevel.h": text}).python
    assert (python.full_version, python.include) == ("3.11.2", "/usr/include/python3.11")


@pytest.mark.parametrize(
    ("version", "abiflags", "suffixes"),
    [
        ("3.11", "", (".abi3.so", ".so")),
        ("3.14", "", (".abi3.so", ".so")),
        ("3.11", "d", (".abi3.so", ".so")),
        ("3.13", "t", (".so",)),
        ("3.14", "t", (".so",)),
        ("3.15", "t", (".abi3t.so", ".so")),
    ],
)
def test_suffixes_without_an_interpreter(describe_files, version, abiflags, suffixes):
    python = describe_files(sysroot_files(version=version, ABIFLAGS=abiflags)).python
    assert python.extension_suffixes == (python.ext_suffix, *suffixes)
    assert python.free_threaded == (abiflags == "t")


@pytest.mark.parametrize(
    ("strings", "suffixes"),
    [
        (b"\0.abi3.so\0", (".abi3.so",)),
        (b"\0.abi3-aarch64-linux-gnu.so\0x\0.abi3.so\0", (".abi3.so", ".abi3-aarch64-linux-gnu.so")),
        (b"\0.abi3t.so\0", (".abi3t.so",)),
        (b"\0no suffix\0", ()),
    ],
)
def test_suffixes_are_the_interpreters_own(describe_files, strings, suffixes):
    binary = (ELF / "aarch64" / "libc.so").read_bytes() + strings + b"x"
    target = describe_files(sysroot_files() | {"usr/lib/libpython3.11.so.1.0": binary})
    assert target.python.extension_suffixes == (target.python.ext_suffix, *suffixes, ".so")
    assert target.sources["python.extension_suffixes"].endswith("libpython3.11.so.1.0")


def test_compiler_and_date_of_the_interpreter(describe_files):
    strings = b"\0\n[GCC 12.2.0]\0Mar 13 2025\0x\00012:18:29\0x"
    binary = (ELF / "aarch64" / "libc.so").read_bytes() + strings
    python = describe_files(sysroot_files() | {"usr/lib/libpython3.11.so.1.0": binary}).python
    assert python.compiler == "GCC 12.2.0"
    assert python.build_info == "main, Mar 13 2025, 12:18:29"


def test_several_dates_are_none(describe_files):
    strings = b"\0Mar 13 2025\0x\0Mar 14 2025\0x\00012:18:29\0x"
    binary = (ELF / "aarch64" / "libc.so").read_bytes() + strings
    assert describe_files(sysroot_files() | {"usr/lib/libpython3.11.so.1.0": binary}).python.build_info == ""


SCHEMES = {
    "posix_prefix": {"purelib": "{base}/lib"},
    "deb_system": {"purelib": "{base}/lib/python3/dist-packages"},
    "nt": {"purelib": "x"},
}


@pytest.mark.parametrize("name", ["sysconfig.py", "sysconfig/__init__.py"])
def test_schemes(describe_files, name):
    text = f"import os\n_INSTALL_SCHEMES = {SCHEMES!r}\nif os.name == 'nt':\n    pass\n"
    python = describe_files(sysroot_files() | {f"usr/lib/python3.11/{name}": text}).python
    assert python.schemes == {name: SCHEMES[name] for name in ("posix_prefix", "deb_system")}
    assert python.debian_layout


@pytest.mark.parametrize(
    "text", ["_INSTALL_SCHEMES = f()", "_INSTALL_SCHEMES = {open('x'): 1}", "(", b"\xff", "x = 1"]
)
def test_schemes_that_are_code_are_not_known(describe_files, text):
    assert describe_files(sysroot_files() | {"usr/lib/python3.11/sysconfig.py": text}).python.schemes == {}


def test_debian_by_its_site_module(describe_files):
    text = "sitepackages.append(os.path.join(prefix, libdir, 'python3', 'dist-packages'))\n"
    assert describe_files(sysroot_files() | {"usr/lib/python3.11/site.py": text}).python.debian_layout
    assert not describe_files({"usr/lib/python3.11/site.py": "'site-packages'\n"}).python.debian_layout


def test_staging_prefixes_are_taken_off(describe_files, tmp_path):
    root = tmp_path / "sysroot"
    files = sysroot_files(
        INCLUDEPY=f"{root}/usr/include/python3.11",
        CONFINCLUDEPY="/br/output/staging/usr/include/python3.11",
        LIBDEST="/usr/lib/python3.11",
    )
    python = describe_files(files).python
    assert (python.include, python.platinclude) == ("/usr/include/python3.11",) * 2


# build-details.json


DETAILS = {
    "schema_version": "1.0",
    "platform": "linux-aarch64",
    "language": {"version": "3.11"},
    "abi": {"extension_suffix": ".cpython-311-aarch64-linux-gnu.so", "flags": []},
}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, ""),
        ({"platform": "linux-x86_64"}, "platform"),
        ({"language": {"version": "3.12"}}, r"language\.version"),
        ({"abi": {"extension_suffix": ".cpython-311-x86_64-linux-gnu.so"}}, r"abi\.extension_suffix"),
        ({"abi": {"flags": ["t"]}}, r"abi\.flags"),
        ({"abi": "text", "language": None}, ""),
    ],
)
def test_build_details_are_compared_and_never_believed(describe_files, changes, name):
    files = sysroot_files() | {"usr/lib/python3.11/build-details.json": json.dumps(DETAILS | changes)}
    target = describe_files(files)
    warnings = [text for text in target.warnings if "build-details" in text]
    assert len(warnings) == bool(name)
    if name:
        assert "which is believed" in warnings[0]
        assert f" {name.replace(chr(92), '')} is " in warnings[0]
    assert target.python.ext_suffix == ".cpython-311-aarch64-linux-gnu.so"
    assert (target.python.platform, target.python.version, target.python.abiflags) == (
        "linux-aarch64",
        "3.11",
        "",
    )


@pytest.mark.parametrize("text", ["", "{", "[]", b"\xff\xfe", "[" * 100_000])
def test_build_details_that_are_none(describe_files, text):
    target = describe_files(sysroot_files() | {"usr/lib/python3.11/build-details.json": text})
    assert any("not readable as PEP 739" in warning for warning in target.warnings)


# The rest.


@pytest.mark.parametrize("name", ["etc/os-release", "usr/lib/os-release"])
def test_os_release(describe_files, name):
    text = '# comment\nID=poky\nVERSION_ID="5.0"\nNAME=\'Poky\'\nPRETTY_NAME="A \\"quoted\\" one"\n\nbroken line\n'
    target = describe_files(sysroot_files() | {name: text})
    assert target.os_release == {
        "ID": "poky",
        "VERSION_ID": "5.0",
        "NAME": "Poky",
        "PRETTY_NAME": 'A "quoted" one',
    }


def test_os_release_behind_its_link(describe_files):
    files = sysroot_files() | {"usr/lib/os-release": "ID=x\n", "etc/os-release": "-> ../usr/lib/os-release"}
    assert describe_files(files).os_release["ID"] == "x"


def test_no_os_release(describe_files):
    assert describe_files(sysroot_files()).os_release == {}


@pytest.mark.parametrize(
    ("arch", "name", "size", "align"),
    [
        ("aarch64", "long double", 16, 16),
        ("s390x", "long double", 16, 8),
        ("i686", "long long", 8, 4),
        ("i686", "double", 8, 4),
        ("armhf", "long long", 8, 8),
        ("armhf", "size_t", 4, 4),
    ],
)
def test_types(describe_files, arch, name, size, align):
    found = describe_files(sysroot_files(arch)).types[name]
    assert (found.size, found.align) == (size, align)


def test_long_double_of_i686(describe_files):
    found = describe_files(sysroot_files("i686", SIZEOF_LONG_DOUBLE=12)).types["long double"]
    assert (found.size, found.align) == (12, 4)


def test_a_needed_compiler(describe_files):
    with pytest.raises(
        ToolchainError, match="no cross compiler for the target: none of aarch64-linux-gnu-gcc"
    ) as caught:
        describe_files(sysroot_files(), need_compiler=True)
    assert "--cc" in caught.value.hint
    assert "apt install g++-aarch64-linux-gnu." in caught.value.hint


def test_a_named_compiler_is_needed(describe_files):
    with pytest.raises(ToolchainError, match="compiler not found: 'no-such-gcc'"):
        describe_files(sysroot_files(), wanted=Wanted(cc=("no-such-gcc",)), need_compiler=True)


def test_every_fact_has_its_source(describe_files):
    sources = describe_files(sysroot_files() | {"etc/os-release": "ID=x"}).sources
    assert {
        "machine",
        "uname",
        "libc.kind",
        "libc.version",
        "os_release",
        "types",
        "python.config_vars",
        "python.full_version",
        "python.extension_suffixes",
    } <= sources.keys()
