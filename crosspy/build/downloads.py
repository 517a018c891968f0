"""What of the user's pip configuration a download may use: where from, and how to get there. Nothing else of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
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
    """Return pip options for the user's index, certificates and proxy, as ``pip config list`` tells them."""
    done = process.run([str(build_python), "-m", "pip", "config", "list"], env=environ)
    return options_of(done.stdout)


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
