"""Where a wheel's programs and modules look for libraries: the sysroot is not on the target.

Builds write down where they found a library (Meson's ``install_rpath``, CMake's ``INSTALL_RPATH``, libtool, a ``setup.py``
with ``runtime_library_dirs``). On the target that is the same place without the sysroot; and where the loader looks
anyhow, it is nothing. The names come from the generic ABI, "Dynamic Section", and glibc's elf.h.
"""

import os
import struct

from . import buildfacts

_RPATH, _RUNPATH, _STRTAB = 15, 29, 5
_MIPS_RLD_MAP_REL = 0x70000035
"""Counts from its own place in the dynamic section."""


def sysroots() -> tuple[bytes, ...]:
    """Return the names that the sysroot has on this machine; none where the target is the machine itself."""
    name = buildfacts.SYSROOT
    return tuple(dict.fromkeys(map(os.fsencode, (name, os.path.realpath(name))))) if name else ()


def mended(data: bytes, sysroots: tuple[bytes, ...]) -> bytes:
    """Return an ELF file with RPATH and RUNPATH as they are on the target.

    What names no sysroot, is damaged or no ELF file comes back as it is.

    :param sysroots: of :func:`sysroots`, without a slash at the end.
    """
    if data[:4] != b"\x7fELF" or not any(root in data for root in sysroots):
        return data
    try:
        return _mended(bytearray(data), sysroots)
    except (struct.error, ValueError, IndexError):
        return data


def _mended(data: bytearray, sysroots: tuple[bytes, ...]) -> bytes:
    order = "<" if data[5] == 1 else ">"
    pair = struct.Struct(order + ("qQ" if data[4] == 2 else "iI"))
    dynamic, length, loads = _segments(data, order)
    entries = list(pair.iter_unpack(data[dynamic : dynamic + length - length % pair.size]))
    entries = entries[: next((i for i, (tag, _) in enumerate(entries) if tag == 0), len(entries))]
    address = next((value for tag, value in entries if tag == _STRTAB), 0)
    strings = next(place + address - start for start, size, place in loads if start <= address < start + size)
    kept: list[tuple[int, int]] = []
    for index, (tag, value) in enumerate(entries):
        if tag == _MIPS_RLD_MAP_REL:
            value += (index - len(kept)) * pair.size  # noqa: PLW2901 -- the entry's
        if tag in {_RPATH, _RUNPATH}:
            begin = strings + value
            old = bytes(data[begin : data.index(0, begin)])
            new = b":".join(_on_target(old.split(b":"), sysroots))
            # At the end of the old text: what else ends as it does shares its bytes with it.
            data[begin : begin + len(old)] = new.rjust(len(old), b"\0")
            if not new:
                continue
            value += len(old) - len(new)  # noqa: PLW2901 -- the entry's
        kept.append((tag, value))
    kept += [(0, 0)] * (len(entries) - len(kept))
    for index, entry in enumerate(kept):
        pair.pack_into(data, dynamic + index * pair.size, *entry)
    return bytes(data)


def _segments(data: bytearray, order: str) -> tuple[int, int, list[tuple[int, int, int]]]:
    """Return offset and length of the dynamic section, and address, length and offset of each loadable segment."""
    if data[4] == 2:
        table, size, count = (
            *struct.unpack_from(order + "Q", data, 32),
            *struct.unpack_from(order + "HH", data, 54),
        )
        shape, at = order + "IIQQQQ", (2, 3, 5)
    else:
        table, size, count = (
            *struct.unpack_from(order + "I", data, 28),
            *struct.unpack_from(order + "HH", data, 42),
        )
        shape, at = order + "IIIII", (1, 2, 4)
    dynamic, loads = (0, 0), []
    for index in range(count):
        header = struct.unpack_from(shape, data, table + index * size)
        offset, address, length = (header[i] for i in at)
        if header[0] == 1:
            loads.append((address, length, offset))
        elif header[0] == 2:
            dynamic = (offset, length)
    return (*dynamic, loads)


def _on_target(paths: list[bytes], sysroots: tuple[bytes, ...]) -> list[bytes]:
    # The loader's own (ld.so(8)); /usr/local is one of them where an ld.so.conf says so.
    known = {each.encode() for each in buildfacts.LIBRARY_DIRS if not each.startswith("/usr/local/")}
    found = []
    for path in paths:
        root = next((r for r in sysroots if path == r or path.startswith(r + b"/")), None)
        inside = path if root is None else path[len(root) :] or b"/"
        if root is None or inside.rstrip(b"/") not in known:
            found.append(inside)
    return found
