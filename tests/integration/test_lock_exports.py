"""Locks that other tools made: the tools are PyPI's own, and what they locked is what crosspy lock pins."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

from crosspy.build.lockfile import read_lock

PROJECT = """[project]
name = "app"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["click", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
cli = ["idna"]
[dependency-groups]
docs = ["six"]
[tool.pdm]
distribution = false
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "index"
url = "{index}"
priority = "primary"
[[tool.uv.index]]
url = "{index}"
default = true
"""
PIPFILE = """[[source]]
name = "index"
url = "{index}"
verify_ssl = true
[packages]
click = "*"
idna = {{version = "*", markers = "platform_machine == 'riscv64'"}}
[dev-packages]
six = "*"
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What is installed, and what it locks with."""

    requirements: tuple[str, ...]
    lock: tuple[str, ...]
    file: str


TOOLS = {
    "uv": Tool(requirements=("uv==0.13.9",), lock=("lock",), file="uv.lock"),
    "pdm": Tool(requirements=("pdm[locked]==2.29.3",), lock=("lock", "-G:all"), file="pdm.lock"),
    "poetry": Tool(
        requirements=("poetry==2.5.1", "poetry-plugin-export==1.10.1"), lock=("lock",), file="poetry.lock"
    ),
    "pipenv": Tool(requirements=("pipenv==2026.10.3",), lock=("lock",), file="Pipfile.lock"),
}


@pytest.fixture(scope="module")
def uv(tmp_path_factory, pip_environ) -> Path:
    """Return the program, which installs the others in seconds."""
    place = tmp_path_factory.mktemp("uv")
    run([sys.executable, "-m", "venv", place])
    run([place / "bin/python", "-m", "pip", "install", "-q", *TOOLS["uv"].requirements], env=pip_environ)
    return place / "bin" / "uv"


@pytest.fixture(scope="module")
def settings(tmp_path_factory, uv, pip_environ) -> Mapping[str, str]:
    """The variables that lead each tool to pip's index and certificates, and away from this user's directories."""
    home = tmp_path_factory.mktemp("home")
    asked = run([uv.with_name("python"), "-m", "pip", "config", "get", "global.index-url"], check=False)
    index = pip_environ.get("PIP_INDEX_URL") or asked.stdout.strip() or "https://pypi.org/simple"
    certificates = pip_environ.get("PIP_CERT", "")
    return {
        "HOME": str(home),
        "INDEX": index,
        "PDM_PYPI_URL": index,
        "PDM_CHECK_UPDATE": "false",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_VENV_IN_PROJECT": "1",
        "UV_DEFAULT_INDEX": index,
        **({"SSL_CERT_FILE": certificates, "REQUESTS_CA_BUNDLE": certificates} if certificates else {}),
        **pip_environ,
    }


@pytest.fixture(scope="module", params=TOOLS)
def project(request, uv, settings, tmp_path_factory) -> tuple[Path, str]:
    """A directory with the tool's lock, and the PATH on which the tool is."""
    tool = TOOLS[request.param]
    place = tmp_path_factory.mktemp(request.param)
    python = place / "venv/bin/python"
    run([uv, "venv", "-q", "-p", sys.executable, place / "venv"], env=settings)
    run([uv, "pip", "install", "-q", "-p", python, *tool.requirements], env=settings)
    app = place / "app"
    app.mkdir()
    name, text = ("Pipfile", PIPFILE) if request.param == "pipenv" else ("pyproject.toml", PROJECT)
    (app / name).write_text(text.format(index=settings["INDEX"]))
    path = f"{python.parent}:{os.environ['PATH']}"
    run([python.with_name(request.param), *tool.lock], cwd=app, env={**settings, "PATH": path})
    return app / tool.file, path


def test_what_a_tool_locked_is_locked_for_the_target(crosspy, arm64_env, project, settings, tmp_path) -> None:
    file, path = project
    env = {**settings, "PATH": path}
    crosspy("lock", arm64_env.root, file, "-o", tmp_path / "pylock.toml", env=env)
    found = read_lock(tmp_path / "pylock.toml")
    assert [one.name for one in found.packages] == ["click"]
    text = file.read_text()
    (package,) = found.packages
    assert package.version in text
    assert package.artifacts[0].sha256 in text

    words = ("--extra", "CLI", "--group", "docs")
    done = crosspy(
        "lock", arm64_env.root, file, *words, "-o", tmp_path / "pylock.more.toml", env=env, check=False
    )
    if file.name == "Pipfile.lock":
        assert (done.returncode, "--categories" in done.stderr) == (2, True)
    else:
        assert done.returncode == 0, done.stderr
        names = [one.name for one in read_lock(tmp_path / "pylock.more.toml").packages]
        assert names == ["click", "idna", "six"]
