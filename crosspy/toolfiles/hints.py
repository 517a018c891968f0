"""Hints as the files that build tools read: one each for autoconf, CMake and Meson."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from crosspy.model.hint import Hint
from crosspy.model.target import Target
from crosspy.toolfiles import cmake, meson
from crosspy.toolfiles.launchers import tool_prefix


def hint_files(hints: Sequence[Hint], target: Target) -> dict[str, str]:
    """Return the text of each file, by its name in ``ENV/crosspy/hints``: the number of the hint, and the tool's suffix."""
    files = {}
    for number, hint in enumerate(hints):
        tables = _tables(hint, target)
        files[f"{number}.site"] = "".join(_default(*item) for item in tables["configure"].items())
        files[f"{number}.cmake"] = cmake.cache_entries(tables["cmake"])
        files[f"{number}.ini"] = meson.properties(tables["meson"])
    return files


def hint_facts(hints: Sequence[Hint], target: Target) -> tuple[Mapping[str, Any], ...]:
    """Return what the shims know of each: where it applies, why, and what they set themselves."""
    found = []
    for hint in hints:
        tables = _tables(hint, target)
        found.append(
            {
                "package": hint.package,
                "version": hint.version,
                "reason": hint.reason,
                "link": hint.link,
                "origin": hint.origin,
                "env": dict(tables["env"]),
                "meson": bool(tables["meson"]),
                "config_settings": dict(tables["config_settings"]),
            }
        )
    return tuple(found)


def _tables(hint: Hint, target: Target) -> Mapping[str, Mapping[str, Any]]:
    return hint.filled(sysroot=target.sysroot, cross_compile=tool_prefix(target))


def _default(name: str, value: str) -> str:
    """Return shell for a cache variable; the caller's own answer goes first."""
    return f'test "${{{name}+set}}" = set || {name}={shlex.quote(value)}\n'
