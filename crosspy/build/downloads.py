"""What of the user's pip configuration a download may use: where from, and how to get there. Nothing else of it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from crosspy import process

_HONOURED: Final = {
    "index-url": "--index-url", "extra-index-url": "--extra-index-url", "cert": "--cert", "client-cert": "--client-cert",
    "proxy": "--proxy", "trusted-host": "--trusted-host", "default-timeout": "--timeout", "timeout": "--timeout",
    "retries": "--retries", "keyring-provider": "--keyring-provider",
}  # fmt: skip
"""Configuration key (pip's own names, without section) to option."""

_SECTIONS: Final = ("global", "install", "wheel", "download", ":env:")
"""In the order in which pip lets later ones win."""

_MANY: Final = ("extra-index-url", "trusted-host")


def download_options(build_python: Path, environ: Mapping[str, str]) -> list[str]:
    """Return pip options for the user's index, certificates and proxy, as ``pip config list`` tells them.

    pip is asked only where it has a file to read: it takes longer to start than a wheel from the cache takes.
    """
    if any(path.exists() for path in _configuration_files(build_python, environ)):
        return options_of(process.run([str(build_python), "-m", "pip", "config", "list"], env=environ).stdout)
    variables = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_")
    }
    return options_of("\n".join(f":env:.{key}={value!r}" for key, value in variables.items()))


def _configuration_files(build_python: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pip's configuration may be, on Unix (pip's documentation, "Configuration Files")."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    if named:
        yield Path(named)
    yield Path("/etc/pip.conf")
    for directory in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep):
        yield Path(directory or "/etc/xdg", "pip", "pip.conf")
    if home := environ.get("HOME"):
        yield Path(home, ".pip", "pip.conf")
        yield Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "pip", "pip.conf")
    # That of a virtual environment, or else of the interpreter.
    yield from (path / "pip.conf" for path in build_python.parents[1:2])


def options_of(listing: str) -> list[str]:
    """Translate the output of ``pip config list``: lines of ``section.key='value'``."""
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"(.+)\.([\w-]+)=(.*)", line.strip())
        if not match or match[1] not in _SECTIONS or match[2] not in _HONOURED:
            continue
        rank = _SECTIONS.index(match[1])
        if match[2] not in found or found[match[2]][0] <= rank:
            found[match[2]] = (rank, _value(match[3]))
    options: list[str] = []
    for key, (_, value) in sorted(found.items()):
        for part in value.split() if key in _MANY else [value]:
            options += [_HONOURED[key], part]
    return options


def _value(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text
