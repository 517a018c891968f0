"""Meson runs in cross-python and knows how to cross-compile: it gets the cross file, and the truth about this machine.

meson-python passes no cross file on Linux (mesonbuild/meson-python#321); this serves every caller of Meson alike.
"""

import os
import re
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
    _add_files(sys.argv, sys.executable)


def run_systems() -> None:
    """Become the system's ``meson``, the next on PATH, with the cross file; ``ENV/crosspy/answers/meson`` is this.

    It runs in the system's Python, where nothing of this module is. That of the build layer gets its files by itself.
    """
    import shutil

    own = os.path.realpath(sys.argv[0])
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = shutil.which("meson", path=directory)
        if program and os.path.realpath(program) != own:
            break
    else:
        sys.exit("crosspy: error: meson is not on PATH")
    words = ["meson", *sys.argv[1:]]
    of_the_target = os.environ.get("CROSSPY_BUILD") and os.environ.get("CROSSPY_ENV") != "off"
    if of_the_target and not program.startswith(os.path.join(ROOT, "")):
        _add_files(words, os.environ.get("CROSSPY_PYTHON", sys.executable))
    os.execv(program, words)  # noqa: S606 -- meson with its arguments, as it was called


def _add_files(words: list[str], python: str) -> None:
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
        _build_file(python),
        *(word for path in hints.meson_files() for word in ("--cross-file", path)),
    ]


def _build_file(python: str) -> str:
    """Write the machine file of what differs from one build to another, and return its path.

    That is cross-python of the build, and the programs of build requirements that tell flags (numpy-config,
    pybind11-config): in a cross build Meson takes those from a machine file only.
    """
    programs = {"python": python, "python3": python, "cmake": "cmake", **_config_programs()}
    lines = ["[binaries]", *(f"{name} = {_text(path)}" for name, path in sorted(programs.items()))]
    lines += [
        "[properties]",
        f"cmake_toolchain_file = {_text(os.path.join(ROOT, 'crosspy', 'toolchain.cmake'))}",
    ]
    text = "\n".join(lines) + "\n"
    path = os.path.join(os.environ.get("CROSSPY_ISOLATED") or sys.prefix, "crosspy-build.ini")
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


def _config_programs() -> dict[str, str]:
    """Return the ``*-config`` programs that came with build requirements, by name."""
    isolated = os.environ.get("CROSSPY_ISOLATED")
    found: dict[str, str] = {}
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if directory.startswith(isolated or os.path.join(ROOT, "build", "")):
            try:
                names = sorted(os.listdir(directory))
            except OSError:
                continue
            for name in names:
                if re.fullmatch(r"[\w.+-]+-config", name):  # other names Meson refuses
                    found.setdefault(name, os.path.join(directory, name))
    return found


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
