"""A build that looks for headers and libraries sees the sysroot's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sample_targets import put


@pytest.fixture
def sysroot(tmp_path):
    return put(
        tmp_path / "sysroot",
        {
            "usr/include/zlib.h": "the sysroot's",
            "usr/lib/aarch64-linux-gnu/libz.so": "",
            "usr/lib/aarch64-linux-gnu/libz.a": "",
            "usr/lib/libonly.so.1": "",
            "lib/libdangling.so": "-> /nowhere",
        },
    )


@pytest.fixture
def view(shims, sysroot):
    return shims(sysroot=str(sysroot)).load("view")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/usr/include", "@/usr/include"),
        ("/usr/include/zlib.h", "@/usr/include/zlib.h"),
        ("/usr/include/absent.h", "@/usr/include/absent.h"),
        ("/usr/local/include/x.h", "@/usr/local/include/x.h"),
        ("/usr/include/x86_64-linux-gnu/bits/x.h", "@/usr/include/x86_64-linux-gnu/bits/x.h"),
        ("/usr/lib/libz.so", "@/usr/lib/aarch64-linux-gnu/libz.so"),
        ("/usr/lib/x86_64-linux-gnu/libz.so", "@/usr/lib/aarch64-linux-gnu/libz.so"),
        ("/lib/x86_64-linux-gnu/libz.a", "@/usr/lib/aarch64-linux-gnu/libz.a"),
        ("/lib64/libz.so", "@/usr/lib/aarch64-linux-gnu/libz.so"),
        ("/usr/local/lib/libz.so", "@/usr/lib/aarch64-linux-gnu/libz.so"),
        ("/usr/lib/libonly.so.1", "@/usr/lib/libonly.so.1"),
        ("/lib/libdangling.so", "@/lib/libdangling.so"),
        ("/usr/lib/libabsent.so", "@/usr/lib/libabsent.so"),
        ("/usr/lib/x86_64-linux-gnu/libabsent.so.1.2", "@/usr/lib/x86_64-linux-gnu/libabsent.so.1.2"),
        # As they are: tools, Python's own, the build's.
        ("/usr/lib/python3.11/os.py", None),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a", None),
        ("/usr/lib/x86_64-linux-gnu", None),
        ("/usr/lib", None),
        ("/usr/bin/gcc", None),
        ("/usr/includes/x", None),
        ("/usr/share/include/x", None),
        ("/usr/lib/notalib.so", None),
        ("/usr/lib/libz.so.txt", None),
        ("/usr/lib/libdir/libz.so", None),
        ("/home/me/usr/include/x.h", None),
        ("usr/include/x.h", None),
        ("include/x.h", None),
        ("", None),
        (".", None),
        (b"/usr/include/zlib.h", None),
        (3, None),
        (None, None),
    ],
)
def test_translation(view, sysroot, given, expected):
    assert view.translate(given) == (given if expected is None else expected.replace("@", str(sysroot)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/usr/lib", "@/usr/lib"),
        ("/usr/lib/", "@/usr/lib"),
        ("/lib64", "@/lib64"),
        ("/usr/local/lib", "@/usr/local/lib"),
        ("/usr/lib/x86_64-linux-gnu", "@/usr/lib/aarch64-linux-gnu"),
        ("/lib/aarch64-linux-gnu/", "@/lib/aarch64-linux-gnu"),
        ("/usr/include", "@/usr/include"),
        (Path("/usr/lib"), "@/usr/lib"),
        ("/usr/lib/python3.11", None),
        ("/usr/lib/gcc", None),
        ("/usr/libexec", None),
        ("lib", None),
        (".", None),
        (3, None),
    ],
)
def test_listing(view, sysroot, given, expected):
    assert view.listed(given) == (given if expected is None else expected.replace("@", str(sysroot)))


def test_headers_under_the_build_machines_multiarch_name_are_the_targets(shims, sysroot):
    made = shims(sysroot=str(sysroot))
    view = made.load("view")
    view.facts.SYS["multiarch"] = "arm-linux-gnueabihf"
    asked = "/usr/include/x86_64-linux-gnu/bits/x.h"
    assert view.translate(asked) == f"{sysroot}{asked}"
    put(sysroot, {"usr/include/arm-linux-gnueabihf/bits/x.h": ""})
    assert view.translate(asked) == f"{sysroot}/usr/include/arm-linux-gnueabihf/bits/x.h"
    assert view.translate("/usr/include/zlib.h") == f"{sysroot}/usr/include/zlib.h"


def test_listing_for_a_target_without_multiarch_names(shims, sysroot):
    made = shims(sysroot=str(sysroot))
    made.set("LIBRARY_DIRS", ("/usr/lib", "/lib"))
    view = made.load("view")
    view.facts.SYS["multiarch"] = ""
    assert view.listed("/usr/lib/x86_64-linux-gnu") == f"{sysroot}/usr/lib"


def test_libraries_by_name_are_those_of_the_target(view, sysroot, monkeypatch):
    put(
        sysroot,
        {
            "usr/lib/aarch64-linux-gnu/libz.so.1": "",
            "usr/lib/aarch64-linux-gnu/libz.so.1.2.13": "",
            # Debian 12: what links is in /usr/lib, what runs in /lib.
            "usr/lib/aarch64-linux-gnu/libapart.so": "",
            "usr/lib/libapart.so.2": "",
        },
    )
    module = type(sys)("ctypes.util")
    module.find_library = None
    view.apply(module)
    assert module.find_library is None  # not a build
    monkeypatch.setattr(view, "installed", True)
    view.apply(module)
    assert [module.find_library(name) for name in ("z", "only", "apart", "c")] == [
        "libz.so.1",
        "libonly.so.1",
        "libapart.so.2",
        None,
    ]


def test_a_library_that_a_build_requirement_brought_is_copied_from_the_targets_build(
    view, tmp_path, monkeypatch
):
    library = tmp_path / "overlay/lib/python3.11/site-packages/blosc/lib/libblosc.so.2"
    native = {
        f"overlay/lib/python3.11/site-packages/blosc/{name}": ""
        for name in ("lib/libblosc.so.2", "_b.so", "libonly.so")
    }
    put(tmp_path, {**native, "overlay/lib/python3.11/target-packages/blosc/lib/libblosc.so.2": "target"})
    assert view.copied(library) == str(library).replace("site-packages", "target-packages")
    for kept in (
        library.parent.parent / "_b.so",
        library.parent.parent / "libonly.so",
        1,
        "/usr/lib/libz.so",
    ):
        assert view.copied(kept) == kept
    monkeypatch.setattr(view, "installed", True)
    with view._opening(open)(library) as file:
        assert file.read() == "target"
    with view._opening(open)(library, "w") as file:
        assert file.name == str(library)


@pytest.mark.parametrize(
    ("note", "file"), [("place", "place/blosc/libblosc.so"), ("", "layer/site-packages/blosc/libblosc.so")]
)
def test_without_isolation_it_is_where_the_environment_says(view, tmp_path, monkeypatch, note, file):
    monkeypatch.setattr(view, "ROOT", str(tmp_path / "env"))
    text = f"{tmp_path / note}\n" if note else "\ncrosspy: error: it is not there\n"
    put(tmp_path, {"env/crosspy/target-packages/blosc": text, "place/blosc/libblosc.so": ""})
    put(tmp_path, {"layer/site-packages/blosc/libblosc.so": ""})
    assert view.copied(str(tmp_path / "layer/site-packages/blosc/libblosc.so")) == str(tmp_path / file)


def test_paths_of_pathlib(view, sysroot):
    assert view.translate(Path("/usr/include/zlib.h")) == f"{sysroot}/usr/include/zlib.h"
    path = Path("/usr/bin")
    assert view.translate(path) is path


def test_a_path_that_fails_is_left_to_whoever_asked(view):
    class Odd:
        def __fspath__(self):
            raise TypeError

    odd = Odd()
    os.PathLike.register(Odd)
    assert view.translate(odd) is odd


SEEN = """
import glob, io, os, pathlib, shutil, sys, tempfile, types
sysroot = sys.argv[1]
package = types.ModuleType("p"); package.__path__ = [sys.argv[2]]; sys.modules["p"] = package
package.ROOT = sysroot; package.keep = lambda name: False
package.replace = lambda owner, name, value: setattr(owner, name, value)
facts = types.ModuleType("p.buildfacts"); facts.SYSROOT = sysroot; facts.LIBRARY_DIRS = ("/usr/lib/aarch64-linux-gnu", "/usr/lib")
sys.modules["p.buildfacts"] = package.buildfacts = facts
package.facts = types.ModuleType("p.facts"); package.facts.SYS = {"multiarch": "aarch64-linux-gnu"}
import p.view
p.view.install()
assert open("/usr/include/zlib.h").read() == "the sysroot's"
assert io.open("/usr/include/zlib.h", "rb").read() == b"the sysroot's"
with open(file="/usr/include/zlib.h", encoding="utf-8") as file: assert file.read()
assert pathlib.Path("/usr/include/zlib.h").read_text() == "the sysroot's"
assert os.path.exists("/usr/include/zlib.h") and os.path.isfile("/usr/include/zlib.h")
assert not os.path.exists("/usr/include/stdlib.h")
assert os.listdir("/usr/include") == ["zlib.h"] and [e.name for e in os.scandir("/usr/include")] == ["zlib.h"]
assert os.access("/usr/include/zlib.h", os.R_OK)
assert os.stat(path="/usr/include/zlib.h").st_size == 13 == os.stat("/usr/include/zlib.h", follow_symlinks=True).st_size
assert [n for _, _, names in os.walk("/usr/include") for n in names] == ["zlib.h"]
assert "libonly.so.1" in os.listdir("/usr/lib") and "libdangling.so" in [e.name for e in os.scandir("/lib")]
assert sorted(map(os.path.basename, glob.glob("/usr/lib/*/libz.*"))) == ["libz.a", "libz.so"]
assert os.listdir() == os.listdir(".") and os.path.exists("/usr/bin/env")
read, write = os.pipe(); os.write(write, b"x"); os.close(write)
with open(read) as file: assert file.read() == "x"
directory = tempfile.mkdtemp(); open(os.path.join(directory, "f"), "w").close()
fd = os.open(directory, os.O_RDONLY); assert os.stat("f", dir_fd=fd).st_size == 0 and os.listdir(fd) == ["f"]; os.close(fd)
shutil.copytree(directory, directory + "2"); shutil.rmtree(directory); shutil.rmtree(directory + "2")
assert not os.path.exists(directory)
os.mkdir(sysroot + "/crosspy")
with open(sysroot + "/crosspy/cpuinfo", "w") as file: file.write("nothing")
assert open("/proc/cpuinfo").read() == "nothing" and pathlib.Path("/proc/version").exists()
try: os.stat("/no/such")
except FileNotFoundError: pass
else: raise AssertionError
print("ok")
"""


def test_installed(sysroot):
    """In a process of its own: it replaces what everybody uses."""
    shims = Path(__file__).parents[3] / "crosspy" / "shims"
    done = subprocess.run(
        [sys.executable, "-I", "-c", SEEN, sysroot, shims], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("ok", 0), done.stderr


def test_nothing_without_a_sysroot(shims):
    before = (os.stat, open)
    shims(sysroot="/").load("view").install()
    assert (os.stat, open) == before
