"""Libraries of the target that a build opens with ``ctypes`` to see what they have: their symbols are read, not run.

gssapi asks ``hasattr(library, "gss_...")`` for each extension of its standard. Such a question is answered from the
file's dynamic symbols; a call is an error that says why.
"""

import errno
import os
import subprocess

from . import TOOLS, buildfacts, foreign, programs, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


class Function:
    """A function of the target's library. It takes types, and no call."""

    def __init__(self, name: str, path: str) -> None:
        self.__name__ = name
        self._path = path

    def __call__(self, *_arguments: object) -> object:
        raise OSError(errno.ENOEXEC, programs.MESSAGE, f"{self._path}: {self.__name__}")


def apply(module: "ModuleType") -> None:
    """Let ``ctypes.CDLL`` open a library of the target that was named by its path."""
    replace(module.CDLL, "__init__", _opening(module.CDLL.__init__))
    replace(module.CDLL, "__getattr__", _looking(module.CDLL.__getattr__))


def symbols(path: str) -> "frozenset[str] | None":
    """Return the names that a library of the target defines; None if they cannot be read."""
    nm = buildfacts.LAUNCHERS.get("NM")
    if not nm or not foreign.is_target_elf(path):
        return None
    command = [os.path.join(TOOLS, nm), "-D", "--defined-only", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return frozenset(line.split()[-1].partition("@")[0] for line in done.stdout.splitlines() if line.strip())


def _opening(start: "Callable[..., None]") -> "Callable[..., None]":
    def __init__(self: "Any", name: object, *rest: object, **options: object) -> None:  # noqa: N807 -- it is CDLL's
        try:
            start(self, name, *rest, **options)
        except OSError:
            path = os.fspath(name) if isinstance(name, str | os.PathLike) else ""
            found = symbols(path) if isinstance(path, str) and os.path.isabs(path) else None
            if found is None:
                raise
            self._name = path
            self._target_symbols = found

    __init__.__doc__ = start.__doc__
    return __init__


def _looking(look: "Callable[[Any, str], object]") -> "Callable[[Any, str], object]":
    def __getattr__(self: "Any", name: str) -> object:  # noqa: N807 -- it is CDLL's
        found = vars(self).get("_target_symbols")
        if found is None:
            return look(self, name)
        if name not in found:
            raise AttributeError(f"{self._name}: undefined symbol: {name}")
        return Function(name, self._name)

    return __getattr__
