"""Programs that answer for the target in a build: what a ``Makefile`` or a ``setup.py`` asks of the machine it runs on.

In a process that is not a build for the target, each is the system's own. All are POSIX shell: builds call them from
anywhere, and nothing of the target is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from crosspy.model.python import ConfigValue
from crosspy.model.target import Target

_HEAD: Final = """\
#!/bin/sh
# Made by crosspy: answers for the target in a build, and is the system's elsewhere.
if [ -z "$CROSSPY_BUILD" ] || [ "$CROSSPY_ENV" = off ] || case ,$CROSSPY_KEEP, in *,machine,*) ;; *) false ;; esac; then
  command -p @name@ "$@"; exit
fi
"""

_UNAME: Final = """\
letters=
for word; do
  case $word in
    --all) letters=${letters}a ;;
    --kernel-name) letters=${letters}s ;;
    --nodename) letters=${letters}n ;;
    --kernel-release) letters=${letters}r ;;
    --kernel-version) letters=${letters}v ;;
    --machine) letters=${letters}m ;;
    --processor) letters=${letters}p ;;
    --hardware-platform) letters=${letters}i ;;
    --operating-system) letters=${letters}o ;;
    -[asnrvmpio]*) letters=$letters${word#-} ;;
    *) command -p uname "$@"; exit ;;
  esac
done
case $letters in
  *[!asnrvmpio]*) command -p uname "$@"; exit ;;
  *a*) letters=snrvmo ;;
  '') letters=s ;;
esac
answer=
for letter in s n r v m p i o; do
  case $letters in *$letter*) ;; *) continue ;; esac
  case $letter in
    n) word=build ;;
    m) word=@uname@ ;;
    p|i) word=unknown ;;
    *) word=$(command -p uname "-$letter") ;;
  esac
  answer=${answer:+$answer }$word
done
printf '%s\\n' "$answer"
"""

_ARCH: Final = "echo @uname@\n"

_GETCONF: Final = """\
case $* in
  LONG_BIT) echo @long@ ;;
  GNU_LIBC_VERSION) @libc@ ;;
  *) command -p getconf "$@" ;;
esac
"""

_LSCPU: Final = """\
# No word of the build machine's processor; -p and -e, which list the processors, are the system's.
case $* in
  -[pe]*|--parse*|--extended*) command -p lscpu "$@"; exit ;;
  -J*|--json*) printf '{"lscpu":[{"field":"Architecture:","data":"@uname@"},{"field":"Byte Order:","data":"@order@"}]}\\n' ;;
  *) printf 'Architecture:        @uname@\\nByte Order:          @order@\\n' ;;
esac
"""

_DPKG: Final = """\
case $* in
  --print-architecture) echo @debian@ ;;
  *) command -p dpkg "$@" ;;
esac
"""

_DPKG_ARCHITECTURE: Final = """\
command -p dpkg-architecture -f -a@debian@ "$@"
"""

_DEBIAN: Final = {
    "aarch64": "arm64", "armhf": "armhf", "armel": "armel", "i686": "i386", "x86_64": "amd64", "x32": "x32",
    "riscv64": "riscv64", "s390x": "s390x", "ppc64le": "ppc64el", "ppc64": "ppc64", "ppc": "powerpc", "mips64el": "mips64el",
    "mipsel": "mipsel", "mips": "mips", "loongarch64": "loong64", "sparc64": "sparc64", "m68k": "m68k", "sh4": "sh4",
}  # fmt: skip
"""Debian's name (https://wiki.debian.org/SupportedArchitectures) by machine; ARM's by its float ABI."""


def machine_programs(target: Target) -> dict[str, str]:
    """Return the text of each program that every machine has, by name."""
    return {
        name: _program(name, body, target)
        for name, body in (("uname", _UNAME), ("arch", _ARCH), ("getconf", _GETCONF), ("lscpu", _LSCPU))
    }


def distribution_programs(target: Target) -> dict[str, str]:
    """Return those that answer only where the build machine has such a program: the presence of one tells something."""
    if not debian_name(target):
        return {}
    return {
        name: _program(name, body, target)
        for name, body in (("dpkg", _DPKG), ("dpkg-architecture", _DPKG_ARCHITECTURE))
    }


def debian_name(target: Target) -> str:
    """Return Debian's name of the target's architecture, empty where there is none."""
    name = target.machine.name
    return _DEBIAN.get(
        ("armhf" if target.abi.get("float") == "hard" else "armel") if name == "arm" else name, ""
    )


def cpuinfo() -> str:
    """Return what ``/proc/cpuinfo`` is in a build: one processor, of which nothing is known."""
    return "processor\t: 0\n\n"


def _program(name: str, body: str, target: Target) -> str:
    libc = (
        f"echo glibc {target.libc.version}"
        if target.libc.kind == "glibc" and target.libc.version
        else "exit 1"
    )
    text = _HEAD + body
    for key, value in (
        ("name", name),
        ("uname", target.uname),
        ("long", str(target.types["long"].size * 8)),
        ("libc", libc),
        ("order", f"{target.machine.byteorder.title()} Endian"),
        ("debian", debian_name(target)),
    ):
        text = text.replace(f"@{key}@", value)
    return text


# `*-config`.

_CONFIG: Final = r"""#!/bin/sh
# Made by crosspy. A NAME-config of the build machine tells of the build machine's library: in a build for the target
# this answers from the sysroot's pkg-config files. One that the build itself brings (build requirements, the
# project, a directory of the sysroot that the caller put on PATH) is run as it is.
S=@sysroot@
name=${0##*/}
run_from_path() {
  rest=$PATH:
  while [ -n "$rest" ]; do
    d=${rest%%:*}; rest=${rest#*:}
    case $d in
      */crosspy/tools|*/crosspy-answers-*|'') continue ;;
      "${CROSSPY_ISOLATED:-/-}"/*|"${CROSSPY_SOURCE:-/-}"/*|"$CROSSPY_BUILD"/*|"${S:-/-}"/*) ;;
      *) [ -z "$CROSSPY_BUILD" ] || continue ;;
    esac
    [ ! -f "$d/$name" ] || [ ! -x "$d/$name" ] || exec "$d/$name" "$@"
  done
}
[ "$CROSSPY_ENV" != off ] || CROSSPY_BUILD=
run_from_path "$@"
[ -n "$CROSSPY_BUILD" ] || { echo "$name: not found" >&2; exit 127; }
fail() { echo "crosspy: error: $*" >&2; exit 1; }
pc() { "${PKG_CONFIG:-pkg-config}" "$@"; }
command -v "${PKG_CONFIG:-pkg-config}" >/dev/null || fail "$name is answered from the sysroot's pkg-config files, and pkg-config is not on PATH"
version=
case $name in
@table@
  *)
    base=${name%[-_]config}; bare=${base%%[0-9]*}; bare=${bare%-}
    if [ "${bare:-$base}" = "$base" ]; then set -- "$base" "lib$base" -- "$@"
    else set -- "$base" "lib$base" "$bare" "lib$bare" -- "$@"; fi ;;
esac
modules=; tried=
while [ "$1" != -- ]; do
  tried="${tried:+$tried, }$1"
  [ -n "$modules" ] || ! pc --exists $1 2>/dev/null || modules=$1
  shift
done
shift
[ -n "$modules" ] || fail "$name of the build machine does not know the target's library, and the sysroot $S has no pkg-config module $tried.
hint: add the library's development files to the sysroot, or tell the build where they are: crosspy create --hints FILE"
# What is not an option is a part of the library, with a module of its own (krb5-config --libs gssapi).
parts=
for word; do
  case $word in -*|'') continue ;; esac
  part=
  for each in "${name%[-_]config}-$word" "$word" "lib$word"; do
    [ -n "$part" ] || ! pc --exists "$each" 2>/dev/null || part=$each
  done
  [ -n "$part" ] || fail "$name: $word? It is answered from the sysroot's pkg-config module $modules, which knows no such question, and there is no module ${name%[-_]config}-$word or $word"
  parts="${parts:+$parts }$part"
done
modules=${parts:-$modules}
variable() {
  v=$(pc "--variable=$1" ${modules%% *})
  [ -n "$v" ] || v=$(pc "--variable=$(echo "$1" | tr - _)" ${modules%% *})
  v=${v#'"'}; v=${v%'"'}
  case $v in "$S"|"$S"/*|'') ;; /*) v=$S$v ;; esac
}
[ $# -gt 0 ] || fail "$name: ask it for something, such as --cflags or --libs; it is answered from the pkg-config module $modules"
static=
answer=
for option; do
  case $option in
    --static|--link-static) static=--static; continue ;;
    --shared|--link-shared|--exists|--prefix=*|--exec-prefix=*) continue ;;
    --version|--modversion|-v|-V) v=$version$(pc --modversion ${modules%% *}) ;;
    --cflags|--cppflags|--cxxflags|--cflags-*|--ccflags|-c) v=$(pc --cflags $modules) || exit ;;
    --include|--includes|--incflags) v=$(pc --cflags-only-I $modules) || exit ;;
    --libs|--ldflags|--libs[-_0-9]*|--clibs|--ldadd|-l) v=$(pc --libs $static $modules) || exit ;;
    --static-libs|--libs-static|--static-clibs) v=$(pc --static --libs $modules) || exit ;;
    --variable=*) variable "${option#*=}" ;;
    --*) variable "${option#--}"
@variables@
      [ -n "$v" ] || fail "$name $option cannot be answered from the sysroot's pkg-config module $modules. hint: tell the build where the library is: crosspy create --hints FILE" ;;
    *) continue ;;
  esac
  answer="${answer:+$answer }$v"
done
printf '%s\n' "$answer"
"""

_PYTHON_CONFIG: Final = r"""#!/bin/sh
# Made by crosspy: python3-config of the target in a build.
if [ -z "$CROSSPY_BUILD" ] || [ "$CROSSPY_ENV" = off ]; then
  name=${0##*/}
  rest=$PATH:
  while [ -n "$rest" ]; do
    d=${rest%%:*}; rest=${rest#*:}
    case $d in */crosspy/tools|*/crosspy-answers-*|'') ;; *) [ ! -x "$d/$name" ] || exec "$d/$name" "$@" ;; esac
  done
  echo "$name: not found" >&2; exit 127
fi
embed=
for option; do [ "$option" != --embed ] || embed=@embed@; done
for option; do
  case $option in
    --prefix) echo @prefix@ ;;
    --exec-prefix) echo @exec_prefix@ ;;
    --includes) echo @includes@ ;;
    --cflags) echo @includes@ @cflags@ ;;
    --libs) echo ${embed:+"$embed"} @libs@ ;;
    --ldflags) echo @libdirs@ ${embed:+"$embed"} @libs@ ;;
    --extension-suffix) echo @suffix@ ;;
    --abiflags) echo @abiflags@ ;;
    --configdir) echo @configdir@ ;;
    --embed) ;;
    *) echo "usage: $0 --prefix|--exec-prefix|--includes|--libs|--cflags|--ldflags|--extension-suffix|--abiflags|--configdir|--embed" >&2; exit 1 ;;
  esac
done
"""


def config_script(target: Target, table: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the one program that stands for every ``*-config``, by the name that it is called by.

    :param table: ``crosspy/data/config-scripts.toml``
    """
    arms, variables = [], []
    for name, row in sorted(table.items()):
        modules = " ".join(shlex.quote(each) for each in row["modules"])
        version = f"version={shlex.quote(row['version'])}; " if "version" in row else ""
        arms.append(f'  {name}) {version}set -- {modules} -- "$@" ;;')
        for variable, value in sorted(row.get("variables", {}).items()):
            first, rest = re.fullmatch(r"\{(\w+)\}(.*)", value).groups()  # type: ignore[union-attr]  # our own data, see its test
            told = "v=$(printf '%s\\n' $v)" if variable in row.get("lines", ()) else f"v=$v{rest}"
            variables.append(
                f"      case $v,$name,$option in ,{name},--{variable}) variable {first}; {told} ;; esac"
            )
    sysroot = "" if target.sysroot == "/" else target.sysroot
    return (
        _CONFIG.replace("@sysroot@", shlex.quote(sysroot))
        .replace("@table@", "\n".join(arms))
        .replace("@variables@", "\n".join(variables))
    )


def config_names(
    scripts: Iterable[str], modules: Iterable[str], table: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return which ``*-config`` there is to be even where the build machine has none: those that can be answered.

    :param scripts: the names of such programs in the sysroot. :param modules: its pkg-config modules.
    """
    known = set(modules)
    answered = {
        name for name, row in table.items() if any(known.issuperset(each.split()) for each in row["modules"])
    }
    for name in set(scripts) - set(table):
        base = re.sub(r"[-_]config$", "", name)
        bare = re.split(r"\d", base)[0].removesuffix("-")
        if known & {base, f"lib{base}", bare, f"lib{bare}"}:
            answered.add(name)
    return sorted(name for name in answered if not is_python_config(name))


def is_python_config(name: str) -> bool:
    return re.fullmatch(r"(?:.*-)?python[\d.]*t?-config", name) is not None


def python_config_names(target: Target) -> list[str]:
    return [f"python{version}-config" for version in ("", "3", target.python.version)]


def python_config(target: Target, variables: Mapping[str, ConfigValue]) -> str:
    """Return python3-config for the target (CPython's Misc/python-config.sh.in).

    :param variables: those of cross-python.
    """
    python = target.python

    def text(name: str) -> str:
        return str(variables.get(name, ""))

    version = text("LDVERSION") or f"{python.version}{python.abiflags}"
    includes = dict.fromkeys(f"-I{target.sysroot}{path}" for path in (python.include, python.platinclude))
    values = {
        "embed": shlex.quote(f"-lpython{version}"),
        "prefix": shlex.quote(f"{target.sysroot}{python.prefix}"),
        "exec_prefix": shlex.quote(f"{target.sysroot}{python.exec_prefix}"),
        "includes": shlex.quote(" ".join(includes)),
        "cflags": shlex.quote(" ".join(text("CFLAGS").split())),
        "libs": shlex.quote(" ".join(f"{text('LIBS')} {text('SYSLIBS')}".split())),
        "libdirs": shlex.quote(f"-L{text('LIBPL')} -L{text('LIBDIR')}"),
        "suffix": shlex.quote(python.ext_suffix),
        "abiflags": shlex.quote(python.abiflags),
        "configdir": shlex.quote(text("LIBPL")),
    }
    script = _PYTHON_CONFIG
    for name, value in values.items():
        script = script.replace(f"@{name}@", value)
    return script
