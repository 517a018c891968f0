"""Build requirements: chosen for the target, installed for the build machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

SHIMS = Path(__file__).parents[3] / "crosspy" / "shims"

# Markers are evaluated by pip's own packaging, which asks os, sys and platform; here: as an aarch64.
PROGRAM = """
import json, os, platform, sys, types
argv, shims, pip, site = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
sys.path.append(site)
platform.machine = lambda: "aarch64"
package = types.ModuleType("shims"); package.__path__ = [shims]; sys.modules["shims"] = package
import shims.buildreqs as module
print(json.dumps([module._fills_build_environment(argv), module._requirements_for_target([pip if w == "PIP" else w for w in argv])]))
"""


@pytest.fixture
def pip(tmp_path):
    """A pip package that has nothing but the vendored packaging that is asked of it."""
    vendored = tmp_path / "site" / "pip" / "_vendor" / "packaging"
    vendored.mkdir(parents=True)
    for directory in (vendored, vendored.parent, vendored.parent.parent):
        (directory / "__init__.py").write_text("")
    (vendored / "requirements.py").write_text(
        "from packaging.requirements import InvalidRequirement, Requirement\n"
    )
    runner = vendored.parents[1] / "__pip-runner__.py"
    runner.write_text("")
    return runner


@pytest.fixture
def rewrite(pip):
    def call(*argv: str):
        site = Path(packaging.__file__).parents[1]
        words = json.dumps(["python", "PIP", "install", *argv])
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM, words, SHIMS, pip, site],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        fills, found = json.loads(done.stdout)
        return fills, found and found[3:]

    return call


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["setuptools", "wheel"], ["setuptools", "wheel"]),
        (["setuptools>=61,!=70", "cython==3.*"], ["setuptools>=61,!=70", "cython==3.*"]),
        (["a; platform_machine == 'aarch64'", "b; platform_machine == 'x86_64'"], ["a"]),
        (["a>=2; platform_machine != 'x86_64'"], ["a>=2"]),
        (["a[x,y]>=1; sys_platform == 'linux'"], ["a[x,y]>=1"]),
        (["a; sys_platform == 'win32'", "b"], ["b"]),
        (["a; extra == 'x'", "b"], ["b"]),
        (["a @ file:///x/a.whl ; platform_machine == 'aarch64'"], ["a @ file:///x/a.whl"]),
        (["./path/to.whl", "git+https://x/y"], ["./path/to.whl", "git+https://x/y"]),
    ],
)
def test_markers_of_named_requirements(rewrite, given, expected):
    options = ["--ignore-installed", "--prefix", "/tmp/pip-build-env-x/overlay", "--no-warn-script-location"]
    assert rewrite(*options, "--", *given) == (True, [*options, "--", *expected])


def test_nothing_left(rewrite):
    assert rewrite("--prefix", "/tmp/pip-build-env-x/normal", "--", "a; platform_machine == 'x86_64'") == (
        True,
        None,
    )


@pytest.mark.parametrize("option", ["-r", "--requirement"])
def test_a_requirements_file(rewrite, tmp_path, option):
    """As build passes them."""
    path = tmp_path / "reqs.txt"
    text = "setuptools>=61\n\na; platform_machine == 'x86_64'\nb; platform_machine == 'aarch64'\n--hash=x\n"
    path.write_text(text)
    _, found = rewrite("--use-pep517", option, str(path))
    assert found == ["--use-pep517", option, f"{path}.target"]
    assert Path(f"{path}.target").read_text() == "setuptools>=61\nb\n--hash=x\n"
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("argv", "fills"),
    [
        (["--prefix", "/tmp/pip-build-env-abc/overlay", "--", "x"], True),
        (["--prefix", "/tmp/pip-build-env-abc/normal", "--", "x"], True),
        (["--prefix", "/home/me/pip-build-env", "--", "x"], False),
        (["--prefix", "/usr", "--", "x"], False),
        (["--prefix"], False),
        (["--", "pip-build-env-abc"], False),
        (["x"], False),
    ],
)
def test_which_pip_fills_a_build_environment(rewrite, argv, fills):
    assert rewrite(*argv)[0] == fills
