"""Libraries of the target that a build opens with ``ctypes`` to see what they have: their symbols are read, not run.

gssapi asks ``hasattr(library, "gss_...")`` for each extension of its standard. Such a question is answered from the
file's dynamic symbols; what is called is the matter of :mod:`.calls`.
"""

import os
import re
import subprocess

from . import TOOLS, buildfacts, calls, foreign, replace, view

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


_OF_THE_C_LIBRARY = re.compile(
    r"(lib(c|m|dl|pthread|rt|util|resolv|nsl|crypt|gcc_s|stdc\+\+)|ld[-\w]*)\.(so|musl)"
)


def apply(module: "ModuleType") -> None:
    """Let ``ctypes.CDLL`` open libraries of the target, by their path or by the name that the loader knows."""
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


def meant(name: object) -> object:
    """Return which file a build means by the name of a library: the sysroot's, if it has one.

    The C library's own stay: programs of the build ask them of the machine that they run on.
    """
    path = os.fspath(name) if isinstance(name, str | os.PathLike) else ""
    if not isinstance(path, str) or not path:
        return name
    if os.path.isabs(path):
        return view.translate(path)
    if os.path.basename(path) != path or _OF_THE_C_LIBRARY.match(path):
        return name
    places = (f"{buildfacts.SYSROOT}{directory}/{path}" for directory in buildfacts.LIBRARY_DIRS)
    return next((place for place in places if foreign.is_target_elf(place)), name)


def _opening(start: "Callable[..., None]") -> "Callable[..., None]":
    def __init__(self: "Any", name: object, *rest: object, **options: object) -> None:  # noqa: N807 -- it is CDLL's
        file = meant(name)
        path = os.fspath(file) if isinstance(file, str | os.PathLike) else ""
        found = symbols(path) if isinstance(path, str) and os.path.isabs(path) else None
        if found is None:
            start(self, file, *rest, **options)
            return
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
        function = calls.Function(name, self._name)
        # As CDLL does: what is said of its types holds when it is called.
        setattr(self, name, function)
        return function

    return __getattr__
