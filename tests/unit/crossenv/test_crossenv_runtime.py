"""cross-python, run: it answers as the target, and only it does."""

from __future__ import annotations

import json
import os
import platform
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from sample_targets import NATIVE, make_target

from crosspy.crossenv.create import Options, create

pytestmark = pytest.mark.skipif(
    platform.machine() == "aarch64" or sys.maxsize < 2**32, reason="the targets are others"
)

BASE = str(Path(getattr(sys, "_base_executable", sys.executable)))

FACTS = """
import json, os, platform, struct, sys, sysconfig, importlib.machinery
try:
    import ctypes
    sizes = {n: ctypes.sizeof(getattr(ctypes, n)) for n in ("c_long", "c_void_p", "c_longlong", "c_int", "c_wchar_p")}
except ImportError:
    sizes = None
print(json.dumps({
    "machine": os.uname().machine, "node": os.uname().nodename, "platform.machine": platform.machine(),
    "bits": platform.architecture()[0], "libc": platform.libc_ver(), "maxsize": sys.maxsize, "byteorder": sys.byteorder,
    "long": os.sysconf("SC_LONG_BIT"), "P": struct.calcsize("P"), "bl": struct.calcsize("bl"), "=l": struct.calcsize("=l"), "iq": struct.calcsize("iq"),
    "sizes": sizes, "get_platform": sysconfig.get_platform(), "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "CC": sysconfig.get_config_var("CC"), "MULTIARCH": sysconfig.get_config_var("MULTIARCH"),
    "include": sysconfig.get_path("include"), "purelib": sysconfig.get_path("purelib"), "version": sys.version.split()[0],
    "suffixes": importlib.machinery.EXTENSION_SUFFIXES, "hash": sys.hash_info.width, "abi": sys.abiflags,
    "cross": sys.cross_compiling, "crossenv": os.environ.get("PYTHON_CROSSENV"), "multiarch": sys.implementation._multiarch,
}))
"""


@pytest.fixture
def facts(shared_env, run):
    def ask(arch: str = "aarch64", *flags: str, **env: str):
        return json.loads(run(shared_env(arch).python, *flags, "-c", FACTS, **env))

    return ask


def test_a_64_bit_target(facts):
    found = facts()
    assert found == {
        "machine": "aarch64",
        "node": "build",
        "platform.machine": "aarch64",
        "bits": "64bit",
        "libc": ["glibc", "2.36"],
        "maxsize": 2**63 - 1,
        "byteorder": "little",
        "long": 64,
        "P": 8,
        "bl": 16,
        "=l": 4,
        "iq": 16,
        "sizes": {"c_long": 8, "c_void_p": 8, "c_longlong": 8, "c_int": 4, "c_wchar_p": 8},
        "get_platform": "linux-aarch64",
        "suffix": f".cpython-{NATIVE.replace('.', '')}-aarch64-linux-gnu.so",
        "CC": "aarch64-linux-gnu-gcc",
        "MULTIARCH": "aarch64-linux-gnu",
        "include": f"/opt/sysroot/usr/include/python{NATIVE}",
        "purelib": found["purelib"],
        "version": f"{NATIVE}.2",
        "suffixes": [f".cpython-{NATIVE.replace('.', '')}-aarch64-linux-gnu.so", ".abi3.so", ".so"],
        "hash": 64,
        "abi": "",
        "cross": True,
        "crossenv": "1",
        "multiarch": "aarch64-linux-gnu",
    }
    assert found["purelib"].endswith(f"/env/lib/python{NATIVE}/site-packages")


def test_a_32_bit_target(facts):
    found = facts("armhf")
    assert (found["machine"], found["bits"], found["maxsize"], found["hash"]) == (
        "armv7l",
        "32bit",
        2**31 - 1,
        32,
    )
    assert [found[name] for name in ("long", "P", "bl", "=l", "iq")] == [32, 4, 8, 4, 16]
    assert found["sizes"] == {"c_long": 4, "c_void_p": 4, "c_longlong": 8, "c_int": 4, "c_wchar_p": 4}
    assert found["get_platform"] == "linux-armv7l"


def test_a_big_endian_target(facts):
    found = facts("s390x")
    assert (found["machine"], found["byteorder"], found["bits"]) == ("s390x", "big", "64bit")


def test_musl(facts):
    found = facts("aarch64-musl")
    assert found["libc"][0] != "glibc"
    assert found["suffix"].endswith("-aarch64-linux-musl.so")


@pytest.mark.parametrize("flags", [("-I",), ("-s",), ("-B",), ("-E",), ("-OO",), ("-X", "utf8")])
def test_flags_of_the_interpreter(facts, flags):
    assert facts("aarch64", *flags)["machine"] == "aarch64"


def test_without_site_there_is_no_pretence(shared_env, run):
    assert run(shared_env().python, "-S", "-c", "import os; print(os.uname().machine)") == platform.machine()


def test_another_python_that_reads_its_path_file(shared_env, run):
    """pip's sitecustomize of an isolated build lets all Pythons do so."""
    library = shared_env().root / "lib" / f"python{NATIVE}" / "site-packages"
    ask = f"import site; site.addsitedir({str(library)!r}); import os, sys; print(os.uname().machine, '_crosspy' in sys.modules)"
    assert run(Path(BASE), "-c", ask) == f"{platform.machine()} True"


@pytest.mark.parametrize("name", ["python", "python3", f"python{NATIVE}", "cross-python"])
def test_by_each_of_its_names(shared_env, run, name):
    ask = "import sys, os; print(os.uname().machine, sys.prefix)"
    env = shared_env()
    assert run(env.root / "bin" / name, "-c", ask) == f"aarch64 {env.root}"


def test_off(shared_env, run):
    ask = "import os, sys; print(os.uname().machine, sys.maxsize, hasattr(sys, 'cross_compiling'))"
    expected = f"{platform.machine()} {sys.maxsize} False"
    assert run(shared_env("armhf").python, "-c", ask, CROSSPY_ENV="off") == expected


@pytest.mark.parametrize(
    ("keep", "maxsize", "size", "order"),
    [
        ("", 2**63 - 1, 8, "big"),
        ("byteorder", 2**63 - 1, 8, sys.byteorder),
        ("words", sys.maxsize, 8, "big"),
        ("byteorder,words", sys.maxsize, 8, sys.byteorder),
        ("nothing", 2**63 - 1, 8, "big"),
    ],
)
def test_kept_facts_of_a_big_endian_target(shared_env, run, keep, maxsize, size, order):
    ask = "import sys, struct; print(sys.maxsize, struct.calcsize('P'), sys.byteorder)"
    assert run(shared_env("s390x").python, "-c", ask, CROSSPY_KEEP=keep) == f"{maxsize} {size} {order}"


def test_kept_words_of_a_32_bit_target(facts):
    found = facts("armhf", CROSSPY_KEEP="words")
    assert (found["maxsize"], found["P"], found["sizes"]["c_long"], found["hash"]) == (sys.maxsize, 8, 8, 64)
    assert found["machine"] == "armv7l"


def test_a_kept_version(shared_env, run):
    ask = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    env = shared_env()
    assert run(env.python, "-c", ask) == f"{NATIVE}.2"
    assert run(env.python, "-c", ask, CROSSPY_KEEP="version") == platform.python_version()


def test_packing_stays_this_machines(shared_env, run):
    ask = "import struct; print(len(struct.pack('P', 0)), struct.calcsize('P'))"
    assert run(shared_env("armhf").python, "-c", ask) == "8 4"


# It does not leak.


def test_no_leak_into_other_pythons(shared_env, run):
    ask = f"""
import subprocess, sys
code = "import os, sys; print(os.uname().machine, sys.maxsize, hasattr(sys, 'cross_compiling'))"
print(subprocess.run([{BASE!r}, "-c", code], capture_output=True, text=True, check=True).stdout)
"""
    assert run(shared_env("armhf").python, "-c", ask) == f"{platform.machine()} {sys.maxsize} False"


def test_children_by_sys_executable_are_the_target(shared_env, run):
    ask = """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "import os; print(os.uname().machine)"], capture_output=True, text=True, check=True).stdout)
"""
    assert run(shared_env().python, "-c", ask) == "aarch64"


def test_build_python_is_native(shared_env, run):
    env = shared_env("armhf")
    ask = "import os, struct, sys; print(os.uname().machine, struct.calcsize('P'), sys.prefix, os.environ.get('CC'), os.environ.get('CFLAGS'))"
    expected = f"{platform.machine()} 8 {env.root}/build None None"
    assert run(env.root / "bin/build-python", "-c", ask, CC="arm-gcc", CFLAGS="-mfpu=neon") == expected
    nested = f"import subprocess; print(subprocess.run([{str(env.root / 'bin/build-python')!r}, '-c', {ask!r}], capture_output=True, text=True).stdout)"
    assert run(env.python, "-c", nested) == expected


def test_multiprocessing_and_threads_work(shared_env, run, tmp_path):
    (tmp_path / "script.py").write_text(
        "import concurrent.futures as c, multiprocessing as m, os\n"
        "def f(x): return os.uname().machine * x\n"
        "if __name__ == '__main__':\n"
        "    with m.get_context('spawn').Pool(1) as pool: print(pool.map(f, [1]))\n"
        "    with c.ThreadPoolExecutor(2) as threads: print(list(threads.map(f, [1])))\n"
    )
    assert run(shared_env("armhf").python, tmp_path / "script.py") == "['armv7l']\n['armv7l']"


STDLIB = (
    "import asyncio, base64, bz2, concurrent.futures, csv, ctypes, decimal, email, hashlib, http.client, json, logging, lzma, "
    "multiprocessing, pathlib, pickle, platform, random, re, socket, sqlite3, ssl, struct, subprocess, sysconfig, tarfile, "
    "tempfile, threading, unittest, urllib.request, uuid, venv, xml.etree.ElementTree, zipfile, zlib; print('ok')"
)


@pytest.mark.parametrize("arch", ["aarch64", "armhf", "s390x"])
def test_the_standard_library_works(shared_env, run, arch):
    assert run(shared_env(arch).python, "-W", "error", "-c", STDLIB) == "ok"


@pytest.mark.parametrize(
    "name", ["ctypes", "ctypes.util", "struct", "sysconfig", "platform", "tempfile", "venv"]
)
def test_a_module_that_answers_differently_is_the_first_to_be_imported(shared_env, run, name):
    assert run(shared_env().python, "-c", f"import {name}; print('ok')") == "ok"


# Places.


def test_a_shebang(shared_env, run, tmp_path):
    script = tmp_path / "a script"
    script.write_text(f"#!{shared_env().python}\nimport os; print(os.uname().machine)\n")
    script.chmod(0o755)
    assert run(script) == "aarch64"


@pytest.mark.parametrize(
    "name",
    ["with spaces", "wörld", "a'b\"c$d", "x" * 200 + "/" + "y" * 150],
    ids=["spaces", "umlaut", "quotes", "long"],
)
def test_paths(make_env, run, tmp_path, name):
    env = make_env(root=tmp_path / name / "env")
    ask = "import os, sysconfig, sys; print(os.uname().machine, sysconfig.get_config_var('CC'), sys.prefix)"
    assert run(env.python, "-c", ask) == f"aarch64 aarch64-linux-gnu-gcc {env.root}"
    assert run(env.root / "bin/cross-expose", "--list") == ""
    assert (
        run(env.root / "bin/build-python", "-c", "import os; print(os.uname().machine)") == platform.machine()
    )


SHELLS = ["sh", "bash"]


@pytest.mark.parametrize("shell", SHELLS)
def test_activation(shared_env, run, shell):
    env = shared_env()
    script = f"""
set -eu
PS1='$ '; HOME=/nonexistent; before=$PATH
. "{env.root}/bin/activate"
python -c 'import os; print(os.uname().machine)'
command -v aarch64-linux-gnu-gcc
echo "$PS1|$VIRTUAL_ENV|$PYTHON_CROSSENV"
deactivate
test "$PATH" = "$before"; echo "$PS1|${{VIRTUAL_ENV-unset}}|${{PYTHON_CROSSENV-unset}}"
"""
    assert run(shell, "-c", script).splitlines() == [
        "aarch64",
        f"{env.root}/crosspy/tools/aarch64-linux-gnu-gcc",
        f"(cross) $ |{env.root}|1",
        "$ |unset|unset",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_activation_twice_and_deactivation(shared_env, run, shell):
    activate = f'. "{shared_env().root}/bin/activate"'
    script = f'before=$PATH; {activate}; {activate}; deactivate; test "$PATH" = "$before" && echo same'
    assert run(shell, "-c", script) == "same"


def test_activation_in_a_place_with_odd_characters(make_env, run, tmp_path):
    env = make_env(root=tmp_path / "a b'c" / "env")
    for shell in SHELLS:
        out = run(
            shell,
            "-c",
            '. "$1/bin/activate" && python -c "import os; print(os.uname().machine)"',
            "x",
            env.root,
        )
        assert out == "aarch64"


# Builds.


def build_environ(env, run, tmp_path, **variables):
    (tmp_path / "setup.py").write_text("import json, os; print(json.dumps(dict(os.environ)))\n")
    return json.loads(run(env.python, "setup.py", "--quiet", cwd=tmp_path, **variables))


def test_a_build_gets_the_targets_variables(shared_env, run, tmp_path):
    env = shared_env()
    found = build_environ(
        env, run, tmp_path, CPATH="/usr/include", LIBRARY_PATH="/usr/lib", PKG_CONFIG_PATH="/x"
    )
    assert found["CC"] == "aarch64-linux-gnu-gcc"
    assert found["CMAKE_TOOLCHAIN_FILE"] == f"{env.root}/crosspy/toolchain.cmake"
    assert found["PATH"].split(":")[0] == str(env.tools)
    assert found["PKG_CONFIG_SYSROOT_DIR"] == "/opt/sysroot"
    assert "{ROOT}" not in "".join(found.values())
    assert not {"CPATH", "LIBRARY_PATH", "PKG_CONFIG_PATH"} & found.keys()
    assert found["CROSSPY_SOURCE"] == str(tmp_path)


def test_other_processes_get_none_of_them(shared_env, run):
    ask = "import os; print(sorted({'CC', 'CMAKE_TOOLCHAIN_FILE', 'CROSSPY_BUILD'} & set(os.environ)))"
    assert run(shared_env().python, "-c", ask) == "[]"


def test_variables_of_the_user(tmp_path, build_python, run):
    changes = (
        ("SET", "=", "new"),
        ("APPENDED", "+=", " -O2"),
        ("APPENDED_NEW", "+=", "-O2"),
        ("KEPT", "?=", "new"),
        ("KEPT_NEW", "?=", "new"),
        ("LIST", ":=", "/b"),
        ("LIST_NEW", ":=", "/b"),
        ("CMAKE_ARGS", "=", "-DX={ROOT}/x"),
    )
    env, _ = create(tmp_path / "env", make_target(), build_python, Options(user_env=changes))
    found = build_environ(env, run, tmp_path, SET="old", APPENDED="-g", KEPT="old", LIST="/a")
    assert {name: found[name] for name, _, _ in changes} == {
        "SET": "new",
        "APPENDED": "-g -O2",
        "APPENDED_NEW": "-O2",
        "KEPT": "old",
        "KEPT_NEW": "new",
        "LIST": "/a:/b",
        "LIST_NEW": "/b",
        "CMAKE_ARGS": f"-DX={env.root}/x",
    }


def test_variables_of_a_run_come_after_those_of_the_environment(tmp_path, build_python, run):
    changes = (("BOTH", "=", "environment"), ("LIST", ":=", "/a"), ("OWN", "=", "environment"))
    env, _ = create(tmp_path / "env", make_target(), build_python, Options(user_env=changes))
    said = [
        ["BOTH", "=", "run"],
        ["LIST", ":=", "/b"],
        ["OWN", "", "run"],
        ["CC", "", "gcc"],
        ["CPATH", "", "/x"],
        ["NEW", "", "run"],
    ]
    found = build_environ(env, run, tmp_path, CROSSPY_VARIABLES=json.dumps(said))
    assert {name: found[name] for name in ("BOTH", "LIST", "OWN", "CC", "NEW")} == {
        "BOTH": "run",
        "LIST": "/a:/b",
        "OWN": "environment",
        "CC": "aarch64-linux-gnu-gcc",
        "NEW": "run",
    }
    assert "CPATH" not in found


def test_flags_at_creation_are_defaults(tmp_path, build_python, run):
    env, _ = create(tmp_path / "env", make_target(), build_python, Options(flags={"CFLAGS": "-Os"}))
    assert build_environ(env, run, tmp_path)["CFLAGS"] == "-Os"
    assert build_environ(env, run, tmp_path, CFLAGS="-O3")["CFLAGS"] == "-O3"


def test_compilers_of_the_caller(shared_env, run, script, tmp_path):
    cc = script("mine-gcc", "echo aarch64-poky-linux")
    ar = script("mine-ar", "")
    env = shared_env()
    found = build_environ(env, run, tmp_path, CC=f"{cc} -mcpu=x", AR=str(ar), NM="not-there-nm")
    assert (found["CC"], found["CROSSPY_CC"]) == ("aarch64-linux-gnu-gcc", f"{cc} -mcpu=x")
    assert (found["AR"], found["CROSSPY_AR"]) == ("aarch64-linux-gnu-ar", str(ar))
    assert "CROSSPY_NM" not in found


def test_a_compiler_of_the_caller_with_a_launchers_name(shared_env, run, script, tmp_path):
    """Yocto's CC has the very name of a launcher, which stands first on PATH: it must not call itself."""
    cc = script("aarch64-linux-gnu-gcc", "echo aarch64-linux-gnu")
    path = f"{cc.parent}:{os.environ['PATH']}"
    found = build_environ(shared_env(), run, tmp_path, CC="aarch64-linux-gnu-gcc -mcpu=x", PATH=path)
    assert found["CROSSPY_CC"] == f"{cc} -mcpu=x"


@pytest.mark.parametrize("machine", ["x86_64-linux-gnu", "", "armv7l-linux"])
def test_a_compiler_of_the_caller_for_another_machine(shared_env, script, tmp_path, machine):
    cc = script("mine-gcc", f"echo {machine}")
    (tmp_path / "setup.py").write_text("import os; print(os.environ.get('CROSSPY_CC'))\n")
    done = subprocess.run(
        [shared_env().python, "setup.py", "-q"],
        cwd=tmp_path,
        env={**os.environ, "CC": str(cc)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "None"
    assert "is not a tool for aarch64" in done.stderr


def test_flags_of_the_caller_replace_sysconfigs(shared_env, run, tmp_path):
    (tmp_path / "setup.py").write_text(
        "import sysconfig; print(sysconfig.get_config_vars('CFLAGS', 'LDSHARED'))\n"
    )
    python = shared_env().python
    assert (
        run(python, "setup.py", "-q", cwd=tmp_path, CFLAGS="-Os") == "['', 'aarch64-linux-gnu-gcc -shared']"
    )
    assert run(python, "setup.py", "-q", cwd=tmp_path) == (
        "['-Wsign-compare -DNDEBUG -g -O2 -Wall', 'aarch64-linux-gnu-gcc -shared -Wl,-O1']"
    )


def test_an_environment_made_by_it_is_of_the_target_too(shared_env, run, tmp_path):
    run(shared_env().python, "-m", "venv", "--without-pip", tmp_path / "nested")
    ask = "import os, sys; print(os.uname().machine, sys.prefix)"
    assert run(tmp_path / "nested/bin/python", "-c", ask) == f"aarch64 {tmp_path}/nested"


# cross-expose.


def dist_info(env, name: str, version: str) -> Path:
    directory = env.root / f"build/lib/python{NATIVE}/site-packages" / f"{name}-{version}.dist-info"
    directory.mkdir()
    (directory / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return directory


def test_cross_expose(make_env, run):
    env = make_env()
    dist_info(env, "My_Pkg", "1.0")
    dist_info(env, "other", "2.0")
    expose = env.root / "bin/cross-expose"
    assert run(expose, "my.pkg") == "my-pkg: exposed"
    assert run(expose) == "my-pkg"
    ask = "import importlib.metadata as m; print(m.version('my-pkg'))"
    assert run(env.python, "-c", ask) == "1.0"
    assert run(expose, ":all:").splitlines() == ["my-pkg: exposed", "other: exposed"]
    assert run(expose, "--unexpose", "MY-PKG") == "my-pkg: no longer exposed"
    assert run(expose, "-l") == "other"


def test_cross_expose_of_what_is_not_there(make_env):
    env = make_env()
    for words in (["absent"], ["-u", "absent"]):
        done = subprocess.run(
            [env.root / "bin/cross-expose", *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "cross-expose: error: not " in done.stderr
        assert "absent" in done.stderr


def test_the_build_layer_comes_before_the_targets_packages(make_env, run):
    env = make_env()
    for base, name in ((env.root / "build", "build"), (env.root, "target")):
        (base / f"lib/python{NATIVE}/site-packages/both.py").write_text(f"print({name!r})\n")
    assert run(env.python, "-c", "import both") == "build"
    assert run(env.root / "bin/build-python", "-c", "import both") == "build"


def test_programs_of_the_build_machine_see_the_build_layer(make_env, run, tmp_path):
    """cython of the system, numpy of build-pip: the former wants the latter's .pxd files."""
    env = make_env()
    assert "PYTHONPATH" not in build_environ(env, run, tmp_path)
    (env.root / f"build/lib/python{NATIVE}/site-packages/both.py").write_text("print('build')\n")
    (env.root / f"lib/python{NATIVE}/site-packages/both.py").write_text("print('target')\n")
    path = build_environ(env, run, tmp_path)["PYTHONPATH"]
    assert run(BASE, "-c", "import both", PYTHONPATH=path) == "build"
    assert (
        run(env.python, "-c", "import both, sys; print(sys.cross_compiling)", PYTHONPATH=path)
        == "build\nTrue"
    )


def test_meson_of_the_build_layer_runs_in_cross_python(make_env, run, tmp_path):
    env = make_env()
    assert "layer/bin" not in build_environ(env, run, tmp_path)["PATH"]
    package = env.root / f"build/lib/python{NATIVE}/site-packages/mesonbuild"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "mesonmain.py").write_text("import sys\ndef main(): print(sys.argv[1:])\n")
    path = build_environ(env, run, tmp_path)["PATH"].split(os.pathsep)
    at = path.index(f"{env.root}/crosspy/layer/bin")
    assert (path[0], path[at + 1]) == (str(env.tools), f"{env.root}/build/bin")
    assert "--cross-file" in run(env.root / "crosspy/layer/bin/meson", "setup", "x")


def test_programs_that_metadata_names_are_there_by_that_name(make_env, run, tmp_path):
    """OE-core's Cython has its program as cython3; a file of the very name comes first."""
    env = make_env()
    site = env.root / f"build/lib/python{NATIVE}/site-packages"
    (site / "tool.py").write_text("import sys, sysconfig\nclass Tool:\n def main(): print(sys.argv)\n")
    info = site / "tool-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 1\n")
    names = ("the-tool", "../out", "pip3", "a b")
    lines = "".join(f"{name} = tool:Tool.main\n" for name in names)
    (info / "entry_points.txt").write_text(f"[console_scripts]\n{lines}[gui_scripts]\ngui = tool:main\n")
    place = env.root / "crosspy/layer/programs"
    for _ in range(2):
        path = build_environ(env, run, tmp_path)["PATH"].split(os.pathsep)
        assert path.index(str(place)) == len(path) - 1
        assert {entry.name for entry in place.iterdir()} == {"the-tool", ".listing"}
    assert run(place / "the-tool", "--x") == str([str(place / "the-tool"), "--x"])
    info.rename(site / "tool-2.dist-info")
    (site / "tool-2.dist-info/entry_points.txt").unlink()
    build_environ(env, run, tmp_path)
    assert {entry.name for entry in place.iterdir()} == {".listing"}


@pytest.mark.parametrize("version", [sys.version_info, (3, 5, 0)])
def test_programs_of_another_python_do_not(make_env, monkeypatch, version):
    env = make_env()
    layer = str(env.root / f"build/lib/python{NATIVE}/site-packages")
    monkeypatch.setattr(sys, "path", [*sys.path, "/other/dist-packages"])
    monkeypatch.setattr(sys, "version_info", version)
    runpy.run_path(str(env.root / "crosspy/layer/sitecustomize.py"), run_name="sitecustomize")
    assert (layer in sys.path) == (version[1] > 5)


def test_pip_is_found_last(tmp_path, make_env, run):
    (tmp_path / "src/pip").mkdir(parents=True)
    (tmp_path / "src/pip/__init__.py").write_text("print('the default')\n")
    env = make_env(options={"pip": str(tmp_path / "src")})
    assert run(env.python, "-c", "import pip") == "the default"
    assert run(env.root / "bin/build-python", "-c", "import pip") == "the default"
    own = env.root / f"lib/python{NATIVE}/site-packages/pip"
    own.mkdir()
    (own / "__init__.py").write_text("print('installed')\n")
    assert run(env.python, "-c", "import pip") == "installed"
