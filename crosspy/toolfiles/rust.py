"""What cargo, rustc and the crates that call C compilers are told of a target.

``{ROOT}`` stands for the cross environment, which can be moved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from crosspy.errors import UsageError
from crosspy.model.machine import by_triplet
from crosspy.model.target import Target
from crosspy.toolfiles.launchers import launcher_name

_TOOLS: Final = "{ROOT}/crosspy/tools"


def rust_triple(target: Target) -> str:
    """Return Rust's name of the target, which need not exist (``rustc --print target-list`` knows).

    Source: https://doc.rust-lang.org/rustc/platform-support.html
    """
    libc = {"glibc": "gnu", "musl": "musl", "uclibc": "uclibc"}[target.libc.kind]
    machine = target.machine
    cpu = machine.rust
    if machine.name in {"arm", "armeb"}:
        hard = target.abi.get("float") == "hard"
        libc = f"{libc}eabi{'hf' if hard else ''}"
        cpu = _arm(target.uname) if machine.name == "arm" else cpu
    elif machine.name == "i686" and any(re.match("i[45]86", name) for name in (target.uname, target.triplet)):
        cpu = "i586"
    elif machine.name.startswith("mips"):
        if "r6" in target.triplet.partition("-")[0] or target.e_flags >> 28 in {
            9,
            10,
        }:  # E_MIPS_ARCH_32R6, 64R6
            cpu = f"mipsisa{machine.bits}r6{'el' if machine.byteorder == 'little' else ''}"
        libc += {"mips64": "abi64", "mips64el": "abi64", "mipsn32": "abin32", "mipsn32el": "abin32"}.get(
            machine.name, ""
        )
    elif machine.name == "x32":
        libc = f"{libc}x32"
    elif target.triplet.endswith("spe"):
        libc = f"{libc}spe"
    return f"{cpu}-unknown-linux-{libc}"


def _arm(uname: str) -> str:
    level = int(match[1]) if (match := re.match(r"armv(\d)", uname)) else 7
    return {4: "armv4t", 5: "armv5te", 6: "arm"}.get(level, "armv7")


def checked_name(asked: str, spec: str, target: Target, *, origin: str) -> str:
    """Return ``asked``, a triple or the path of a target specification whose text is ``spec``.

    :param origin: the option or variable that asked, for messages.
    :raises UsageError: if it is no such name, or is for another machine than the target's.
    """
    if asked.endswith(".json"):
        bits = _pointer_width(spec, asked, origin)
        if bits != target.machine.bits:
            raise UsageError(
                f"{origin} {asked} is for a {bits}-bit machine, the target is {target.machine.name}",
                hint="Name the specification of this target, as Yocto has it in RUST_TARGET_PATH.",
            )
        return asked
    if not re.fullmatch(r"[\w.]+(-[\w.]+)+", asked):
        raise UsageError(
            f"{origin} {asked!r} is neither a triple nor a .json file", hint="rustc --print target-list"
        )
    machine = by_triplet(asked)
    if machine is not None and machine != target.machine:
        raise UsageError(
            f"{origin} {asked} is for {machine.name}, the target is {target.machine.name}",
            hint=f"Without it, {rust_triple(target)} is taken.",
        )
    return asked


def _pointer_width(spec: str, path: str, origin: str) -> int:
    try:
        return int(json.loads(spec)["target-pointer-width"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{origin} {path} is not a target specification of rustc",
            hint="One is printed by: rustc -Z unstable-options --print target-spec-json --target TRIPLE",
        ) from None


def _name(spec: str) -> str:
    return PurePath(spec).stem if spec.endswith(".json") else spec


def rust_variables(target: Target, asked: str = "", *, runner: str = "") -> dict[str, str]:
    """Return what cargo, PyO3, maturin, setuptools-rust and the crates cc, cmake, pkg-config and bindgen read.

    :param asked: the user's own name for the target, or the path of its specification.
    :param runner: runs programs of the target; empty: none does.
    """
    toolchain = target.toolchain
    if toolchain is None:
        return {}
    python = target.python
    spec = asked or rust_triple(target)
    triple = _name(spec)
    lower = triple.replace("-", "_").replace(".", "_")
    gcc = launcher_name(target, "gcc")
    variables = {
        "CARGO_BUILD_TARGET": spec,
        f"CARGO_TARGET_{lower.upper()}_LINKER": gcc,
        "CARGO_INCREMENTAL": "0",
        "RUSTC": f"{_TOOLS}/rustc",
        "PYO3_CROSS": "1",
        # PREFIX/lib/pythonX.Y: build scripts go on from there to PREFIX/include/pythonX.Y.
        "PYO3_CROSS_LIB_DIR": f"{{ROOT}}/crosspy/pyo3/lib/python{python.version}{python.abiflags}",
        "PYO3_CROSS_PYTHON_VERSION": python.version + ("t" if "t" in python.abiflags else ""),
        # The pkg-config crate refuses to work for another machine unless told so; for the build machine it has a
        # program of its own, which does not know the sysroot.
        "PKG_CONFIG_ALLOW_CROSS": "1",
        "HOST_PKG_CONFIG": f"{_TOOLS}/build-pkg-config",
        f"CC_{lower}": _compiler(target, "gcc"),
    }
    if not toolchain.native:
        # Else HOST_ is what these crates call the target, too.
        variables |= {
            "HOST_CFLAGS": "",
            "HOST_CXXFLAGS": "",
            "HOST_CMAKE_TOOLCHAIN_FILE": "{ROOT}/crosspy/build.cmake",
        }
    if runner:
        variables[f"CARGO_TARGET_{lower.upper()}_RUNNER"] = runner
    if target.sysroot not in {"", "/"}:
        # bindgen itself tells libclang the target. It splits this as a shell does.
        quoted = target.sysroot.replace("'", "'\\''")
        variables[f"BINDGEN_EXTRA_CLANG_ARGS_{lower}"] = f"--sysroot='{quoted}'"
    if toolchain.cxx:
        variables[f"CXX_{lower}"] = _compiler(target, "g++")
    if "ar" in toolchain.tools:
        variables[f"AR_{lower}"] = launcher_name(target, "ar")
    return variables


def _compiler(target: Target, tool: str) -> str:
    """Return what the cc crate is to call for the target's triple, which the build machine may have as well."""
    native = target.toolchain is not None and target.toolchain.native
    return f"{_TOOLS}/rust-{tool}" if native else launcher_name(target, tool)


_CARGO: Final = """\
#!/bin/sh
# Made by crosspy: cargo, once it is known that rustc can make code for the target (see cargo.py).
tools=${0%/*}
exec "$tools/../../bin/python" -I -S "$tools/../../@library@/_crosspy/cargo.py" "$tools" "$@"
"""

# The crates that cargo compiles for the build machine (build scripts, procedural macros) have no --target.
_RUSTC: Final = r"""#!/bin/sh
# Made by crosspy: rustc, whose code for the target depends on nothing of the build machine.
tools=${0%/*}
rustc=$CROSSPY_RUSTC
if [ -z "$rustc" ]; then
  IFS=:
  for d in $PATH; do
    if [ -x "$d/rustc" ] && ! [ "$d" -ef "$tools" ]; then rustc=$d/rustc; break; fi
  done
  unset IFS
  [ -n "$rustc" ] || { echo "crosspy: error: no rustc on PATH" >&2; exit 127; }
fi
case " $* " in
*" --crate-name ___ "*|*" -vV "*) exec "$rustc" "$@" ;;
*" --target "*|*" --target="*) for_target=yes ;;
*) for_target= ;;
esac
# cargo's name of a crate that lies outside of its workspace, by a path, has that path in it, and the names of what depends
# on it have its name (https://doc.rust-lang.org/rustc/codegen-options/index.html#metadata). Here a crate of the project has
# a name of what it is, and what is asked of it. Vendored ones are named as those of a registry.
own= named=
case $CARGO_MANIFEST_DIR/ in
/) ;;
"$CROSSPY_SOURCE"/*) [ -e "$CARGO_MANIFEST_DIR/.cargo-checksum.json" ] || own="$CARGO_PKG_NAME $CARGO_PKG_VERSION ${CARGO_MANIFEST_DIR#"$CROSSPY_SOURCE"}" ;;
esac
left=$#; p=
while [ "$left" -gt 0 ]; do
  a=$1; shift; left=$((left - 1))
  case $p$a in
    -C|--codegen) p=-C; continue ;;
    --codegen=*) a=-C${a#--codegen=} ;;
  esac
  case $for_target:$p$a in
    yes:-Ctarget-cpu=native|yes:-Ctune-cpu=native) p=; continue ;;
    :-Clinker=@gcc@) p=; continue ;;
  esac
  if [ -n "$own" ]; then
    case $p$a in
      -Cmetadata=*) named=yes; p=; continue ;;
      -Cextra-filename=*|--diagnostic-width*|--color*|*/*) ;;
      *) own="$own $p$a" ;;
    esac
  fi
  set -- "$@" "$p$a"; p=
done
[ -z "$named" ] || set -- "$@" "-Cmetadata=$(printf %s "$own" | cksum | tr ' ' -)"
if [ -n "$for_target" ]; then
  # As OE's and Buildroot's classes do.
  [ -z "$LDFLAGS" ] || set -- "$@" "-Clink-args=$LDFLAGS"
else
  case " $* " in
  *" -Clinker="*) ;;
  *) case $CC_FOR_BUILD in ''|*' '*) ;; *) set -- "$@" "-Clinker=$CC_FOR_BUILD" ;; esac ;;
  esac
fi
# A crate is called the same wherever it lies: in cargo's cache, or vendored.
case $CARGO_MANIFEST_DIR/ in
/|"$CROSSPY_SOURCE"/*) ;;
*) set -- "$@" "--remap-path-prefix=$CARGO_MANIFEST_DIR=/crates/$CARGO_PKG_NAME-$CARGO_PKG_VERSION" ;;
esac
IFS='
'
set -f
for map in $CROSSPY_RUST_MAPS; do set -- "$@" "--remap-path-prefix=$map"; done
unset IFS
exec "$rustc" "$@"
"""

# Where both machines have one triple, the directory of a build script tells for which of them it works.
_BY_MACHINE: Final = """\
#!/bin/sh
# Made by crosspy: @what@ of a build script, for the machine that its crate is compiled for.
case $OUT_DIR in
*/@triple@/*) exec @target@ "$@" ;;
esac
@unset@
exec @build@ "$@"
"""

_PKG_CONFIG: Final = """\
#!/bin/sh
# Made by crosspy: pkg-config for the build machine.
unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
exec pkg-config "$@"
"""


def rust_launchers(target: Target, library: Sequence[str], asked: str = "") -> dict[str, str]:
    """Return the text of each launcher, by file name.

    :param library: site-packages below the environment.
    :param asked: as for :func:`rust_variables`.
    """
    toolchain = target.toolchain
    files = {
        "cargo": _CARGO.replace("@library@", "/".join(library)),
        "rustc": _RUSTC.replace("@gcc@", launcher_name(target, "gcc")),
        "build-pkg-config": _PKG_CONFIG,
    }
    if toolchain is not None and toolchain.native:
        unset = "unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR"
        rows = [
            ("rust-gcc", launcher_name(target, "gcc"), "${CC_FOR_BUILD:-cc}", ":"),
            ("rust-g++", launcher_name(target, "g++"), "${CXX_FOR_BUILD:-c++}", ":"),
            ("build-pkg-config", "pkg-config", "pkg-config", unset),
        ]
        triple = _name(asked or rust_triple(target))
        for name, of_target, of_build, first in rows:
            words = {"what": name, "triple": triple, "target": of_target, "build": of_build, "unset": first}
            text = _BY_MACHINE
            for key, word in words.items():
                text = text.replace(f"@{key}@", word)
            files[name] = text
    return files
