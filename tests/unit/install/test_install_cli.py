"""``crosspy install``: the command line around the library."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from wheelmaker import DATA, make_target

from crosspy.build.frontend import BuildOptions
from crosspy.cli import wheel as command
from crosspy.cli.main import main


@pytest.fixture
def env(tmp_path):
    """The least that is a cross environment: its target, and its build Python."""
    env = tmp_path / "env"
    (env / "crosspy").mkdir(parents=True)
    (env / "build/bin").mkdir(parents=True)
    (env / "build/bin/python").symlink_to(sys.executable)
    version = "{}.{}".format(*sys.version_info[:2])
    target = make_target(version=version)
    (env / "crosspy/target.json").write_text(replace(target, abi={}).to_json())
    return env


@pytest.fixture
def crosspy(env, root, tmp_path, capsys):
    def call(*words, environ=None):
        code = main(["install", "env", "--root", "image", *map(str, words)], environ or {}, tmp_path)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def builds(monkeypatch, tmp_path):
    """Stand in for the build: what it was asked for, and the wheels that it "makes"."""
    asked = []
    made = []

    def build_wheels(env, requirements, *, options, console, environ, wheel_dir):
        asked.append((tuple(requirements), options))
        return [path.rename(wheel_dir / path.name) for path in made]

    monkeypatch.setattr(command, "build_wheels", build_wheels)
    return asked, made


def site(root):
    (found,) = root.glob("usr/lib/python3.*/site-packages")
    return found


def test_wheels(crosspy, wheel, root):
    code, out, err = crosspy(wheel(), wheel("other", version="2.0"), "--no-compile")
    place = f"/{site(root).relative_to(root)}"
    assert code == 0
    assert out == f"demo 1.0 {place}/demo-1.0.dist-info\nother 2.0 {place}/other-2.0.dist-info\n"
    assert "installing 2 wheels" in err
    assert (site(root) / "demo-1.0.dist-info/REQUESTED").exists()
    assert not list(root.rglob("*.pyc"))


def test_bytecode_and_time(crosspy, wheel, root):
    code, _, _ = crosspy(wheel(), "--compile-level", "2,0", environ={"SOURCE_DATE_EPOCH": "1600000000"})
    assert code == 0
    assert len(list(root.rglob("*.pyc"))) == 2
    assert {int(path.lstat().st_mtime) for path in root.rglob("*")} == {1600000000}


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5"])
def test_bad_time(crosspy, wheel, text):
    code, out, err = crosspy(wheel(), environ={"SOURCE_DATE_EPOCH": text})
    assert (code, out) == (2, "")
    assert "SOURCE_DATE_EPOCH" in err


@pytest.mark.parametrize("levels", ["3", "", "a", "0,,1", "0;1"])
def test_bad_level(crosspy, wheel, levels):
    with pytest.raises(SystemExit) as caught:
        crosspy(wheel(), "--compile-level", levels)
    assert caught.value.code == 2


def test_refusal(crosspy, wheel, root):
    code, out, err = crosspy(wheel(tag="cp311-cp311-win_amd64"))
    assert (code, out) == (9, "")
    assert "win_amd64" in err
    assert "hint:" in err


def test_nothing_named(crosspy):
    assert crosspy()[0] == 2
    assert crosspy("-r", "absent.txt")[0] == 2


def test_bad_root_is_told_before_the_build(crosspy, builds, env, tmp_path):
    asked, _ = builds
    (tmp_path / "file").write_text("")
    assert main(["install", "env", "--root", "file", "numpy"], {}, tmp_path) == 2
    assert asked == []


def test_what_is_lacking(crosspy, wheel):
    files = {f"demo/{name}.so": (DATA / "aarch64/ext.so").read_bytes() for name in "abcd"}
    code, _, err = crosspy(
        wheel(files=files, metadata="Requires-Dist: other>2\n"), wheel("other"), "--no-compile"
    )
    assert code == 0
    assert "lacks the library" in err
    assert "and 1 more" in err
    assert "lacks other>2, required by demo; the image has 1.0" in err


def test_requirements(crosspy, wheel, root, builds, tmp_path):
    asked, made = builds
    made += [wheel("one"), wheel("two"), wheel("three"), wheel("dependency")]
    (tmp_path / "requirements.txt").write_text(
        "# comment\nTwo[x] >= 1 \\\n  --hash=sha256:00 # why\n-i nowhere\nbad line here\n"
    )
    (tmp_path / "tree").mkdir()
    code, out, _ = crosspy(
        "one>=1", "three-1.0.tar.gz", "./three-1.0.tar.gz", "-r", "requirements.txt", "--no-index", "--find-links", "dl",
        "--no-deps", "--policy", "auto", "--no-compile",
    )  # fmt: skip
    assert code == 0
    assert len(out.splitlines()) == 4
    ((requirements, options),) = asked
    assert requirements == ("one>=1", "three-1.0.tar.gz", "./three-1.0.tar.gz")
    assert isinstance(options, BuildOptions)
    assert (options.no_index, options.no_deps, options.policy) == (True, True, "auto")
    assert options.requirement_files == (tmp_path / "requirements.txt",)
    assert options.find_links == (str(tmp_path / "dl"),)
    wanted = {
        name
        for name in ("one", "two", "three", "dependency")
        if (site(root) / f"{name}-1.0.dist-info/REQUESTED").exists()
    }
    assert wanted == {"one", "two", "three"}


def test_name_of_a_source_tree(crosspy, wheel, root, builds, tmp_path):
    made = builds[1]
    made += [wheel("one"), wheel("two")]
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/pyproject.toml").write_text("[project]\nname = 'One'\n")
    assert crosspy(f"{tmp_path}/tree[x]", "--no-compile")[0] == 0
    assert (site(root) / "one-1.0.dist-info/REQUESTED").exists()
    assert not (site(root) / "two-1.0.dist-info/REQUESTED").exists()


def test_help(capsys):
    with pytest.raises(SystemExit):
        main(["install", "--help"], {}, Path())
    out = capsys.readouterr().out
    for word in ("--root", "--prefix", "--policy", "examples:", "--overwrite"):
        assert word in out
