"""The key of the wheel cache: what changes a result changes it, and nothing else does."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from sample_targets import make_target, make_toolchain, put

from crosspy.build.digests import Digests, of_tree
from crosspy.build.situation import situation
from crosspy.crossenv import buildpython
from crosspy.crossenv.create import Options, create

COMPILER = """
here=$(dirname "$(realpath "$0")")
case $1 in
-print-prog-name=*) echo "$here/../libexec/${1#*=}" ;;
-print-libgcc-file-name) echo "$here/../libexec/libgcc.a" ;;
esac
"""


@pytest.fixture(scope="module")
def build_python():
    return buildpython.probe(sys.executable, env=dict(os.environ))


@pytest.fixture
def make(tmp_path, build_python, script):
    """Return a function that makes everything below a directory, and tells the situation there."""

    def at(place: str, *, changes=None, isolated=True, **variables: str) -> dict[str, str]:
        base = tmp_path / place
        if not base.exists():
            put(
                base / "sysroot",
                {
                    "usr/include/z.h": "int z;",
                    "usr/lib/libz.so.1": "z",
                    "usr/lib/pkgconfig/z.pc": f"prefix={base}/sysroot/usr",
                    "usr/lib/python3/dist-packages/m.cpython-311.so": "m",
                    "usr/share/doc/z": "doc",
                },
            )
            (base / "sysroot" / "usr/lib/libz.so").symlink_to("libz.so.1")
            put(base / "tc/libexec", {"cc1": "cc1", "as": "as", "libgcc.a": "a", "include/stddef.h": "x"})
            for name in ("gcc", "g++", "ar"):
                script(name, COMPILER, directory=base / "tc/bin")
        put(base, changes or {})
        cc, cxx, ar = (str(base / "tc/bin" / name) for name in ("gcc", "g++", "ar"))
        toolchain = make_toolchain(cc=(cc,), cxx=(cxx,), tools={"ar": (ar,)})
        target = make_target(sysroot=str(base / "sysroot"), toolchain=toolchain)
        shutil.rmtree(base / "env", ignore_errors=True)
        env = create(base / "env", target, build_python, Options())[0]
        return situation(env, {"PATH": os.environ["PATH"], **variables}, Digests(), isolated=isolated)

    return at


def differing(one: dict[str, str], two: dict[str, str]) -> list[str]:
    return [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)]


def test_the_same_elsewhere(make):
    assert make("a") == make("another place/and deeper")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"sysroot/usr/include/z.h": "int zz;"}, "sysroot"),
        ({"sysroot/usr/include/new.h": ""}, "sysroot"),
        ({"sysroot/usr/lib/libz.so.1": "zz"}, "sysroot"),
        ({"sysroot/usr/lib/pkgconfig/z.pc": "prefix=/usr"}, "sysroot"),
        ({"tc/libexec/cc1": "newer"}, "toolchain"),
        ({"tc/libexec/libgcc.a": "newer"}, "toolchain"),
        ({"tc/libexec/include/stddef.h": "newer"}, "toolchain"),
    ],
)
def test_what_changes_a_result(make, change, part):
    before = make("a")
    assert differing(before, make("a", changes=change)) == [part]


@pytest.mark.parametrize(
    "change",
    [
        {"sysroot/usr/share/doc/z": "other"},
        {"sysroot/usr/lib/python3/dist-packages/m.cpython-311.so": "other"},
        {"sysroot/etc/hosts": "other"},
    ],
)
def test_what_no_build_looks_at(make, change):
    before = make("a")
    assert make("a", changes=change) == before


def test_shims_and_launchers(make, monkeypatch):
    before = make("a")
    from crosspy.crossenv import create as module

    monkeypatch.setattr(module.launchers, "SKIP_TEST", "#!/bin/sh\n")
    assert differing(before, make("a")) == ["environment"]


def test_variables(make):
    plain = make("a")
    assert differing(plain, make("a", CFLAGS="-O1")) == ["variable CFLAGS"]
    assert make("a", HOME="/h", TERM="x", TMPDIR="/t", MAKEFLAGS="-j2", CCACHE_DIR="/c") == plain
    said = make("a", CROSSPY_VARIABLES='[["A", "=", "b"], ["A", "+=", "c"]]')
    assert differing(plain, said) == ["variable A"]
    assert said["variable A"] == "=b+=c"
    one, two = (make("a", CFLAGS=f"-O1 -ffile-prefix-map={place}=/src") for place in ("/x", "/y"))
    assert one == two


def test_another_compiler_in_a_variable(make, tmp_path, script):
    plain = make("a")
    other = script("gcc", COMPILER + "# other", directory=tmp_path / "other/bin")
    put(tmp_path / "other/libexec", {"cc1": "cc1"})
    assert set(differing(plain, make("a", CC=f"{other} -mcpu=x"))) == {"toolchain", "variable CC"}


def test_what_is_installed_counts_without_isolation(make, tmp_path):
    plain = make("a", isolated=False)
    assert differing(plain, make("a")) == ["build layer"]


# Digests.


def test_a_memo_never_decides(tmp_path):
    memo = tmp_path / "memo.json"
    path = tmp_path / "tree" / "a.h"
    put(tmp_path / "tree", {"a.h": "1"})
    old = time.time() - 60
    os.utime(path, (old, old))

    def digest() -> str:
        digests = Digests(memo=memo)
        digests.load()
        try:
            return of_tree(str(tmp_path / "tree"), [""], wanted=lambda _: True, digests=digests)
        finally:
            digests.save()

    first = digest()
    assert digest() == first
    path.write_text("2")
    os.utime(path, (old, old))  # same size, same time of modification
    assert digest() != first
    memo.write_text("{damaged")
    second = digest()
    memo.write_text(json.dumps({str(path): 3}))
    assert digest() == second


def test_a_memo_spares_reading(tmp_path, monkeypatch):
    put(tmp_path, {"a.h": "1"})
    monkeypatch.setattr("crosspy.build.digests.time.time", lambda: time.monotonic() + 1e10)
    for _ in range(2):
        digests = Digests(memo=tmp_path / "memo.json")
        digests.load()
        found = digests.of_file(str(tmp_path / "a.h"))
        digests.save()
        monkeypatch.setattr(Path, "read_bytes", read_memo_only)
    assert len(found) == 64


_read_bytes = Path.read_bytes


def read_memo_only(self: Path) -> bytes:
    assert self.name == "memo.json", self
    return _read_bytes(self)


def test_links_and_what_cannot_be_read(tmp_path):
    def digest() -> str:
        return of_tree(str(tmp_path / "t"), ["", "lib"], wanted=lambda _: True, digests=Digests())

    put(tmp_path / "t", {"usr/lib/x": "1"})
    (tmp_path / "t/lib").symlink_to("usr/lib")
    (tmp_path / "t/usr/dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "t/usr/fifo")
    first = digest()
    (tmp_path / "t/usr/dangling").unlink()
    (tmp_path / "t/usr/dangling").symlink_to("elsewhere")
    assert digest() != first
