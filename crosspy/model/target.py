"""Everything crosspy knows of a target: the one model that every command shares, and its JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crosspy.errors import TargetDataError
from crosspy.model import machine as machines
from crosspy.model.compiler import Toolchain
from crosspy.model.machine import Machine
from crosspy.model.python import TargetPython

SCHEMA: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Libc:
    """The target's C library. ``version`` is ``X.Y``, empty when it could not be read."""

    kind: str
    """``glibc``, ``musl`` or ``uclibc``"""
    version: str = ""
    interpreter: str = ""
    """PT_INTERP of the target's programs, e.g. ``/lib/ld-linux-aarch64.so.1``"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CType:
    """Size and alignment (inside a struct) of a C type, in bytes."""

    size: int
    align: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A machine, its C library and its Python, as one sysroot describes them.

    ``abi`` is what the ELF flags of the sysroot state (:func:`crosspy.model.machine.abi_of`). ``types`` is keyed by
    C type (``long``, ``void *``, ``size_t`` ...). ``sources`` says of each fact, by dotted name, where it came from.
    """

    machine: Machine
    uname: str
    """``os.uname().machine``"""
    triplet: str
    """GNU triplet, e.g. ``aarch64-unknown-linux-gnu``"""
    abi: Mapping[str, str]
    libc: Libc
    python: TargetPython
    types: Mapping[str, CType]
    sysroot: str
    """Absolute path on the build machine; empty when there is none."""
    toolchain: Toolchain | None = None
    e_flags: int = 0
    """``e_flags`` of the target's own interpreter or C library; 0 where the sysroot holds neither."""
    os_release: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the text of ``target.json``: sorted keys, indented, the same for the same target."""
        plain = _plain(self)
        plain["machine"] = self.machine.name
        return json.dumps({"schema": SCHEMA, **plain}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Return dataclasses as dicts; unlike ``dataclasses.asdict`` without a deep copy of a thousand variables."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) if dataclasses.is_dataclass(item) else item for key, item in value.items()}
    return value


def from_json(text: str, *, origin: str) -> Target:
    """Read the text of a ``target.json``.

    :param origin: the file's name, for messages.
    :raises TargetDataError: naming the field, if it is not such a file or of another schema.
    """
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise TargetDataError(
            f"{origin}: not JSON: {error}", hint="Make it with: crosspy describe -o target.json"
        ) from None
    if not isinstance(plain, dict) or plain.pop("schema", None) != SCHEMA:
        raise TargetDataError(
            f"{origin}: not a target description of schema {SCHEMA}",
            hint="Make it anew with this version: crosspy describe --sysroot DIR -o target.json",
        )
    try:
        return _from_plain(plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TargetDataError(
            f"{origin}: damaged target description: {type(error).__name__}: {error}",
            hint="Make it anew: crosspy describe --sysroot DIR -o target.json",
        ) from None


def _from_plain(plain: dict[str, Any]) -> Target:
    python = dict(plain.pop("python"))
    for key in ("extension_suffixes", "builtin_modules"):
        python[key] = tuple(str(item) for item in python[key])
    toolchain = plain.pop("toolchain")
    return Target(
        machine=machines.by_name(plain.pop("machine")),
        python=TargetPython(**python),
        libc=Libc(**plain.pop("libc")),
        types={str(name): CType(**value) for name, value in plain.pop("types").items()},
        toolchain=None if toolchain is None else _toolchain(toolchain),
        warnings=tuple(plain.pop("warnings")),
        **plain,
    )


def _toolchain(plain: dict[str, Any]) -> Toolchain:
    lists = {key: tuple(plain[key]) for key in ("cc", "cxx", "c_includes", "cxx_includes", "library_dirs")}
    tools = {str(name): tuple(words) for name, words in plain["tools"].items()}
    return Toolchain(
        tools=tools,
        triplet=plain["triplet"],
        family=plain["family"],
        native=plain.get("native", False),
        version=plain["version"],
        specs=plain.get("specs", ""),
        macros=plain["macros"],
        **lists,
    )
