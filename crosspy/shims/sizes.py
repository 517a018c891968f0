"""``struct.calcsize`` and ``ctypes.sizeof`` with the target's word size and alignment.

Packing and unpacking stay those of this process: bytes that are in its memory have its layout.
"""

import os
from _struct import calcsize as _calcsize

from . import facts, keep, real, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_STRUCT_CODES = {
    "c": "_Bool", "b": "_Bool", "B": "_Bool", "?": "_Bool", "x": "_Bool", "s": "_Bool", "p": "_Bool",
    "h": "short", "H": "short", "i": "int", "I": "int", "l": "long", "L": "long", "q": "long long", "Q": "long long",
    "n": "size_t", "N": "size_t", "P": "void *", "f": "float", "d": "double", "e": "short",
    "F": "float", "D": "double",
}  # fmt: skip
_COMPLEX = "FD"


def before(module: "ModuleType") -> None:
    """``ctypes`` compares struct's sizes with its own while it is imported, and must not see a difference."""
    if module.__name__ == "ctypes":
        # Here, and not when this module is imported: struct's own import applies it, and must find all of it.
        import struct

        struct.calcsize = real(struct, "calcsize")


def apply(module: "ModuleType") -> None:
    if module.__name__ == "ctypes" and os.environ.get("CROSSPY_BUILD"):
        from . import view

        if view.installed:
            from . import libraries

            libraries.apply(module)
    if keep("words"):
        return
    import struct

    replace(struct, "calcsize", calcsize)
    if module.__name__ == "ctypes":
        _apply_ctypes(module)


def calcsize(format: str | bytes | bytearray, /) -> int:  # noqa: A002 -- struct's own name of it
    """Return the size in bytes of a struct on the target; only native mode differs from the build machine's."""
    size = _calcsize(bytes(format) if isinstance(format, bytearray) else format)
    text = format.decode("ascii") if isinstance(format, bytes | bytearray) else format
    if text[:1] in "<>=!":
        return size if text else 0
    return _native_size(text.lstrip("@"))


def _native_size(text: str) -> int:
    offset = 0
    count = ""
    for code in text:
        if code.isspace():
            continue
        if code.isdigit():
            count += code
            continue
        number = int(count) if count else 1
        count = ""
        size, align = facts.TYPES[_STRUCT_CODES[code]]
        if code in _COMPLEX:
            size *= 2
        offset = -(-offset // align) * align + size * number
    return offset


_CTYPES_CODES = {
    "z": "void *", "Z": "void *", "P": "void *", "O": "void *", "u": "wchar_t", "g": "long double", "v": "short",
    "c": "_Bool", "b": "_Bool", "B": "_Bool", "?": "_Bool", "h": "short", "H": "short", "i": "int", "I": "int",
    "l": "long", "L": "long", "q": "long long", "Q": "long long", "f": "float", "d": "double",
}  # fmt: skip


def _apply_ctypes(module: "ModuleType") -> None:
    _split_long_long(module)
    layout = _Layout(module)
    replace(module, "sizeof", layout.sizeof)
    replace(module, "alignment", layout.alignment)


def _split_long_long(module: "ModuleType") -> None:
    """Give ``long long`` a type of its own: on a 64-bit build machine ctypes calls it ``c_long``, as it does int64."""
    if facts.TYPES["long"][0] == facts.TYPES["long long"][0] or module.c_longlong is not module.c_long:
        return
    for name, code, alias in (("c_longlong", "q", "c_int64"), ("c_ulonglong", "Q", "c_uint64")):
        kind = type(name, (module._SimpleCData,), {"_type_": code, "__module__": "ctypes"})
        replace(module, name, kind)
        replace(module, alias, kind)


class _Layout:
    """Sizes of ctypes types on the target: c_long is 4 bytes on a 32-bit one, whatever this process uses."""

    def __init__(self, module: "ModuleType") -> None:
        self.ctypes = module
        self.real_sizeof = module.sizeof
        self.real_alignment = module.alignment
        self.simple = type(module.c_void_p)
        self.pointer = type(module.POINTER(module.c_int))
        self.function = type(module.CFUNCTYPE(None))

    def sizeof(self, obj: object, /) -> int:
        """Return the size in bytes of a ctypes type or instance, on the target."""
        real_size = self.real_sizeof(obj)
        found = self._measure(obj if isinstance(obj, type) else type(obj))
        return real_size if found is None else found[0]

    def alignment(self, obj: object, /) -> int:
        """Return the alignment in bytes of a ctypes type or instance, on the target."""
        real_alignment = self.real_alignment(obj)
        found = self._measure(obj if isinstance(obj, type) else type(obj))
        return real_alignment if found is None else found[1]

    def _measure(self, kind: type["Any"]) -> tuple[int, int] | None:
        ctypes = self.ctypes
        if isinstance(kind, self.simple):
            name = _CTYPES_CODES.get(kind._type_)
            return facts.TYPES[name] if name else None
        if isinstance(kind, self.pointer | self.function):
            return facts.TYPES["void *"]
        if issubclass(kind, ctypes.Array):
            item = self._measure(kind._type_)
            return item and (item[0] * kind._length_, item[1])
        if issubclass(kind, ctypes.Structure | ctypes.Union):
            return self._aggregate(kind, union=issubclass(kind, ctypes.Union))
        return None

    def _aggregate(self, kind: type["Any"], *, union: bool) -> tuple[int, int] | None:
        fields = [field for base in reversed(kind.__mro__) for field in base.__dict__.get("_fields_", ())]
        if any(len(field) > 2 for field in fields):
            return None  # bit fields: the psABI's rules are not worth a wrong answer
        pack = getattr(kind, "_pack_", 0)
        offset, size, widest = 0, 0, 1
        for field in fields:
            measured = self._measure(field[1])
            if measured is None:
                return None
            align = min(pack, measured[1]) if pack else measured[1]
            widest = max(widest, align)
            offset = 0 if union else -(-offset // align) * align
            offset += measured[0]
            size = max(size, offset)
        return -(-size // widest) * widest, widest
