"""Archives that pip is not to unpack."""

from __future__ import annotations

import gzip
import io
import random
import re
import shutil
import tarfile
import types
import zipfile
from pathlib import Path

import pytest

PLAIN = ("", b"0")


@pytest.fixture
def archives(shims):
    return shims().load("archives")


def packed(path: Path, *members: tuple[str, str, bytes]) -> Path:
    """Make an archive of names, what they link to, and their types; with a file at its top."""
    with tarfile.open(path, "w:gz") as archive:
        for name, link, kind in (("p-1/pyproject.toml", *PLAIN), *members):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info, io.BytesIO() if kind == b"0" else None)
    return path


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("p-1/a", "pyproject.toml", tarfile.SYMTYPE), ("p-1/a/b/..", *PLAIN)], "lies outside"),
        ([("../evil", *PLAIN)], "lies outside"),
        ([("p-1/x/../../../evil", *PLAIN)], "lies outside"),
        ([("/etc/evil", *PLAIN)], "lies outside"),
        ([("p-1/s", "/etc", tarfile.SYMTYPE)], "a link to '/etc', which lies outside"),
        ([("p-1/s", "..", tarfile.SYMTYPE)], "a link to '..'"),
        ([("p-1/a/s", "../../x", tarfile.SYMTYPE)], "a link to"),
        ([("p-1/a/s", "b/../../../x", tarfile.SYMTYPE)], "a link to"),
        ([("./p-1/s", "..", tarfile.SYMTYPE)], "a link to"),
        ([("p-1/s", "d", tarfile.SYMTYPE), ("p-1/s/evil", *PLAIN)], "lies behind a link"),
        ([("p-1/s/evil", *PLAIN), ("p-1/s", "d", tarfile.SYMTYPE)], "lies behind a link"),
        ([("p-1/null", "", tarfile.CHRTYPE)], "neither a file"),
        ([("p-1/disk", "", tarfile.BLKTYPE)], "neither a file"),
        ([("p-1/pipe", "", tarfile.FIFOTYPE)], "neither a file"),
        ([], ""),
        ([("p-1/a/s", "../b", tarfile.SYMTYPE), ("p-1/t", "a/s", tarfile.SYMTYPE)], ""),
        ([("p-1/h", "p-1/pyproject.toml", tarfile.LNKTYPE), ("./p-1/d", "", tarfile.DIRTYPE)], ""),
    ],
)
def test_what_is_not_safe(archives, tmp_path, members, said) -> None:
    found = archives.fault(str(packed(tmp_path / "p-1.tar.gz", *members)))
    assert bool(found) == bool(said)
    assert said in found


def test_a_bomb(archives, tmp_path) -> None:
    info = tarfile.TarInfo("p-1/zeros")
    info.size = 1 << 40
    (tmp_path / "p-1.tar.gz").write_bytes(gzip.compress(info.tobuf()))
    assert "expands" in archives.fault(str(tmp_path / "p-1.tar.gz"))


@pytest.mark.parametrize("kind", [b"x", b"g", b"X", b"L", b"K"])
def test_a_header_that_fills_the_memory(archives, tmp_path, kind) -> None:
    info = tarfile.TarInfo("p-1/x")
    info.type, info.size = kind, 1 << 33
    (tmp_path / "p-1.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)))
    assert "a header of 8589934592 bytes" in archives.fault(str(tmp_path / "p-1.tar.gz"))


def test_too_many_files(archives, tmp_path, monkeypatch) -> None:
    path = tmp_path / "p-1.tar.gz"
    path.write_bytes(gzip.compress(tarfile.TarInfo("p-1/x").tobuf() * 500))
    assert archives.fault(str(path)) == ""
    monkeypatch.setattr(archives, "BASE", 1 << 20)
    assert "too many files" in archives.fault(str(path))


def test_damage_is_found_by_who_unpacks(archives, tmp_path) -> None:
    path = tmp_path / "p-1.tar.xz"
    with tarfile.open(path, "w:xz") as archive:
        info = tarfile.TarInfo("p-1/noise")
        info.size = 100_000
        archive.addfile(info, io.BytesIO(random.Random(1).randbytes(info.size)))
    damaged = bytearray(path.read_bytes())
    damaged[50_000] ^= 0xFF
    path.write_bytes(damaged)
    assert archives.fault(str(path)) == ""


def test_a_zip_and_what_is_none(archives, tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "p-1.zip", "w") as archive:
        archive.writestr("p-1/x", "")
        archive.writestr("p-1/../../evil", "")
    assert "lies outside" in archives.fault(str(tmp_path / "p-1.zip"))
    (tmp_path / "p-2.zip").write_text("damaged")
    assert archives.fault(str(tmp_path / "p-2.zip")) == ""


@pytest.mark.parametrize("name", ["p-1.tar.gz", "p-1.tar.bz2", "p-1.tar.xz", "p-1.zip"])
@pytest.mark.parametrize("harm", ["cut", "another", "empty"])
def test_damage_is_one_line_of_pips(archives, tmp_path, name, harm) -> None:
    class Error(Exception):
        pass

    path = tmp_path / name
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "x").write_bytes(random.Random(1).randbytes(100_000))
    kind = {"gz": "gztar", "bz2": "bztar", "xz": "xztar", "zip": "zip"}[name.rpartition(".")[2]]
    shutil.make_archive(str(tmp_path / "p-1"), kind, tmp_path / "source")
    path.write_bytes({"cut": path.read_bytes()[:50_000], "another": b"hello" * 300, "empty": b""}[harm])
    module = types.SimpleNamespace(unpack_file=_unpack, InstallationError=Error)
    archives.apply(module)
    with pytest.raises(Error, match=rf"^{re.escape(name)} is damaged: \S[^\n]*$"):
        module.unpack_file(str(path), str(tmp_path / "there"))


def _unpack(file: str, place: str) -> None:
    """Unpack as pip does."""
    if file.endswith(".zip"):
        with zipfile.ZipFile(file) as archive:
            archive.extractall(place)
    else:
        with tarfile.open(file) as packed:
            packed.extractall(place)


def test_what_is_no_damage_is_left_alone(archives, tmp_path) -> None:
    def unpack(*_: object) -> None:
        raise OSError(28, "No space left on device")

    module = types.SimpleNamespace(unpack_file=unpack, InstallationError=RuntimeError)
    archives.apply(module)
    with pytest.raises(OSError, match="No space"):
        module.unpack_file(str(packed(tmp_path / "p-1.tar.gz")), "there")


def test_pip_is_told_before_it_unpacks(archives, tmp_path) -> None:
    class Error(Exception):
        pass

    done: list[tuple[object, ...]] = []
    module = types.SimpleNamespace(
        unpack_file=lambda *args, **options: done.append((*args, options)), InstallationError=Error
    )
    archives.apply(module)
    path = str(packed(tmp_path / "p-1.tar.gz"))
    module.unpack_file(path, "there", content_type=None)
    assert done == [(path, "there", {"content_type": None})]
    with pytest.raises(Error, match=r"p-1\.tar\.gz is not safe to unpack: it holds"):
        module.unpack_file(str(packed(tmp_path / "p-1.tar.gz", ("../x", *PLAIN))), "there")
    assert len(done) == 1
    archives.apply(types.ModuleType("another pip"))
