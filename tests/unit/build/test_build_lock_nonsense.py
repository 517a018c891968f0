"""A lock that was edited into nonsense, thousands of times: it is read as one that could be, or it is one clear error."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from mutations import damaged, document, mutations
from sample_targets import make_target

from crosspy.build.lockfile import Locks, Selection, for_target
from crosspy.build.transport import shown
from crosspy.build.wishes import requirements_of
from crosspy.errors import LockError
from crosspy.model.component import components_of
from crosspy.model.lock import Artifact, Crate, Lock, Package, from_toml, to_toml
from crosspy.report.bill import FORMATS, render

TARGET = make_target()
SOUND = Lock(
    packages=(
        Package(
            name="a",
            version="1.0",
            requires_python=">=3.9",
            sdist=Artifact(
                name="a-1.0.tar.gz", url="https://x.invalid/a-1.0.tar.gz", sha256="a" * 64, size=7
            ),
            crates=(Crate(name="n", version="1", source="registry+https://x.invalid", sha256="c" * 64),),
        ),
        Package(
            name="b-c",
            version="2",
            marker="python_version > '3'",
            wheels=(
                Artifact(name="b_c-2-py3-none-any.whl", path="dl/b_c-2-py3-none-any.whl", sha256="b" * 64),
            ),
        ),
    ),
    environments=("sys_platform == 'linux'",),
    requires_python=f"=={TARGET.python.version}.*",
    policy="auto",
    requested=("a[x]",),
)
BUILD = Lock(
    packages=(
        Package(
            name="b-c",
            version="2",
            groups=("a-1.0",),
            wheels=(
                Artifact(name="b_c-2-py3-none-any.whl", path="dl/b_c-2-py3-none-any.whl", sha256="b" * 64),
            ),
        ),
    ),
    groups=("a-1.0",),
)


FOREIGN = f"""lock-version = "1.0"
created-by = "x"
extras = ["e"]
dependency-groups = ["g"]
default-groups = ["g"]
[[packages]]
name = "a"
version = "1"
marker = "'g' in dependency_groups and 'e' not in extras"
index = "https://x.invalid/simple"
upload-time = 2026-01-01T00:00:00Z
dependencies = [{{name = "b"}}]
sdist = {{url = "https://x.invalid/a-1.tar.gz", hashes = {{sha256 = "{"a" * 64}"}}}}
wheels = [{{path = "dl/a-1-py3-none-any.whl", hashes = {{md5 = "00", sha256 = "{"b" * 64}"}}}}]
"""


def follow(lock: Lock) -> None:
    """Do with a lock what commands do before they fetch or build. :raises CrosspyError:"""
    again = from_toml(to_toml(lock), "x")
    assert replace(again, packages=()) == replace(lock, packages=(), extras=(), default_groups=())
    assert sorted(again.packages, key=repr) == sorted(lock.packages, key=repr)
    for artifact in (one for package in lock.packages for one in package.artifacts):
        shown(artifact.url)
    locks = Locks(target=lock, build=BUILD)
    assert all("/" not in one.name and one.name[0] not in ".-" for one in locks.artifacts())
    for form in FORMATS:
        render(components_of(lock), name="x", form=form)
    requirements_of(lock, TARGET, Selection(), "x")
    for package in for_target(lock, TARGET):
        if package.sdist:
            locks.group(package)


def outcome(text: str) -> str:
    """Return the error's message, empty where there is none. Anything but a clear error is the test's failure."""
    try:
        follow(from_toml(text, "pylock.toml"))
    except LockError as error:
        return error.message
    return ""


@pytest.mark.parametrize("text", [to_toml(SOUND), to_toml(BUILD), FOREIGN], ids=["own", "build", "foreign"])
def test_a_value_of_another_kind(text: str) -> None:
    data: dict[str, Any] = tomllib.loads(text)
    assert tomllib.loads(document(data)).keys() == data.keys()
    found = [outcome(document(changed)) for changed in mutations(data)]
    assert len(found) > 500
    assert found.count("") > 20
    assert max(map(len, found)) < 2000


def test_damaged_text() -> None:
    found = [outcome(text) for text in damaged(to_toml(SOUND) + FOREIGN[FOREIGN.index("[[") :], 3000, seed=7)]
    assert len(set(found)) > 50
    assert max(map(len, found)) < 2000
