"""Builds that ask: programs of the target, and the build machine where they mean the target."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parent.parent / "packages"

HINTS = """
[[hint]]
package = "asking"
version = ">=1"
reason = "it asks what only the target knows"
link = "https://example.org/asking"
env.ASKING = "told"
configure.ac_cv_asking = "told"

[[hint]]
package = "asking"
version = "<1"
reason = "of another version"
link = "https://example.org/asking"
env.ASKING = "wrong"
"""


@pytest.fixture
def made(crosspy, tmp_path):
    """Return a function that makes an environment of a target with more options."""

    def make(bed, *words, check=True):
        root = tmp_path / "env"
        return root, crosspy(
            "create", root, "--sysroot", bed.sysroot, "--build-python", bed.build_python, *words, check=check
        )

    return make


def answers(crosspy, env, project, pip_environ, tmp_path):
    crosspy("wheel", env, "-w", tmp_path / "wheels", PACKAGES / project, env=pip_environ)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{project}.py").decode()
    return json.loads(eval(text.partition("=")[2]))


def test_hints_are_the_answers(arm64, made, crosspy, pip_environ, tmp_path):
    (tmp_path / "hints.toml").write_text(HINTS)
    env, _ = made(arm64, "--hints", tmp_path / "hints.toml")
    found = answers(crosspy, env, "asking", pip_environ, tmp_path)
    assert found["env"] == "told"
    assert found["configure"] == ["yes", "yes", "told"]
    assert found["log_compiler"] == 77
    assert "does not run on the build machine" in found["run"]
    assert "--hints FILE" in found["run"]


def test_an_emulator_runs_what_a_build_runs(armhf, made, crosspy, pip_environ, tmp_path):
    env, _ = made(armhf, "--emulator", armhf.qemu)
    found = answers(crosspy, env, "asking", pip_environ, tmp_path)
    assert found["run"] == 4
    assert found["log_compiler"] == found["run"]


def test_an_emulator_of_another_machine_is_refused(arm64, armhf, made):
    root, done = made(arm64, "--emulator", armhf.qemu, check=False)
    assert done.returncode == 5
    assert "does not run a program for" in done.stderr
    assert not root.exists()
