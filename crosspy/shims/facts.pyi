# What `crosspy.toolfiles.facts.facts_module` writes.

from typing import Final, TypedDict

class _Sys(TypedDict):
    abiflags: str
    platlibdir: str
    base_prefix: str
    base_exec_prefix: str
    maxsize: int
    byteorder: str
    hash_info: tuple[int | str, ...]
    int_info: tuple[int, int]
    thread_version: str | None
    builtin_module_names: tuple[str, ...]
    multiarch: str
    version_info: tuple[int, int, int, str, int] | None
    hexversion: int
    version: str

class _OS(TypedDict):
    sysname: str
    machine: str
    bits: int
    libc: str
    libc_ver: tuple[str, str] | None
    musl: tuple[int, int] | None
    sysroot: str

SYS: Final[_Sys]
OS: Final[_OS]
TYPES: Final[dict[str, tuple[int, int]]]
SUFFIXES: Final[tuple[str, ...]]
LIBRARY: Final[tuple[str, ...]]
PIP: Final[str]
PACKAGES: Final[tuple[str, ...]]
INCLUDE: Final[tuple[str, str] | None]
NAMED_AS: Final[tuple[str, ...]]
PLATFORM_TAGS: Final[tuple[str, ...] | None]
