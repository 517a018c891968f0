"""Autoconf's site file: that ``configure`` cross-compiles, and answers to tests that would have to run.

Only facts are answered that hold for every program on the target: of ISO C, POSIX and Linux, of its C library, of the
compiler's own macros. What is particular to a package is a hint (:mod:`crosspy.model.hint`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crosspy.model.target import Target

_LINUX: Final = {
    # Autoconf manual, "Particular Functions": what each macro tests is ISO C or POSIX, and so of every libc on Linux.
    "ac_cv_func_chown_works": "yes",
    "ac_cv_func_closedir_void": "no",
    "ac_cv_func_fork_works": "yes",  # a target with CPython's shared libraries has an MMU
    "ac_cv_func_vfork_works": "yes",
    "ac_cv_func_getgroups_works": "yes",
    "ac_cv_func_getpgrp_void": "yes",
    "ac_cv_func_lstat_dereferences_slashed_symlink": "yes",
    "ac_cv_func_lstat_empty_string_bug": "no",
    "ac_cv_func_memcmp_working": "yes",
    "ac_cv_func_mmap_fixed_mapped": "yes",
    "ac_cv_func_setpgrp_void": "yes",
    "ac_cv_func_setvbuf_reversed": "no",
    "ac_cv_func_stat_empty_string_bug": "no",
    "ac_cv_func_strcoll_works": "yes",
    "ac_cv_func_strnlen_working": "yes",
    "ac_cv_func_strtod": "yes",
    "ac_cv_func_utime_null": "yes",
    "ac_cv_sys_restartable_syscalls": "yes",
    # AC_CHECK_FILE stops when cross-compiling. Linux' Documentation/admin-guide/devices.txt has these.
    "ac_cv_file__dev_null": "yes",
    "ac_cv_file__dev_ptc": "no",
    "ac_cv_file__dev_ptmx": "yes",
    "ac_cv_file__dev_random": "yes",
    "ac_cv_file__dev_urandom": "yes",
    "ac_cv_file__dev_zero": "yes",
}

_MALLOC: Final = {
    # malloc(0), calloc(0, 0) and realloc(0, 0) give a unique pointer: glibc's manual, "Basic Allocation"; musl's malloc.c.
    # uClibc's depends on its configuration. "no" makes configure ask for an rpl_malloc that few packages have.
    "ac_cv_func_calloc_0_nonnull": "yes",
    "ac_cv_func_malloc_0_nonnull": "yes",
    "ac_cv_func_realloc_0_nonnull": "yes",
}

_LIBC: Final[Mapping[str, Mapping[str, str]]] = {
    "glibc": {
        **_MALLOC,
        "ac_cv_func_fnmatch_gnu": "yes",
        "ac_cv_func_fnmatch_works": "yes",
        "ac_cv_func_working_mktime": "yes",
        "ac_cv_func_working_strerror_r": "yes",
    },
    "musl": {**_MALLOC, "ac_cv_func_working_mktime": "yes"},
    "uclibc": {},
}

_SIZES: Final = {
    "short": "SHORT", "int": "INT", "long": "LONG", "long_long": "LONG_LONG", "void_p": "POINTER", "size_t": "SIZE_T",
    "ptrdiff_t": "PTRDIFF_T", "wchar_t": "WCHAR_T", "float": "FLOAT", "double": "DOUBLE", "long_double": "LONG_DOUBLE",
}  # fmt: skip
"""AC_CHECK_SIZEOF's name of a type, and the compiler's: in ``__SIZEOF_..._``."""

_HEAD: Final = """\
# Made by crosspy: read by every autoconf configure script, after its command line.
# One whose --host is its --build, or whose CC is the native compiler, makes tools for the build machine.
if { test -z "$host_alias" || test "x$host_alias" != "x$build_alias"; } &&
   { test -z "${CC_FOR_BUILD-}" || test "x${CC-}" != "x$CC_FOR_BUILD"; }; then
test -n "$host_alias" || host_alias=@triplet@
# Not what uname says in a build: that is the target.
test -n "$build_alias" || build_alias=$(command -p uname -m)-pc-linux-gnu
cross_compiling=yes
"""

_HINTS: Final = """\
for crosspy_hint in $(echo "${CROSSPY_HINTS-}" | tr ';' ' '); do
  . "$CROSSPY_BUILD/crosspy/hints/$crosspy_hint.site"
done
"""


def config_site(target: Target, *, hints: bool = False) -> str:
    """Return the site file: ``configure`` run by hand in a ``setup.py`` learns that it cross-compiles, and for what.

    ``host_alias`` and ``build_alias`` are what ``--host`` and ``--build`` set (autoconf manual, "Site Defaults").

    :param hints: there are hints; the running build knows which of them are for it.
    """
    known = "".join(f"{name}=${{{name}-{value}}}\n" for name, value in sorted(answers(target).items()))
    return _HEAD.replace("@triplet@", target.triplet) + (_HINTS if hints else "") + known + "fi\n"


def answers(target: Target) -> dict[str, str]:
    """Return the cache variables that can be told of a target without running anything."""
    found = {
        **_LINUX,
        **_LIBC[target.libc.kind],
        "ac_cv_c_bigendian": "yes" if target.machine.byteorder == "big" else "no",
    }
    macros = target.toolchain.macros if target.toolchain else {}
    for name, macro in _SIZES.items():
        if f"__SIZEOF_{macro}__" in macros:
            found[f"ac_cv_sizeof_{name}"] = macros[f"__SIZEOF_{macro}__"]
    return found
