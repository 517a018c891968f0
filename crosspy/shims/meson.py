"""Meson runs in cross-python and knows how to cross-compile: it gets the cross file, and the truth about this machine.

meson-python passes no cross file on Linux (mesonbuild/meson-python#321); this serves every caller of Meson alike.
"""

import os
import sys
from types import ModuleType

from . import ROOT, deactivate, hints

_OTHER_COMMANDS = frozenset({
    "configure", "dist", "install", "introspect", "init", "test", "wrap", "subprojects", "rewrite", "compile",
    "devenv", "env2mfile", "reprotest", "format", "fmt", "help", "runpython", "unstable-coredata", "--internal",
    "--version", "-v", "--help", "-h", "convert",
})  # fmt: skip


def before(_module: ModuleType) -> None:
    deactivate()


def apply(_module: ModuleType) -> None:
    words = sys.argv
    if (
        len(words) < 2
        or words[1] in _OTHER_COMMANDS
        or any(word.startswith("--cross-file") for word in words)
    ):
        return
    at = 2 if words[1] == "setup" else 1
    words[at:at] = [
        "--cross-file",
        os.path.join(ROOT, "crosspy", "cross.ini"),
        "--cross-file",
        _python_file(),
        *(word for path in hints.meson_files() for word in ("--cross-file", path)),
    ]


def _python_file() -> str:
    """Write the machine file that names this very interpreter: an isolated environment has its own."""
    path = os.path.join(sys.prefix, "crosspy-python.ini")
    text = f"[binaries]\npython = {sys.executable!r}\npython3 = {sys.executable!r}\n"
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return path
    except OSError:
        pass
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
    return path
