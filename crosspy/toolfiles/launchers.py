"""Compiler launchers: the target's compiler behind one word, that sees nothing of the build machine.

A launcher is a POSIX shell script that costs about a millisecond. It adds the sysroot, turns the build machine's
header and library directories into the sysroot's (a ``-I/usr/include/libxml2`` that some ``*-config`` script
printed), drops flags that mean the build machine's processor, keeps build paths out of debug information, and leaves
a record of failures for the build that asked for one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from crosspy.model.compiler import Toolchain
from crosspy.model.target import Target

VARIABLES: Final = {
    "CC": "gcc", "CXX": "g++", "AR": "ar", "NM": "nm", "RANLIB": "ranlib", "STRIP": "strip", "LD": "ld",
    "OBJCOPY": "objcopy", "OBJDUMP": "objdump", "READELF": "readelf", "FC": "gfortran",
}  # fmt: skip
"""Environment variable of each tool, and what its launcher is called behind the triplet."""

SPECS: Final = PurePosixPath("gcc/specs")
"""Beside the directory of the launchers: the toolchain's specs. GCC reads a file of that name in a -B directory."""

SKIP_TEST: Final = """\
#!/bin/sh
# A test program of the target does not run on the build machine. 77: skipped (automake manual, "Scripts-based Testsuites").
exit 77
"""


def run_target(emulator: Sequence[str]) -> str:
    """Return the launcher of the named emulator: it runs a program of the target, given as its arguments."""
    return f'#!/bin/sh\n# Made by crosspy: runs a program of the target.\nexec {_words(emulator)} "$@"\n'


_ABSENT: Final = """#!/bin/sh
# Made by crosspy.
echo "crosspy: error: there is no C++ compiler for @triplet@" >&2
exit 127
"""

# $p is an option whose directory is a word of its own, the one that follows.
_COMPILER: Final = r"""#!/bin/sh
# Made by crosspy: @what@ for @triplet@.
unset CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX
LC_ALL=C; export LC_ALL
S=@sysroot@
N=@native@
R= T=
case "$CROSSPY_ISOLATED $* " in
*" -s "*|*" -Wl,-s "*|*" -Wl,--strip-"*|\
" "*-packages/*|*native*|*" -I/usr/"*|*" -L/usr/"*|*" -L/lib"*|*" -I "*|*" -L "*|*" -isystem"*|*" -iquote"*|*" -idirafter"*|\
*" -I/lib"*|*" /usr/lib"*|*" /lib"*|*" /usr/local/lib"*|*rpath-link*|*" @"*|\
*-L*/site-packages/*|*/site-packages/*.so*|*-rpath*"$S"/*|*" -I$N"*)
@functions@
  # Without build isolation: what the target's build of a package is, twins.py wrote down.
  layer() {
    [ -z "$CROSSPY_ISOLATED" ] || return 0
    t=${1#*[et]-packages/}; f=${0%/*}/../target-packages/${t%%/*}
    [ -f "$f" ] || return 0
    read -r r <"$f"
    [ -n "$r" ] || { cat "$f" >&2; exit 1; }
    case $1 in -isystem*) o=-isystem ;; -iquote*) o=-iquote ;; -*) o=${1%"${1#??}"} ;; *) o= ;; esac
    [ ! -e "$r/$t" ] || { a=$o$r/$t; T=$r; }
  }
  # Only such a command line is looked at word by word: that takes a while on a long one.
  left=$#; p=
  while [ "$left" -gt 0 ]; do
    a=$1; shift; left=$((left - 1))
    case $p$a in
      -march=native|-mtune=native|-mcpu=native) continue ;;
      -s|-Wl,-s|-Wl,--strip-all|-Wl,--strip-debug) [ -z "$CROSSPY_UNSTRIPPED" ] || continue ;;
      -I|-L|-isystem|-iquote|-idirafter|-Wl,-rpath) p=$a; set -- "$@" "$a"; continue ;;
      @?*) response "${a#@}" ;;
      -L*/site-packages/*|/*/site-packages/*.so|/*/site-packages/*.so.[0-9]*)
        # A build requirement brought a library: link the target's build of it (see twins.py).
        t=${a%%/site-packages/*}/target-packages/${a#*/site-packages/}
        if [ -d "${t#-L}" ]; then set -- "$@" "$t" $p; elif [ -e "$t" ]; then a=$t; else layer "$a"; fi ;;
      -I*-packages/*|-isystem*-packages/*|-iquote*-packages/*|-L*-packages/*|/*-packages/*) layer "$a" ;;
@mapping@
    esac
    p=; set -- "$@" "$a"
  done
  ;;
esac
[ -z "$CROSSPY_PREFIX_MAPS" ] || set -- $CROSSPY_PREFIX_MAPS "$@"
@extra@
@atomics@[ -z "$CROSSPY_SOURCE" ] || set -- "$@" "-ffile-prefix-map=$CROSSPY_SOURCE=."
[ "$PWD" = "$CROSSPY_SOURCE" ] || set -- "$@" "-ffile-prefix-map=$PWD=."
T=${CROSSPY_ISOLATED:-$T}
[ -z "$T" ] || set -- "$@" "-ffile-prefix-map=$T=/build-env"
set -- @sysroot_flag@ "$@"
if [ -n "$@override@" ]; then eval "set -- $@override@ \"\$@\""; else set -- @command@ "$@"; fi
launcher=${CROSSPY_LAUNCHER-@launcher@}
case ${1##*/} in ccache|sccache|distcc|icecc) ;; *) [ -z "$launcher" ] || eval "set -- $launcher \"\$@\"" ;; esac
case :$PATH: in *":${0%/*}:"*)
  # A compiler that looks for another one on PATH, as wrappers do, must not find this launcher again.
  PATH=:$PATH:; PATH=${PATH%%":${0%/*}:"*}:${PATH#*":${0%/*}:"}; PATH=${PATH#:}; PATH=${PATH%:} ;;
esac
slot=
if [ -n "$R" ] || [ -p "$CROSSPY_SLOTS" ]; then
  trap '[ -z "$slot" ] || { : >"$slot"; echo >&9; }; [ -z "$R" ] || rm -rf "$R"' EXIT
  trap 'exit 143' HUP INT TERM
fi
if [ -p "$CROSSPY_SLOTS" ]; then
  # One of the slots of this run, while the compiler works; a file says that we hold it, in case this shell is killed.
  # A slot is a newline: of anything longer, read would take a part each to two shells.
  slots=$CROSSPY_SLOTS; CROSSPY_SLOTS=; exec 9<>"$slots"; read -r slot <&9; slot=$slots.$$; echo held >"$slot"
fi
if [ ! -d "$CROSSPY_BUILD_LOG" ]; then
  [ -n "$R$slot" ] || exec "$@"
  "$@" 9>&-; exit
fi
log=$CROSSPY_BUILD_LOG/$$
"$@" 2>"$log" 9>&-; status=$?
[ ! -s "$log" ] || cat "$log" >&2
if [ "$status" -eq 0 ]; then end=done; else end=failed; fi
{ printf '%s' "$PWD"; printf '\n%s' "$@"; } 2>/dev/null >"$log.$end"
exit "$status"
"""

# What is linked may hold calls of libatomic that no build knows of; where it holds none, the library is not needed.
_ATOMICS: Final = r"""case " $* " in *" -c "*|*" -E "*|*" -S "*|*" -r "*|*" -Wl,-r "*|*" -static"*|*" -nostdlib"*|*" -nodefaultlibs"*|*" -fsyntax-only"*) ;;
*" -o"*)
  a=$(@command@ -print-file-name=libatomic.so 2>/dev/null)
  case $a in /*) set -- "$@" -Wl,--push-state,--as-needed -latomic -Wl,--pop-state ;; esac ;;
esac
"""

# $1 in the sysroot, as $r: a directory, with the target's name where it has a multiarch name, or a library.
_FUNCTIONS: Final = r"""  inside() {
    r=${1#/usr}; r=${r#/local}; d=${1%"$r"}; f=${r#/}; f=${f%%/*}; r=${r#"/$f"}
    case $r in /*-linux-*) m=${r#/}; m=${m%%/*}; case $m in *-linux-*) r=@multiarch@${r#"/$m"} ;; esac ;; esac
    r=$d/$f$r
  }
  library() {
    inside "$1"
    for d in "$r" @directories@; do
      [ "$d" = "$r" ] || d=$d/${1##*/}
      for d in "${0%/*}/../links$d" "$S$d"; do if [ -e "$d" ]; then r=$d; return; fi; done
    done
    r=$S$r
    # The compiler's own libraries (libgomp.so, of which CMake's FindOpenMP has the path) are in no sysroot.
    case $1 in */gcc/*|*/gcc-cross/*)
      d=$(@command@ "-print-file-name=${1##*/}" 2>/dev/null)
      case $d in /*/gcc/*|/*/gcc-cross/*) r=$d ;; esac ;;
    esac
  }
"""

# A response file (GCC manual, "Overall Options") that names the build machine's directories is replaced by a copy.
_RESPONSE: Final = r"""  response() {
    grep -Eqs -e '=native' -e @suspect@ -- "$1" || return 0
    [ -n "$R" ] || R=$(mktemp -d "${TMPDIR:-/tmp}/crosspy-XXXXXX") || return 0
    sed -E @program@ -- "$1" >"$R/$left" && a=@$R/$left
  }
"""

_MAPPING: Final = r"""    -I"$N"|-I"$N"/*|-isystem"$N"|-isystem"$N"/*|-iquote"$N"|-idirafter"$N")
      # Headers of the build machine's Python, as a program of the build layer names them (pybind11-config).
      a=${a%%"$N"*}@python@${a#*"$N"} ;;
    */site-packages/*|*/dist-packages/*|"$p"@keep@/*|-I@keep@/*|-L@keep@/*) ;;
    -I/usr/include|-I/usr/include/*|-I/usr/local/include|-I/usr/local/include/*|-I/usr/lib/*|-I/usr/lib64/*|-I/usr/local/lib/*|-I/lib/*|\
    -isystem/usr/include|-isystem/usr/include/*|-isystem/usr/local/include|-isystem/usr/local/include/*|-isystem/usr/lib/*|\
    -iquote/usr/include*|-iquote/usr/lib/*|-idirafter/usr/include*|-idirafter/usr/lib/*|\
    -L/usr/lib|-L/usr/lib/*|-L/lib|-L/lib/*|-L/usr/lib64*|-L/lib64*|-L/usr/lib32*|-L/lib32*|-L/usr/libx32*|-L/usr/local/lib|-L/usr/local/lib/*|-L/usr/local/lib64*)
      o=${a%%/*}; inside "${a#"$o"}"; a=$o$S$r ;;
    -Wl,-rpath-link,/usr/*|-Wl,-rpath-link=/usr/*|-Wl,-rpath-link,/lib*|-Wl,-rpath-link=/lib*)
      o=${a%%/*}; inside "${a#"$o"}"; a=$o$S$r ;;
    -Wl,*rpath-link*) ;;
    -Wl,*rpath*@keep@/*)
      # Where a library is on the target: a linker is told where it is on this machine.
      while case $a in *@keep@/*) ;; *) false ;; esac; do a=${a%%@keep@/*}/${a#*@keep@/}; done ;;
    /usr/lib*/*.so|/usr/lib*/*.so.[0-9]*|/usr/lib*/*.a|/lib*/*.so|/lib*/*.so.[0-9]*|/lib*/*.a|/usr/local/lib*/*.so|/usr/local/lib*/*.a)
      [ -n "$p" ] || { library "$a"; a=$r; } ;;"""

_SYSTEM: Final = "(/usr/local|/usr)?/(include|lib(64|32|x32)?)"


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
    target: Target,
    toolchain: Toolchain,
    link_dirs: Sequence[str] = (),
    real_sysroot: str = "",
    *,
    before: Sequence[str] = (),
    native_include: str = "",
) -> dict[str, str]:
    """Return the text of each launcher, by file name.

    :param real_sysroot: the sysroot with its links resolved.
    :param link_dirs: directories below ``ENV/crosspy/links`` that stand for ones of the sysroot.
    :param native_include: the directory of the build Python's headers, which stands for the target's.
    :param before: a program that runs compilers, such as ccache or distcc; ``CROSSPY_LAUNCHER`` overrides it.
    """
    extra = _Directories(
        includes=tuple(name for name in link_dirs if "include" in name.split("/")),
        libraries=tuple(name for name in link_dirs if "include" not in name.split("/")),
        real_sysroot=real_sysroot,
        native_include=native_include,
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
    else:
        # One of another toolchain may be on PATH under this name.
        files[launcher_name(target, "g++")] = _ABSENT.replace("@triplet@", target.triplet)
    for tool, command in toolchain.tools.items():
        name = launcher_name(target, tool)
        if tool == "gfortran":
            files[name] = _compiler(target, toolchain, command, "FC", (), links=extra)
        else:
            files[name] = _tool(command, next(v for v, t in VARIABLES.items() if t == tool))
    run_by = shlex.quote(_words(before)) if before else ""
    return {name: text.replace("@launcher@", run_by) for name, text in sorted(files.items())}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Directories:
    includes: tuple[str, ...]
    libraries: tuple[str, ...]
    real_sysroot: str
    native_include: str


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
        # Never an empty word, which any command line has.
        "native": shlex.quote(links.native_include or "/nonexistent"),
        **_mapping(target, sysroot),
        "extra": f'set -- "$@" {" ".join([*_here(links, toolchain), _words(extra)]).strip()}',
        "atomics": _ATOMICS if toolchain.calls_libatomic else "",
        "override": f"CROSSPY_{variable}",
        "command": _words(command),
        "sysroot_flag": _words([f"--sysroot={sysroot}"]) if sysroot else "",
    }
    text = _COMPILER
    for name, value in replacements.items():
        text = text.replace(f"@{name}@", value)
    return text


def _mapping(target: Target, sysroot: str) -> dict[str, str]:
    """Return what leads the build machine's directories into the sysroot; nothing does without one."""
    if not sysroot:
        return {"mapping": "    -) ;;", "functions": "  response() { :; }"}
    multiarch = f"/{target.python.multiarch}" if target.python.multiarch else ""
    values = {
        "multiarch": shlex.quote(multiarch) if multiarch else "",
        "directories": _words(library_directories(target)),
        "suspect": shlex.quote(
            f"(^|[[:space:]\"'])(-I|-L|-isystem|-iquote|-idirafter)?[[:space:]]*{_SYSTEM}"
        ),
        "program": shlex.quote(_response_program(sysroot, multiarch)),
    }
    functions = _FUNCTIONS + _RESPONSE
    for name, value in values.items():
        functions = functions.replace(f"@{name}@", value)
    include = target.python.include
    python = shlex.quote(include if include.startswith(f"{sysroot}/") else sysroot + include)
    mapping = _MAPPING.replace("@keep@", '"$S"').replace("@python@", python)
    return {"mapping": mapping, "functions": functions.rstrip()}


def _response_program(sysroot: str, multiarch: str) -> str:
    """Return the sed program for a response file: the same as the arms of _MAPPING do, for words in one text."""
    place = re.sub(r"([\\&#\n])", r"\\\1", sysroot)
    word = r"(^|[[:space:]\"'])"
    option = "(-I|-L|-isystem|-iquote|-idirafter)?"
    return "\n".join([
        rf"s#{word}-m(arch|tune|cpu)=native#\1#g",
        # Python's own packages are of the build.
        r"s#/lib/python#/\x01#g",
        rf"s#{word}{option}{_SYSTEM}/[^/[:space:]\"']*-linux-[^/[:space:]\"']*#\1\2{place}\3/\4{multiarch}#g",
        rf"s#{word}{option}{_SYSTEM}(/|[[:space:]\"']|$)#\1\2{place}\3/\4\6#g",
        r"s#/\x01#/lib/python#g",
    ])  # fmt: skip


def library_directories(target: Target) -> tuple[str, ...]:
    """Return where the target keeps libraries, most specific first, as the target names the directories."""
    multiarch = target.python.multiarch
    names = [f"/usr/lib/{multiarch}", f"/lib/{multiarch}"] if multiarch else []
    return (*names, "/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib")


def _here(links: _Directories, toolchain: Toolchain) -> list[str]:
    """Return options for directories beside the launcher, wherever the environment is now."""
    words = [f'-B"${{0%/*}}"/../{SPECS.parent}/'] if toolchain.specs else []
    words += [f'-L"${{0%/*}}"/../links/{shlex.quote(name)}' for name in links.libraries]
    return [*words, *(f'-idirafter "${{0%/*}}"/../links/{shlex.quote(name)}' for name in links.includes)]


_UNSTRIPPED: Final = r"""if [ -n "$CROSSPY_UNSTRIPPED" ]; then
  # Symbols are for who packages the result; a file of another name is wanted nevertheless.
  from= to= next=
  for word; do
    case $next in to) to=$word next=; continue ;; other) next=; continue ;; esac
    case $word in -o) next=to ;; -o?*) to=${word#-o} ;; -[FIOKNR]) next=other ;; -*) ;; *) from=$word ;; esac
  done
  [ -z "$to" ] || exec cp -p -- "$from" "$to"
  exit 0
fi
"""


def _tool(command: Sequence[str], variable: str) -> str:
    override = f"CROSSPY_{variable}"
    first = _UNSTRIPPED if variable == "STRIP" else ""
    return f'#!/bin/sh\n{first}if [ -n "${override}" ]; then eval "exec ${override} \\"\\$@\\""; fi\nexec {_words(command)} "$@"\n'


def _words(command: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in command)
