"""Making an environment: all of it or nothing, once, and never over what is not one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sample_targets import NATIVE, make_target, make_toolchain

from crosspy.crossenv import create as module
from crosspy.crossenv.create import Options, create
from crosspy.crossenv.layout import open_env
from crosspy.errors import EnvironmentDirError

MACHINE = "import os; print(os.uname().machine)"


def leftovers(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if ".crosspy-" in path.name]


def content(root: Path) -> dict[str, str]:
    """Return every file of a tree and what is in it, but for bytecode."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_bytes().hex()
        for path in sorted(root.rglob("*"))
        if (path.is_symlink() or path.is_file()) and path.suffix != ".pyc"
    }


def test_what_is_in_it(make_env, build_python):
    env = make_env(options={"pip": "/x"})
    names = {path.name for path in (env.root / "bin").iterdir()}
    version = build_python.version
    assert names == {
        *(
            "python",
            "python3",
            f"python{version}",
            "cross-python",
            "build-python",
            "activate",
            "cross-expose",
        ),
        *("pip", "pip3", f"pip{version}", "cross-pip", "build-pip"),
    }
    assert all(os.access(env.root / "bin" / name, os.X_OK) for name in names - {"activate"})
    for name in (
        "pyvenv.cfg",
        "crosspy/target.json",
        "crosspy/cross.ini",
        "crosspy/toolchain.cmake",
        "crosspy/config.site",
        "crosspy/python.elf",
        "crosspy/tools/aarch64-linux-gnu-gcc",
        "crosspy/tools/aarch64-linux-gnu-ar",
        "build/pyvenv.cfg",
        f"lib/python{version}/site-packages/_crosspy.pth",
        f"lib/python{version}/site-packages/_crosspy.start",
        f"lib/python{version}/site-packages/_crosspy/facts.py",
        f"build/lib/python{version}/site-packages/_crosspy_build.pth",
    ):
        assert (env.root / name).exists(), name
    assert not list(env.root.rglob("buildlayer.py"))
    assert env.python == env.root / "bin/python"
    assert open_env(env.root).target == env.target


@pytest.mark.parametrize(
    ("options", "present", "absent"),
    [
        ({}, {"build-python", "cross-python"}, {"pip", "cross-pip", "build-pip"}),
        ({"pip": "/x", "cross_pip": False}, {"build-pip"}, {"pip", "cross-pip", "pip3"}),
    ],
)
def test_without_pip(make_env, options, present, absent):
    names = {path.name for path in (make_env(options=options).root / "bin").iterdir()}
    assert present <= names
    assert not absent & names


def test_without_a_toolchain(make_env):
    env = make_env(toolchain=None)
    assert not list(env.tools.glob("*gcc"))


def test_it_is_small(make_env):
    assert sum(path.lstat().st_blocks * 512 for path in make_env().root.rglob("*")) < 5_000_000


def test_the_same_again_does_nothing(tmp_path, build_python):
    target = make_target()
    env, reused = create(tmp_path / "env", target, build_python, Options())
    assert not reused
    before = (env.root.stat().st_ino, content(env.root))
    again, reused = create(tmp_path / "env", target, build_python, Options())
    assert reused
    assert again.root == env.root
    assert (env.root.stat().st_ino, content(env.root)) == before


def test_two_of_the_same_inputs_are_the_same(tmp_path, make_env):
    first, second = content(make_env().root), content(make_env(root=tmp_path / "other").root)
    differing = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    # The name is in the prompts, and the place in activate, for shells that cannot tell it.
    assert differing == {"bin/activate", "pyvenv.cfg"}


@pytest.mark.parametrize(
    "change",
    [
        {"uname": "armv8l"},
        {"sysroot": "/elsewhere"},
        {"toolchain": make_toolchain(version="13")},
        {"options": {"prompt": "x"}},
        {"options": {"pip": "/x"}},
        {"options": {"flags": {"CFLAGS": "-Os"}}},
        {"options": {"user_env": (("A", "=", "b"),)}},
        {"options": {"platform_tags": ("manylinux_2_17_aarch64",)}},
        {"options": {"system_site_packages": True}},
    ],
    ids=str,
)
def test_other_inputs_need_a_clear(make_env, change):
    env = make_env()
    before = content(env.root)
    with pytest.raises(EnvironmentDirError, match="already, made from other inputs") as caught:
        make_env(**change)
    assert f"--clear {env.root}" in caught.value.hint
    assert content(env.root) == before
    clear = {**change, "options": {**change.get("options", {}), "clear": "all"}}
    make_env(**clear)
    assert content(env.root) != before


def test_another_code_that_writes_it_needs_a_clear(make_env, tmp_path, monkeypatch):
    make_env()
    (tmp_path / "toolfiles").mkdir()
    (tmp_path / "toolfiles" / "launchers.py").write_text("# of another crosspy\n")
    monkeypatch.setattr(module, "TOOLFILES", tmp_path / "toolfiles")
    with pytest.raises(EnvironmentDirError, match="already, made from other inputs"):
        make_env()


def packages(env):
    """Put a package into each layer, and a file of the user's beside them."""
    library = env.root / f"lib/python{NATIVE}/site-packages"
    layer = env.root / f"build/lib/python{NATIVE}/site-packages"
    for directory, name in ((library, "target_package"), (layer, "build_package")):
        (directory / name).mkdir()
        (directory / name / "__init__.py").write_text(f"name = {name!r}\n")
    return library / "target_package/__init__.py", layer / "build_package/__init__.py"


@pytest.mark.parametrize(
    ("clear", "kept"), [("all", (False, False)), ("cross", (False, True)), ("build", (True, False))]
)
def test_what_a_clear_keeps(make_env, tmp_path, clear, kept):
    files = packages(make_env())
    env = make_env(options={"clear": clear}, uname="armv8l")
    assert tuple(path.exists() for path in files) == kept
    assert env.target.uname == "armv8l"
    assert open_env(env.root).target.uname == "armv8l"
    assert leftovers(tmp_path) == []


def test_the_shims_are_new_after_any_clear(make_env, run):
    make_env()
    env = make_env(options={"clear": "build"}, uname="other")
    assert run(env.python, "-c", MACHINE) == "other"
    env = make_env(options={"clear": "cross"}, uname="third")
    assert run(env.python, "-c", MACHINE) == "third"


@pytest.mark.parametrize("clear", ["", "all", "cross", "build"])
def test_a_clear_of_nothing_makes_one(make_env, clear):
    assert make_env(options={"clear": clear}).python.exists()


@pytest.mark.parametrize("clear", ["", "all", "cross", "build"])
def test_a_directory_of_something_else_is_left_alone(make_env, tmp_path, clear):
    mine = tmp_path / "env" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(EnvironmentDirError, match="not empty and not a cross environment; it was left alone"):
        make_env(options={"clear": clear})
    assert content(tmp_path / "env") == {"thesis.txt": b"mine".hex()}
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("clear", ["", "all"])
@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_no_directory_is_left_alone(make_env, tmp_path, kind, clear):
    path = tmp_path / "env"
    if kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to("nowhere")
    with pytest.raises(EnvironmentDirError, match="not a directory"):
        make_env(options={"clear": clear})
    assert path.is_symlink() or path.read_text() == "mine"


def test_an_empty_directory_is_taken(make_env, tmp_path):
    (tmp_path / "env").mkdir()
    assert make_env().python.exists()


def test_parents_are_made(make_env, tmp_path):
    assert make_env(root=tmp_path / "a/b/env").python.exists()


def test_below_a_file(make_env, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentDirError, match="cannot write the environment") as caught:
        make_env(root=tmp_path / "file" / "env")
    assert "directory that you may write" in caught.value.hint
    assert caught.value.exit_code == 7


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_below_a_directory_that_nobody_may_write(make_env, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    with pytest.raises(EnvironmentDirError, match="Permission denied"):
        make_env(root=tmp_path / "closed" / "env")


def test_leftovers_of_a_killed_creation_are_removed(make_env, tmp_path):
    (tmp_path / ".env.crosspy-abc/bin").mkdir(parents=True)
    (tmp_path / ".env.crosspy-def.old").mkdir()
    (tmp_path / ".env2.crosspy-abc").mkdir()
    (tmp_path / "env.crosspy-abc").mkdir()
    make_env()
    assert sorted(leftovers(tmp_path)) == [".env2.crosspy-abc", "env.crosspy-abc"]


STEPS = ["_write_venv", "_write_shims", "_write_build_layer", "_write_tools", "_compile"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "No space left on device"), EnvironmentDirError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_in_the_middle_leaves_nothing(make_env, tmp_path, monkeypatch, step, error, raised):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(raised):
        make_env()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("clear", ["all", "cross", "build"])
def test_a_failure_in_the_middle_leaves_the_old_one_whole(make_env, tmp_path, monkeypatch, step, clear):
    env = make_env()
    packages(env)
    before = content(env.root)

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(EnvironmentDirError, match="No space left on device"):
        make_env(options={"clear": clear}, uname="other")
    assert content(env.root) == before
    assert leftovers(tmp_path) == []


def test_a_damaged_one_is_made_anew_after_a_clear(make_env):
    env = make_env()
    (env.root / "bin/python").unlink()
    with pytest.raises(EnvironmentDirError, match="already"):
        make_env()
    assert make_env(options={"clear": "all"}).python.exists()


TWO = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import os
from sample_targets import make_target
from crosspy.crossenv import buildpython
from crosspy.crossenv.create import Options, create
python = buildpython.probe(sys.executable, env=dict(os.environ))
sys.stdin.readline()
print(create(Path(sys.argv[1]), make_target(), python, Options())[1])
"""


def test_processes_at_once_end_with_one(tmp_path, run):
    helpers = str(Path(__file__).parents[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, tmp_path / "env", helpers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = sorted(process.communicate()[0].strip() for process in started)
    assert answers == ["False", "True", "True"]
    assert [path.name for path in tmp_path.iterdir()] == ["env"]
    assert run(tmp_path / "env/bin/python", "-c", MACHINE) == "aarch64"


def test_build_python_has_the_build_machines_tools(make_env, run):
    """Not the target's; OpenEmbedded names them BUILD_CC and so on."""
    ask = "import os; print(os.environ.get('CC'), os.environ.get('CXX'), os.environ.get('CFLAGS'))"
    program = make_env().root / "bin/build-python"
    variables = {"CC": "target-gcc", "CXX": "target-g++", "CFLAGS": "-mtarget"}
    assert run(program, "-c", ask, **variables) == "None None None"
    assert (
        run(program, "-c", ask, **variables, BUILD_CC="gcc -m64", BUILD_CFLAGS="-a -b")
        == "gcc -m64 None -a -b"
    )


def test_it_can_be_moved(make_env, tmp_path, run):
    env = make_env()
    moved = tmp_path / "else where" / "env 2"
    moved.parent.mkdir()
    shutil.move(env.root, moved)
    assert run(moved / "bin/python", "-c", MACHINE) == "aarch64"
    assert run(moved / "bin/build-python", "-c", MACHINE) == os.uname().machine
    assert run(moved / "bin/cross-expose", "--list") == ""
    ask = "import os, _crosspy; print(_crosspy.ROOT == os.path.realpath(_crosspy.ROOT), _crosspy.TOOLS)"
    assert run(moved / "bin/python", "-c", ask) == f"True {moved}/crosspy/tools"


def test_a_link_to_one_works(make_env, tmp_path, run):
    env = make_env()
    (tmp_path / "link").symlink_to(env.root)
    assert run(tmp_path / "link/bin/python", "-c", MACHINE) == "aarch64"


def test_the_mode_follows_the_umask(make_env, tmp_path):
    old = os.umask(0o027)
    try:
        env = make_env()
    finally:
        os.umask(old)
    assert env.root.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not a cross environment"),
        ("", "not JSON"),
        ('{"schema": 99}', "schema"),
        ('{"schema": 1}', "damaged"),
    ],
)
def test_opening_what_is_none(tmp_path, text, said):
    (tmp_path / "crosspy").mkdir()
    if text is not None:
        (tmp_path / "crosspy/target.json").write_text(text)
    with pytest.raises(EnvironmentDirError, match=said) as caught:
        open_env(tmp_path)
    assert "crosspy create" in caught.value.hint


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("clear", ["all", "cross", "build"])
@pytest.mark.parametrize("number", range(1, 6))
def test_an_interrupt_at_any_rename_loses_nothing(make_env, monkeypatch, tmp_path, clear, number, done):
    env = make_env()
    target, build = packages(env)
    before = content(env.root)
    rename = Path.rename
    left = [number]

    def interrupted(self, to):
        left[0] -= 1
        if left[0]:
            return rename(self, to)
        if done:
            rename(self, to)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        try:
            make_env(options={"clear": clear}, uname="other")
        except KeyboardInterrupt:
            after = content(env.root)
        else:
            assert left[0] > 0, "an interrupt was swallowed"
            return
    assert leftovers(tmp_path) == []
    if after != before:
        assert (target.exists(), build.exists()) == (clear == "build", clear == "cross")
        assert after == content(make_env(options={"clear": clear}, uname="other").root)


@pytest.mark.parametrize("clear", ["cross", "build"])
def test_a_second_interrupt_while_undoing_the_first_loses_nothing(make_env, monkeypatch, clear):
    env = make_env()
    packages(env)
    before = content(env.root)
    rename = Path.rename
    aside = []

    def interrupted(self, to):
        if self == env.root:
            aside.append(to)
        elif aside and (Path(to) == env.root or Path(to).is_relative_to(aside[0])):
            raise KeyboardInterrupt
        return rename(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_env(options={"clear": clear}, uname="other")
    assert not env.root.exists()
    make_env()
    assert content(env.root) == before


def test_an_environment_left_aside_by_a_kill_is_put_back(make_env, tmp_path):
    """Killed between the two renames, with the build layer in the new one already."""
    env = make_env()
    packages(env)
    before = content(env.root)
    scratch = tmp_path / ".env.crosspy-killed"
    scratch.mkdir()
    env.root.rename(tmp_path / ".env.crosspy-killed.old")
    (tmp_path / ".env.crosspy-killed.old" / "build").rename(scratch / "build")
    make_env()
    assert content(env.root) == before


def test_what_is_put_back_gets_its_own_parts_only(make_env, tmp_path, build_python):
    """Files of the new environment stay out of the old one; links to nothing are packages' files, too."""
    env = make_env()
    packages(env)
    library = Path(*build_python.library)
    (env.root / library / "dangling").symlink_to("nowhere")
    before = content(env.root)
    scratch = tmp_path / ".env.crosspy-killed"
    (scratch / library).mkdir(parents=True)
    (scratch / library / "_crosspy_prefix.pth").write_text("/new\n")
    env.root.rename(tmp_path / ".env.crosspy-killed.old")
    for name in ("target_package", "dangling"):
        (tmp_path / ".env.crosspy-killed.old" / library / name).rename(scratch / library / name)
    make_env()
    assert content(env.root) == before


def test_an_environment_left_aside_is_put_back_into_an_empty_directory(make_env, tmp_path):
    env = make_env()
    before = content(env.root)
    env.root.rename(tmp_path / ".env.crosspy-killed.old")
    env.root.mkdir()
    make_env()
    assert content(env.root) == before
    assert leftovers(tmp_path) == []


def test_an_environment_left_aside_is_put_back_through_a_link(make_env, tmp_path):
    real = make_env(root=tmp_path / "real").root
    before = content(real)
    (tmp_path / "env").symlink_to("real")
    real.rename(tmp_path / ".real.crosspy-killed.old")
    make_env()
    assert (tmp_path / "env").is_symlink()
    assert content(real) == before


def test_an_environment_left_aside_stays_while_its_place_is_taken(make_env, tmp_path):
    env = make_env()
    aside = tmp_path / ".env.crosspy-killed.old"
    env.root.rename(aside)
    before = content(aside)
    (env.root / "mine").mkdir(parents=True)
    with pytest.raises(EnvironmentDirError, match="not a cross environment"):
        make_env()
    assert content(aside) == before


@pytest.mark.parametrize("removed", ["swap", "leftovers"])
def test_an_environment_half_removed_is_never_put_back(make_env, monkeypatch, tmp_path, removed):
    env = make_env()
    if removed == "leftovers":
        shutil.copytree(env.root, tmp_path / ".env.crosspy-killed.old", symlinks=True)
    names = []
    monkeypatch.setattr(shutil, "rmtree", lambda path, **_: names.append(Path(path).name))
    make_env(options={"clear": "all"})
    assert names
    assert not [name for name in names if name.endswith(".old")]


def test_clear_cross_of_an_environment_without_its_build_layer(make_env):
    env = make_env()
    shutil.rmtree(env.root / "build")
    assert (make_env(options={"clear": "cross"}).root / "build/pyvenv.cfg").exists()


def test_clear_build_keeps_no_prefix_that_is_not_asked_for(make_env, tmp_path, build_python):
    env = make_env(options={"cross_prefix": str(tmp_path / "prefix")})
    pth = env.root.joinpath(*build_python.library) / "_crosspy_prefix.pth"
    assert pth.exists()
    make_env(options={"clear": "build"})
    assert not pth.exists()


def test_a_link_to_itself(tmp_path, make_env):
    (tmp_path / "env").symlink_to("env")
    with pytest.raises(EnvironmentDirError):
        make_env()


def test_leftovers_beside_a_name_with_glob_characters(make_env, tmp_path):
    (tmp_path / ".env[1].crosspy-abc").mkdir()
    (tmp_path / ".env1.crosspy-abc").mkdir()
    make_env(root=tmp_path / "env[1]")
    assert leftovers(tmp_path) == [".env1.crosspy-abc"]


def test_clear_through_a_link_leaves_no_rubbish_and_keeps_the_link(make_env, tmp_path):
    env = make_env(root=tmp_path / "real")
    (tmp_path / "env").symlink_to(env.root)
    make_env(options={"clear": "all"}, uname="other")
    assert leftovers(tmp_path) == []
    assert (tmp_path / "env").is_symlink()
