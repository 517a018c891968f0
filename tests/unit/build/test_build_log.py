"""The log of a build: where it is, when it stays, what is in it."""

from __future__ import annotations

import json

import pytest

from crosspy.build.evidence import Command, Failure, read_failures
from crosspy.build.log import open_log
from crosspy.errors import BuildFailedError, UsageError

FAILURE = Failure(
    project="p",
    source="/src",
    error="",
    commands=(Command(cwd="/src", words=("gcc", "-DX=a b", "x.c"), stderr="x.c:1:1: error: no\n"),),
    logs=(("meson-logs/meson-log.txt", "Running compile\n"),),
)


def fail(log) -> None:
    log.file.write(b"what pip said \xff\n")
    log.append([FAILURE])
    raise BuildFailedError(str(log.path))


def failing(wanted, directory) -> str:
    with pytest.raises(BuildFailedError) as caught, open_log(wanted, directory) as log:
        fail(log)
    return caught.value.message


def test_that_of_a_failure_stays(tmp_path):
    directory = tmp_path / "logs"
    paths = [failing(None, directory) for _ in range(2)]
    assert len(set(paths)) == 2
    text = (directory / paths[0]).read_text(errors="replace")
    assert text.startswith("what pip said")
    for part in (
        "p: this command failed, in /src",
        "gcc '-DX=a b' x.c",
        "x.c:1:1: error: no",
        "Running compile",
    ):
        assert part in text


def test_that_of_a_success_goes_unless_it_was_asked_for(tmp_path):
    with open_log(None, tmp_path / "logs"):
        pass
    assert list((tmp_path / "logs").iterdir()) == []
    with open_log(tmp_path / "mine", tmp_path / "logs") as log:
        log.file.write(b"x")
    assert (tmp_path / "mine").read_bytes() == b"x"


def test_that_of_an_interrupted_build_goes(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_log(None, tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_two_at_the_same_time(tmp_path):
    with open_log(None, tmp_path) as one, open_log(None, tmp_path) as other:
        assert one.path != other.path


def test_an_environment_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    assert failing(None, tmp_path / "file" / "logs").startswith(str(tmp_path / "crosspy-build-"))


def test_no_place_at_all(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="no place"), open_log(None, tmp_path / "file" / "logs"):
        pass
    with pytest.raises(UsageError, match="cannot write --log"), open_log(tmp_path / "file" / "x", tmp_path):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"time": "x"}',
        '{"time": 1, "project": 1, "source": 2, "error": 3, "commands": 4, "logs": 5}',
    ],
)
def test_damaged_evidence_is_no_evidence(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert read_failures(tmp_path) == []


def test_evidence_in_its_order(tmp_path):
    row = {"project": "", "source": "/tmp/b-1", "error": "", "commands": [], "logs": [["n", "t"]]}
    (tmp_path / "a.json").write_text(json.dumps({**row, "time": 2.0}))
    (tmp_path / "b.json").write_text(json.dumps({**row, "time": 1.0, "project": "first"}))
    assert [failure.name for failure in read_failures(tmp_path)] == ["first", "b-1"]
