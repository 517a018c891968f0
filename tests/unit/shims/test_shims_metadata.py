"""Metadata that is not asked of a back end (PEP 643)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PKG_INFO = "Metadata-Version: 2.2\nName: Some.Thing\nVersion: 1.0\nRequires-Dist: numpy\n"


@pytest.fixture
def metadata(shims):
    return shims().load("metadata")


@pytest.fixture
def hook(metadata, tmp_path, monkeypatch):
    """Return a function that calls a hook of a project with this PKG-INFO, and says whether it was answered."""

    def call(name: str, text: str | None, source: str = "pip-install-1/thing_1", **kwargs: object) -> bool:
        root = tmp_path / source
        root.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (root / "PKG-INFO").write_text(text, encoding="utf-8")
        monkeypatch.chdir(root)
        for directory in ("control", "made"):
            (tmp_path / directory).mkdir()
        (tmp_path / "control" / "input.json").write_text(
            json.dumps({"kwargs": {"metadata_directory": str(tmp_path / "made"), **kwargs}})
        )
        return metadata.answer(["python", "/pip/_in_process.py", name, str(tmp_path / "control")])

    return call


def answered(tmp_path: Path) -> str:
    return json.loads((tmp_path / "control" / "output.json").read_text())["return_val"]


def test_a_source_distribution_that_knows_its_metadata(hook, tmp_path) -> None:
    assert hook("prepare_metadata_for_build_wheel", PKG_INFO)
    assert answered(tmp_path) == "some_thing-1.0.dist-info"
    assert (tmp_path / "made" / "some_thing-1.0.dist-info" / "METADATA").read_text() == PKG_INFO


def test_an_archive_that_was_named_itself(hook) -> None:
    assert hook("prepare_metadata_for_build_wheel", PKG_INFO, source="pip-req-build-1")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "\xff\x00",
        PKG_INFO.replace("2.2", "2.1"),
        PKG_INFO.replace("2.2", "3.0"),
        PKG_INFO.replace("2.2", "2.2.2"),
        PKG_INFO.replace("2.2", "2." + "9" * 5000),
        PKG_INFO + "Dynamic: Requires-Dist\n",
        PKG_INFO + "Dynamic: author\nDynamic: provides-extra \n",
        PKG_INFO + "Dynamic: version\n",
        PKG_INFO.replace("Some.Thing", "../../thing"),
        PKG_INFO.replace("1.0", "/1.0"),
        PKG_INFO.replace("Name:", "Title:"),
    ],
)
def test_metadata_that_only_a_back_end_knows(hook, tmp_path, text) -> None:
    assert not hook("prepare_metadata_for_build_wheel", text)
    assert list((tmp_path / "made").iterdir()) == []


def test_what_is_dynamic_but_decides_nothing(hook) -> None:
    assert hook("prepare_metadata_for_build_wheel", PKG_INFO + "Dynamic: license-file\n\nDynamic: version\n")


def test_a_directory_of_somebodys_own(hook) -> None:
    assert not hook("prepare_metadata_for_build_wheel", PKG_INFO, source="src/thing")


def test_a_checkout(hook, tmp_path) -> None:
    (tmp_path / "pip-install-2" / "thing_2").mkdir(parents=True)
    (tmp_path / "pip-install-2" / "thing_2" / ".git").mkdir()
    assert not hook("prepare_metadata_for_build_wheel", PKG_INFO, source="pip-install-2/thing_2/.")


@pytest.mark.parametrize("name", ["get_requires_for_build_wheel", "prepare_metadata_for_build_editable"])
def test_other_hooks(hook, name) -> None:
    assert not hook(name, PKG_INFO)


def test_a_directory_that_is_no_process_of_a_hook(metadata) -> None:
    assert not metadata.answer(["python", "setup.py", "build_wheel", "/nowhere"])
    assert not metadata.answer(["python", "_in_process.py", "prepare_metadata_for_build_wheel", "/nowhere"])


@pytest.mark.parametrize("ours", [True, False])
def test_a_wheels_metadata_is_made_anew(hook, metadata, tmp_path, ours) -> None:
    place = tmp_path / "some_thing-1.0.dist-info"
    place.mkdir()
    if ours:
        (place / metadata.MARK).touch()
    assert not hook("build_wheel", PKG_INFO, metadata_directory=str(place))
    call = json.loads((tmp_path / "control" / "input.json").read_text())
    assert call["kwargs"]["metadata_directory"] == (None if ours else str(place))


@pytest.mark.parametrize(
    ("sdist", "wheel"),
    [
        ("Version: 1.0\n", "Version: 1\n"),
        ("Version: 1.0.alpha1\n", "Version: 1.0a1\n"),
        ("Version: 2.1.0\n", "Version: 2.1+cpu\n"),
        ("Version: 2024.02.01\n", "Version: 2024.2.1\n"),
        (
            'Version: 1\nRequires-Dist: b (<3,>=2)\nRequires-Dist: A_b[y, x]; (os_name == "posix") and extra == "e"\n',
            "Version: 1\nRequires-Dist: a-b[x,y] ; os_name == 'posix' and extra == 'e'\nRequires-Dist: b>=2,<3\n",
        ),
        ("Version: 1\n\nRequires-Dist: text\n", "Version: 1\n"),
    ],
)
def test_a_wheel_that_says_the_same(metadata, sdist, wheel) -> None:
    assert metadata.contradictions(sdist.encode(), "p-1.whl", wheel.encode()) == []


@pytest.mark.parametrize(
    ("sdist", "wheel", "said"),
    [
        ("Version: 1.10\n", "Version: 11.0\n", "says 1.10, the wheel that was built of it 11.0"),
        ("Version: 1.0a1\n", "Version: 1.0b1\n", "1.0b1"),
        ("Version: 1\n", "", "Version: PKG-INFO"),
        (
            "Version: 1\nRequires-Dist: a\n",
            "Version: 1\n",
            "says a, the wheel that was built of it nothing of it",
        ),
        (
            "Version: 1\n",
            "Version: 1\nRequires-Dist: a>2\n",
            "says nothing of it, the wheel that was built of it a>2",
        ),
        ("Version: 1\nRequires-Dist: a[x]\n", "Version: 1\nRequires-Dist: a\n", "a[x]"),
        ("Version: 1\nRequires-Dist: a; os_name=='nt'\n", "Version: 1\nRequires-Dist: a\n", "os_name"),
    ],
)
def test_a_wheel_that_contradicts(metadata, sdist, wheel, said) -> None:
    [told] = metadata.contradictions(sdist.encode(), "p-1.whl", wheel.encode())
    assert said in told
    assert "CROSSPY_METADATA=build" in told


def test_nothing_was_told_of_it(metadata) -> None:
    assert metadata.contradictions(b"", "p-1.whl", b"Version: 1\n") == []


def test_the_back_end_is_asked_if_the_user_wants_that(hook, monkeypatch) -> None:
    monkeypatch.setenv("CROSSPY_METADATA", "build")
    assert not hook("prepare_metadata_for_build_wheel", PKG_INFO)
