"""The wheel cache from outside a build: listing and pruning it."""

from __future__ import annotations

import json
import os
import time

import pytest

from crosspy.build.wheelstore import Entry, entries, remove, superfluous

NOW = time.time()
DAY = 86400


@pytest.fixture
def put_entry(tmp_path):
    def put(name, *, days=0.0, content=b"wheel"):
        path = tmp_path / "wheels" / name[:2] / f"{name}source" / name
        path.mkdir(parents=True)
        (path / f"{name}-1-py3-none-any.whl").write_bytes(content)
        (path / "entry.json").write_text(json.dumps({"wheel": f"{name}-1-py3-none-any.whl"}))
        os.utime(path, (NOW, NOW - days * DAY))
        return path

    return put


def names(found):
    return [one.wheel.split("-")[0] for one in found]


def test_entries_are_listed_least_lately_used_first(tmp_path, put_entry):
    put_entry("young", days=1)
    path = put_entry("aged", days=9)
    found = entries(tmp_path)
    assert names(found) == ["aged", "young"]
    assert found[0].path == path
    assert found[0].size == sum(file.stat().st_size for file in path.iterdir())
    assert found[0].used == pytest.approx(NOW - 9 * DAY, abs=1)


def test_no_cache_is_an_empty_one(tmp_path):
    assert entries(tmp_path / "none") == []


@pytest.mark.parametrize("record", [None, "{", "[]", "{}"])
def test_a_damaged_entry_is_superfluous(tmp_path, put_entry, record):
    path = put_entry("broken")
    (path / "entry.json").unlink()
    if record is not None:
        (path / "entry.json").write_text(record)
    (found,) = entries(tmp_path)
    assert not found.wheel
    assert superfluous([found], days=99, size=None, now=NOW) == [found]


@pytest.mark.parametrize(
    ("days", "size", "expected"),
    [
        (99, None, []),
        (5, None, ["a", "b"]),
        (99, 200, ["a"]),
        (99, 100, ["a", "b"]),
        (7, 100, ["a", "b"]),
        (99, 99, ["a", "b", "c"]),
        (99, 0, ["a", "b", "c"]),
        (99, 300, []),
    ],
)
def test_superfluous_are_the_old_and_then_the_oldest(tmp_path, days, size, expected):
    found = [
        Entry(path=tmp_path / name, wheel=name, size=100, used=NOW - age * DAY)
        for name, age in (("a", 9), ("b", 6), ("c", 3))
    ]
    assert names(superfluous(found, days=days, size=size, now=NOW)) == expected


def test_removed_is_removed_and_the_rest_stays(tmp_path, put_entry):
    gone, kept = put_entry("gone"), put_entry("kept")
    remove(tmp_path, [one for one in entries(tmp_path) if one.path == gone])
    assert not gone.parents[1].exists()
    assert names(entries(tmp_path)) == ["kept"]
    assert sorted(path.name for path in kept.iterdir()) == ["entry.json", "kept-1-py3-none-any.whl"]


def test_what_dead_processes_left_goes_and_what_living_ones_use_stays(tmp_path, put_entry):
    kept = put_entry("kept")
    dead, living = kept.with_name(".new-dead"), kept.with_name(".new-living")
    old, new = tmp_path / "resolved" / "old", tmp_path / "resolved" / "new"
    for path in (dead, living):
        path.mkdir()
    old.parent.mkdir()
    old.touch()
    new.touch()
    for path in (dead, old):
        os.utime(path, (NOW, NOW - 2 * DAY))
    remove(tmp_path, [])
    assert [path.exists() for path in (kept, dead, living, old, new)] == [True, False, True, False, True]


def test_an_entry_that_another_removed_is_no_error(tmp_path, put_entry):
    path = put_entry("gone")
    found = entries(tmp_path)
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    remove(tmp_path, found)
    assert entries(tmp_path) == []
