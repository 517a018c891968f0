"""Which hints apply to the project at hand, and what they change."""

from __future__ import annotations

import json
import os

import pytest

HINT = {
    "package": "p",
    "version": "",
    "reason": "r",
    "link": "l",
    "origin": "f",
    "env": {},
    "meson": False,
    "config_settings": {},
}


@pytest.fixture
def hints(shims, tmp_path, monkeypatch):
    """Return a function that gives the module, in a directory with these files, knowing these hints."""

    def load(*known, files=None):
        made = shims()
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("CROSSPY_HINTS", "")
        module = made.load("hints")
        made.set("HINTS", tuple({**HINT, **hint} for hint in known))
        return module

    return load


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("", "")),
        ({"PKG-INFO": "Metadata-Version: 2.1\nName: A_b.C\nVersion: 1.0\n\nName: other\n"}, ("a-b-c", "1.0")),
        ({"pyproject.toml": '[project]\nname = "A"\nversion = "2"\n'}, ("a", "2")),
        ({"pyproject.toml": '[project]\nname = "A"\ndynamic = ["version"]\n'}, ("a", "")),
        ({"pyproject.toml": '[tool.poetry]\nname = "A"\nversion = "2"\n'}, ("a", "2")),
        (
            {"pyproject.toml": "[build-system]\n", "setup.cfg": "[metadata]\nname = b\nversion = 3\n"},
            ("b", "3"),
        ),
        ({"setup.cfg": "[metadata]\nname = b\nversion = attr: b.__version__\n"}, ("b", "")),
        ({"pyproject.toml": "[project\n", "setup.cfg": "not one"}, ("", "")),
        ({"pyproject.toml": "project = 3\ntool = 4\n"}, ("", "")),
        ({"PKG-INFO": "Name: a\nVersion: 1\n", "pyproject.toml": '[project]\nname = "b"\n'}, ("a", "1")),
    ],
)
def test_a_project_is_known_by_its_files(hints, tmp_path, files, expected):
    assert hints(files=files).project(str(tmp_path)) == expected


PROJECT = {"PKG-INFO": "Name: P\nVersion: 1.5\n"}


def test_what_was_said_for_this_run_goes_before_a_hint(hints):
    environ = {"CROSSPY_VARIABLES": '[["A", "=", "said"]]', "A": "said"}
    hints({"env": {"A": "1", "B": "1"}}, files=PROJECT).apply(environ, ["python"])
    assert (environ["A"], environ["B"]) == ("said", "1")


def test_only_its_own_hints_apply_and_the_later_ones_win(hints, capsys):
    module = hints(
        {"env": {"A": "1", "B": "1"}},
        {"package": "other", "env": {"A": "2"}},
        {"package": "*", "env": {"A": "3"}, "meson": True},
        files=PROJECT,
    )
    environ = dict(os.environ)
    module.apply(environ, ["python"])
    assert (environ["A"], environ["B"], environ["CROSSPY_HINTS"]) == ("3", "1", "2;0")

    assert capsys.readouterr().err.splitlines() == [
        "crosspy: hint for p: r (l; f)",
        "crosspy: hint for *: r (l; f)",
    ]


def test_meson_gets_the_files_that_have_something_to_say(hints, monkeypatch):
    module = hints({}, {"meson": True}, {"meson": True}, files=PROJECT)
    monkeypatch.setenv("CROSSPY_HINTS", "2;1;0")
    assert [path.rpartition("/")[2] for path in module.meson_files()] == ["1.ini", "2.ini"]


@pytest.mark.parametrize(("version", "applies"), [(">=1,<2", True), ("==1.5.*", True), ("<1.5", False)])
def test_versions_are_compared(hints, version, applies):
    environ = dict(os.environ)
    hints({"version": version, "env": {"A": "1"}}, files=PROJECT).apply(environ, ["python"])
    assert ("A" in environ) is applies


def test_without_a_version_a_hint_for_some_is_left_out_with_a_word(hints, capsys):
    environ = dict(os.environ)
    hints({"version": ">1", "env": {"A": "1"}}, files={"PKG-INFO": "Name: p\n"}).apply(environ, ["python"])
    assert "A" not in environ
    assert "the version of the project" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"), [(None, {"a": ["1"], "b": "2"}), ({"b": "mine"}, {"a": ["1"], "b": "mine"})]
)
def test_config_settings_are_added_to_what_the_front_end_says(hints, tmp_path, given, expected):
    (tmp_path / "input.json").write_text(json.dumps({"kwargs": {"config_settings": given}}))
    module = hints({"config_settings": {"a": ("1",), "b": "2"}}, files=PROJECT)
    module.apply(dict(os.environ), ["python", "/x/_in_process.py", "build_wheel", str(tmp_path)])
    assert json.loads((tmp_path / "input.json").read_text()) == {"kwargs": {"config_settings": expected}}
