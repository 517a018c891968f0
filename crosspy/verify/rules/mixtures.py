"""XP503 to XP505: files that are sound alone and do not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.elf import undefined_symbols
from crosspy.model.finding import Finding, Severity
from crosspy.verify.loading import Loading
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename

XP503: Final = Rule(
    id="XP503",
    title="OpenMP runtime more than once",
    why="A wheel brings a libgomp of its own beside the system's or another wheel's. Each wants a part of the small block "
    "of static thread-local storage: 'cannot allocate memory in static TLS block', depending on what is imported first; "
    "and each starts its own threads.",
    fix="Build the package against the image's libgomp instead of installing the wheel that bundles one.",
    reference="https://github.com/opencv/opencv/issues/14884",
)
XP504: Final = Rule(
    id="XP504",
    title="32-bit and 64-bit time together",
    why="One side was compiled with a time_t of 64 bits, the other with 32: a struct stat, timespec or time_t that one "
    "hands to the other is read wrongly. Both load without a word.",
    fix="Compile all of the image with the same -D_TIME_BITS (64 needs -D_FILE_OFFSET_BITS=64 as well).",
    reference="https://wiki.debian.org/ReleaseGoals/64bit-time",
)
XP505: Final = Rule(
    id="XP505",
    title="two Pythons in one process",
    why="The module, or a library of it, is linked with the libpython of another version than that of the interpreter that "
    "imports it: both are loaded, each with objects and locks of its own, and the first call crashes.",
    fix="Build the package for the image's Python, without -lpython3.X: extension modules need none on Linux.",
    reference="https://docs.python.org/3/whatsnew/3.8.html#debug-build-uses-the-same-abi-as-release-build",
)
RULES: Final = (XP503, XP504, XP505)

_LIBPYTHON: Final = re.compile(r"(?:lib)?python(3\.\d+)t?d?(?:\.so[\d.]*)?")
_BUNDLED: Final = re.compile(r"libgomp-[0-9a-f]{4,}\.so[\d.]*")
# glibc's names on 32-bit machines whose time_t was 32 bits first: sysdeps/unix/sysv/linux/**/libc.abilist.
_TIME32: Final = frozenset(
    b"clock_gettime clock_nanosleep ctime fstat fstat64 fstatat64 futimens gettimeofday gmtime gmtime_r localtime"
    b" localtime_r lstat lstat64 mktime nanosleep pthread_cond_timedwait pthread_mutex_timedlock select sem_timedwait"
    b" stat stat64 time timerfd_settime utime utimensat utimes wait3 wait4".split()
)
_TIME64: Final = frozenset(
    b"__clock_gettime64 __clock_nanosleep_time64 __ctime64 __fstat64_time64 __fstatat64_time64 __futimens64"
    b" __gettimeofday64 __gmtime64 __gmtime64_r __localtime64 __localtime64_r __lstat64_time64 __mktime64 __nanosleep64"
    b" __pthread_cond_timedwait64 __pthread_mutex_timedlock64 __select64 __sem_timedwait64 __stat64_time64 __time64"
    b" __timerfd_settime64 __utime64 __utimensat64 __utimes64 __wait3_time64 __wait4_time64".split()
)
# What has 64 bits on every machine.
_STATX: Final = b"statx"


def check(image: Image, loading: Loading) -> Iterator[Finding]:
    """Compare files with each other."""
    yield from _openmp(image)
    yield from _two_pythons(loading)
    if loading.search.expectation.machine.bits == 32 and loading.search.expectation.libc == "glibc":
        yield from _time(loading)


def _openmp(image: Image) -> Iterator[Finding]:
    bundled = sorted(path for path in image.elf if _BUNDLED.fullmatch(basename(path)))
    systems = sorted(path for path in image.elf if basename(path).startswith("libgomp.so.1"))
    for path in bundled:
        others = [one for one in (*systems, *bundled) if one != path]
        if others:
            yield XP503.finding(
                path, Severity.INFO, "one more OpenMP runtime", expected="one libgomp", found=others[0]
            )


def _two_pythons(loading: Loading) -> Iterator[Finding]:
    for module, (program, loaded) in sorted(loading.modules.items()):
        own = _LIBPYTHON.search(basename(program))
        for path in loaded.files:
            other = _LIBPYTHON.fullmatch(basename(path))
            if own and other and other[1] != own[1]:
                yield XP505.finding(
                    module,
                    Severity.ERROR,
                    f"brings Python {other[1]} into a process of Python {own[1]}",
                    expected=f"no libpython, or that of Python {own[1]}",
                    found=path,
                )


def _time(loading: Loading) -> Iterator[Finding]:
    sizes = {program: _time_bits(loading, program) for program in loading.programs}
    for module, (program, _) in loading.modules.items():
        theirs, ours = sizes.get(program, 0), _time_bits(loading, module)
        if theirs and ours and theirs != ours:
            yield XP504.finding(
                module,
                Severity.WARNING,
                "other size of time_t than the interpreter",
                expected=f"{theirs} bits",
                found=f"{ours} bits",
            )


def _time_bits(loading: Loading, path: str) -> int:
    """Return the size of a file's ``time_t``, by the functions that it calls; 0 if they do not say."""
    table = loading.symbols.of(path)
    if table is None:
        return 0
    names = {name.partition(b"@")[0] for name in table.wanted}
    narrow, wide = not names.isdisjoint(_TIME32), not names.isdisjoint(_TIME64)
    if narrow and not wide and _chooses(loading, path, names):
        return 0
    return {(True, False): 32, (False, True): 64}.get((narrow, wide), 0)


def _chooses(loading: Loading, path: str, strong: set[bytes]) -> bool:
    """Say whether a file takes 64 bits where the C library has them, by weak references.

    So does Rust's standard library, which keeps to itself what it falls back on.
    """
    with loading.search.image.open(path) as reader:
        named = undefined_symbols(reader)
    return any(name.decode() in named for name in (_TIME64 | {_STATX}) - strong)
