"""What a failed build leaves for the explainer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sample_targets import put


@pytest.fixture
def evidence(shims, tmp_path, monkeypatch):
    project = put(
        tmp_path / "project", {"PKG-INFO": "Metadata-Version: 2.1\nName: some-project\n", "a.c": ""}
    )
    (tmp_path / "evidence").mkdir()
    (tmp_path / "log").mkdir()
    monkeypatch.setenv("CROSSPY_SOURCE", str(project))
    monkeypatch.setenv("CROSSPY_EVIDENCE", str(tmp_path / "evidence"))
    monkeypatch.chdir(project)
    return shims().load("evidence")


def left(evidence, tmp_path, argv=("python", "setup.py")) -> dict:
    evidence.leave(list(argv), str(tmp_path / "log"))
    (path,) = (tmp_path / "evidence").iterdir()
    return json.loads(path.read_text())


def test_nothing_is_left_where_nobody_asks(evidence, tmp_path, monkeypatch):
    monkeypatch.delenv("CROSSPY_EVIDENCE")
    evidence.leave(["python"], str(tmp_path / "log"))
    assert list((tmp_path / "evidence").iterdir()) == []


def test_logs_of_directories_that_are_removed(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "addaudithook", lambda hook: hook("shutil.rmtree", (str(gone), None)))
    gone = put(tmp_path / "project/.mesonpy-x", {"meson-logs/meson-log.txt": "the reason", "other.txt": "no"})
    evidence.keep_logs()
    shutil.rmtree(gone)
    put(tmp_path / "project" / "build", {"CMakeFiles/CMakeError.log": "x" * 300_000})
    logs = dict(left(evidence, tmp_path)["logs"])
    assert sorted(logs) == [".mesonpy-x/meson-logs/meson-log.txt", "build/CMakeFiles/CMakeError.log"]
    assert logs[".mesonpy-x/meson-logs/meson-log.txt"] == "the reason"
    assert len(logs["build/CMakeFiles/CMakeError.log"]) == 200_000


def test_whoever_removes_a_directory_is_heard(tmp_path):
    """In a process of its own: an audit hook stays for good."""
    program = """
import importlib, sys, tempfile, types
sys.modules["crosspy.shims"] = package = types.ModuleType("crosspy.shims")
package.__path__ = [sys.argv[1]]
evidence = importlib.import_module("crosspy.shims.evidence")
evidence.keep_logs()
with tempfile.TemporaryDirectory() as name:
    with open(name + "/config.log", "w") as file:
        file.write("the reason")
print(list(evidence._kept.values()))
"""
    shims = Path(__file__).parents[3] / "crosspy" / "shims"
    done = subprocess.run(
        [sys.executable, "-c", program, shims],
        capture_output=True,
        text=True,
        check=True,
        cwd=shims.parents[1],
    )
    assert done.stdout == "['the reason']\n"


def test_compiler_runs_that_failed_on_the_project(evidence, tmp_path):
    log, project = tmp_path / "log", tmp_path / "project"

    def ran(number: int, cwd, words: str, end: str, said: str = "") -> None:
        (log / str(number)).write_text(said)
        path = log / f"{number}.{end}"
        path.write_text("\n".join([str(cwd), "/tc/gcc", *words.split()]))
        os.utime(path, ns=(number, number))

    ran(9, project, "-c a.c -o a.o", "failed", "first")
    ran(1, project, "-c b.c", "done")
    ran(10, project, "-c conftest.c", "failed", "a question")
    ran(11, "/tmp/x", "-c /tmp/x/probe.c -o /tmp/x/probe.o", "failed", "a question")
    ran(12, project, "-shared a.o -o m.so -lfoo", "failed", "second")
    found = left(evidence, tmp_path)["commands"]
    assert [command["stderr"] for command in found] == ["first", "second"]
    assert found[0]["words"] == ["/tc/gcc", "-c", "a.c", "-o", "a.o"]


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"PKG-INFO": "Name: a\n"}, "a"),
        ({"pyproject.toml": '[project]\nname = "b"\n'}, "b"),
        ({"PKG-INFO": "Version: 1\n", "pyproject.toml": "[project\n"}, ""),
        ({}, ""),
    ],
)
def test_the_projects_name(evidence, tmp_path, files, name):
    assert evidence.project_of(str(put(tmp_path / "x", files))) == name


def test_the_exception_that_ended_it(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr(
        sys, "last_value", ModuleNotFoundError("No module named 'x'", name="x"), raising=False
    )
    found = left(evidence, tmp_path)
    assert (found["project"], found["error"]) == ("some-project", "ModuleNotFoundError: No module named 'x'")


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, True),
        ({"unsupported": False, "return_val": "x.whl"}, False),
        ({"hook_missing": True, "return_val": None}, False),
        ({"no_backend": True, "traceback": "Traceback\nModuleNotFoundError: No module named 'b'"}, True),
        ({"backend_invalid": True, "backend_error": "odd"}, True),
    ],
)
def test_a_hook_that_gave_no_answer_has_failed(evidence, tmp_path, answer, failed):
    if answer is not None:
        (tmp_path / "output.json").write_text(json.dumps(answer))
    argv = ["python", "/x/_in_process.py", "build_wheel", str(tmp_path)]
    assert evidence.has_failed(argv, made=False) is failed
    if answer and "no_backend" in answer:
        assert left(evidence, tmp_path, argv)["error"] == "ModuleNotFoundError: No module named 'b'"


@pytest.mark.parametrize(("made", "failed"), [(True, False), (False, True)])
def test_a_setup_py_that_made_no_wheel_has_failed(evidence, made, failed):
    assert evidence.has_failed(["python", "setup.py", "bdist_wheel"], made=made) is failed
    assert evidence.has_failed(["python", "setup.py", "egg_info"], made=made) is False
