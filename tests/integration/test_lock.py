"""From requirements to an image by a lock: resolved for the target, fetched, built without any network."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

from crosspy.build.lockfile import read_locks

OFFLINE = ("unshare", "--user", "--net", "--map-root-user")
"""A network namespace of its own, in which no interface is up."""


@pytest.fixture(scope="module")
def locked(crosspy, arm64_env, pip_environ, tmp_path_factory) -> Path:
    """A lock of two packages, of which one is native, and what it names in ``dl``."""
    directory = tmp_path_factory.mktemp("locked")
    words = ["jinja2==3.1.6", "markupsafe==3.0.4"]
    crosspy("lock", arm64_env.root, *words, "-o", directory / "pylock.toml", env=dict(pip_environ))
    crosspy("fetch", "--lock", directory / "pylock.toml", "-d", directory / "dl", env=dict(pip_environ))
    return directory


def test_the_lock_names_one_file_of_each_and_what_builds_it(locked: Path) -> None:
    locks = read_locks(locked / "pylock.toml")
    files = {one.name: [artifact.name for artifact in one.artifacts] for one in locks.target.packages}
    assert files == {"jinja2": ["jinja2-3.1.6-py3-none-any.whl"], "markupsafe": ["markupsafe-3.0.4.tar.gz"]}
    assert locks.build is not None
    assert "setuptools" in {one.name for one in locks.build.packages}
    assert all(artifact.size for artifact in locks.artifacts())
    assert sorted(path.name for path in (locked / "dl").iterdir()) == sorted(
        one.name for one in locks.artifacts()
    )


def test_the_same_requirements_make_the_same_lock(crosspy, arm64_env, locked, pip_environ, tmp_path) -> None:
    (tmp_path / "pylock.toml").write_bytes((locked / "pylock.toml").read_bytes())
    crosspy(
        "lock",
        arm64_env.root,
        "-r",
        "pylock.toml",
        "-o",
        "pylock.again.toml",
        env=dict(pip_environ),
        cwd=tmp_path,
    )
    for name, again in (
        ("pylock.toml", "pylock.again.toml"),
        ("pylock.build.toml", "pylock.again-build.toml"),
    ):
        text = (tmp_path / again).read_text()
        assert text.partition("[tool")[0] == (locked / name).read_text().partition("[tool")[0]


def test_no_network_is_needed_from_then_on(arm64_env, locked, tmp_path) -> None:
    image = tmp_path / "image"
    words = [
        "install",
        arm64_env.root,
        "--root",
        image,
        "--lock",
        locked / "pylock.toml",
        "-f",
        locked / "dl",
    ]
    seen = run(
        [*OFFLINE, "sh", "-c", "cat /proc/net/route; ip -o link 2>/dev/null | grep -c UP, || true"]
    ).stdout
    assert "\n" not in seen.strip().replace("0", "")
    done = run([*OFFLINE, sys.executable, "-m", "crosspy", *words, "--no-index", "--no-cache"])
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["Jinja2", "MarkupSafe"]
    assert list(image.rglob("_speedups*aarch64*.so"))
    assert len(list(image.rglob("REQUESTED"))) == 2


def test_some_of_a_lock(crosspy, arm64_env, locked, tmp_path) -> None:
    done = crosspy(
        "wheel",
        arm64_env.root,
        "--lock",
        locked / "pylock.toml",
        "-f",
        locked / "dl",
        "-w",
        tmp_path,
        "jinja2",
    )
    assert [Path(line).name for line in done.stdout.split()] == ["jinja2-3.1.6-py3-none-any.whl"]


@pytest.mark.parametrize(
    ("damage", "status", "said"),
    [
        ("another file", 11, "has the sha256"),
        ("no file", 11, "in no --find-links directory"),
        ("another target", 10, "the lock is for"),
        ("another python", 10, "the lock is for"),
        ("no build lock", 10, "built with"),
        ("nonsense", 10, "64 hexadecimal"),
    ],
)
def test_bad_input_is_one_clear_error_and_installs_nothing(
    crosspy, arm64_env, locked, tmp_path, damage, status, said
) -> None:
    shutil.copytree(locked, tmp_path / "lock")
    lock, sdist = tmp_path / "lock" / "pylock.toml", tmp_path / "lock" / "dl" / "markupsafe-3.0.4.tar.gz"
    text = lock.read_text()
    if damage == "another file":
        sdist.write_bytes(sdist.read_bytes()[:-1] + b"?")
    elif damage == "no file":
        sdist.unlink()
    elif damage == "another target":
        lock.write_text(text.replace("aarch64", "armv6l"))
    elif damage == "another python":
        lock.write_text(text.replace('requires-python = "==3.', 'requires-python = "==2.'))
    elif damage == "no build lock":
        lock.with_name("pylock.build.toml").unlink()
    else:
        lock.write_text(text.replace('sha256 = "', 'sha256 = "../'))
    words = ["--root", tmp_path / "image", "--lock", lock, "--no-index", "-f", sdist.parent]
    done = crosspy("install", arm64_env.root, *words, check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert done.stderr.count("error:") == 1
    assert not list((tmp_path / "image").rglob("*.py"))
