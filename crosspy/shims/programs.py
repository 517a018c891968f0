"""Programs that a build starts from Python: one that was compiled for the target is run by the emulator, if one was named.

One that is to read ``/proc/cpuinfo`` (``cat``, ``grep``) reads what :mod:`.view` shows. One that reads headers for the target's
code without its compiler (SWIG) is told of the sysroot's: m2crypto says ``-I/usr/include`` to it.
"""

import errno
import os
import re
import shlex
import subprocess
from collections.abc import Callable

from . import TOOLS, answers, buildfacts, keep, replace, view

MESSAGE = (
    f"Exec format error: a program made for {buildfacts.TRIPLET} does not run on the build machine. Tell the build what it "
    "would have answered (crosspy create --hints FILE), or name an emulator (crosspy create --emulator COMMAND)"
)
_READER = re.compile(r"(?:.*/)?swig[\d.]*")


def install() -> None:
    """Let this process's ``subprocess`` know programs of the target."""
    replace(subprocess.Popen, "__init__", _starting(subprocess.Popen.__init__))


def _starting(start: "Callable[..., None]") -> "Callable[..., None]":
    def __init__(self: "subprocess.Popen[bytes]", args: object, *rest: object, **options: object) -> None:  # noqa: N807 -- it is Popen's
        if not isinstance(args, list | tuple) or not args or rest or options.get("executable"):
            start(self, _shown(args), *rest, **options)
            return
        words = [_own(args[0]), *map(_shown, args[1:])]
        if isinstance(args[0], str) and _READER.fullmatch(args[0]):
            words[1:] = map(_of_sysroot, words[1:])
        try:
            start(self, words, **options)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            if not buildfacts.EMULATOR:
                raise OSError(errno.ENOEXEC, MESSAGE, os.fsdecode(args[0])) from None
            start(self, [os.path.join(TOOLS, "run-target"), *words], **options)

    __init__.__doc__ = start.__doc__
    return __init__


def _shown(word: object) -> object:
    """Return a word of a command, or all of a shell's, with the processor's description that a build sees."""
    if not isinstance(word, str) or "/proc/cpuinfo" not in word or keep("machine"):
        return word
    return word.replace("/proc/cpuinfo", shlex.quote(view.CPUINFO) if " " in word else view.CPUINFO)


def _of_sysroot(word: object) -> object:
    """Return a word that names system headers with the sysroot's in their place."""
    if not isinstance(word, str):
        return word
    path = word.removeprefix("-I")
    place = view.headers(path)
    return word[: len(word) - len(path)] + place if place else word


def _own(program: object) -> object:
    """Return what answers in the place of a program that was named by its path."""
    if not isinstance(program, str) or not os.path.isabs(program):
        return program
    directory, name = os.path.split(program)
    stand_in = answers.answer(name)
    if not stand_in or answers.is_of_the_build(directory):
        return program
    for place in os.environ.get("PATH", "").split(os.pathsep):
        if place == TOOLS or os.path.basename(place).startswith("crosspy-answers-"):
            named = os.path.join(place, name)
            if os.path.exists(named):
                return named
    return program
