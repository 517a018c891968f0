"""The corpus itself: what its table says is what happened."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import beds
import pytest
from corpus import packages, results
from corpus.__main__ import Run, Task, choose, main, needs, parse, with_needs
from corpus.flavours import FLAVOURS, Job, compare
from corpus.packages import Package, Source, build_system
from corpus.page import page
from corpus.results import Result
from corpus.workshop import Failure, Workshop


def package(name: str = "one", **more: object) -> Package:
    return Package(name=name, requirement=name, exclude={}, **more)


def result(name: str = "one", flavour: str = "crosspy", outcome: str = "ok", **more: object) -> Result:
    values = {"version": "1", "backend": "setuptools", "target": "arm64", "seconds": 3.0, "cause": ""}
    values |= {"code": "c0de", "commit": "abc", "flags": "-O0", "date": "2026-01-02T00:00:00"}
    return Result(package=name, flavour=flavour, result=outcome, **{**values, **more})


def task(flavour: str = "crosspy", version: str = "1", **more: object) -> Task:
    source = Source(version=version, filename="one-1.tar.gz", sha256="")
    return Task(package=package(**more), source=source, target="arm64", flavour=flavour)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        root=tmp_path,
        sysroots=tmp_path / "sysroots",
        rust=tmp_path / "rust",
        flags="-O0",
        timeout=30,
        code="c0de",
        environ={"PATH": os.environ["PATH"], "PIP_FIND_LINKS": "/x", "PIP_CERT": "/cert", "CC": "mine"},
    )


def wheel(path: Path, members: dict[str, str], date: tuple[int, ...] = (1980, 1, 1, 0, 0, 0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, date), text)  # type: ignore[arg-type]
    return path


def test_every_package_is_locked_for_the_python_of_every_target() -> None:
    known = {name for name, package in packages.load().items() if not package.path}
    for python in {row[2] for name, row in (beds.REQUIRED | beds.OPTIONAL).items() if name != "arm64-3.14"}:
        lock = packages.read_lock(python)
        assert lock.keys() == known
        assert all(len(source.sha256) == 64 for source in lock.values())


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"a.so": "1", "d/RECORD": "x"}, ""),
        ({"a.so": "2", "d/RECORD": "y"}, "members: a.so"),
        ({"a.so": "1", "d/RECORD": "x", "b": ""}, "members: b"),
        ({"a.so": "1", "d/RECORD": "y"}, "members: d/RECORD"),
        ({"d/RECORD": "x", "a.so": "1"}, "order or modes of members"),
    ],
)
def test_wheels_are_compared_byte_by_byte(tmp_path: Path, other: dict[str, str], said: str) -> None:
    first = wheel(tmp_path / "1" / "w.whl", {"a.so": "1", "d/RECORD": "x"})
    assert compare(first, wheel(tmp_path / "2" / "w.whl", other)) == said


def test_times_of_members_are_a_difference(tmp_path: Path) -> None:
    first = wheel(tmp_path / "1" / "w.whl", {"a": ""})
    assert compare(first, wheel(tmp_path / "2" / "w.whl", {"a": ""}, (1990, 1, 1, 0, 0, 0))).startswith(
        "times of"
    )


def test_a_result_is_final_until_version_flags_or_code_change(shop: Workshop) -> None:
    run = Run(shop=shop, commit="abc")
    assert not run.is_done(task(), keep=True)
    results.write(shop.root, result(outcome="build failed"))
    assert run.is_done(task(), keep=False)
    assert not run.is_done(task(version="2"), keep=True)
    results.write(shop.root, result(code="older"))
    assert not run.is_done(task(), keep=False)
    assert run.is_done(task(), keep=True)
    results.write(shop.root, result(flags="-O2"))
    assert not run.is_done(task(), keep=True)


def test_a_recorded_result_of_elsewhere_counts_if_it_may(shop: Workshop) -> None:
    known = result(code="older")
    run = Run(shop=shop, commit="abc", recorded={known.id: known})
    assert run.is_done(task(), keep=True)
    assert not run.is_done(task(), keep=False)
    assert not run.is_done(task(version="2"), keep=True)


def test_the_record_keeps_the_newest_of_each(tmp_path: Path) -> None:
    old, new = result(seconds=1.0), result(seconds=2.0, date="2026-02-01T00:00:00")
    other = result("two", target="riscv64")
    results.record(tmp_path, [new])
    assert results.record(tmp_path, [old, other]) == [new, other]
    assert results.recorded(tmp_path) == [new, other]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arm64.jsonl", "riscv64.jsonl"]


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    results.record(tmp_path, [result()])
    with (tmp_path / "arm64.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{}\n")
    with pytest.raises(ValueError, match=r"arm64\.jsonl:2"):
        results.recorded(tmp_path)


def test_the_record_of_the_repository_can_be_read() -> None:
    known = packages.load()
    for entry in results.recorded(results.RECORD):
        assert entry.package in known
        assert entry.flavour in FLAVOURS
        assert "://" not in entry.cause.replace("://...", "")


def test_what_a_package_needs_is_built_first_if_it_is_not_here(shop: Workshop) -> None:
    known = packages.load()
    words = ["--build", "x", "--sysroots", "x", "--rust-toolchain", "x", "--only", "gevent"]
    chosen = choose(parse(words), known, shop.root / "sdists")
    assert [it.package.name for it in with_needs(shop, chosen, known)] == [
        "greenlet",
        "zope.interface",
        "gevent",
    ]
    results.write(shop.root, result("greenlet"))
    assert [it.package.name for it in with_needs(shop, chosen, known)] == ["zope.interface", "gevent"]


def test_the_native_build_is_one_for_all_targets_of_a_python(shop: Workshop) -> None:
    words = ["--build", "x", "--sysroots", "x", "--rust-toolchain", "x", "--only", "lz4"]
    words += ["--target", "armhf,s390x,riscv64", "--flavour", "native,crosspy"]
    chosen = choose(parse(words), packages.load(), shop.root / "sdists")
    assert {it.target for it in chosen if it.flavour == "native"} == {"arm64", "riscv64"}
    assert {it.target for it in chosen if it.flavour == "crosspy"} == {"armhf", "s390x", "riscv64"}


def test_the_sample_has_each_kind_of_build() -> None:
    words = ["--build", "x", "--sysroots", "x", "--rust-toolchain", "x", "--sample"]
    chosen = [package for package in packages.load().values() if package.sample]
    assert len(chosen) >= 25
    assert {"numpy", "orjson", "pyzmq", "uvloop", "kiwisolver"} <= {package.name for package in chosen}
    tasks = choose(parse(words), {package.name: package for package in chosen if not package.path}, Path())
    assert len(tasks) == sum(not package.path for package in chosen)


def test_what_is_no_result_is_none(shop: Workshop) -> None:
    results.write(shop.root, result())
    path = results.path_of(shop.root, "one", "arm64", "crosspy")
    for text in ("", "{}", "[]", '{"package": "one", "unknown": 1}'):
        path.write_text(text, encoding="utf-8")
        assert results.read(path) is None


def test_crosspys_wheels_of_what_a_package_imports_come_first() -> None:
    assert needs(task(needs=("a",))) == [("a", "arm64", "crosspy")]
    assert needs(task("envvars", needs=("a",))) == [("a", "arm64", "crosspy")]
    assert needs(task("native", needs=("a",))) == []
    assert needs(task("crosspy-again")) == [("one", "arm64", "crosspy")]


def test_the_environment_of_builds_is_not_the_callers(shop: Workshop) -> None:
    variables = shop.variables("crosspy")
    assert "CC" not in variables
    assert "PIP_FIND_LINKS" not in variables
    assert variables["PIP_CERT"] == "/cert"
    assert variables["CFLAGS"] == "-O0"


@pytest.mark.parametrize("flavour", ["native", "crosspy", "crosspy-again", "crossenv", "envvars"])
def test_settings_of_a_package_are_those_of_every_flavour(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flavour: str
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        Workshop, "run", lambda _, __, argv, *___, **____: commands.append([str(word) for word in argv]) or ""
    )
    monkeypatch.setattr("corpus.flavours._buildroot_variables", lambda *_: {})
    sdist = tmp_path / "one-1.tar.gz"
    with tarfile.open(sdist, "w:gz"):
        pass
    job = Job(
        package=package(settings=("a=1", "b=2")),
        bed=shop.bed("arm64"),
        flavour=flavour,
        sdist=sdist,
        work=tmp_path / "work",
        log=tmp_path / "log",
    )
    (tmp_path / "env").mkdir()
    (tmp_path / "work" / "venv").mkdir(parents=True)
    FLAVOURS[flavour](shop, job)
    assert "--config-settings a=1 --config-settings b=2" in " ".join(commands[-1])


def test_a_failure_names_the_line_that_matters(shop: Workshop, tmp_path: Path) -> None:
    script = f"echo '{tmp_path}/x.c:1: error: no'; echo 'ERROR: Failed building wheel for x'; exit 3"
    with pytest.raises(Failure, match=r"^BUILD/x.c:1: error: no$") as failure:
        shop.run(tmp_path / "log", ["sh", "-c", script], shop.variables("native"), result="build failed")
    assert failure.value.result == "build failed"


def test_pips_summary_is_no_cause(shop: Workshop) -> None:
    output = "  ValueError: invalid pyproject.toml\n  error: subprocess-exited-with-error\nnote: not a problem with pip"
    assert shop.cause(output) == "ValueError: invalid pyproject.toml"


def test_a_compilers_words_say_more_than_its_command(shop: Workshop) -> None:
    output = (
        "x.h:184:20: error: static\nerror: Command '['gcc', '-c', 'x.c']' returned non-zero exit status 1."
    )
    assert shop.cause(output) == "x.h:184:20: error: static"


def test_no_cause_names_a_mirror(shop: Workshop) -> None:
    assert (
        shop.cause("error: https://mirror.example:8080/simple/x failed")
        == "error: https://.../simple/x failed"
    )


def test_a_command_that_never_ends_is_ended(shop: Workshop, tmp_path: Path) -> None:
    object.__setattr__(shop, "timeout", 0.2)
    with pytest.raises(Failure) as failure:
        shop.run(tmp_path / "log", ["sh", "-c", "sleep 60 & wait"], shop.variables("native"), result="x")
    assert failure.value.result == "timed out"


def test_the_page_counts_only_what_builds_natively() -> None:
    found = [
        result("a"),
        result("b", outcome="build failed", cause="no | pipe"),
        result("a", "native", code=""),
    ]
    text = page({name: package(name) for name in "abc"}, found, list(FLAVOURS))
    assert "| arm64 | 1 / 1 | 1 / 2 (1 / 1) |" in text
    assert "| a | 1 | setuptools | ok, 3 s | ok, 3 s |" in text
    assert "| b | 1 | setuptools |  | **build failed** |" in text
    assert "| crosspy | b | build failed | `no \\| pipe` |" in text
    assert "- not run: c" in text
    assert "abc (2)" in text


def test_the_page_shows_a_native_result_with_every_target_of_its_python() -> None:
    found = [
        result("a", target="s390x"),
        result("b"),
        result("a", "native", code=""),
        result("b", "native", code=""),
    ]
    found += [result("a", target="riscv64")]
    text = page({name: package(name) for name in "ab"}, found, list(FLAVOURS))
    assert "| s390x | 1 / 1 | 1 / 1 (1 / 1) |" in text
    assert "| riscv64 |  | 1 / 1 (0 / 0) |" in text
    assert text.count("- not run: b") == 2


def test_the_page_names_what_an_earlier_crosspy_built() -> None:
    later = {"commit": "def", "date": "2026-02-01T00:00:00"}
    found = [result("b"), result("a"), result("c", **later), result("c", "crossenv", code="", commit="xyz")]
    text = page({name: package(name) for name in "abc"}, found, list(FLAVOURS))
    assert "- crosspy of abc, 2026-01-02: a, b\n" in text
    assert "xyz" not in text


def test_a_result_of_another_version_says_so() -> None:
    found = [result("a"), result("a", "native", code="", version="0.9")]
    text = page({"a": package("a")}, found, list(FLAVOURS))
    assert "| a | 0.9 | setuptools | ok, 3 s | ok (1), 3 s |" in text


def test_a_source_without_pyproject_is_setuptools(tmp_path: Path) -> None:
    source = tmp_path / "one-1.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("one-1/setup.py", "")
    assert build_system(source) == ("setuptools", ["setuptools", "wheel"])
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("one-1/pyproject.toml", '[build-system]\nrequires=["x"]\nbuild-backend="mesonpy"')
        archive.writestr("one-1/sub/pyproject.toml", "")
    assert build_system(source) == ("mesonpy", ["x"])


def test_a_project_of_ours_is_packed(tmp_path: Path) -> None:
    source = packages.pack(package("cext", path="tests/packages/c-extension"), tmp_path)
    assert source.filename == f"cext-{source.version}.tar.gz"
    assert build_system(tmp_path / source.filename)[0] == "setuptools"


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--build", str(tmp_path), "--sysroots", str(tmp_path), "--rust-toolchain", str(tmp_path)]
    with pytest.raises(SystemExit):
        main([*words, "--target", "vax"], {})
    assert "unknown: vax" in capsys.readouterr().err


def test_a_missing_sysroot_is_named_with_what_makes_it(tmp_path: Path) -> None:
    words = ["--build", str(tmp_path), "--sysroots", str(tmp_path), "--rust-toolchain", str(tmp_path)]
    with pytest.raises(SystemExit, match="make sysroot-s390x-corpus"):
        main([*words, "--target", "s390x"], {})
