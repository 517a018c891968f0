"""Environments of a made-up target, run by the Python that runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_targets import make_target

from crosspy.crossenv import buildpython
from crosspy.crossenv.buildpython import BuildPython
from crosspy.crossenv.create import Options, create
from crosspy.crossenv.layout import CrossEnv


@pytest.fixture(scope="session")
def build_python() -> BuildPython:
    return buildpython.probe(sys.executable, env=dict(os.environ))


@pytest.fixture
def make_env(tmp_path: Path, build_python: BuildPython) -> Callable[..., CrossEnv]:
    """Return a function that makes an environment; ``options`` are those of creation, the rest is the target's."""

    def make(
        arch: str = "aarch64",
        *,
        root: Path | None = None,
        options: dict[str, Any] | None = None,
        **target: Any,
    ) -> CrossEnv:
        return create(
            root or tmp_path / "env", make_target(arch, **target), build_python, Options(**(options or {}))
        )[0]

    return make


@pytest.fixture(scope="session")
def shared_env(
    tmp_path_factory: pytest.TempPathFactory, build_python: BuildPython
) -> Callable[..., CrossEnv]:
    """Return a function that gives an environment per architecture, made once: do not change it."""
    made: dict[str, CrossEnv] = {}

    def get(arch: str = "aarch64") -> CrossEnv:
        if arch not in made:
            root = tmp_path_factory.mktemp(f"env-{arch}") / "env"
            made[arch] = create(root, make_target(arch), build_python, Options())[0]
        return made[arch]

    return get


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Return a function that runs a program, wants it to succeed, and returns its stripped output.

    The user's own cache stays as it is.
    """
    cache = tmp_path_factory.mktemp("cache")

    def call(*argv: str | Path, cwd: Path | None = None, **env: str) -> str:
        words = [str(word) for word in argv]
        found = shutil.which(words[0])
        assert found, words[0]
        done = subprocess.run(
            words,
            env={**os.environ, "XDG_CACHE_HOME": str(cache), **env},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return call
