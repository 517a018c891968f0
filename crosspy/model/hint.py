"""What a user, or crosspy itself, tells the build of one package: answers that it cannot find out when cross-compiling."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from crosspy.errors import UsageError

Value = str | tuple[str, ...]

ALL_PACKAGES: Final = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """One ``[[hint]]`` of a hints file: to which builds it applies, what it tells them, and why.

    The values are text. ``{SYSROOT}`` in them stands for the target's sysroot, ``{CROSS_COMPILE}`` for what the names of
    its tools begin with, as Linux's Makefile has it: ``aarch64-linux-gnu-``.
    """

    package: str
    """Normalized name of a distribution, or ``*``"""
    version: str = ""
    """PEP 440 specifiers; empty: every version"""
    reason: str
    link: str
    origin: str = ""
    """Name of its file, and its place there"""
    env: Mapping[str, str] = field(default_factory=dict)
    configure: Mapping[str, str] = field(default_factory=dict)
    """Cache variables of autoconf: ``ac_cv_...``"""
    cmake: Mapping[str, str] = field(default_factory=dict)
    """Cache variables of CMake"""
    meson: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the machine that runs the result: text, number, boolean, or a tuple of texts"""
    config_settings: Mapping[str, Value] = field(default_factory=dict)
    """PEP 517 config settings of the back end"""

    def filled(self, *, sysroot: str, cross_compile: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the tables ``env``, ``configure`` ... with the target's own words put in."""
        words = {"{SYSROOT}": sysroot, "{CROSS_COMPILE}": cross_compile}
        return {
            name: {key: _filled(value, words) for key, value in sorted(getattr(self, name).items())}
            for name in _TABLES
        }


def parse_hints(text: str, *, origin: str) -> tuple[Hint, ...]:
    """Read a hints file.

    :param origin: its name, for messages.
    :raises UsageError: that lists everything that is wrong with it.
    """
    hint = "The format is in docs/reference/hints.md."
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{origin}: not TOML: {error}", hint=hint) from None
    rows = document.pop("hint", [])
    problems = [f"unknown key {name!r}; a hint is written [[hint]]" for name in sorted(document)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append("hint is not a list of tables; a hint is written [[hint]]")
        rows = []
    found = []
    for number, row in enumerate(rows, 1):
        wrong = list(_problems(row))
        problems += [f"hint {number}: {problem}" for problem in wrong]
        if not wrong:
            found.append(_hint(row, f"{PurePath(origin).name}, hint {number}"))
    if problems:
        raise UsageError(f"{origin}: " + "; ".join(problems), hint=hint)
    return tuple(found)


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_filled(item, words) for item in value)
    if not isinstance(value, str):
        return value
    return re.sub("|".join(map(re.escape, words)), lambda match: words[match[0]], value)


def _hint(row: Mapping[str, Any], origin: str) -> Hint:
    package = row["package"]
    tables = {field: row.get(name, {}) for field, (name, _, _) in _TABLES.items()}
    return Hint(
        package=package if package == ALL_PACKAGES else canonicalize_name(package),
        version=row.get("version", ""),
        reason=row["reason"],
        link=row["link"],
        origin=origin,
        env=tables["env"],
        configure={name: str(value) for name, value in tables["configure"].items()},
        cmake={name: _cmake_text(value) for name, value in tables["cmake"].items()},
        meson={name: _frozen(value) for name, value in tables["meson"].items()},
        config_settings={name: _frozen(value) for name, value in tables["config_settings"].items()},
    )


def _cmake_text(value: object) -> str:
    return {True: "ON", False: "OFF"}[value] if isinstance(value, bool) else str(value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_word(value: object) -> bool:
    return _is_line(value) or (isinstance(value, int) and not isinstance(value, bool))


def _is_cmake(value: object) -> bool:
    return _is_line(value) or isinstance(value, int)


def _is_lines(value: object) -> bool:
    return _is_line(value) or (isinstance(value, list) and all(map(_is_line, value)))


def _is_meson(value: object) -> bool:
    return _is_lines(value) or isinstance(value, int)


_TABLES: Final[Mapping[str, tuple[str, str, Callable[[object], bool]]]] = {
    "env": ("env", r"[A-Za-z_]\w*", _is_line),
    "configure": ("configure", r"[A-Za-z_]\w*", _is_word),
    "cmake": ("cmake", r"[\w.+/-]+", _is_cmake),
    "meson": ("meson", r"[A-Za-z_][\w-]*", _is_meson),
    "config_settings": ("config-settings", r"\S+", _is_lines),
}
"""Fields of :class:`Hint`: what the table is called in the file, which names it may have in it, and which values."""

_REQUIRED: Final = ("package", "reason", "link")


def _problems(row: Mapping[str, Any]) -> Iterable[str]:
    """Say in a few words each what is wrong with one ``[[hint]]``."""
    tables = {name: (pattern, fits) for name, pattern, fits in _TABLES.values()}
    for name in sorted(set(row) - set(tables) - {*_REQUIRED, "version"}):
        yield f"unknown key {name!r} (known: {', '.join((*_REQUIRED, 'version', *tables))})"
    for name in _REQUIRED:
        if not _is_line(row.get(name)) or not row[name].strip():
            yield f"{name} is missing" if name not in row else f"{name} is not a line of text"
    if "link" in row and _is_line(row["link"]) and not re.match(r"[a-z][a-z0-9+.-]*:\S", row["link"]):
        yield f"link {row['link']!r} is not a URL"
    if _is_line(row.get("package")) and not re.fullmatch(
        r"\*|[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", row["package"]
    ):
        yield f"package {row['package']!r} is not a name; all packages are '*'"
    yield from _version_problems(row)
    if not any(row.get(name) for name in tables):
        yield f"it tells nothing: one of {', '.join(tables)} is needed"
    for name, (pattern, fits) in tables.items():
        table = row.get(name, {})
        if not isinstance(table, dict):
            yield f"{name} is not a table"
            continue
        for key, value in table.items():
            if not re.fullmatch(pattern, key):
                yield f"{name}: {key!r} is not a name that it can set"
            elif not fits(value):
                yield f"{name}: the value of {key} is not of a kind that it can have"


def _version_problems(row: Mapping[str, Any]) -> Iterable[str]:
    version = row.get("version", "")
    try:
        SpecifierSet(version if isinstance(version, str) else "not a text")
    except InvalidSpecifier:
        yield f"version {version!r} is not a specifier such as '>=1.2,<2'"
