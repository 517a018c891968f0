"""Small shims, one question each."""

from __future__ import annotations

import ctypes
import struct
import sys
import types

import packaging.tags
import pytest
from sample_targets import ctypes_of

# Sizes.


@pytest.fixture
def sizes(shims):
    return shims("armhf").load("sizes")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("P", 4),
        ("l", 4),
        ("n", 4),
        ("q", 8),
        ("i", 4),
        ("d", 8),
        ("iq", 16),
        ("bP", 8),
        ("2l", 8),
        ("3s", 3),
        ("0q", 0),
        ("i0q", 8),
        ("@l", 4),
        ("  l l ", 8),
        (b"lq", 16),
        ("", 0),
        ("10P", 40),
        # Standard sizes are the same everywhere.
        ("=l", 4),
        ("<q", 8),
        (">iq", 12),
        ("!H", 2),
    ],
)
def test_calcsize(sizes, text, size):
    assert sizes.calcsize(text) == size


def test_calcsize_where_nothing_differs(shims):
    sizes = shims("x86_64").load("sizes")
    for text in ("P", "bl", "iq", "hbd", "3sP", "?q", "10l", "nN", "0P", "b0P", "e", "f d"):
        assert sizes.calcsize(text) == struct.calcsize(text), text


def test_eight_byte_integers_of_i686(shims):
    sizes = shims("i686", types=ctypes_of(32, **{"long long": (8, 4), "double": (8, 4)})).load("sizes")
    assert (sizes.calcsize("iq"), sizes.calcsize("id")) == (12, 12)


@pytest.mark.parametrize("text", ["w", "5", "=P"])
def test_wrong_formats_are_still_wrong(sizes, text):
    with pytest.raises(struct.error):
        sizes.calcsize(text)


class Pair(ctypes.Structure):
    _fields_ = (("a", ctypes.c_char), ("b", ctypes.c_long))


class Derived(Pair):
    _fields_ = (("c", ctypes.c_void_p),)


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("a", ctypes.c_char), ("b", ctypes.c_long))


class Either(ctypes.Union):
    _fields_ = (("a", ctypes.c_char * 5), ("b", ctypes.c_long))


class Bits(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int, 3),)


class Empty(ctypes.Structure):
    _fields_ = ()


@pytest.mark.parametrize(
    ("kind", "size", "alignment"),
    [
        (ctypes.c_long, 4, 4),
        (ctypes.c_void_p, 4, 4),
        (ctypes.c_char_p, 4, 4),
        (ctypes.c_int, 4, 4),
        (ctypes.c_double, 8, 8),
        (ctypes.py_object, 4, 4),
        (ctypes.POINTER(ctypes.c_int), 4, 4),
        (ctypes.CFUNCTYPE(None), 4, 4),
        (ctypes.c_long * 3, 12, 4),
        (Pair, 8, 4),
        (Pair * 2, 16, 4),
        (Derived, 12, 4),
        (Packed, 5, 1),
        (Either, 8, 4),
        (Empty, 0, 1),
        (Bits, ctypes.sizeof(Bits), ctypes.alignment(Bits)),
    ],
)
def test_ctypes(sizes, kind, size, alignment):
    layout = sizes._Layout(ctypes)
    assert (layout.sizeof(kind), layout.alignment(kind)) == (size, alignment)


def test_ctypes_of_an_instance(sizes):
    layout = sizes._Layout(ctypes)
    assert layout.sizeof(ctypes.c_long(1)) == 4
    assert layout.sizeof(Pair()) == 8


@pytest.mark.parametrize("wrong", [int, 3, "x", None])
def test_ctypes_of_other_things(sizes, wrong):
    with pytest.raises(TypeError):
        sizes._Layout(ctypes).sizeof(wrong)


@pytest.mark.parametrize("sysroot", ["", "/"])
def test_the_build_machines_python_does_not_stand_for_the_targets(shims, sysroot):
    given = shims("aarch64-musl")
    machine = given.load("machine")
    given.set("SYSROOT", sysroot)
    given.set("PYTHON", sys.executable)
    assert machine._targets_python().endswith("/crosspy/python.elf")


# _manylinux.


@pytest.fixture
def ask(shims, monkeypatch):
    """Ask as packaging does, from a module of the given name."""
    given = shims()
    facts = sys.modules["crosspy.shims.facts"]
    package = types.ModuleType("_crosspy")
    package.facts = facts
    monkeypatch.setitem(sys.modules, "_crosspy", package)
    monkeypatch.setitem(sys.modules, "_crosspy.facts", facts)
    module = given.load("manylinux")
    monkeypatch.delenv("CROSSPY_POLICY", raising=False)

    def call(asker: str, version: tuple[int, int] = (2, 17), tags=None):
        monkeypatch.setattr(facts, "PLATFORM_TAGS", tags)
        names = {"__name__": asker, "f": module.manylinux_compatible}
        exec(f"answer = f({version[0]}, {version[1]}, 'aarch64')", names)
        return names["answer"]

    return call


@pytest.mark.parametrize(
    ("asker", "policy", "answer"),
    [
        ("pip._vendor.packaging._manylinux", None, False),
        ("pip._vendor.packaging._manylinux", "sdist", False),
        ("pip._vendor.packaging._manylinux", "auto", None),
        ("pip._vendor.packaging._manylinux", "wheel", None),
        ("packaging._manylinux", None, None),
        ("packaging._manylinux", "sdist", False),
        ("packaging._manylinux", "auto", None),
        ("pipx.packaging", None, None),
    ],
)
def test_manylinux_by_policy(ask, monkeypatch, asker, policy, answer):
    if policy:
        monkeypatch.setenv("CROSSPY_POLICY", policy)
    assert ask(asker) is answer


@pytest.mark.parametrize("policy", [None, "auto", "wheel"])
def test_manylinux_is_of_glibc(ask, monkeypatch, policy):
    if policy:
        monkeypatch.setenv("CROSSPY_POLICY", policy)
    monkeypatch.setitem(sys.modules["crosspy.shims.facts"].OS, "libc", "")  # musl's
    for asker in ("packaging._manylinux", "pip._vendor.packaging._manylinux"):
        assert ask(asker) is False


@pytest.mark.parametrize(
    ("name", "policy", "arch", "answer"),
    [
        ("pip._vendor.packaging._musllinux", None, "aarch64-musl", None),
        ("pip._vendor.packaging._musllinux", "sdist", "aarch64-musl", None),
        ("pip._vendor.packaging._musllinux", "auto", "aarch64-musl", (1, 2)),
        ("packaging._musllinux", None, "aarch64-musl", (1, 2)),
        ("packaging._musllinux", "sdist", "aarch64-musl", None),
        ("packaging._musllinux", None, "aarch64", None),
    ],
)
def test_musllinux_by_policy(shims, monkeypatch, name, policy, arch, answer):
    monkeypatch.delenv("CROSSPY_POLICY", raising=False)
    if policy:
        monkeypatch.setenv("CROSSPY_POLICY", policy)
    module = types.ModuleType(name)
    module._MuslVersion = lambda *version: version
    shims(arch).load("musllinux").apply(module)
    assert module._get_musl_version("/usr/bin/python3") == answer


@pytest.mark.parametrize(
    ("soabi", "has"),
    [("cpython-311-aarch64-linux-gnu", True), ("cpython-311-aarch64-linux", False)],
)
def test_prebuilt_modules_that_are_named_otherwise(shims, soabi, has):
    module = types.ModuleType("packaging.tags")
    module.cpython_tags = lambda **_: packaging.tags.cpython_tags(
        (3, 11), ["cp311"], ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]
    )
    shims("aarch64", python={"extension_suffixes": (f".{soabi}.so", ".abi3.so")}).load("wheeltags").apply(
        module
    )
    found = {str(tag) for tag in module.cpython_tags(warn=True)}
    assert {"cp311-cp311-linux_aarch64", "cp311-abi3-manylinux2014_aarch64"} <= found
    assert ("cp311-cp311-manylinux2014_aarch64" in found) is has
    assert ("cp311-cp311-manylinux_2_17_aarch64" in found) is has


@pytest.mark.parametrize(("version", "answer"), [((2, 17), True), ((2, 28), False), ((2, 5), False)])
def test_manylinux_by_the_users_tags(ask, monkeypatch, version, answer):
    assert (
        ask("pip._vendor.packaging._manylinux", version, ("manylinux_2_17_aarch64",)) is False
    )  # policy sdist
    monkeypatch.setenv("CROSSPY_POLICY", "auto")
    for asker in ("packaging._manylinux", "pip._vendor.packaging._manylinux"):
        assert ask(asker, version, ("manylinux_2_17_aarch64",)) is answer


# What starts a build.


@pytest.mark.parametrize(
    ("argv", "build"),
    [
        (["python", "setup.py", "build"], True),
        (["python", "-u", "setup.py", "build"], True),
        (["python", "/x/setup.py", "bdist_wheel"], True),
        (["python", "/x/pyproject_hooks/_in_process/_in_process.py", "build_wheel", "/tmp/x"], True),
        (["python", "-c", "exec(compile('''...setup.py...'''))", "bdist_wheel"], True),
        (["python", "-c", "print()", "setup.py"], False),
        (["python", "-m", "pip", "wheel"], False),
        (["python", "script.py", "setup.py"], False),
        (["python"], False),
        (["python", "-c"], False),
        (["python", "-I", "-c"], False),
    ],
)
def test_which_process_is_a_build(shims, argv, build):
    assert shims().load()._is_build(argv) == build


# The environment of native processes.


def test_native_environment(shims, monkeypatch):
    module = shims().load()
    for name, value in {
        "CC": "aarch64-linux-gnu-gcc",
        "CFLAGS": "-mcpu=x",
        "LD": "x",
        "PKG_CONFIG_LIBDIR": "/x",
        "CROSSPY_BUILD": "/x",
        "MINE": "kept",
        "BUILD_CC": "gcc -O1",
        "PATH": f"{module.TOOLS}:/usr/bin",
    }.items():
        monkeypatch.setenv(name, value)
    found = module.native_environment()
    assert (found["CC"], found["MINE"], found["PATH"], found["CROSSPY_ENV"]) == (
        "gcc -O1",
        "kept",
        "/usr/bin",
        "off",
    )
    assert not {"CFLAGS", "LD", "PKG_CONFIG_LIBDIR", "CROSSPY_BUILD"} & found.keys()


# Replaced and put back.


def test_replace_and_deactivate(shims):
    module = shims().load()
    thing = types.SimpleNamespace(a=1)
    module.replace(thing, "a", 2)
    module.replace(thing, "a", 3)
    module.replace(thing, "b", 4)
    assert (thing.a, thing.b, module.real(thing, "a")) == (3, 4, 1)
    module.deactivate()
    assert thing == types.SimpleNamespace(a=1)


def test_version_info(shims):
    info = shims().load("version").VersionInfo((3, 11, 2, "final", 0))
    assert info >= (3, 11)
    assert (info.major, info.minor, info.micro, info.releaselevel, info.serial) == (3, 11, 2, "final", 0)
    assert repr(info) == "sys.version_info(major=3, minor=11, micro=2, releaselevel='final', serial=0)"
    assert "{}.{}".format(*info) == "3.11"
    assert info[:2] == (3, 11)


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("=", "old", "new"),
        ("=", None, "new"),
        ("+=", "old", "oldnew"),
        ("+=", None, "new"),
        ("?=", "old", "old"),
        ("?=", None, "new"),
        (":=", "old", "old:new"),
        (":=", "", "new"),
        (":=", None, "new"),
    ],
)
def test_operators_of_env(shims, operator, before, after):
    environ = {} if before is None else {"X": before}
    shims().load("builds")._set_user_variable(environ, "X", operator, "new")
    assert environ == {"X": after}


# sysconfig's variables.


@pytest.mark.parametrize(
    ("environ", "blank", "kept"),
    [
        ({}, set(), {"CFLAGS", "LDFLAGS", "LDSHARED"}),
        ({"CFLAGS": "-Os"}, {"CFLAGS", "OPT"}, {"LDFLAGS"}),
        ({"LDFLAGS": "-s"}, {"LDFLAGS"}, {"CFLAGS", "OPT"}),
        ({"CFLAGS": ""}, set(), {"CFLAGS", "LDFLAGS", "LDSHARED"}),
    ],
)
def test_flags_that_the_environment_replaces(shims, monkeypatch, environ, blank, kept):
    for name in ("CFLAGS", "LDFLAGS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    before = {"CFLAGS": "-O2", "OPT": "-O2", "LDFLAGS": "-lx", "LDSHARED": "gcc -shared -Wl,-O1"}
    module = shims().load("config")
    found = module.override_flags(dict(before))
    assert {name for name in found if found[name] == ""} == blank
    assert all(found[name] == before[name] for name in kept)
    if blank:
        assert found["LDSHARED"] == "aarch64-linux-gnu-gcc -shared"
