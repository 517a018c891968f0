"""Variables of the caller that do not reach builds: where a project's own files ask for one, its user is told.

PYCURL_SSL_LIBRARY=openssl before ``crosspy wheel`` would else be lost without a word; it needs ``--env PYCURL_SSL_LIBRARY``.
"""

import os
import re

from . import buildfacts, evidence

_WORD = re.compile(r"[\"']([A-Za-z_]\w*)[\"']")
_CMAKE = re.compile(r"\bENV\{(\w+)\}")
_BACKEND_PATH = re.compile(r"^backend-path\s*=\s*\[([^\]]*)\]", re.MULTILINE)


def tell(environ: "os._Environ[str]", source: str) -> None:
    """Name what the files of ``source`` read of ``CROSSPY_WITHHELD``, the names that crosspy wheel kept to itself."""
    names = set(environ.pop("CROSSPY_WITHHELD", "").split())
    # What a build has of its own, or must not have, is no loss.
    names.difference_update(environ, buildfacts.BUILD_UNSET)
    if not names or not evidence.directory():
        return
    for path in _files(source):
        if found := sorted(names & _asked(path)):
            words = " ".join(f"--env {name}" for name in found)
            evidence.tell(
                f"{os.path.relpath(path, source)} of {evidence.project_of(source) or os.path.basename(source)} reads "
                f"{', '.join(found)}, which you have set and builds do not see. If that is meant for its build: {words}"
            )


def _files(source: str) -> list[str]:
    """Return the files that decide how the project is built."""
    directories = [source]
    for match in _BACKEND_PATH.finditer(_text(os.path.join(source, "pyproject.toml"))):
        directories += [
            os.path.normpath(os.path.join(source, word)) for word in re.findall(r"[\"'](.*?)[\"']", match[1])
        ]
    found = []
    for directory in dict.fromkeys(directories):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        found += [
            os.path.join(directory, name)
            for name in names
            if name.endswith(".py") or name == "CMakeLists.txt"
        ]
    return found


def _asked(path: str) -> set[str]:
    """Return the names that may be those of variables which a file reads."""
    text = _text(path)
    if path.endswith(".txt"):
        return set(_CMAKE.findall(text))
    return set(_WORD.findall(text)) if "environ" in text or "getenv" in text else set()


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(500_000)
    except OSError:
        return ""
