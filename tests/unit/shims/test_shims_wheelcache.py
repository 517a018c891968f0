"""Wheels that were built before: found when nothing differs, never used when damaged."""

from __future__ import annotations

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

SOURCE = "ab" * 32
WHEEL = "p-1.0-cp311-cp311-linux_aarch64.whl"


@pytest.fixture
def cache(shims, tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSPY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CROSSPY_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("CROSSPY_VERBOSE", "1")
    module = shims().load("wheelcache")
    monkeypatch.setattr(module, "_rust", ["rustc 1.80"])
    situate(tmp_path, sysroot="s", toolchain="t")
    return module


def situate(base: Path, **parts: str) -> None:
    (base / "run").mkdir(exist_ok=True)
    (base / "run" / "situation.json").write_text(json.dumps(parts))


def put(cache, base: Path, content: bytes = b"wheel", **changes) -> Path:
    """Store a wheel and return its entry."""
    wheel = base / WHEEL
    wheel.write_bytes(content)
    seen = {"requirements": [], "twins": {}, "rust": ""}
    cache.store({"source": SOURCE, **cache._circumstances(None, "p"), **seen, **changes}, str(wheel))
    return next((base / "cache" / "wheels" / "ab" / SOURCE).iterdir())


def find(cache, settings=None) -> str | None:
    return cache.find(SOURCE, cache._circumstances(settings, "p"), "p-1.0.tar.gz")


def test_a_wheel_is_found_again(cache, tmp_path):
    put(cache, tmp_path)
    found = find(cache)
    assert Path(found).name == WHEEL
    assert Path(found).read_bytes() == b"wheel"
    assert tmp_path / "run" in Path(found).parents, "another may remove the entry at any time"


def test_nothing_is_left_beside_entries(cache, tmp_path):
    entry = put(cache, tmp_path)
    assert put(cache, tmp_path) == entry
    assert [path.name for path in entry.parent.iterdir()] == [entry.name]
    assert entry.stat().st_mode & 0o055, "others may read it"
    assert sorted(path.name for path in entry.iterdir()) == ["entry.json", WHEEL]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sysroot": "other", "toolchain": "t"}, "made with another: sysroot"),
        ({"sysroot": "s", "toolchain": "t", "variable CFLAGS": "-O1"}, "made with another: variable CFLAGS"),
        ({"sysroot": "s"}, "made with another: toolchain"),
    ],
)
def test_another_situation_is_a_miss(cache, tmp_path, capfd, change, said):
    put(cache, tmp_path)
    situate(tmp_path, **change)
    assert find(cache) is None
    assert said in capfd.readouterr().err


def test_other_settings_are_a_miss(cache, tmp_path, capfd, monkeypatch):
    put(cache, tmp_path)
    assert find(cache, {"a": "b"}) is None
    assert "another: config settings" in capfd.readouterr().err
    monkeypatch.setenv("CROSSPY_PURE", "q")
    assert find(cache) is not None
    monkeypatch.setenv("CROSSPY_PURE", "q,p")
    assert find(cache) is None


def test_the_nearest_entry_explains_a_miss(cache, tmp_path, capfd):
    put(cache, tmp_path)
    situate(tmp_path, sysroot="s2", toolchain="t2")
    put(cache, tmp_path)
    situate(tmp_path, sysroot="s2", toolchain="t3")
    assert find(cache) is None
    assert capfd.readouterr().err.endswith("made with another: toolchain\n")


@pytest.fixture
def index(cache, tmp_path, monkeypatch):
    """Return what stands for pip's resolver: ``versions`` is what it finds now, ``calls`` what it was asked."""
    state = SimpleNamespace(versions=[("B", "2"), ("a", "1")], calls=[])

    def pip(argv, **_options):
        state.calls.append(argv)
        if state.versions is None:
            return SimpleNamespace(returncode=1, stdout=b"no network")
        report = {"install": [{"metadata": {"name": n, "version": v}} for n, v in state.versions]}
        Path(argv[argv.index("--report") + 1]).write_text(json.dumps(report))
        return SimpleNamespace(returncode=0, stdout=b"")

    monkeypatch.setattr(cache.subprocess, "run", pip)
    monkeypatch.setattr(cache.buildreqs, "environment", dict)
    (tmp_path / "links").mkdir()
    monkeypatch.setattr(
        cache.sys, "argv", ["pip", "wheel", "--no-index", "--find-links", str(tmp_path / "links"), "p"]
    )
    put(cache, tmp_path, requirements=[{"asked": ["a>=1"], "installed": ["a==1", "b==2"]}])
    return state


def new_run(base: Path) -> None:
    shutil.rmtree(base / "run" / "resolved", ignore_errors=True)


def pass_time(base: Path, seconds: float) -> None:
    for path in (base / "cache" / "resolved").iterdir():
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def test_build_requirements_are_asked_once(cache, index, tmp_path, capfd):
    assert find(cache) is not None
    assert find(cache) is not None
    assert len(index.calls) == 1
    assert index.calls[0][-5:] == ["--no-index", "--find-links", str(tmp_path / "links"), "--", "a>=1"]
    new_run(tmp_path)
    pass_time(tmp_path, 601)
    index.versions = [("a", "1"), ("b", "3")]
    assert find(cache) is None
    assert "another: build requirement b==3" in capfd.readouterr().err
    new_run(tmp_path)
    pass_time(tmp_path, 601)
    index.versions = None
    assert find(cache) is None


def test_an_answer_about_build_requirements_holds_for_ten_minutes(cache, index, tmp_path):
    assert find(cache) is not None
    index.versions = [("a", "1"), ("b", "3")]
    new_run(tmp_path)
    pass_time(tmp_path, 590)
    assert find(cache) is not None
    pass_time(tmp_path, 20)
    new_run(tmp_path)
    assert find(cache) is None


def test_a_locks_versions_are_no_answer_for_other_runs(cache, index, tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSPY_BUILD_CONSTRAINTS", str(tmp_path / "constraints.txt"))
    assert find(cache) is not None
    assert not (tmp_path / "cache" / "resolved").exists()
    index.versions = [("a", "1"), ("b", "3")]
    new_run(tmp_path)
    assert find(cache) is None


def test_an_answer_from_the_future_is_none(cache, index, tmp_path):
    assert find(cache) is not None
    index.versions = [("a", "2")]
    new_run(tmp_path)
    pass_time(tmp_path, -3600)
    assert find(cache) is None


def test_an_answer_is_of_the_same_directories(cache, index, tmp_path):
    assert find(cache) is not None
    index.versions = [("a", "1"), ("b", "3")]
    new_run(tmp_path)
    (tmp_path / "links" / "b-3.tar.gz").touch()
    assert find(cache) is None


def test_a_damaged_answer_is_asked_again(cache, index, tmp_path):
    assert find(cache) is not None
    for path in (tmp_path / "cache" / "resolved").iterdir():
        path.write_text("[")
    new_run(tmp_path)
    assert find(cache) is not None
    assert len(index.calls) == 2


def test_rust_counts_for_what_was_built_with_it(cache, tmp_path, monkeypatch):
    put(cache, tmp_path, rust="rustc 1.80")
    assert find(cache) is not None
    monkeypatch.setattr(cache, "_rust", ["rustc 1.81"])
    assert find(cache) is None


def test_a_twin_that_would_be_another(cache, tmp_path, monkeypatch, capfd):
    twin = put(cache, tmp_path)
    place = str(twin.relative_to(tmp_path / "cache" / "wheels"))
    assert cache.is_current(place, cache.current_situation())
    put(cache, tmp_path, twins={"numpy==1": "ab/none/none"})
    shutil.rmtree(twin)
    assert find(cache) is None
    assert "another: target's build of numpy==1" in capfd.readouterr().err
    assert not cache.is_current(place, cache.current_situation())


DAMAGES = {
    "cut wheel": lambda entry: (entry / WHEEL).write_bytes(b"whe"),
    "no wheel": lambda entry: (entry / WHEEL).unlink(),
    "cut record": lambda entry: (entry / "entry.json").write_text("{"),
    "no record": lambda entry: (entry / "entry.json").unlink(),
    "foreign record": lambda entry: (entry / "entry.json").write_text(
        '{"made_with": {}, "wheel": "x", "sha256": ""}'
    ),
    "no object": lambda entry: (entry / "entry.json").write_text("[]"),
    "a list": lambda entry: (entry / "entry.json").write_text('{"made_with": []}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_never_used(cache, tmp_path, capfd, damage):
    entry = put(cache, tmp_path)
    DAMAGES[damage](entry)
    assert find(cache) is None
    assert "damaged entry of the wheel cache, not used" in capfd.readouterr().err
    assert not entry.exists()
    put(cache, tmp_path)
    assert find(cache) is not None


def test_an_entry_of_another_source(cache, tmp_path, capfd):
    entry = put(cache, tmp_path)
    other = "cd" * 32
    shutil.copytree(entry, tmp_path / "cache" / "wheels" / "cd" / other / entry.name)
    assert cache.find(other, cache._circumstances(None, "p"), "q") is None
    assert "damaged entry" in capfd.readouterr().err


def test_a_cache_that_cannot_be_written(cache, tmp_path, capfd):
    (tmp_path / "cache").write_text("")
    (tmp_path / WHEEL).write_bytes(b"x")
    cache.store({"source": SOURCE}, str(tmp_path / WHEEL))
    assert "cannot write the wheel cache" in capfd.readouterr().err
    assert find(cache) is None


def link(path: Path | None = None, **changes) -> SimpleNamespace:
    facts = {
        "url": f"file://{path}", "filename": "p-1.tar.gz", "file_path": str(path), "is_file": path is not None,
        "is_wheel": False, "is_vcs": False, "hash_name": None, "hash": None, "subdirectory_fragment": None,
        "is_existing_dir": lambda: path is not None and path.is_dir(),
    }  # fmt: skip
    return SimpleNamespace(**(facts | changes))


def test_what_identifies_a_source(cache, tmp_path):
    sdist = tmp_path / "p-1.tar.gz"
    sdist.write_bytes(b"x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert cache.source_digest(link(sdist)) == digest
    assert cache.source_digest(link(url="https://x/1", hash_name="sha256", hash=digest.upper())) == digest
    assert cache.source_digest(link(url="https://x/2")) == ""
    assert cache.source_digest(link(url="https://x/3", hash_name="md5", hash="0")) == ""
    assert cache.source_digest(link(url="git+https://x", is_vcs=True)) == ""
    within = cache.source_digest(
        link(url="https://x/4", hash_name="sha256", hash=digest, subdirectory_fragment="s")
    )
    assert within not in {"", digest}


def test_a_project_is_its_files(cache, tmp_path):
    def digest(*, name: str = "p") -> str:
        cache._sources.clear()
        return cache.source_digest(link(tmp_path / name))

    (tmp_path / "p/src").mkdir(parents=True)
    (tmp_path / "p/src/a.c").write_text("1")
    (tmp_path / "p/run").symlink_to("src/a.c")
    first = digest()
    shutil.copytree(tmp_path / "p", tmp_path / "q", symlinks=True)
    assert digest(name="q") == first
    (tmp_path / "p/src/a.c").chmod(0o755)
    second = digest()
    (tmp_path / "p/src/a.c").write_text("2")
    third = digest()
    (tmp_path / "p/run").unlink()
    assert len({first, second, third, digest()}) == 4


def test_options_of_a_pip(cache):
    words = [
        "wheel",
        "-w",
        "out",
        "--index-url",
        "https://i",
        "--find-links=/l",
        "-v",
        "--pre",
        "--no-binary",
        "x",
        "-r",
        "f",
        "a",
    ]
    assert cache.download_options(words) == ["--index-url", "https://i", "--find-links=/l", "--pre"]


def test_what_a_build_tells(cache, tmp_path, monkeypatch):
    isolated, project = tmp_path / "isolated", tmp_path / "project"
    library = isolated / "overlay" / "lib"
    for name, version in (("Cython", "3.0"), ("a_b", "2024.01.02")):
        directory = library / f"{name}-{version.replace('.0', '.')}.dist-info"
        directory.mkdir(parents=True)
        (directory / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n\nVersion: no\n")
    project.mkdir()
    cache.note_requirements(str(isolated / "overlay"), ["a-b", "cython"], str(library), {"numpy==1": "x"})
    monkeypatch.setenv("CROSSPY_ISOLATED", str(isolated))
    monkeypatch.setenv("CROSSPY_SOURCE", str(project))
    cache.record()  # nobody asked
    monkeypatch.setenv("CROSSPY_RECORD", str(tmp_path / "record"))
    cache.record()
    asked = [{"asked": ["a-b", "cython"], "installed": ["a-b==2024.01.02", "cython==3.0"]}]
    assert json.loads((tmp_path / "record").read_text()) == {
        "requirements": asked,
        "twins": {"numpy==1": "x"},
        "rust": "",
    }
    (project / "Cargo.toml").write_text("")
    cache.record()
    assert json.loads((tmp_path / "record").read_text())["rust"] == "rustc 1.80"


def test_build_requirements_that_are_not_known_are_no_requirements(cache, tmp_path, monkeypatch):
    """Without isolation they are part of the situation; else nothing is told, and nothing stored."""
    monkeypatch.setenv("CROSSPY_RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("CROSSPY_SOURCE", str(tmp_path))
    monkeypatch.setenv("CROSSPY_ISOLATED", "")
    cache.record()
    assert not (tmp_path / "record").exists()
    situate(tmp_path, **{"build layer": "b"})
    cache.record()
    assert (tmp_path / "record").exists()


def test_two_pips_of_a_run_build_a_source_once(cache, tmp_path, capfd):
    """The second one waits, and takes the wheel of the first."""
    sdist = tmp_path / "p-1.tar.gz"
    sdist.write_bytes(b"source")
    req = SimpleNamespace(name="p", link=link(sdist), editable=False, config_settings=None)
    started, go_on = threading.Event(), threading.Event()

    def build() -> str:
        started.set()
        go_on.wait(60)
        seen = {"requirements": [], "twins": {}, "rust": ""}
        Path(os.environ["CROSSPY_RECORD"]).write_text(json.dumps(seen))
        (tmp_path / WHEEL).write_bytes(b"wheel")
        return str(tmp_path / WHEEL)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache._build, req, build)
        assert started.wait(60)
        second = pool.submit(cache._build, req, lambda: pytest.fail("built twice"))
        said = ""
        while "waiting for its wheel" not in said and not second.done():
            said += capfd.readouterr().err
        go_on.set()
        assert first.result(60) == str(tmp_path / WHEEL)
        assert Path(second.result(60)).read_bytes() == b"wheel"


def test_what_failed_while_a_pip_waited_is_not_tried_again(cache, tmp_path, capfd):
    sdist = tmp_path / "p-1.tar.gz"
    sdist.write_bytes(b"source")
    req = SimpleNamespace(name="p", link=link(sdist), editable=False, config_settings=None)
    assert cache._build(req, lambda: None) is None
    assert cache._build(req, lambda: pytest.fail("built twice")) is None
    assert "p failed before, in this run" in capfd.readouterr().err
