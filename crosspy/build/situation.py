"""Everything that decides what a build makes, beside its sources and what it requires: the key of the wheel cache.

The parts have names, so that a miss can say which one differs. None of them holds a path, a time or an inode of this
machine: the same environment elsewhere, with its sysroot and compilers elsewhere, is in the same situation. What a
build may look at on the build machine besides (its cmake, its git) is not in it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from crosspy import process
from crosspy.build.digests import Digests, of_mapping, of_texts, of_tree
from crosspy.crossenv.layout import CrossEnv
from crosspy.describe.compiler import search_list
from crosspy.model.compiler import Toolchain
from crosspy.toolfiles.environ import FLAGS
from crosspy.toolfiles.launchers import VARIABLES

DECIDING: Final = frozenset({
    *VARIABLES, *FLAGS, "SOURCE_DATE_EPOCH", "CMAKE_ARGS", "CMAKE_POLICY_VERSION_MINIMUM", "CROSSPY_KEEP",
    "BUILD_CC", "BUILD_CXX", "BUILD_CFLAGS", "BUILD_CXXFLAGS", "BUILD_CPPFLAGS", "BUILD_LDFLAGS", "BUILD_AR",
    "CC_FOR_BUILD", "CXX_FOR_BUILD", "CFLAGS_FOR_BUILD", "LDFLAGS_FOR_BUILD",
})  # fmt: skip
"""Variables of the caller that decide a result; the others that pass say where things are on this machine."""

_DECIDING_RUST: Final = re.compile(
    r"CARGO_(ENCODED_RUSTFLAGS|(BUILD|HOST|PROFILE|UNSTABLE)_\w+|TARGET_(?!DIR)\w+)|RUST_TARGET_PATH|RUSTC_BOOTSTRAP"
)
"""The same of cargo's configuration; rustc itself is told apart by what it says of itself."""

_CACHES: Final = frozenset({"ccache", "sccache", "distcc", "icecc"})
"""Programs before a compiler that do not change what it makes."""

_PROGRAMS: Final = ("cc1", "cc1plus", "f951", "collect2", "as", "ld")
"""What the compiler driver runs (GCC manual, ``-print-prog-name``)."""

_LOOKED_AT: Final = (
    "usr/include", "usr/local/include", "include", "lib", "lib32", "lib64", "usr/lib", "usr/lib32", "usr/lib64",
    "usr/libx32", "usr/local/lib", "usr/share/pkgconfig", "usr/share/cmake", "usr/share/aclocal", "usr/bin",
)  # fmt: skip
"""Directories of a sysroot in which a build finds something to compile or link against."""

_COUNTS: Final = re.compile(
    r"(usr/(local/)?)?include/.*"
    r"|usr/share/.*\.(pc|cmake|m4)"
    r"|usr/bin/[^/]*-config[^/]*"
    r"|(usr/(local/)?)?lib(32|64|x32)?/(?!.*python3?[\d.]*/)(.*/)?[^/]*(\.so(\.[\w.]+)?|\.a|\.o|\.la|\.pc|\.cmake|\.h|\.hpp|\.mod|\.specs)"
    r"|(usr/(local/)?)?lib(64)?/.*python3?[\d.]*/.*(\.h|\.hpp|\.a|\.pc|\.pxd|\.ini|\.cmake|/_sysconfigdata[^/]*\.py)"
)
"""Which files there: extension modules and Python code of other packages are not among them, their headers are."""

_WITH_PATHS: Final = re.compile(r".*(\.pc|\.cmake|\.la|-config[^/]*|\.specs|\.py)")
_OF_THE_MACHINE: Final = re.compile(r"^(PIP = |LAUNCHER = |launcher=|N=).*$", re.MULTILINE)
"""Lines of the environment's files that decide nothing of a result: where pip and Python's headers are; ccache, distcc and their like."""
_PREFIX_MAPS: Final = re.compile(r"-f(debug|file|macro|profile|canon)-prefix-map=")


def situation(
    env: CrossEnv, variables: Mapping[str, str], digests: Digests, *, isolated: bool
) -> dict[str, str]:
    """Return the parts of the situation, by name.

    :param variables: what the build gets (:func:`crosspy.build.frontend.build_environment`).
    :param isolated: build requirements are installed for each build; otherwise they are in the build layer.
    """
    shown = _Shown(env)
    digests.load()
    parts = {
        "target": of_texts([shown.text((env.root / "crosspy" / "target.json").read_text(encoding="utf-8"))]),
        "environment": _environment(env, shown),
        "build python": _version(env),
        "toolchain": _toolchain(env, variables, digests),
        "sysroot": _sysroot(env.target.sysroot, digests),
    }
    if not isolated:
        parts["build layer"] = _packages(env)
    for name in sorted(name for name in variables if name in DECIDING or _DECIDING_RUST.fullmatch(name)):
        parts[f"variable {name}"] = _value(name, variables[name], shown)
    for name, operator, value in json.loads(variables.get("CROSSPY_VARIABLES", "[]")):
        parts[f"variable {name}"] = parts.get(f"variable {name}", "") + operator + _value(name, value, shown)
    digests.save()
    return parts


class _Shown:
    """Text as it would be with everything in another place."""

    def __init__(self, env: CrossEnv) -> None:
        toolchain = env.target.toolchain
        commands = [toolchain.cc, toolchain.cxx, *toolchain.tools.values()] if toolchain else []
        places: dict[str, str] = {}
        for index, directory in enumerate(toolchain.c_includes + toolchain.cxx_includes if toolchain else ()):
            places[directory] = f"{{INCLUDE{index}}}"
        for command in commands:
            places |= {f"{Path(word).parent}/": "" for word in command if word.startswith("/")}
        for path, name in ((env.target.sysroot, "{SYSROOT}"), (str(env.root), "{ENV}")):
            if path and path != "/":
                places |= {path: name, os.path.realpath(path): name}
        for directory in [*places]:
            # An include directory below the sysroot is told by its place there.
            if places[directory].startswith("{INCLUDE") and directory.startswith(_below(env.target.sysroot)):
                del places[directory]
        self._places = sorted(places.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str) -> str:
        for path, name in self._places:
            text = text.replace(path, name)
        # Words are quoted where their path needs it, and a sysroot with a link in its path is named twice.
        return re.sub("['\"]", "", text).replace(" -ffile-prefix-map={SYSROOT}=", "")


def _below(sysroot: str) -> tuple[str, ...]:
    return tuple(f"{path.rstrip('/')}/" for path in {sysroot, os.path.realpath(sysroot)}) if sysroot else ()


def _environment(env: CrossEnv, shown: _Shown) -> str:
    """Return a digest of what crosspy itself brings: shims, launchers, tool files, --env."""
    texts: dict[str, str] = {}
    left_out = {"target.json", "key", "links", "logs", "twins", "target-packages"}
    places = [path for path in (env.root / "crosspy").iterdir() if path.name not in left_out]
    places += env.root.glob("lib/python*/site-packages/_crosspy")
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                text = shown.text(path.read_text(encoding="utf-8", errors="surrogateescape"))
                text = _OF_THE_MACHINE.sub("", text)
                texts[str(path.relative_to(env.root))] = text
    return of_mapping(texts)


def _version(env: CrossEnv) -> str:
    match = re.search(
        r"^version = (\S+)", (env.root / "pyvenv.cfg").read_text(encoding="utf-8"), re.MULTILINE
    )
    return match[1] if match else ""


def _value(name: str, value: str, shown: _Shown) -> str:
    """Return a variable's value without what is known to be of this machine: where programs lie, prefix maps."""
    try:
        words = [word for word in shlex.split(value) if not _PREFIX_MAPS.match(word)]
    except ValueError:
        return value
    if name in VARIABLES or name.endswith(("_CC", "_CXX", "_AR", "_FOR_BUILD")):
        words = [Path(word).name if "=" not in word and word.startswith("/") else word for word in words]
    return shown.text(shlex.join(words))


def _toolchain(env: CrossEnv, variables: Mapping[str, str], digests: Digests) -> str:
    """Return a digest of the programs and the files that a compilation uses from outside the sysroot."""
    toolchain = env.target.toolchain
    if toolchain is None:
        return ""
    named = {"gcc": toolchain.cc, "g++": toolchain.cxx, **toolchain.tools}
    for variable, tool in VARIABLES.items():
        named[tool] = _split(variables.get(variable, "")) or named.get(tool, ())
    texts = {name: " ".join(_without_places(command)) for name, command in named.items()}
    path = variables.get("PATH", os.defpath)
    files = {f"program {name}": _program(command, path) for name, command in named.items()}
    told, directories = _asked(named["gcc"], toolchain, env.target.sysroot, variables)
    files |= {f"runs {name}": process.find_program(word, path=path) or "" for name, word in told.items()}
    for name, file in files.items():
        texts[name] = digests.of_file(file) if file and Path(file).is_file() else ""
    for index, directory in enumerate(directories):
        if not directory.startswith(_below(env.target.sysroot)):
            texts[f"directory {index}"] = of_tree(directory, [""], wanted=lambda _: True, digests=digests)
    return of_mapping(texts)


def _split(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()


def _without_places(command: Sequence[str]) -> list[str]:
    return [
        Path(word).name if word.startswith("/") else word
        for word in command
        if Path(word).name not in _CACHES
    ]


def _program(command: Sequence[str], path: str) -> str:
    word = next((word for word in command if Path(word).name not in _CACHES), "")
    return (process.find_program(word, path=path) or "") if word else ""


def _asked(
    cc: Sequence[str], toolchain: Toolchain, sysroot: str, variables: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Ask the compiler which programs it runs, and where it looks for headers and its runtime libraries."""
    compiler = [word for word in cc if Path(word).name not in _CACHES]
    questions = [[*compiler, f"-print-prog-name={name}"] for name in _PROGRAMS]
    questions.append([*compiler, "-print-libgcc-file-name"])
    flags = [f"--sysroot={sysroot}"] if sysroot else []
    questions.append([*compiler, *flags, "-x", "c++", "-E", "-v", "/dev/null"])
    try:
        *answers, runtime, search = process.run_together(
            questions, env={"PATH": variables.get("PATH", os.defpath), "LC_ALL": "C"}
        )
    except OSError:
        return {}, []
    told = {name: done.stdout.strip() for name, done in zip(_PROGRAMS, answers, strict=True) if done.ok}
    directories = [*search_list(search.stdout), *toolchain.c_includes, *toolchain.cxx_includes]
    if runtime.ok and Path(runtime.stdout.strip()).is_file():
        directories.append(str(Path(runtime.stdout.strip()).parent))
    return told, list(dict.fromkeys(directories))


def _sysroot(sysroot: str, digests: Digests) -> str:
    if not sysroot:
        return ""
    paths = sorted(
        {os.fsencode(path) for path in (sysroot, os.path.realpath(sysroot)) if path != "/"}, reverse=True
    )

    def without_place(content: bytes) -> bytes:
        for path in paths:
            content = content.replace(path, b"{SYSROOT}")
        return content

    def read(name: str) -> Callable[[bytes], bytes]:
        return without_place if _WITH_PATHS.fullmatch(name) else bytes

    return of_tree(
        sysroot, _LOOKED_AT, wanted=lambda name: bool(_COUNTS.fullmatch(name)), digests=digests, read=read
    )


def _packages(env: CrossEnv) -> str:
    """Return a digest of what is installed in the environment, for the target and in the build layer."""
    texts: dict[str, str] = {}
    for layer in ("", "build/"):
        for record in env.root.glob(f"{layer}lib/python*/site-packages/*.dist-info/RECORD"):
            texts[str(record.relative_to(env.root))] = record.read_text(
                encoding="utf-8", errors="surrogateescape"
            )
    return of_mapping(texts)
