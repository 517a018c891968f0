"""Images that are files: the small ones of tests/data/images, what is not read, and what means harm."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from image_files import DATA, base_files, put

from crosspy.errors import UsageError
from crosspy.verify.expectation import from_triplet
from crosspy.verify.runner import verify
from crosspy.verify.tree import survey
from crosspy.verify.trees import codecs
from crosspy.verify.trees.detect import opened

IMAGES = DATA.parent / "images"
ROOT = DATA.parents[2]
AARCH64 = from_triplet("aarch64-linux-gnu", source="the test")
ARCHIVES = sorted(path.name for path in IMAGES.glob("image.*") if path.suffix != ".whl")


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_image_is_the_same_in_every_form(name):
    with opened(IMAGES / name) as tree:
        image = survey(tree)
        sparse = image.read("/sparse", 1 << 20)
    assert len(image.files) == 12
    assert {"/", "/usr/lib/python3.11/site-packages"} <= image.directories
    links = {"/usr/bin/python3": "python3.11", "/usr/lib64": "/usr/lib", "/loop": "loop"}
    assert image.links == links
    assert image.special == {"/pipe": "a named pipe"}
    assert image.unreadable == {}
    assert len(image.elf) == 5
    assert image.elf["/lib/libc.so.6"].header.elf_machine == 183
    assert image.scripts == {"/usr/lib/python3.11/site-packages/tool": b"#!/usr/bin/python3\nprint()\n"}
    assert image.resolve("/usr/lib64/python3.11") == "/usr/lib/python3.11"
    assert image.resolve("/loop") is None
    # mke2fs itself cuts a sparse file off where it has room for small files in inodes.
    assert "inline" in name or sparse == bytes(20000) + b"middle" + bytes(9994)
    result = verify(IMAGES / name)
    assert result.expectation.python == "3.11"
    errors = [
        (finding.path, finding.check) for finding in result.findings if finding.severity.label == "error"
    ]
    bad = "/usr/lib/python3.11/site-packages/bad.cpython-311-x86_64-linux-gnu.so"
    assert errors == [
        ("/lib/ld-linux-aarch64.so.1", "XP406"),  # the modes of all forms are read
        ("/loop", "XP404"),
        ("/usr/bin/python3.11", "XP310"),
        ("/usr/bin/python3.11", "XP406"),
        (bad, "XP101"),
        (bad, "XP301"),
    ]
    assert result.owners == {bad: "pkg 1.0 (wheel)"}


def test_a_wheel_lies_in_site_packages():
    result = verify(IMAGES / "image.whl", AARCH64)
    assert [(finding.path, finding.check) for finding in result.findings] == [
        ("/site-packages/bad.cpython-311-x86_64-linux-gnu.so", "XP101")
    ]
    with pytest.raises(UsageError, match="XP001"):
        verify(IMAGES / "image.whl")


def test_a_wheel_s_data_and_scripts(tmp_path):
    path = tmp_path / "x.whl"
    library = (DATA / "aarch64" / "ext.so").read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("x-1.data/platlib/x/ext.abi3.so", library)
        archive.writestr("x-1.data/scripts/tool", "#!python\n")
        archive.writestr("../../etc/evil.so", library)
    with opened(path) as tree:
        image = survey(tree)
    assert image.files == {"/site-packages/x-1.dist-info/WHEEL", "/site-packages/x/ext.abi3.so", "/bin/tool"}
    assert list(image.unreadable.values()) == ["its name leads out of the image"]


def test_a_file_of_a_wheel_that_has_no_name(tmp_path):
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr(zipfile.ZipInfo("\0"), "a name ends at its first NUL")
    assert "/site-packages/x-1.dist-info/WHEEL" in survey_of(path).files


def test_a_single_file(tmp_path):
    path = tmp_path / "ext.so"
    path.write_bytes((DATA / "x86_64" / "ext.so").read_bytes())
    result = verify(path, AARCH64)
    assert [(finding.path, finding.check) for finding in result.findings] == [("/ext.so", "XP101")]
    assert result.counts.extension_modules == 1
    # Whatever it is called and wherever it will lie: it is what the user asks about.
    path = tmp_path / "tool"
    path.write_bytes((DATA / "x86_64" / "python").read_bytes())
    assert [finding.severity.label for finding in verify(path, AARCH64).findings] == ["error"]


@pytest.mark.parametrize(
    ("content", "what", "command"),
    [
        (b"UBI#", "a UBI image", "ubireader_extract_files"),
        (b"\x85\x19", "a JFFS2 image", "jefferson"),
        (bytes(1024) + b"\xe2\xe1\xf5\xe0", "an EROFS image", "fsck.erofs"),
        (bytes(0x10040) + b"_BHRfS_M", "a btrfs image", "btrfs restore"),
        (b"!<arch>\n", "a Debian or ipk package", "dpkg-deb -x"),
        (b"\x04\x22\x4d\x18", "an lz4 file", "lz4 -d"),
        (b"sqsh", "a big-endian squashfs", "unsquashfs"),
        (b"hello world\n", "not an image of any kind", "An image is"),
        (b"", "an empty file", "An image is"),
        (b"PK\x03\x04", "the zip archive is damaged", "An image is"),
        (b"hsqs" + bytes(92), "squashfs 0.0", "An image is"),
        (b"hsqs", "cut off", "An image is"),
        (b"070701" + b"0" * 104, "a name of 0 bytes", "An image is"),
        (b"\x1f\x8b\x08", "cut off", "An image is"),
        (b"BZh9\0\0\0\0\0\0", "damaged bzip2 data", "An image is"),
        (gzip.compress(gzip.compress(gzip.compress(b"x"))), "compressed more than twice", "An image is"),
        (bytes(510) + b"\x55\xaa" + bytes(4096), "not an image of any kind", "An image is"),
    ],
)
def test_what_is_not_read_is_told_with_what_to_do(tmp_path, content, what, command):
    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=what) as caught:
        verify(path)
    assert command in caught.value.hint


def test_a_zip_archive_that_is_no_wheel(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(UsageError, match="no wheel"):
        verify(tmp_path / "x.zip")


def test_zstd_where_the_python_has_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    with pytest.raises(UsageError, match=r"Python 3.14, or pip install backports.zstd"):
        verify(IMAGES / "image.tar.zst")
    with pytest.raises(UsageError, match=r"backports\.zstd"):
        verify(IMAGES / "image.zstd.squashfs")


def test_several_streams_one_after_the_other(tmp_path):
    whole = (IMAGES / "image.tar").read_bytes()
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(whole[:1000]) + gzip.compress(whole[1000:]) + bytes(700))
    assert len(survey_of(path).files) == 12
    path.write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(UsageError, match="gzip data"):
        verify(path)


def survey_of(path: Path):
    with opened(path) as tree:
        return survey(tree)


@pytest.mark.parametrize("size", [700, 20000, 30000])
def test_a_tar_archive_that_is_cut_off(tmp_path, size):
    path = tmp_path / "x.tar"
    path.write_bytes((IMAGES / "image.tar").read_bytes()[:size])
    with pytest.raises(UsageError, match=r"cut off|unexpected end"):
        verify(path)


def tar(path: Path, *entries: tuple[str, bytes, object]) -> None:
    """Write an archive of ``(name, type, content or link target)``."""
    with tarfile.open(path, "w") as archive:
        for name, kind, value in entries:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind == tarfile.REGTYPE:
                entry.size = len(value)
                archive.addfile(entry, io.BytesIO(value))
            else:
                entry.linkname = value
                archive.addfile(entry)


def test_names_of_an_archive_are_taken_as_unpacking_would(tmp_path):
    path = tmp_path / "x.tar"
    tar(
        path,
        ("./usr/lib", tarfile.DIRTYPE, ""),
        ("lib", tarfile.SYMTYPE, "usr/lib"),
        ("up", tarfile.SYMTYPE, "../../../usr/lib"),
        ("round", tarfile.SYMTYPE, "round"),
        ("lib/one.so", tarfile.REGTYPE, b"1"),
        ("/up/two.so", tarfile.REGTYPE, b"2"),
        ("round/three.so", tarfile.REGTYPE, b"3"),
        ("../four.so", tarfile.REGTYPE, b"4"),
        ("lib/one.so", tarfile.REGTYPE, b"one again"),
        ("hard.so", tarfile.LNKTYPE, "lib/one.so"),
        ("harder.so", tarfile.LNKTYPE, "../../etc/passwd"),
        ("device.so", tarfile.CHRTYPE, ""),
        ("lib", tarfile.DIRTYPE, ""),
    )
    image = survey_of(path)
    assert image.files == {"/usr/lib/one.so", "/usr/lib/two.so", "/hard.so"}
    assert image.heads["/hard.so"] == b"one again"
    assert image.special == {"/device.so": "a character device"}
    assert image.unreadable.keys() == {"/../four.so", "/round/three.so", "/harder.so"}
    assert image.links["/lib"] == "usr/lib"


# ------------------------------------------------------------------------------------------------- what means harm


def limited(*words: str | Path) -> str:
    """Run ``crosspy verify`` with a gigabyte of memory and ten seconds, and return what it says."""
    code = (
        "import resource, sys; from crosspy.cli.main import entry\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); resource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
        "sys.argv[0] = 'crosspy'; entry()"
    )
    command = [sys.executable, "-c", code, "verify", *map(str, words), "--target", "aarch64-linux-gnu"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode in {0, 1, 2}, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_an_elf_file_that_claims_more_symbols_than_there_are_atoms(make_image):
    root = make_image()
    path = root / "usr/lib/python3.11/lib-dynload/ext.cpython-311-aarch64-linux-gnu.so"
    content = bytearray(path.read_bytes())
    shoff, shentsize, shnum = (
        struct.unpack_from("<Q", content, 40)[0],
        *struct.unpack_from("<HH", content, 58),
    )
    for index in range(shnum):
        at = shoff + index * shentsize
        if struct.unpack_from("<I", content, at + 4)[0] == 11:  # SHT_DYNSYM
            struct.pack_into("<Q", content, at + 32, 1 << 60)
            struct.pack_into("<Q", content, at + 56, 24)
    path.write_bytes(content)
    out = limited(root)
    assert "1 extension module" in out


def test_loops_pipes_devices_and_huge_files_of_a_directory(make_image):
    root = make_image(files={"/usr/lib/a": "-> b", "/usr/lib/b": "-> a", "/usr/lib/self": "-> ."})
    os.mkfifo(root / "usr/lib/pipe.so")
    with (root / "usr/lib/huge.so").open("wb") as stream:
        stream.truncate(10 << 30)
    with (root / "usr/bin/huge").open("wb") as stream:
        stream.write((DATA / "aarch64" / "python").read_bytes())
        stream.truncate(10 << 30)
    if os.geteuid() == 0:
        os.mknod(root / "usr/lib/device.so", 0o20666, os.makedev(1, 5))  # /dev/zero never ends
    assert "extension module" in limited(root)


def test_a_directory_that_may_not_be_listed_is_told():
    # Not in pytest's own directories, which are closed to others, whatever one does to them.
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "image")
        put(root, base_files("aarch64"))
        closed = root / "usr/lib/python3.11/closed"
        closed.mkdir(mode=0)
        Path(directory).chmod(0o755)
        out = unprivileged(root)
        closed.chmod(0o755)
    assert "/usr/lib/python3.11/closed: error XP002: cannot be read" in out


def unprivileged(root: Path) -> str:
    """Look at an image as nobody, if we are root; with all that is needed imported while we may."""
    code = (
        "import os, sys; from pathlib import Path; import crosspy.cli.verify; from crosspy.cli.main import main\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "main(['verify', sys.argv[1], '--target', 'aarch64-linux-gnu'], {}, Path('/'))"
    )
    command = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    return done.stdout + done.stderr


def test_more_zeros_than_memory_in_a_small_archive(tmp_path):
    """What is in a compressed file goes into a temporary file, where zeros take no room."""
    header = tarfile.TarInfo("usr/lib/huge.so")
    header.size = 72 << 24  # more than limited() gives
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(
        gzip.compress(header.tobuf()) + gzip.compress(bytes(1 << 24)) * 72 + gzip.compress(bytes(1024))
    )
    assert path.stat().st_size < 2 << 20
    assert "1 file" in limited(path)


def test_a_header_of_a_tar_archive_that_wants_gigabytes(tmp_path):
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    header.size = 4 << 30
    path = tmp_path / "x.tar"
    with path.open("wb") as stream:
        stream.write(header.tobuf())
        stream.truncate(5 << 30)
    assert "a header of" in limited(path)


def test_a_sparse_file_of_an_archive(tmp_path):
    with (tmp_path / "huge.so").open("wb") as stream:
        stream.truncate(10 << 30)
    subprocess.run(["tar", "--sparse", "-cf", tmp_path / "x.tar", "-C", tmp_path, "huge.so"], check=True)
    assert (tmp_path / "x.tar").stat().st_size < 20000
    assert "1 file" in limited(tmp_path / "x.tar")


def test_a_compressed_block_never_gives_more_than_it_may():
    bomb = gzip.compress(bytes(1 << 26))
    assert codecs.block("gzip", bomb, 1000) == bytes(1000)


def test_damaged_inputs_give_a_result_or_an_error(tmp_path):
    """A part of ``make fuzz``: the same inputs each time."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "fuzz", "--runs", "700"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("700 inputs: ")
