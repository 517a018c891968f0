"""Programs of the build machine that tell of its libraries or of itself: in a build others stand before them on PATH."""

import os
import re
import sys

from . import ROOT, TOOLS, buildfacts

PLACE = os.path.join(ROOT, "crosspy", "answers")
"""What answers instead: ``config-script`` for every ``*-config``; other programs by their own names.

Among them is Meson, which a ``setup.py`` may start although it is no build requirement: it gets the cross file.
"""

_PYTHON = re.compile(r"(?:.*-)?python[\d.]*t?-config")
_CONFIG = re.compile(r"(?!.*pkg-?config$).+[-_]config")


def install(environ: "os._Environ[str]") -> None:
    """Put a directory behind the tools on PATH, for this build, with a link for each such program that PATH has."""
    path = environ.get("PATH", os.defpath).split(os.pathsep)
    if TOOLS not in path or any(os.path.basename(entry).startswith("crosspy-answers-") for entry in path):
        return
    names = {name for entry in path if not is_of_the_build(entry) for name in _asked(entry)}
    names.difference_update(os.listdir(TOOLS))
    if not names:
        return
    import atexit
    import shutil
    import tempfile

    directory = tempfile.mkdtemp(prefix="crosspy-answers-")
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(directory, ignore_errors=True) if os.getpid() == owner else None)
    for name in names:
        os.symlink(answer(name), os.path.join(directory, name))
    at = path.index(TOOLS) + 1
    environ["PATH"] = os.pathsep.join([*path[:at], directory, *path[at:]])


def answer(name: str) -> str:
    """Return what answers in the place of a program, empty if nothing does."""
    if name in buildfacts.ANSWERS:
        return os.path.join(PLACE, name)
    if _PYTHON.fullmatch(name):
        return os.path.join(PLACE, "python-config")
    return os.path.join(PLACE, "config-script") if _CONFIG.fullmatch(name) else ""


def is_of_the_build(directory: str) -> bool:
    """Say whether programs there are the build's own: of its requirements, the project, or the caller's sysroot."""
    places = [
        ROOT,
        sys.prefix,
        os.environ.get("CROSSPY_ISOLATED"),
        os.environ.get("CROSSPY_SOURCE"),
        buildfacts.SYSROOT,
    ]
    return any(place and f"{directory}/".startswith(f"{place}/") for place in places)


def _asked(directory: str) -> list[str]:
    try:
        return [name for name in os.listdir(directory or ".") if answer(name)]
    except OSError:
        return []
