"""What a file or directory that the user names is, told from its first bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from crosspy.elf import FileReader, Reader
from crosspy.errors import UsageError
from crosspy.verify.trees import Tree, codecs, cpio, damaged, reason, squashfs
from crosspy.verify.trees.cpio import Cpio
from crosspy.verify.trees.directory import Directory
from crosspy.verify.trees.disk import partitions
from crosspy.verify.trees.ext import Ext, is_ext
from crosspy.verify.trees.single import Single
from crosspy.verify.trees.squashfs import Squashfs
from crosspy.verify.trees.stored import Run, Stored
from crosspy.verify.trees.tar import Tar, is_tar
from crosspy.verify.trees.wheel import Wheel

_HEAD: Final = 1 << 17
_MAX_LAYERS: Final = 3  # a compressed file in a compressed file, and no more
_HINT: Final = (
    "An image is a directory, a tar or cpio archive, a squashfs or ext2/3/4 file system or a disk image with one "
    "of them, all of these compressed or not; or a wheel, or one ELF file."
)

# Where the first bytes of what is not read here are, what it is, and what makes something of it that is.
_OTHERS: Final = (
    (0, b"UBI#", "a UBI image", "ubireader_extract_files -o DIR FILE (ubi_reader on PyPI)"),
    (0, b"\x31\x18\x10\x06", "a UBIFS image", "ubireader_extract_files -o DIR FILE (ubi_reader on PyPI)"),
    (0, b"\x85\x19", "a JFFS2 image", "jefferson -d DIR FILE (jefferson on PyPI)"),
    (0, b"\x19\x85", "a JFFS2 image", "jefferson -d DIR FILE (jefferson on PyPI)"),
    (1024, b"\xe2\xe1\xf5\xe0", "an EROFS image", "fsck.erofs --extract=DIR FILE"),
    (1024, b"\x10\x20\xf5\xf2", "an F2FS image", "mount -o loop,ro FILE DIR"),
    (0x10040, b"_BHRfS_M", "a btrfs image", "btrfs restore FILE DIR"),
    (0, b"XFSB", "an XFS image", "mount -o loop,ro FILE DIR"),
    (0, b"\x45\x3d\xcd\x28", "a cramfs image", "cramfsck -x DIR FILE"),
    (0, b"-rom1fs-", "a romfs image", "mount -o loop,ro FILE DIR"),
    (0, b"\x3a\xff\x26\xed", "an Android sparse image", "simg2img FILE FILE.raw"),
    (0, b"QFI\xfb", "a QEMU disk image", "qemu-img convert -O raw FILE FILE.raw"),
    (0, b"!<arch>\n", "a Debian or ipk package, or another ar archive", "dpkg-deb -x FILE DIR"),
    (0, b"\xed\xab\xee\xdb", "an RPM package", "rpm2cpio FILE > FILE.cpio"),
    (0, b"sqsh", "a big-endian squashfs file", "fakeroot unsquashfs -d DIR FILE"),
    (0, b"070707", "a cpio archive of the old kind", "cpio -idm --no-absolute-filenames < FILE"),
    (0, b"\x04\x22\x4d\x18", "an lz4 file", "lz4 -d FILE"),
    (0, b"\x89LZO", "an lzop file", "lzop -d FILE"),
    (0, b"LZIP", "an lzip file", "lzip -d FILE"),
    (
        0,
        b"\xd0\x0d\xfe\xed",
        "a flattened image tree (FIT)",
        "dumpimage -T ramdisk -p 0 -o FILE.ramdisk FILE",
    ),
    (0, b"\x27\x05\x19\x56", "a U-Boot image", "dumpimage -T ramdisk -p 0 -o FILE.ramdisk FILE"),
)


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """Open what is at ``path`` as a tree, and close it in the end.

    :raises UsageError: if it is nothing that can be looked at; with the command that unpacks it, where one is known.
    """
    with ExitStack() as stack:
        try:
            tree = _tree(path, stack)
        except OSError as error:
            raise UsageError(f"{path}: {reason(error)}", hint=_HINT) from None
        yield tree


def _tree(path: Path, stack: ExitStack) -> Tree:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return Directory(path)
    if not stat.S_ISREG(mode):
        raise damaged("neither a directory nor a regular file")
    # Without O_NONBLOCK, what has become a named pipe since would stop us.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    stream: BinaryIO = stack.enter_context(os.fdopen(descriptor, "rb"))
    for _ in range(_MAX_LAYERS):
        reader = FileReader(stream.fileno())
        compression = codecs.compression_of(reader.pread(8, 0))
        if not compression:
            return _uncompressed(path, stream, reader, stack)
        stream = stack.enter_context(codecs.unpacked(compression, reader))
    raise damaged("compressed more than twice")


def _uncompressed(path: Path, stream: BinaryIO, reader: FileReader, stack: ExitStack) -> Tree:
    name = str(path)
    head = reader.pread(_HEAD, 0)
    if head.startswith(b"\x7fELF"):
        return Single(name, reader)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        wheel = Wheel(name, stream)
        stack.callback(wheel.close)
        return wheel
    system = _file_system(name, reader, head)
    if system is not None:
        return system
    if head.startswith(cpio.MAGICS):
        return Cpio(name, reader)
    for at, magic, what, command in _OTHERS:
        if head.startswith(magic, at):
            shown = command.replace("FILE", name)
            raise UsageError(
                f"{path}: {what}, which is not read here", hint=f"Unpack it, and name what comes out: {shown}"
            )
    if is_tar(reader):
        return Tar(name, reader)
    return _disk(path, reader)


def _file_system(name: str, reader: Reader, head: bytes) -> Tree | None:
    if head.startswith(squashfs.MAGIC):
        return Squashfs(name, reader)
    return Ext(name, reader) if is_ext(head) else None


def _disk(path: Path, reader: FileReader) -> Tree:
    """Return the only file system of a disk image that is read here."""
    found = []
    for part in partitions(reader):
        inside = Stored(reader, (Run(0, part.size, part.offset),), part.size)
        head = inside.pread(_HEAD, 0)
        if head.startswith(squashfs.MAGIC) or is_ext(head):
            found.append((part, inside, head))
    if not found:
        raise damaged("not an image of any kind that is known here" if reader.size else "an empty file")
    if len(found) > 1:
        commands = " or ".join(
            f"dd if={path} of=part{part.number} bs=512 skip={part.offset // 512} count={part.size // 512}"
            for part, *_ in found
        )
        raise UsageError(
            f"{path}: a disk image with {len(found)} file systems (partitions "
            f"{', '.join(str(part.number) for part, *_ in found)})",
            hint=f"Cut out the one that is meant: {commands}",
        )
    part, inside, head = found[0]
    system = _file_system(f"{path} (partition {part.number})", inside, head)
    if system is None:
        raise damaged("not an image of any kind that is known here")
    return system
