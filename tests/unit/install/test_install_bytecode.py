"""Bytecode for the target, byte for byte the same."""

from __future__ import annotations

import importlib.util
import json
import marshal
import subprocess
import sys
from pathlib import Path

import pytest
from test_install_layout import SITE, check_record
from wheelmaker import make_target, names, tree

from crosspy.errors import ToolchainError, VersionMismatchError
from crosspy.install import pyc_writer
from crosspy.install.wheel import InstallOptions, install_wheel

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the made-up target has Python 3.11")

SOURCES = {
    "demo/__init__.py": '"""Words."""\nNAMES = {"a", "b", None, "x y"}\ndef f(a, b=1): return a in {1, 2, "c"}\n',
    "demo/sub/mod.py": "import os\nassert os\nclass C:\n    def m(self): return 'interned'\n",
    "demo/no-module.py": "x = 1\n",
    "demo/data.txt": "x",
}


def test_pyc(install, wheel, root):
    result = install(wheel(files=SOURCES), compile_levels=(0, 2))
    assert result.warnings == ()
    cache = root / SITE / "demo/__pycache__"
    assert sorted(path.name for path in cache.iterdir()) == [
        "__init__.cpython-311.opt-2.pyc",
        "__init__.cpython-311.pyc",
        "no-module.cpython-311.opt-2.pyc",
        "no-module.cpython-311.pyc",
    ]
    raw = (cache / "__init__.cpython-311.pyc").read_bytes()
    assert raw[:4] == importlib.util.MAGIC_NUMBER
    assert raw[4:8] == b"\x03\0\0\0"  # hash-based, and checked
    assert raw[8:16] == importlib.util.source_hash(SOURCES["demo/__init__.py"].encode())
    code = marshal.loads(raw[16:])
    assert code.co_filename == f"/{SITE}/demo/__init__.py"
    optimized = marshal.loads((cache / "__init__.cpython-311.opt-2.pyc").read_bytes()[16:])
    assert "Words." in code.co_consts
    assert "Words." not in optimized.co_consts
    check_record(root)


def test_unchecked(install, wheel, root):
    install(wheel(files=SOURCES), compile_levels=(1,), invalidation="unchecked-hash")
    raw = (root / SITE / "demo/__pycache__/__init__.cpython-311.opt-1.pyc").read_bytes()
    assert raw[4:8] == b"\x01\0\0\0"


def test_no_compile(install, wheel, root):
    install(wheel(files=SOURCES))
    assert not any("__pycache__" in name for name in names(root))


def test_no_path_of_this_machine(install, wheel, root, tmp_path):
    install(wheel(files=SOURCES, entry_points="[console_scripts]\ndemo = demo:f\n"), compile_levels=(0, 1, 2))
    for name, (_, _, _, content) in tree(root).items():
        for path in (str(tmp_path), str(root), "crosspy-install", sys.prefix):
            assert path.encode() not in content, name


def test_same_bytes(install, wheel, root, tmp_path):
    """Alone or with others, in another place, again over itself: the same tree."""
    other = tmp_path / "a much longer name of an image"
    other.mkdir()
    path = wheel(files=SOURCES)
    install(path, compile_levels=(0, 1))
    once = tree(root)
    install(path, compile_levels=(0, 1))
    assert tree(root) == once
    install(
        wheel("another", files={"aaa.py": "interned = 'interned'\nc = 'c'\na = 'a'\n"}),
        path,
        into=other,
        compile_levels=(0, 1),
    )
    both = tree(other)
    for name, entry in once.items():
        assert both[name] == entry, name


def test_imports_there(install, wheel, root):
    """The bytecode is used: without the right hash, -X importtime would compile again and write nothing."""
    install(wheel(files=SOURCES), compile_levels=(0,))
    site = root / SITE
    program = "import demo, sys; print(demo.f.__code__.co_filename, demo.__cached__)"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[1] == str(site / "demo/__pycache__/__init__.cpython-311.pyc")


def test_sources_that_do_not_compile(install, wheel, root):
    files = {
        "demo/__init__.py": "x = 1\n",
        "demo/template.py": "print 'python 2'\n",
        "demo/nul.py": b"x = 1\0\n",
        "demo/latin.py": b"x = '\xe9'\n",
        "demo/deep.py": "(" * 5000 + ")" * 5000,
        "demo/deeper.py": "x = " + "-" * 200000 + "1\n",
        "demo/warns.py": "x = '\\d'\n",
    }
    result = install(wheel(files=files), compile_levels=(0, 1))
    told = " ".join(result.warnings)
    for name in ("template", "nul", "latin", "deep"):
        assert f"/{SITE}/demo/{name}.py: no bytecode" in told
    cached = {path.name for path in (root / SITE / "demo/__pycache__").iterdir()}
    assert {"__init__.cpython-311.pyc", "warns.cpython-311.pyc"} <= cached
    assert "template.cpython-311.pyc" not in cached
    check_record(root)


def test_build_python_of_another_version(wheel, root):
    with pytest.raises(VersionMismatchError, match=r"3\.11, the target has 3\.12"):
        install_wheel(
            wheel(), root=root, target=make_target(version="3.12"), build_python=Path(sys.executable)
        )
    assert tree(root) == {}


@pytest.mark.parametrize("program", ["absent", "/bin/false"])
def test_build_python_that_does_not_run(wheel, root, target, program):
    with pytest.raises(ToolchainError):
        install_wheel(wheel(), root=root, target=target, build_python=Path(program), options=InstallOptions())
    assert tree(root) == {}


def test_environment_is_ignored(install, wheel, root, monkeypatch):
    path = wheel(files=SOURCES)
    install(path, compile_levels=(0,))
    before = tree(root)
    for name, value in {
        "PYTHONOPTIMIZE": "2",
        "PYTHONHASHSEED": "5",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONPATH": "/x",
    }.items():
        monkeypatch.setenv(name, value)
    install(path, compile_levels=(0,))
    assert tree(root) == before


def test_writer_in_this_process(tmp_path, capsys):
    """The program itself, for what a child process hides."""
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("x = 1\n")
    bad.write_text("x =\n")
    job = tmp_path / "job"
    items = [[str(path), [[str(path.with_suffix(".pyc")), 0]], f"/usr/{path.name}"] for path in (good, bad)]
    job.write_text(json.dumps({"version": "3.11", "mode": "checked-hash", "items": items}))
    assert pyc_writer.main(str(job)) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)[0] == "/usr/bad.py"
    assert good.with_suffix(".pyc").exists()
    assert pyc_writer.compile_source(str(tmp_path / "absent"), [("x", 0)], "/x", "checked-hash")
    job.write_text(json.dumps({"version": "2.7"}))
    assert pyc_writer.main(str(job)) == 3
