"""Hints for the package that is built here: variables, and numbers of the files that autoconf, CMake and Meson read."""

import json
import os
import re
import subprocess
import sys

from . import ROOT, buildfacts, facts
from .builds import of_the_run

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def apply(environ: "os._Environ[str]", argv: list[str]) -> None:
    """Tell this build, and the tools that it starts, what the hints for its package say."""
    if not buildfacts.HINTS:
        return
    name, version = project(os.getcwd())
    numbers = {number for number, hint in enumerate(buildfacts.HINTS) if _applies(hint, name, version)}
    said = {name for name, _, _ in of_the_run(environ)}
    settings: dict[str, Any] = {}
    for number in sorted(numbers):
        hint = buildfacts.HINTS[number]
        sys.stderr.write(
            f"crosspy: hint for {hint['package']}: {hint['reason']} ({hint['link']}; {hint['origin']})\n"
        )
        environ.update({name: value for name, value in hint["env"].items() if name not in said})
        settings.update(hint["config_settings"])
    _set_config_settings(argv, settings)
    # Last ones first: what is set in a cache stays. A build inside of a build keeps the outer one's.
    environ["CROSSPY_HINTS"] = ";".join(map(str, sorted(numbers.union(_numbers()), reverse=True)))


def meson_files() -> list[str]:
    """Return the machine files of the hints that apply; the last one wins."""
    numbers = [number for number in sorted(_numbers()) if buildfacts.HINTS[number]["meson"]]
    return [os.path.join(ROOT, "crosspy", "hints", f"{number}.ini") for number in numbers]


def _numbers() -> list[int]:
    return [int(number) for number in os.environ.get("CROSSPY_HINTS", "").split(";") if number]


def project(directory: str) -> tuple[str, str]:
    """Return normalized name and version of the project in ``directory``, as its files state them; empty: unknown."""
    for found in _stated(directory):
        if found[0]:
            return re.sub(r"[-_.]+", "-", found[0]).lower(), found[1]
    return "", ""


def _stated(directory: str) -> "Iterator[tuple[str, str]]":
    header = _read(os.path.join(directory, "PKG-INFO")).partition("\n\n")[0]
    fields = dict(re.findall(r"^(Name|Version):[ \t]*(\S+)", header, re.MULTILINE))
    yield fields.get("Name", ""), fields.get("Version", "")
    text = _read(os.path.join(directory, "pyproject.toml"))
    if text:
        import tomllib

        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            document = {}
        tool = document.get("tool", {})
        for table in (document.get("project", {}), tool.get("poetry", {}) if isinstance(tool, dict) else {}):
            if isinstance(table, dict):
                yield str(table.get("name", "")), str(table.get("version", ""))
    yield _metadata(_read(os.path.join(directory, "setup.cfg")))


def _metadata(text: str) -> tuple[str, str]:
    from configparser import ConfigParser, Error

    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except Error:
        return "", ""
    version = parser.get("metadata", "version", fallback="")
    return parser.get("metadata", "name", fallback=""), version if version[:1].isdigit() else ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _applies(hint: "dict[str, Any]", name: str, version: str) -> bool:
    if hint["package"] not in {"*", name}:
        return False
    if not hint["version"]:
        return True
    fits = _fits(version, hint["version"]) if version else None
    if fits is None:
        sys.stderr.write(
            f"crosspy: warning: the hint for {hint['package']} {hint['version']} ({hint['origin']}) was left out: "
            f"the version of the project in {os.getcwd()} cannot be told\n"
        )
    return bool(fits)


_COMPARE = """
import sys
try:
    from packaging.specifiers import SpecifierSet
except ImportError:
    from pip._vendor.packaging.specifiers import SpecifierSet
print(SpecifierSet(sys.argv[2]).contains(sys.argv[1], prereleases=True))
"""


def _fits(version: str, specifiers: str) -> bool | None:
    """Compare as PEP 440 has it; None if nobody here can. In another process: this one is to import its own packages."""
    environ = {**os.environ, "CROSSPY_ENV": "off", "PYTHONPATH": facts.PIP}
    done = subprocess.run(
        [sys.executable, "-c", _COMPARE, version, specifiers],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return {"True": True, "False": False}.get(done.stdout.strip())


def _set_config_settings(argv: list[str], settings: "dict[str, Any]") -> None:
    """Add to what the front end tells the back end (pyproject-hooks' input.json); what the user said stays."""
    path = os.path.join(argv[-1], "input.json")
    if (
        not settings
        or not any(word.endswith("_in_process.py") for word in argv[1:3])
        or not os.path.exists(path)
    ):
        return
    with open(path, encoding="utf-8") as file:
        asked = json.load(file)
    kwargs = asked.get("kwargs", {})
    if "config_settings" not in kwargs:
        return
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    kwargs["config_settings"] = {**plain, **(kwargs["config_settings"] or {})}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(asked, file)
