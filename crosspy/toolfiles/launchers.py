"""Compiler launchers: the target's compiler behind one word, that sees nothing of the build machine.

A launcher is a POSIX shell script that costs about a millisecond. It adds the sysroot, turns the build machine's
header and library directories into the sysroot's (a ``-I/usr/include/libxml2`` that some ``*-config`` script
printed), drops flags that mean the build machine's processor, keeps build paths out of debug information, and leaves
a record of failures for the build that asked for one.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crosspy.model.compiler import Toolchain
from crosspy.model.target import Target

VARIABLES: Final = {
    "CC": "gcc", "CXX": "g++", "AR": "ar", "NM": "nm", "RANLIB": "ranlib", "STRIP": "strip", "LD": "ld",
    "OBJCOPY": "objcopy", "OBJDUMP": "objdump", "READELF": "readelf", "FC": "gfortran",
}  # fmt: skip
"""Environment variable of each tool, and what its launcher is called behind the triplet."""

SKIP_TEST: Final = """\
#!/bin/sh
# A test program of the target does not run on the build machine. 77: skipped (automake manual, "Scripts-based Testsuites").
exit 77
"""


def run_target(emulator: Sequence[str]) -> str:
    """Return the launcher of the named emulator: it runs a program of the target, given as its arguments."""
    return f'#!/bin/sh\n# Made by crosspy: runs a program of the target.\nexec {_words(emulator)} "$@"\n'


# $p is an option whose directory is a word of its own, the one that follows.
_COMPILER: Final = r"""#!/bin/sh
# Made by crosspy: @what@ for @triplet@.
unset CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX
LC_ALL=C; export LC_ALL
S=@sysroot@
case " $*" in
*native*|*" -I/usr/"*|*" -L/usr/"*|*" -L/lib"*|*" -I "*|*" -L "*|*" -isystem"*|*" -iquote"*|*" -idirafter"*)
  # Only such a command line is looked at word by word: that takes a while on a long one.
  left=$#; p=
  while [ "$left" -gt 0 ]; do
    a=$1; shift; left=$((left - 1))
    case $p$a in
      -march=native|-mtune=native|-mcpu=native) continue ;;
      -I|-L|-isystem|-iquote|-idirafter) p=$a; set -- "$@" "$a"; continue ;;
@mapping@
    esac
    p=; set -- "$@" "$a"
  done
  ;;
esac
@extra@
[ -z "$CROSSPY_SOURCE" ] || set -- "$@" "-ffile-prefix-map=$CROSSPY_SOURCE=."
[ "$PWD" = "$CROSSPY_SOURCE" ] || set -- "$@" "-ffile-prefix-map=$PWD=."
[ -z "$CROSSPY_ISOLATED" ] || set -- "$@" "-ffile-prefix-map=$CROSSPY_ISOLATED=/build-env"
set -- @sysroot_flag@ "$@"
if [ -n "$@override@" ]; then eval "set -- $@override@ \"\$@\""; else set -- @command@ "$@"; fi
[ -d "$CROSSPY_BUILD_LOG" ] || exec "$@"
log=$CROSSPY_BUILD_LOG/$$
"$@" 2>"$log"; status=$?
[ ! -s "$log" ] || cat "$log" >&2
if [ "$status" -eq 0 ]; then end=done; else end=failed; fi
{ printf '%s' "$PWD"; printf '\n%s' "$@"; } 2>/dev/null >"$log.$end"
exit "$status"
"""

_MAPPING: Final = r"""    "$p"@keep@/*|-I@keep@/*|-L@keep@/*) ;;
    -I/usr/include|-I/usr/include/*|-I/usr/local/include|-I/usr/local/include/*) @map_i@ ;;
    -isystem/usr/include|-isystem/usr/include/*|-isystem/usr/local/include|-isystem/usr/local/include/*) @map_p@ ;;
    -iquote/usr/include*|-idirafter/usr/include*) @map_p@ ;;
    -L/usr/lib|-L/usr/lib/|-L/lib|-L/lib/|-L/usr/lib64*|-L/lib64*|-L/usr/local/lib|-L/usr/local/lib/) @map_l@ ;;
    -L/usr/lib/*-linux-*|-L/lib/*-linux-*) @map_l@ ;;"""


def launcher_name(target: Target, tool: str) -> str:
    """Return the file name of a launcher: what the triplet's own tool is called.

    Where the target's tools would be called as the build machine's (an x86-64 target with another libc, built on
    x86-64; aarch64 on aarch64), ``-crosspy-`` keeps them apart.
    """
    return f"{tool_prefix(target)}{tool}"


def tool_prefix(target: Target) -> str:
    """Return the triplet, as it stands before ``gcc``, and a dash."""
    toolchain = target.toolchain
    triplet = target.python.multiarch or (toolchain.triplet if toolchain else "") or target.triplet
    if toolchain is not None and toolchain.native:
        cpu, _, rest = triplet.partition("-")
        return f"{cpu}-crosspy-{rest}-"
    return f"{triplet}-"


def launchers(
    target: Target, toolchain: Toolchain, link_dirs: Sequence[str] = (), real_sysroot: str = ""
) -> dict[str, str]:
    """Return the text of each launcher, by file name.

    :param real_sysroot: the sysroot with its links resolved.
    :param link_dirs: directories below ``ENV/crosspy/links`` that stand for ones of the sysroot.
    """
    extra = _Directories(
        includes=tuple(name for name in link_dirs if "include" in name.split("/")),
        libraries=tuple(name for name in link_dirs if "include" not in name.split("/")),
        real_sysroot=real_sysroot,
    )
    files = {
        launcher_name(target, "gcc"): _compiler(
            target, toolchain, toolchain.cc, "CC", toolchain.c_includes, links=extra
        )
    }
    if toolchain.cxx:
        files[launcher_name(target, "g++")] = _compiler(
            target, toolchain, toolchain.cxx, "CXX", toolchain.cxx_includes, links=extra
        )
    for tool, command in toolchain.tools.items():
        name = launcher_name(target, tool)
        if tool == "gfortran":
            files[name] = _compiler(target, toolchain, command, "FC", (), links=extra)
        else:
            files[name] = _tool(command, next(v for v, t in VARIABLES.items() if t == tool))
    return dict(sorted(files.items()))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Directories:
    includes: tuple[str, ...]
    libraries: tuple[str, ...]
    real_sysroot: str


def _compiler(
    target: Target,
    toolchain: Toolchain,
    command: Sequence[str],
    variable: str,
    includes: Sequence[str],
    *,
    links: _Directories,
) -> str:
    sysroot = target.sysroot if target.sysroot not in {"", "/"} else ""
    extra = []
    if includes:
        extra += ["-nostdinc", *(word for directory in includes for word in ("-isystem", directory))]
    extra += [f"-L{directory}" for directory in toolchain.library_dirs]
    if sysroot:
        # A compiler writes down the directories that it finds, links resolved.
        extra += [
            f"-ffile-prefix-map={path}=" for path in dict.fromkeys((links.real_sysroot, sysroot)) if path
        ]
    replacements = {
        "what": variable,
        "triplet": target.triplet,
        "sysroot": shlex.quote(sysroot),
        "mapping": _mapping(sysroot),
        "extra": f'set -- "$@" {" ".join([_here(links), _words(extra)]).strip()}',
        "override": f"CROSSPY_{variable}",
        "command": _words(command),
        "sysroot_flag": _words([f"--sysroot={sysroot}"]) if sysroot else "",
    }
    text = _COMPILER
    for name, value in replacements.items():
        text = text.replace(f"@{name}@", value)
    return text


def _mapping(sysroot: str) -> str:
    """Return the case arms that lead the build machine's directories into the sysroot; none without a sysroot."""
    if not sysroot:
        return "    -) ;;"
    return (
        _MAPPING.replace("@keep@", '"$S"')
        .replace("@map_i@", 'if [ -n "$p" ]; then a=$S$a; else a=-I$S${a#-I}; fi')
        .replace("@map_l@", 'if [ -n "$p" ]; then a=$S$a; else a=-L$S${a#-L}; fi')
        .replace("@map_p@", "case $p in ?*) a=$S$a ;; esac")
    )


def _here(links: _Directories) -> str:
    """Return options for directories beside the launcher, wherever the environment is now."""
    words = [f'-L"${{0%/*}}"/../links/{shlex.quote(name)}' for name in links.libraries]
    words += [f'-idirafter "${{0%/*}}"/../links/{shlex.quote(name)}' for name in links.includes]
    return " ".join(words)


def _tool(command: Sequence[str], variable: str) -> str:
    override = f"CROSSPY_{variable}"
    return f'#!/bin/sh\nif [ -n "${override}" ]; then eval "exec ${override} \\"\\$@\\""; fi\nexec {_words(command)} "$@"\n'


def _words(command: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in command)
