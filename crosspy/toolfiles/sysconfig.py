"""The sysconfigdata of the cross environment: the target's own, made usable on the build machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from crosspy.model.python import ConfigValue
from crosspy.model.target import Target
from crosspy.toolfiles.environ import launcher_variables

PATH_VARIABLES: Final = (
    "INCLUDEPY",
    "CONFINCLUDEPY",
    "INCLUDEDIR",
    "CONFINCLUDEDIR",
    "LIBDIR",
    "LIBPL",
    "LIBPC",
)
"""Directories that compilers are sent to: these point into the sysroot."""

_COMPILERS: Final = {
    "CC": "CC",
    "CXX": "CXX",
    "AR": "AR",
    "RANLIB": "RANLIB",
    "MAINCC": "CC",
    "NM": "NM",
    "READELF": "READELF",
}
_LINKERS: Final = {"LDSHARED": "CC", "BLDSHARED": "CC", "LDCXXSHARED": "CXX", "LINKCC": "CC"}
_FLAGS: Final = (
    "CFLAGS", "PY_CFLAGS", "OPT", "BASECFLAGS", "CONFIGURE_CFLAGS", "CONFIGURE_CPPFLAGS", "CPPFLAGS", "PY_CPPFLAGS",
    "LDFLAGS", "PY_LDFLAGS", "CONFIGURE_LDFLAGS", "EXTRA_CFLAGS", "PY_CFLAGS_NODIST", "PY_LDFLAGS_NODIST", "CONFIGURE_CFLAGS_NODIST",
    "CONFIGURE_LDFLAGS_NODIST", "PY_STDMODULE_CFLAGS", "PY_CORE_CFLAGS", "PY_CORE_LDFLAGS", "PY_BUILTIN_MODULE_CFLAGS", "CCSHARED", "LINKFORSHARED",
)  # fmt: skip

_OF_THE_BUILD: Final = re.compile(
    r"-f(?:file|debug|macro|profile|canon)-prefix-map=.*|--sysroot(?:=.*)?|-(?:march|mtune|mcpu)=native|-specs=/.*|-fprofile-(?:use|generate).*"
)
"""Flags that name the directories of the machine on which the target's Python was built."""


_SUSPECT: Final = re.compile(
    r"-[IL]\s*/|prefix-map|sysroot|native|-specs|-fprofile|-isystem|-idirafter|-iquote|rpath|-[IL]\s"
)
"""Cheap to search for, and in every flag that :func:`clean_flags` takes out."""


def cross_variables(target: Target) -> dict[str, ConfigValue]:
    """Return ``build_time_vars`` for cross-python.

    Compilers are the launchers, paths that compilers need are the sysroot's, flags lose what belonged to the machine
    that built the target's Python; everything else is as the target has it.
    """
    variables: dict[str, ConfigValue] = dict(target.python.config_vars)
    launchers = launcher_variables(target)
    for name, tool in _COMPILERS.items():
        if name in variables and tool in launchers:
            variables[name] = launchers[tool]
    for name in _FLAGS:
        if isinstance(variables.get(name), str):
            variables[name] = clean_flags(str(variables[name]), sysroot=target.sysroot)
    for name, tool in _LINKERS.items():
        if name in variables and tool in launchers:
            variables[name] = _relinked(str(variables[name]), launchers[tool], target)
    if target.python.debian_layout and target.python.multiarch:
        # Debian's sysconfig module computes this one; the build machine's need not be Debian's.
        variables.setdefault("multiarchsubdir", f"/{target.python.multiarch}")
    for name in PATH_VARIABLES:
        value = variables.get(name)
        if isinstance(value, str) and value.startswith("/"):
            variables[name] = in_sysroot(_target_side(name, value, target), target.sysroot)
    return variables


def _target_side(name: str, value: str, target: Target) -> str:
    """Return a path variable as the target sees it, OE-core's and Buildroot's staging prefix taken off."""
    known = {"INCLUDEPY": target.python.include, "CONFINCLUDEPY": target.python.platinclude}
    if name in known:
        return known[name]
    prefix = str(target.python.config_vars.get("prefix", "/usr"))
    at = value.find(prefix + "/")
    return value[at:] if at > 0 and value != prefix else value


def in_sysroot(path: str, sysroot: str) -> str:
    """Put the sysroot in front of a target path; a path of the build machine (a build tree's) stays."""
    if not sysroot or path == sysroot or path.startswith(f"{sysroot}/"):
        return path
    return sysroot + path


def clean_flags(text: str, *, sysroot: str) -> str:
    """Take the build machine out of compiler flags.

    Absolute ``-I`` and ``-L`` go: the compiler finds the sysroot's directories by itself, and others are not there.
    What is left keeps its order and its repetitions, as the target's own Python reports them.
    """
    if not _SUSPECT.search(text):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    kept: list[str] = []
    option = ""
    for word in words:
        if option:
            if not _is_foreign(word, sysroot):
                kept += [option, word]
            option = ""
        elif word in {"-isystem", "-idirafter", "-I", "-L", "-iquote", "--sysroot"}:
            option = word
        elif not (_OF_THE_BUILD.fullmatch(word) or _names_foreign(word, sysroot)):
            kept.append(word)
    if kept == words:
        return text
    return " ".join(shlex.quote(word) for word in kept)


def _is_foreign(directory: str, sysroot: str) -> bool:
    """Say whether a directory is of the machine that built the target's Python: absolute, and not in the sysroot."""
    return directory.startswith("/") and not (sysroot and f"{directory}/".startswith(f"{sysroot}/"))


def _names_foreign(word: str, sysroot: str) -> bool:
    match = re.match(r"-(?:I|L|isystem|idirafter|iquote|Wl,-rpath(?:-link)?[,=])(/.*)", word)
    return match is not None and _is_foreign(match[1], sysroot)


def _relinked(command: str, launcher: str, target: Target) -> str:
    """Replace the compiler at the head of a link command, all its words, by the launcher."""
    recorded = [str(target.python.config_vars.get(name, "")) for name in ("CXX", "CC", "MAINCC")]
    for head in sorted(filter(None, recorded), key=len, reverse=True):
        if command == head or command.startswith(head + " "):
            rest = command[len(head) :]
            cleaned = clean_flags(rest, sysroot=target.sysroot)
            # Untouched, it keeps its spaces: the answer is then the target's own to the letter.
            return launcher + rest if cleaned == rest else f"{launcher} {cleaned}".rstrip()
    _, _, rest = command.partition(" ")
    return f"{launcher} {clean_flags(rest, sysroot=target.sysroot)}".rstrip()


def bare_link(variables: Mapping[str, ConfigValue], target: Target) -> dict[str, str]:
    """Return the link commands without flags, for builds whose flags come from the environment."""
    launchers = launcher_variables(target)
    return {
        name: f"{launchers[tool]} -shared"
        for name, tool in _LINKERS.items()
        if name != "LINKCC" and name in variables and tool in launchers
    }


def literal_module(variables: Mapping[str, ConfigValue]) -> str:
    """Return the same variables as a module that is one literal, for those who read it without cross-python (PyO3)."""
    rows = "".join(f" {name!r}: {variables[name]!r},\n" for name in sorted(variables))
    return f"build_time_vars = {{\n{rows}}}\n"


def sysconfigdata_module(variables: Mapping[str, ConfigValue]) -> str:
    """Return the text of the module that sysconfig imports in place of the build machine's."""
    return (
        "# Made by crosspy from the target's own sysconfigdata.\n"
        "from _crosspy.config import override_flags\n\n"
        f"{literal_module(variables)}override_flags(build_time_vars)\n"
    )
