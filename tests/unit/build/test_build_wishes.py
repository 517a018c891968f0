"""What is to be locked: words, files, and what other tools have locked."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_targets import make_target, put

from crosspy.build.lockfile import Selection
from crosspy.build.wishes import Wishes, read_wishes
from crosspy.errors import LockError, UsageError

PYLOCK = """lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "a"
version = "1.0"
sdist = {{url = "https://x.invalid/a-1.0.tar.gz", hashes = {{sha256 = "{a}"}}}}
wheels = [{{url = "https://x.invalid/a-1.0-py3-none-any.whl", hashes = {{sha256 = "{b}"}}}}]
[[packages]]
name = "w"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{{url = "https://x.invalid/w-1.0-py3-none-any.whl", hashes = {{sha256 = "{b}"}}}}]
[[packages]]
name = "d"
version = "1.0"
marker = "'dev' in dependency_groups"
wheels = [{{url = "https://x.invalid/d-1.0-py3-none-any.whl", hashes = {{sha256 = "{b}"}}}}]
""".format(a="a" * 64, b="b" * 64)
PINS = f"a==1.0 --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}\n"


def wishes(
    tmp_path: Path,
    *words: str,
    files: tuple[str, ...] = (),
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    path: str = "",
) -> Wishes:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    return read_wishes(
        words,
        [tmp_path / file for file in files],
        selection=Selection(extras=frozenset(extras), groups=frozenset(groups)),
        target=make_target(),
        cwd=tmp_path,
        scratch=tmp_path / "scratch",
        environ={"PATH": path or "/usr/bin:/bin"},
    )


def test_words_and_files(tmp_path: Path) -> None:
    put(tmp_path, {"r.txt": "b\n"})
    assert wishes(tmp_path, "a>=1", files=("r.txt",)) == Wishes(
        requirements=("a>=1",), files=(tmp_path / "r.txt",)
    )
    with pytest.raises(UsageError, match="nothing to lock"):
        wishes(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        wishes(tmp_path, files=("none.txt",))


def test_the_dependencies_of_a_project(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "pyproject.toml": '[project]\ndependencies = ["a>=1", "b; sys_platform == \'win32\'"]\n'
            '[project.optional-dependencies]\nMy_Extra = ["c"]\n',
            "sub/pyproject.toml": '[project]\ndynamic = ["dependencies"]\n',
            "bad/pyproject.toml": "[project]\ndependencies = 3\n",
        },
    )
    assert wishes(tmp_path, "pyproject.toml", extras=("my-extra",)).requirements == (
        "a>=1",
        'b; sys_platform == "win32"',
        "c",
    )
    assert wishes(tmp_path, ".").requirements == ("a>=1", 'b; sys_platform == "win32"')
    with pytest.raises(UsageError, match="no extra 'x'"):
        wishes(tmp_path, "pyproject.toml", extras=("x",))
    with pytest.raises(UsageError, match="dynamic"):
        wishes(tmp_path, "sub/pyproject.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        wishes(tmp_path, "bad/pyproject.toml")


GROUPS = """[project]
dependencies = ["a"]
[dependency-groups]
test = ["t", {include-group = "Common_Ones"}]
common-ones = ["c>=1"]
round = [{include-group = "round"}]
bad = [{}]
worse = "t"
"""


def test_the_groups_of_a_project(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": GROUPS, "r.txt": ""})
    assert wishes(tmp_path, ".", groups=("test",)).requirements == ("a", "t", "c>=1")
    for group, said in {
        "none": "no dependency group 'none'",
        "round": "include each other: round > round",
        "bad": "cannot be read",
        "worse": "is no list",
    }.items():
        with pytest.raises(UsageError, match=said):
            wishes(tmp_path, ".", groups=(group,))
    with pytest.raises(UsageError, match="and there is none"):
        wishes(tmp_path, "a", files=("r.txt",), groups=("test",))


def test_what_is_chosen_of_a_lock(tmp_path: Path) -> None:
    wheel = f'wheels = [{{url = "https://x.invalid/{{0}}-1-py3-none-any.whl", hashes = {{sha256 = "{"a" * 64}"}}}}]'
    markers = {
        "a": "",
        "e": "'X.E' in extras and sys_platform == 'linux'",
        "n": "'x-e' not in extras",
        "d": "'main' in dependency_groups",
        "t": "'test' in dependency_groups or 'more' in dependency_groups",
        "b": "'x-e' in extras or 'test' in dependency_groups and os_name == 'nt'",
    }
    text = 'lock-version = "1.0"\nextras = ["x-e"]\ndependency-groups = ["main", "test"]\ndefault-groups = ["main"]\n'
    for name, marker in markers.items():
        text += f'[[packages]]\nname = "{name}"\nversion = "1"\nmarker = "{marker}"\n{wheel.replace("{0}", name)}\n'
    put(tmp_path, {"pylock.toml": text})

    def names(**chosen: tuple[str, ...]) -> str:
        return "".join(
            line[0] for line in wishes(tmp_path, "pylock.toml", **chosen).files[0].read_text().splitlines()
        )

    assert names() == "and"
    assert names(extras=("x-e",)) == "aedb"
    assert names(groups=("test",)) == "ant"
    with pytest.raises(UsageError, match="no extra 'y'") as caught:
        names(extras=("y",))
    assert "x-e" in caught.value.hint
    with pytest.raises(UsageError, match="no dependency group"):
        names(groups=("more",))


def test_a_lock_of_any_tool_is_pins_with_hashes(tmp_path: Path) -> None:
    put(tmp_path, {"pylock.app.toml": PYLOCK})
    found = wishes(tmp_path, "pylock.app.toml")
    assert (found.requirements, found.complete) == ((), True)
    assert found.files[0].read_text() == PINS
    with pytest.raises(UsageError, match="goes alone"):
        wishes(tmp_path, "pylock.app.toml", "a")


def test_a_tool_tells_what_its_own_lock_means(tmp_path: Path) -> None:
    put(tmp_path, {"uv.lock": "", "Pipfile.lock": "", "out": PYLOCK})
    programs = put(
        tmp_path / "bin",
        {
            "uv": f'#!/bin/sh\ncase "$*" in export*pylock.toml) cat {tmp_path}/out;; *) exit 3; esac\n',
            "pipenv": "#!/bin/sh\necho '-i https://index.invalid\n--extra-index-url x\na==1.0 --hash=sha256:00\nw; os_name == \"nt\"'\n",
        },
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    assert wishes(tmp_path, "uv.lock", path=path).files[0].read_text() == PINS
    assert wishes(tmp_path, "Pipfile.lock", path=path).files[0].read_text() == "a==1.0 --hash=sha256:00\n"
    with pytest.raises(LockError, match="uv is not on PATH") as caught:
        wishes(tmp_path, "uv.lock", path=str(tmp_path))
    assert "uv export" in caught.value.hint
    with pytest.raises(UsageError, match="say nothing of Pipfile"):
        wishes(tmp_path, "Pipfile.lock", groups=("dev",), path=path)
    (programs / "pipenv").write_text("#!/bin/sh\necho colorama\n")
    with pytest.raises(LockError, match="pins no file of colorama"):
        wishes(tmp_path, "Pipfile.lock", path=path)
    (programs / "uv").write_text("#!/bin/sh\necho stale >&2; exit 2\n")
    with pytest.raises(LockError, match="exit status 2"):
        wishes(tmp_path, "uv.lock", path=path)
