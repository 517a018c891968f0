"""A build that looks for headers and libraries with Python's own eyes sees the sysroot's.

Many a ``setup.py`` asks whether ``/usr/include/xcb/xcb.h`` or ``/usr/lib/libz.so`` is there, lists the directory, or
reads constants out of ``/usr/include/linux/input-event-codes.h``. In a build process those names mean the target's
files. Everything else, Python's own library and all tools included, is where it is.
"""

import builtins
import io
import os
import re
from collections.abc import Callable

from . import ROOT, buildfacts, facts, keep, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from types import ModuleType

_HEADERS = re.compile(r"(/usr/(?:local/)?include)(/[\w.]+-linux-[\w.]+)?(/.*)?", re.DOTALL)
_LIBRARY = re.compile(
    r"(/usr(?:/local)?)?/lib(?:64|32|x32)?(?:/[\w.]+-linux-[\w.]+)?/(lib[^/]+\.(?:so|a)(?:\.[\d.]+)?)"
)
_DIRECTORY = re.compile(r"(/usr(?:/local)?)?/lib(?:64|32|x32)?(?:/[\w.]+-linux-[\w.]+)?/*")
_BROUGHT = re.compile(r"(.*)/(?:site|dist)-packages/(([^/]+)/(?:.*/)?lib[^/]+\.so(?:\.[\d.]+)?)")
_FOUND: dict[str, str] = {}
CPUINFO = os.path.join(ROOT, "crosspy", "cpuinfo")
_open = io.open
installed = False


def translate(path: object) -> object:
    """Return where ``path`` is looked for: in the sysroot, if it is a system header or library."""
    if not isinstance(path, str | os.PathLike):
        return path
    try:
        text = os.fspath(path)
    except TypeError:
        return path
    if not isinstance(text, str) or text[:5] not in {"/usr/", "/lib/", "/lib6", "/lib3", "/libx", "/proc"}:
        return path
    if text == "/proc/cpuinfo":
        return path if keep("machine") else CPUINFO
    if place := headers(text):
        return place
    match = _LIBRARY.fullmatch(text)
    return _library(text, match[2]) if match else path


def headers(text: str) -> str:
    """Return the sysroot's place of system headers, with the target's name for a multiarch one; empty for other paths."""
    match = _HEADERS.fullmatch(text)
    if not match:
        return ""
    top, multiarch, rest = match.groups(default="")
    place = buildfacts.SYSROOT + top
    if multiarch and _exists(own := _of_the_target(place)):
        return own + rest
    return place + multiarch + rest


def _of_the_target(directory: str) -> str:
    """Return where the target keeps what lies in ``directory`` below the build machine's multiarch name."""
    name = facts.SYS["multiarch"]
    return f"{directory}/{name}" if name else directory


def _library(text: str, name: str) -> str:
    """Return the sysroot's library of that name, from whichever of its directories has it."""
    if text not in _FOUND:
        candidates = [f"{buildfacts.SYSROOT}{directory}/{name}" for directory in buildfacts.LIBRARY_DIRS]
        _FOUND[text] = next((path for path in candidates if _exists(path)), buildfacts.SYSROOT + text)
    return _FOUND[text]


def listed(path: object) -> object:
    """Return which directory is listed for ``path``: of libraries, the sysroot's that has the target's name."""
    if not isinstance(path, str | os.PathLike):
        return path
    text = os.fspath(path)
    if not isinstance(text, str) or not _DIRECTORY.fullmatch(text):
        return translate(path)
    text = text.rstrip("/")
    if "-linux-" in os.path.basename(text):
        # As a name the build machine's directory of libraries means the target's; without one, what it lies in.
        text = _of_the_target(os.path.dirname(text))
    return buildfacts.SYSROOT + text


def copied(path: object) -> object:
    """Return what is read for ``path``: of a shared library that a build requirement brought, the target's build.

    The native copy is loaded by other means than Python's ``open``. A build that copies it into its package
    (PyTables does so with blosc2's) means what the device loads.
    """
    if not isinstance(path, str | os.PathLike):
        return path
    match = _BROUGHT.fullmatch(os.fsdecode(path))
    if not match:
        return path
    twin = f"{match[1]}/target-packages/{match[2]}"
    if not _exists(twin):
        # Without build isolation twins.py writes down where it is.
        try:
            with _open(os.path.join(ROOT, "crosspy", "target-packages", match[3]), encoding="utf-8") as file:
                twin = f"{file.readline().strip()}/{match[2]}"
        except OSError:
            return path
    return twin if os.path.isabs(twin) and _exists(twin) else path


def find_library(name: str) -> str | None:
    """Return the file name by which the target's loader knows a library, as ``ctypes.util.find_library`` does."""
    start = f"lib{name}.so"
    found = []
    for place, directory in enumerate(buildfacts.LIBRARY_DIRS):
        try:
            entries = os.listdir(buildfacts.SYSROOT + directory)
        except OSError:
            continue
        # libz.so links, libz.so.1 is loaded (and may lie in /lib, apart), libz.so.1.2.13 is what that leads to.
        found += [
            (entry == start, place, len(entry), entry)
            for entry in entries
            if entry == start or entry.startswith(f"{start}.")
        ]
    return min(found)[-1] if found else None


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError:
        return False
    return True


def install() -> None:
    """Give this process the view, if the target has a sysroot that is not this machine's root."""
    global installed
    if not buildfacts.SYSROOT:
        return
    installed = True
    for name, meant in (
        ("stat", translate),
        ("lstat", translate),
        ("access", translate),
        ("listdir", listed),
        ("scandir", listed),
    ):
        replace(os, name, _seeing(getattr(os, name), meant))
    replace(builtins, "open", _opening(builtins.open))
    replace(io, "open", _opening(io.open))


def apply(module: "ModuleType") -> None:
    """Let ``ctypes.util`` of a build find the target's libraries."""
    if installed:
        replace(module, "find_library", find_library)


def _seeing(function: Callable[..., object], meant: Callable[[object], object]) -> Callable[..., object]:
    def see(path: object = ".", *args: object, **kwargs: object) -> object:
        return function(meant(path), *args, **kwargs)

    see.__name__ = function.__name__
    see.__doc__ = function.__doc__
    _copy_support(function, see)
    return see


def _copy_support(function: Callable[..., object], see: Callable[..., object]) -> None:
    """Keep what ``os.supports_*`` says of the function: shutil and others ask it."""
    for supported in (
        os.supports_dir_fd,
        os.supports_fd,
        os.supports_follow_symlinks,
        os.supports_effective_ids,
    ):
        if function in supported:
            supported.add(see)


def _opening(function: Callable[..., object]) -> Callable[..., object]:
    def open(file: object, mode: str = "r", *args: object, **kwargs: object) -> object:  # noqa: A001 -- it is the builtin now
        return function(copied(translate(file)) if "r" in mode else translate(file), mode, *args, **kwargs)

    open.__doc__ = function.__doc__
    open.__module__ = "_io"
    return open
