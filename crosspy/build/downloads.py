"""What of the user's pip configuration a download may use: where from, and how to get there. Nothing else of it."""

from __future__ import annotations

import configparser
import locale
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from crosspy.errors import UsageError

_HONOURED: Final = {
    "index-url": "--index-url", "extra-index-url": "--extra-index-url", "cert": "--cert", "client-cert": "--client-cert",
    "proxy": "--proxy", "trusted-host": "--trusted-host", "default-timeout": "--timeout", "timeout": "--timeout",
    "retries": "--retries", "keyring-provider": "--keyring-provider",
}  # fmt: skip
"""Configuration key (pip's own names, without section) to option."""

_HANDED_ON: Final = {"--cert": "PIP_CERT", "--client-cert": "PIP_CLIENT_CERT", "--proxy": "PIP_PROXY"}
"""What an older pip (scarthgap's 24.0) does not hand on to the pip that it starts for build requirements."""

_SECTIONS: Final = ("global", "install", "wheel", "download", ":env:")
"""In the order in which pip lets later ones win; the last is that of ``PIP_`` variables."""

_MANY: Final = ("extra-index-url", "trusted-host")

_SYSTEM: Final = Path("/etc/pip.conf")

Setting = tuple[str, str, str]
"""Section, key and value of pip's configuration."""


def download_options(build_python: Path, environ: Mapping[str, str]) -> list[str]:
    """Return pip options for the user's index, certificates and proxy, from pip's configuration files and variables.

    pip itself is not asked (``pip config list``): it takes longer to start than a wheel from the cache takes.

    :raises UsageError: for a file that pip could not read either.
    """
    # The same key of the same section: what is read last counts.
    settings = {
        (section, key): value
        for path in _configuration_files(build_python, environ)
        for section, key, value in _settings_of(path)
    }
    settings |= {
        (":env:", _normalised(name.removeprefix("PIP_"))): value
        for name, value in environ.items()
        if name.startswith("PIP_")
    }
    return options_of([(section, key, value) for (section, key), value in settings.items()])


def download_variables(options: Sequence[str]) -> dict[str, str]:
    """Return those of :func:`download_options` that every pip below the first one has to know, too, as variables."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return {_HANDED_ON[name]: value for name, value in pairs if name in _HANDED_ON}


def _configuration_files(build_python: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pip's configuration may be, on Unix, in the order in which it is read (pip's documentation,
    "Configuration Files").
    """
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    for directory in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep):
        yield Path(directory or "/etc/xdg", "pip", "pip.conf")
    yield _SYSTEM
    if home := environ.get("HOME"):
        yield Path(home, ".pip", "pip.conf")
        yield Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "pip", "pip.conf")
    # That of a virtual environment, or else of the interpreter.
    yield from (path / "pip.conf" for path in build_python.parents[1:2])
    if named:
        yield Path(named)


def _settings_of(path: Path) -> Iterator[Setting]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding=locale.getpreferredencoding(do_setlocale=False))
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise UsageError(
            f"pip's configuration file {path} cannot be read: {' '.join(str(error).split())}",
            hint="Mend it, or name another one: PIP_CONFIG_FILE (/dev/null: none).",
        ) from None
    for section in parser.sections():
        for key, value in parser.items(section):
            yield section, _normalised(key), value


def _normalised(key: str) -> str:
    return key.lower().replace("_", "-").removeprefix("--")


def options_of(settings: Iterable[Setting]) -> list[str]:
    """Translate settings of pip's configuration to options, where a download may use them."""
    found: dict[str, tuple[int, str]] = {}
    for section, key, value in settings:
        if section not in _SECTIONS or key not in _HONOURED:
            continue
        rank = _SECTIONS.index(section)
        if key not in found or found[key][0] <= rank:
            found[key] = (rank, value)
    options: list[str] = []
    for key, (_, value) in sorted(found.items()):
        for part in value.split() if key in _MANY else [value]:
            options += [_HONOURED[key], part]
    return options
