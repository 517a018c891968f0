"""Crates of sources, in a directory; ``cargo vendor`` is made up."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from crosspy.build.crates import fetch_crates
from crosspy.console import Console
from crosspy.errors import BuildFailedError, FetchError, UsageError

MANIFEST = '[package]\nname = "p"\nversion = "1.0.0"\n'
LOCK = """\
version = 4
[[package]]
name = "itoa"
version = "1.0.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "aa"
[[package]]
name = "p"
version = "1.0.0"
"""

# What cargo vendor does, as far as it is looked at; the crates are named by the test.
CARGO = """\
#!/bin/sh
echo "$*" >"$SEEN"
[ -z "$FAIL" ] || { echo "error: $FAIL" >&2; exit 101; }
for word; do case $word in */Cargo.toml) manifest=$word ;; esac; directory=$word; done
for crate in $CRATES; do
  mkdir -p "$directory/$crate"
  echo "{\\"package\\": \\"${SUM:-aa}\\"}" >"$directory/$crate/.cargo-checksum.json"
done
[ -z "$LOCK" ] || printf '%s' "$LOCK" >"${manifest%.toml}.lock"
printf '%s\\n' '[source.crates-io]' 'replace-with = "vendored-sources"' "$CONFIG" '[source.vendored-sources]' 'directory = "v"'
"""


@pytest.fixture
def fetch(tmp_path):
    """Return a function that fetches the crates of sources; keywords are cargo's variables."""
    (tmp_path / "bin").mkdir()
    cargo = tmp_path / "bin" / "cargo"
    cargo.write_text(CARGO)
    cargo.chmod(0o755)

    def call(*sources: Path, **env: str) -> list[str]:
        environ = {
            "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
            "SEEN": f"{tmp_path}/seen",
            "CRATES": "itoa-1.0.1",
            **env,
        }
        return fetch_crates(sources, tmp_path / "crates", environ=environ, console=Console(quiet=True))

    return call


def sdist(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


RUST = {"p-1.0/Cargo.toml": MANIFEST, "p-1.0/Cargo.lock": LOCK, "p-1.0/PKG-INFO": ""}


def test_the_crates_of_an_sdist(fetch, tmp_path):
    assert fetch(sdist(tmp_path / "p-1.0.tar.gz", RUST)) == ["itoa-1.0.1"]
    assert sorted(path.name for path in (tmp_path / "crates").iterdir()) == ["itoa-1.0.1"]
    assert "vendor --versioned-dirs --manifest-path" in (tmp_path / "seen").read_text()


def test_several_sources_are_vendored_together(fetch, tmp_path):
    with zipfile.ZipFile(tmp_path / "q.zip", "w") as archive:
        for name, text in RUST.items():
            archive.writestr(name, text)
    project = tmp_path / "project"
    (project / "rust").mkdir(parents=True)
    (project / "rust" / "Cargo.toml").write_text(MANIFEST)
    (project / "rust" / "Cargo.lock").write_text(LOCK)
    assert fetch(sdist(tmp_path / "p.tar.gz", RUST), tmp_path / "q.zip", project) == ["itoa-1.0.1"]
    assert (tmp_path / "seen").read_text().count("--sync") == 2
    assert sorted(path.name for path in (project / "rust").iterdir()) == ["Cargo.lock", "Cargo.toml"]


def test_a_directory_is_filled_by_several_runs(fetch, tmp_path):
    source = sdist(tmp_path / "p.tar.gz", RUST)
    one = '[source."git+https://a"]\ngit = "https://a"\nrev = "1"\nreplace-with = "vendored-sources"'
    fetch(source, CONFIG=one)
    fetch(source, CRATES="itoa-1.0.1 ryu-1.0.0", CONFIG=one.replace("//a", "//b"))
    names = sorted(path.name for path in (tmp_path / "crates").iterdir())
    assert names == ["config.toml", "itoa-1.0.1", "ryu-1.0.0"]
    found = tomllib.loads((tmp_path / "crates" / "config.toml").read_text())["source"]
    assert sorted(found) == ["git+https://a", "git+https://b"]
    assert found["git+https://a"] == {"git": "https://a", "rev": "1", "replace-with": "crosspy-crates"}


def test_another_crate_of_the_same_name_is_not_replaced(fetch, tmp_path):
    source = sdist(tmp_path / "p.tar.gz", RUST)
    fetch(source)
    with pytest.raises(BuildFailedError, match=r"itoa-1\.0\.1 is another"):
        fetch(source, CRATES="itoa-1.0.1 ryu-1.0.0", SUM="bb")
    assert [path.name for path in (tmp_path / "crates").iterdir()] == ["itoa-1.0.1"]
    assert json.loads((tmp_path / "crates/itoa-1.0.1/.cargo-checksum.json").read_text()) == {"package": "aa"}


@pytest.mark.parametrize(
    "files",
    [
        {"p-1.0/setup.py": ""},
        # As orjson: its crates are in it.
        {**RUST, "p-1.0/.cargo/config.toml": '[source.crates-io]\nreplace-with = "v"\n'},
    ],
)
def test_nothing_to_fetch(fetch, tmp_path, files):
    assert fetch(sdist(tmp_path / "p.tar.gz", files)) == []
    assert not (tmp_path / "seen").exists()


def test_locks_of_crates_that_a_source_brings_are_not_its_own(fetch, tmp_path):
    brought = {
        f"p-1.0/v/x/{name}": text
        for name, text in (("Cargo.toml", ""), ("Cargo.lock", "?"), (".cargo-checksum.json", "{}"))
    }
    fetch(sdist(tmp_path / "p.tar.gz", {**RUST, **brought}))
    assert "--sync" not in (tmp_path / "seen").read_text()


def test_no_lock(fetch, tmp_path):
    with pytest.raises(BuildFailedError, match=r"p\.tar\.gz has a Cargo\.toml and no Cargo\.lock"):
        fetch(sdist(tmp_path / "p.tar.gz", {"p-1.0/Cargo.toml": MANIFEST}))


def test_a_lock_that_cargo_has_to_add_to_is_stale(fetch, tmp_path):
    more = LOCK + '[[package]]\nname = "new"\nversion = "2.0.0"\nsource = "registry+https://x"\n'
    with pytest.raises(BuildFailedError, match=r"stale: it does not name new 2\.0\.0"):
        fetch(sdist(tmp_path / "p.tar.gz", RUST), LOCK=more)
    assert list((tmp_path / "crates").iterdir()) == []


def test_a_lock_that_cargo_takes_from_is_not_stale(fetch, tmp_path):
    # maturin leaves members of a workspace out of an sdist, and their crates in its lock.
    assert fetch(sdist(tmp_path / "p.tar.gz", RUST), LOCK="version = 4\n")


@pytest.mark.parametrize("lock", ["package = 1", "[[package]]\nname = 1\nsource = 2\n", "[", "\x00"])
def test_a_damaged_lock(fetch, tmp_path, lock):
    with pytest.raises(BuildFailedError, match=r"its Cargo\.lock is damaged"):
        fetch(sdist(tmp_path / "p.tar.gz", {**RUST, "p-1.0/Cargo.lock": lock}))


def test_cargo_fails(fetch, tmp_path):
    with pytest.raises(BuildFailedError, match="checksum mismatch"):
        fetch(sdist(tmp_path / "p.tar.gz", RUST), FAIL="checksum mismatch")
    assert list((tmp_path / "crates").iterdir()) == []


def test_no_cargo(fetch, tmp_path):
    with pytest.raises(BuildFailedError, match="no cargo on PATH"):
        fetch(sdist(tmp_path / "p.tar.gz", RUST), PATH="/nowhere")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08broken"])
def test_a_damaged_source(fetch, tmp_path, content):
    for name in ("p.tar.gz", "p.zip"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FetchError, match="cannot read"):
            fetch(tmp_path / name)


@pytest.mark.parametrize("name", ["../Cargo.toml", "/etc/Cargo.toml", "p/../../Cargo.toml"])
def test_a_source_that_writes_elsewhere(fetch, tmp_path, name):
    with pytest.raises(FetchError, match="outside"):
        fetch(sdist(tmp_path / "p.tar.gz", {name: MANIFEST}))


def test_no_source(fetch, tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        fetch(tmp_path / "absent.tar.gz")


def test_a_directory_that_cannot_be_written(fetch, tmp_path):
    (tmp_path / "crates").write_text("")
    with pytest.raises(UsageError, match="cannot write crates"):
        fetch(sdist(tmp_path / "p.tar.gz", RUST))
