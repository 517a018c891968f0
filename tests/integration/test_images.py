"""The files that images come in, made by the tools of the field, read as the directory that they were made of."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from crosspy.errors import UsageError
from crosspy.verify.runner import verify
from crosspy.verify.trees.detect import opened
from crosspy.verify.trees.directory import Directory

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[1] / "data" / "elf" / "aarch64"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A tree with everything that a file system can hold."""
    root = tmp_path_factory.mktemp("image") / "root"
    site = root / "usr" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (root / "usr" / "bin").mkdir()
    (root / "empty-directory").mkdir()
    shutil.copy(DATA / "python", root / "usr" / "bin" / "python3.11")
    (root / "usr" / "bin" / "python3").symlink_to("python3.11")
    shutil.copy(DATA / "ext.so", site / "ext.cpython-311-aarch64-linux-gnu.so")
    os.link(site / "ext.cpython-311-aarch64-linux-gnu.so", site / "twin.so")
    (site / "tool").write_text("#!/usr/bin/python3\n")
    (site / "tool").chmod(0o755)
    (root / "lib").symlink_to("/usr/lib")
    (root / "long-link").symlink_to("/usr/" + "x/../" * 60 + "lib")
    (root / "empty").touch()
    (root / os.fsdecode(b"bad\xff\nname")).write_bytes(b"named badly")
    (root / ("n" * 255)).write_bytes(b"named long")
    os.mkfifo(root / "pipe")
    many = root / "many"
    many.mkdir()
    for number in range(1500):
        (many / f"file-{number:05}-with-a-name-of-some-length").write_bytes(b"%d" % number)
    noise = hashlib.shake_128(b"crosspy").digest(3_300_001)
    (root / "noise").write_bytes(noise)
    (root / "text").write_bytes(b"compressible " * 100_000)
    with (root / "sparse").open("wb") as stream:
        stream.write(b"begin")
        stream.seek(20_000_000)
        stream.write(b"middle")
        stream.truncate(30_000_000)
    return root


def contents(tree) -> dict[str, object]:
    """Read all of a tree: in one piece, and from the middle."""
    found = {}
    for path, kind, text in tree.walk():
        if path.startswith("/lost+found"):
            continue
        if kind != "file":
            found[path] = (kind, text)
            continue
        with tree.open(path) as file:
            head = file.pread(64, 0)
            whole = file.pread(file.size + 10, 0)
            assert whole.startswith(head)
            assert len(whole) == file.size
            middle = file.size // 3
            assert file.pread(70_000, middle) == whole[middle : middle + 70_000]
            assert file.pread(10, file.size) == b""
            found[path] = (kind, hashlib.sha256(whole).hexdigest(), file.mode & 0o111)
    return found


@pytest.fixture(scope="module")
def expected(root) -> dict[str, object]:
    return contents(Directory(root))


def run(*command: str | Path, cwd: Path | None = None, **kwargs: object) -> None:
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, cwd=cwd, **kwargs)


def squashfs(root: Path, image: Path, *options: str) -> None:
    run("mksquashfs", root, image, "-noappend", "-quiet", "-no-progress", "-processors", "1", *options)


def ext(root: Path, image: Path, *options: str) -> None:
    run("mke2fs", "-q", "-F", "-d", root, *options, image, "64M")


def archive(root: Path, image: Path, *options: str) -> None:
    run("tar", *options, "-cf", image, "-C", root, ".")


def cpio(root: Path, image: Path) -> None:
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    listed = b"\0".join(os.fsencode(name) for name in names)
    run("cpio", "-0", "-o", "-H", "newc", "--quiet", "-F", image, cwd=root, input=listed)


MAKERS = {
    "squashfs": (squashfs,),
    "squashfs-xz": (squashfs, "-comp", "xz", "-b", "1M"),
    "squashfs-bcj": (squashfs, "-comp", "xz", "-Xbcj", "arm", "-always-use-fragments"),
    "squashfs-lzma": (squashfs, "-comp", "lzma"),
    "squashfs-zstd": (squashfs, "-comp", "zstd", "-b", "256K"),
    "squashfs-stored": (squashfs, "-noI", "-noD", "-noF"),
    "squashfs-no-fragments": (squashfs, "-no-fragments", "-b", "4096"),
    "ext2": (ext, "-t", "ext2", "-b", "1024"),
    "ext3": (ext, "-t", "ext3"),
    "ext4": (ext, "-t", "ext4"),
    "ext4-inline": (ext, "-t", "ext4", "-O", "inline_data,64bit", "-I", "512"),
    "ext4-bigalloc": (ext, "-t", "ext4", "-O", "bigalloc"),
    "ext2-revision-0": (ext, "-t", "ext2", "-r", "0"),
    "ext4-1k": (ext, "-t", "ext4", "-b", "1024", "-O", "^64bit,^flex_bg"),
    "cpio": (cpio,),
    "tar": (archive,),
    "tar-ustar-less": (archive, "--format=gnu", "--sparse"),
    "tar-posix-sparse": (archive, "--format=posix", "--sparse"),
    "tar.gz": (archive, "-z"),
    "tar.bz2": (archive, "-j"),
    "tar.xz": (archive, "-J"),
    "tar.zst": (archive, "--zstd"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_an_image_is_read_as_what_it_was_made_of(kind, root, expected, tmp_path):
    maker, *options = MAKERS[kind]
    image = tmp_path / "image.bin"
    maker(root, image, *options)
    if kind == "ext4-inline":  # mke2fs cuts a sparse file there, as debugfs says too
        expected = {path: entry for path, entry in expected.items() if path != "/sparse"}
    with opened(image) as tree:
        found = contents(tree)
    assert {
        path: entry for path, entry in found.items() if path in expected or kind != "ext4-inline"
    } == expected


@pytest.mark.parametrize("table", ["mbr", "gpt"])
def test_the_one_file_system_of_a_disk_image_is_read(table, root, expected, tmp_path):
    inside = tmp_path / "root.ext4"
    ext(root, inside, "-t", "ext4")
    image = tmp_path / "image.wic"
    disk(image, table, [b"no file system".ljust(1 << 20, b"x"), inside.read_bytes()])
    with opened(image) as tree:
        assert tree.name == f"{image} (partition 2)"
        assert contents(tree) == expected
    disk(image, table, [inside.read_bytes(), inside.read_bytes()])
    with pytest.raises(UsageError, match="a disk image with 2 file systems") as caught, opened(image):
        pass
    assert "skip=2048 count=131072 or dd " in caught.value.hint


def disk(image: Path, table: str, parts: list[bytes]) -> None:
    """Write a disk image with partitions that begin at 1 MiB."""
    image.write_bytes(bytes(1 << 20) + b"".join(parts) + bytes(1 << 20))
    start = 2048
    lines = [f"label: {'dos' if table == 'mbr' else 'gpt'}"]
    for part in parts:
        lines.append(f"start={start}, size={len(part) // 512}")
        start += len(part) // 512
    run("sfdisk", "--quiet", "--no-tell-kernel", image, input="\n".join(lines).encode())


@pytest.mark.parametrize("codec", ["lzo", "lz4"])
def test_a_compression_that_python_does_not_read(codec, root, tmp_path):
    image = tmp_path / "image.bin"
    squashfs(root, image, "-comp", codec)
    with (
        pytest.raises(UsageError, match=f"compressed with {codec}.*fakeroot unsquashfs -d DIR"),
        opened(image),
    ):
        pass


def test_an_extension_module_in_a_squashfs_is_judged_as_in_a_directory(root, tmp_path):
    image = tmp_path / "image.bin"
    squashfs(root, image)
    seen, expected = verify(image), verify(root)
    assert seen.counts == expected.counts
    assert seen.findings == expected.findings
    assert seen.counts.extension_modules == 1
