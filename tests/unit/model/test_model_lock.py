"""Lock files: written as PEP 751 has it, read with suspicion."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from packaging.pylock import Pylock  # the oracle: PyPA's own reading of the standard

from crosspy.errors import LockError
from crosspy.model.lock import Artifact, Crate, Lock, Package, build_lock_name, from_toml, group_of, to_toml

HASH = "0123456789abcdef" * 4
SDIST = Artifact(name="a-1.0.tar.gz", sha256=HASH, url="https://index.invalid/a-1.0.tar.gz", size=7)
WHEEL = Artifact(name="b_c-2-py3-none-any.whl", sha256=HASH[::-1], path="../dl/b_c-2-py3-none-any.whl")
LOCK = Lock(
    packages=(
        Package(name="b-c", version="2", wheels=(WHEEL,), marker="python_version > '3'"),
        Package(
            name="a",
            version="1.0",
            sdist=SDIST,
            requires_python=">=3.9",
            crates=(
                Crate(name="one", version="1.0", source="registry+https://crates.invalid", sha256=HASH),
                Crate(
                    name='two "\\\n\x7fé', version="2.0", source="git+https://x.invalid?rev=1#2", sha256=""
                ),
            ),
        ),
    ),
    environments=("sys_platform == 'linux'",),
    requires_python="==3.11.*",
    policy="auto",
    requested=("a[x,y]", "b-c"),
)
BUILD = Lock(
    packages=(Package(name="b-c", version="2", wheels=(WHEEL,), groups=("a-1.0", "d-2")),),
    groups=("a-1.0", "d-2"),
)


@pytest.mark.parametrize("lock", [LOCK, BUILD, Lock(packages=(), groups=("a-1",))])
def test_what_is_written_is_read_again_and_is_what_pypa_takes_for_a_lock(lock: Lock) -> None:
    text = to_toml(lock)
    assert from_toml(text, "x") == replace(
        lock, packages=tuple(sorted(lock.packages, key=lambda one: one.name))
    )
    assert to_toml(from_toml(text, "x")) == text
    read = Pylock.from_dict(tomllib.loads(text))
    read.validate()
    assert {one.name for one in read.packages} == {one.name for one in lock.packages}


def test_a_package_is_for_any_of_its_groups() -> None:
    assert "marker = \"'a-1.0' in dependency_groups or 'd-2' in dependency_groups\"\n" in to_toml(BUILD)


def test_the_order_of_packages_is_that_of_names_and_versions() -> None:
    packages = [Package(name="p", version=version, sdist=SDIST) for version in ("10", "9", "9rc1")]
    found = from_toml(to_toml(Lock(packages=tuple(packages))), "x")
    assert [one.version for one in found.packages] == ["9rc1", "9", "10"]


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("pylock.toml", "pylock.build.toml"),
        ("pylock.app.toml", "pylock.app-build.toml"),
        ("uv.lock", ""),
        ("pylock.a.b.toml", ""),
    ],
)
def test_the_name_of_the_build_machines_lock(name: str, beside: str) -> None:
    if beside:
        assert build_lock_name(name) == beside
    else:
        with pytest.raises(LockError, match="no name for a lock"):
            build_lock_name(name)


def test_a_groups_name_is_one() -> None:
    assert group_of(Package(name="a", version="1!2+local.3")) == "a-1-2-local.3"


FINE = f"""lock-version = "1.0"
created-by = "x"
[[packages]]
name = "a"
version = "1.0"
sdist = {{url = "https://index.invalid/a-1.0.tar.gz", size = 7, hashes = {{sha256 = "{HASH}"}}}}
"""


def test_the_name_of_a_file_may_be_that_of_its_url() -> None:
    assert from_toml(FINE, "x").packages[0].sdist == SDIST


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("lock-version", "lockversion"), "no lock-version"),
        (('"1.0"\ncreated', '"2.0"\ncreated'), "'2.0'"),
        (("[[packages]]", "[packages]"), "no list of tables"),
        (("[[packages]]", "[[package]]"), "no packages"),
        (("lock-version", f"n = {'9' * 5000}\nlock-version"), "cannot be read: Exceeds the limit"),
        (("lock-version", f"n = {'[' * 50_000}\nlock-version"), "cannot be read: maximum recursion"),
        (("a-1.0.tar.gz", "a-1.0.tar.gz.asc"), "no file name"),
        (("{url", '{name = "crates", url'), "no file name"),
        (("{url", '{name = "a-1.0", url'), "no file name"),
        (("[[packages]]", "[[packages"), "cannot be read"),
        (('name = "a"', 'name = "../a"'), "no name of a package"),
        (('name = "a"', "name = 3"), "no string"),
        (('version = "1.0"\ns', 'version = "one"\ns'), "'one' is no version"),
        (('version = "1.0"\ns', "s"), "no version"),
        (("sdist = ", "sdits = "), "neither a source distribution nor a wheel"),
        (("sdist = ", "wheels = "), "no list of tables"),
        (("a-1.0.tar.gz", "a-1.0-py3-none-any.whl"), "a wheel"),
        (("{url", '{name = "../../etc/passwd", url'), "no file name"),
        (("{url", '{name = "/etc/passwd", url'), "no file name"),
        (("{url", '{name = ".hidden", url'), "no file name"),
        (("url =", "uri ="), "neither url nor path"),
        ((HASH, HASH[1:]), "64 hexadecimal"),
        (("sha256", "md5"), "64 hexadecimal"),
        (("hashes = {", "hashes = 3 #"), "cannot be read"),
        (("size = 7", "size = -7"), "no number of bytes"),
        (("size = 7", "size = true"), "no number of bytes"),
        (('version = "1.0"\ns', 'version = "1.0"\nvcs = {}\ns'), "from a vcs"),
        (('version = "1.0"\ns', 'version = "1.0"\nmarker = []\ns'), "no string"),
        (('"x"\n', '"x"\nenvironments = "linux"\n'), "no list of strings"),
        (('"x"\n', '"x"\ntool = 3\n'), "no table"),
    ],
)
def test_nonsense_is_one_clear_error(change: tuple[str, str], said: str) -> None:
    text = FINE.replace(*change)
    assert text != FINE
    with pytest.raises(LockError, match=said) as caught:
        from_toml(text, "pylock.toml")
    assert caught.value.message.startswith("pylock.toml")
    assert caught.value.hint


def test_one_name_with_two_hashes_is_no_lock() -> None:
    with pytest.raises(LockError, match="two hashes"):
        from_toml(FINE + FINE[FINE.index("[[") :].replace('"a"', '"b"').replace(HASH, HASH[::-1]), "x")
