"""target.json: the contract between commands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sample_targets import TRIPLETS, make_target

from crosspy.errors import TargetDataError
from crosspy.model.target import SCHEMA, Target, from_json


@pytest.mark.parametrize("arch", TRIPLETS)
@pytest.mark.parametrize(
    "changes", [{}, {"toolchain": None, "sysroot": ""}], ids=["whole", "without toolchain"]
)
def test_there_and_back(arch, changes):
    target = make_target(
        arch, warnings=("a", "b"), sources={"x": "y"}, os_release={"ID": "é"}, e_flags=5, **changes
    )
    text = target.to_json()
    assert from_json(text, origin="x") == target
    assert from_json(text, origin="x").to_json() == text


def test_the_text_is_the_same_for_the_same_target():
    text = make_target(sources={"b": "1", "a": "2"}).to_json()
    assert text == make_target(sources={"a": "2", "b": "1"}).to_json()
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert json.loads(text)["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "not a target description"),
        ("null", "not a target description"),
        ('"text"', "not a target description"),
        ("{}", "not a target description"),
        ('{"schema": 0}', "not a target description"),
        ('{"schema": "1"}', "not a target description"),
        ('{"schema": 1}', "damaged"),
    ],
)
def test_not_such_a_file(text, said):
    with pytest.raises(TargetDataError, match=f"mine.json: {said}") as caught:
        from_json(text, origin="mine.json")
    assert "crosspy describe" in caught.value.hint


def damaged(change: dict[str, Any]) -> str:
    return json.dumps(json.loads(make_target().to_json()) | change)


@pytest.mark.parametrize(
    "change",
    [
        {"machine": "vax"},
        {"machine": None},
        {"machine": []},
        {"python": None},
        {"python": {}},
        {"python": "text"},
        {"libc": {}},
        {"libc": {"kind": "glibc", "new": 1}},
        {"types": []},
        {"types": {"long": 4}},
        {"types": {"long": {"size": 4}}},
        {"toolchain": {}},
        {"toolchain": "gcc"},
        {"warnings": None},
        {"surprise": 1},
    ],
    ids=str,
)
def test_damage_is_named(change):
    with pytest.raises(TargetDataError, match="damaged target description"):
        from_json(damaged(change), origin="x")


@pytest.mark.parametrize(
    "name",
    ["machine", "uname", "triplet", "abi", "libc", "python", "types", "sysroot", "toolchain", "warnings"],
)
def test_a_field_that_is_missing(name):
    plain = json.loads(make_target().to_json())
    del plain[name]
    with pytest.raises(TargetDataError, match="damaged target description"):
        from_json(json.dumps(plain), origin="x")


def test_lists_are_tuples_again():
    target = from_json(make_target().to_json(), origin="x")
    assert isinstance(target.python.extension_suffixes, tuple)
    assert target.toolchain is not None
    assert isinstance(target.toolchain.cc, tuple)
    assert isinstance(target.toolchain.tools["ar"], tuple)
    assert isinstance(target, Target)


def test_properties_of_the_python():
    python = make_target(version="3.13", python={"abiflags": "t"}).python
    assert (python.nodot, python.free_threaded) == ("313", True)
    assert not make_target(version="3.13").python.free_threaded
