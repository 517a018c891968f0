from __future__ import annotations

import pytest
from image_files import DATA

from crosspy.errors import UsageError
from crosspy.verify.infer import infer
from crosspy.verify.runner import verify
from crosspy.verify.tree import survey

DATA_FILE = "/usr/lib/python3.11/_sysconfigdata__linux_aarch64-linux-gnu.py"


def inferred(root):
    return infer(survey(root))


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        ("aarch64", ("aarch64", {}, "glibc", ".cpython-311-aarch64-linux-gnu.so")),
        ("aarch64-musl", ("aarch64", {}, "musl", ".cpython-311-aarch64-linux-musl.so")),
        ("armhf", ("arm", {"eabi": "5", "float": "hard"}, "glibc", ".cpython-311-arm-linux-gnueabihf.so")),
        ("armel", ("arm", {"eabi": "5", "float": "soft"}, "glibc", ".cpython-311-arm-linux-gnueabi.so")),
        ("i686", ("i686", {}, "glibc", ".cpython-311-i386-linux-gnu.so")),
        ("s390x", ("s390x", {}, "glibc", ".cpython-311-s390x-linux-gnu.so")),
        (
            "mips64el",
            (
                "mips64el",
                {"abi": "n64", "float": "hard", "nan": "legacy"},
                "glibc",
                ".cpython-311-mips64el-linux-gnuabi64.so",
            ),
        ),
        ("ppc64le", ("ppc64le", {"elf": "v2"}, "glibc", ".cpython-311-powerpc64le-linux-gnu.so")),
    ],
)
def test_what_the_interpreter_says(make_image, arch, expected):
    machine, abi, libc, suffix = expected
    expectation = inferred(make_image(arch))
    assert expectation.machine.name == machine
    assert dict(expectation.abi) == abi
    assert expectation.libc == libc
    assert expectation.python == "3.11"
    assert expectation.extension_suffixes == (suffix, ".abi3.so", ".so")
    assert expectation.source == "inferred from /usr/bin/python3.11"


def test_suffixes_of_a_shared_libpython(make_image):
    """A Python built with --enable-shared: the program is a stub, the suffixes are in its library."""
    root = make_image(
        files={
            "/usr/bin/python3.11": DATA / "aarch64" / "python-shared",
            "/usr/lib/libpython3.11.so.1.0": DATA / "aarch64" / "libpython3.11.so.1.0",
        }
    )
    assert inferred(root).extension_suffixes == (".cpython-311-aarch64-linux-gnu.so", ".abi3.so", ".so")
    (root / "usr" / "lib" / "libpython3.11.so.1.0").unlink()
    assert inferred(root).extension_suffixes == ()
    result = verify(root)
    assert [(f.path, f.check, f.severity.label) for f in result.findings] == [
        ("/usr/bin/python3.11", "XP201", "error")
    ]
    assert "names were not checked" in result.notes[0]


def test_no_python(make_image):
    root = make_image()
    for link in ("python3", "python3.11"):
        (root / "usr" / "bin" / link).unlink()
    with pytest.raises(UsageError, match="no Python in it") as caught:
        inferred(root)
    assert "--target" in caught.value.hint


def test_only_a_library(make_image):
    root = make_image(files={"/usr/lib/libpython3.11.so.1.0": DATA / "aarch64" / "python"})
    for link in ("python3", "python3.11"):
        (root / "usr" / "bin" / link).unlink()
    assert inferred(root).source == "inferred from /usr/lib/libpython3.11.so.1.0"


def test_several_pythons(make_image):
    root = make_image(files={"/usr/bin/python3.12": DATA / "aarch64" / "python"})
    assert inferred(root).python == "3.11"  # python3 says which
    (root / "usr" / "bin" / "python3").unlink()
    with pytest.raises(UsageError, match="several Pythons"):
        inferred(root)


def test_a_damaged_interpreter(make_image):
    root = make_image(files={"/usr/bin/python3.11": (DATA / "aarch64" / "python").read_bytes()[:500]})
    with pytest.raises(UsageError, match=r"python3\.11 is damaged"):
        inferred(root)


def test_a_machine_without_a_row(make_image):
    data = bytearray((DATA / "aarch64" / "python").read_bytes())
    data[18:20] = b"\xf0\x7f"
    with pytest.raises(UsageError, match="ELF machine 32752"):
        inferred(make_image(files={"/usr/bin/python3.11": bytes(data)}))


def test_sysconfigdata_that_agrees(make_image):
    data = b"# generated\nbuild_time_vars = {'EXT_SUFFIX': '.cpython-311-aarch64-linux-gnu.so', 'A': 1}\n"
    root = make_image(files={DATA_FILE: data})
    assert inferred(root).machine.name == "aarch64"
    assert verify(root).findings == ()


def test_sysconfigdata_that_contradicts_is_a_finding(make_image):
    data = b"build_time_vars = {'EXT_SUFFIX': '.cpython-311-x86_64-linux-gnu.so'}\n"
    root = make_image(files={DATA_FILE: data})
    assert inferred(root).extension_suffixes[0] == ".cpython-311-aarch64-linux-gnu.so"
    assert [(f.path, f.check, f.severity.label) for f in verify(root).findings] == [
        (DATA_FILE, "XP308", "error")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"raise SystemExit('executed')\n",
        b"build_time_vars = {'EXT_SUFFIX': __import__('os').abort()}\n",
        b"build_time_vars = {'EXT_SUFFIX': " + b"(" * 5000,
        b"build_time_vars = []\n",
        b"\xff\0",
        b"build_time_vars = {'EXT_SUFFIX': '.cpython-311d-x86_64-linux-gnu.so'}\n",
    ],
)
def test_sysconfigdata_is_never_run(make_image, data):
    root = make_image(files={DATA_FILE: data})
    assert inferred(root).machine.name == "aarch64"
    assert verify(root).findings == ()
