"""The runtime that makes an interpreter of the build machine answer as the target's.

These files are copied, as the package ``_crosspy``, into a cross environment's site-packages, beside a generated
``facts`` module. They use the standard library only. Everything here runs at every start of cross-python, so this
module imports nothing that the interpreter has not imported itself; what needs more waits until the module it
changes is imported (:class:`Finder`).

Started by ``_crosspy.pth`` up to Python 3.17 and by ``_crosspy.start`` from 3.15 on (PEP 829).
"""

import os
import sys

from . import facts

TYPE_CHECKING = False  # typing's own would have to be imported, at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

try:
    _own = os.readlink(os.path.dirname(__file__))
except OSError:
    NESTED = False
    ROOT = sys.prefix
else:
    # An environment that was made from the cross environment links here (see nested.py).
    NESTED = True
    ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(_own))))
"""ROOT is the cross environment; this is ``ROOT/lib/pythonX.Y/site-packages/_crosspy/__init__.py``."""

TOOLS = os.path.join(ROOT, "crosspy", "tools")

PATCHES = {
    "struct": "sizes",
    "ctypes": "sizes",
    "ctypes.util": "view",
    "sysconfig": "config",
    "platform": "machine",
    "importlib.machinery": "suffixes",
    "venv": "nested",
    "pip": "pip",
    "pip._internal.build_env": "pip",
    "pip._internal.cli.cmdoptions": "pip",
    "pip._internal.distributions.sdist": "asked",
    "pip._internal.utils.unpacking": "archives",
    "pip._vendor.packaging._musllinux": "musllinux",
    "packaging._musllinux": "musllinux",
    "pip._vendor.packaging.tags": "wheeltags",
    "pip._internal.cache": "wheelcache",
    "pip._internal.resolution.resolvelib.candidates": "wheelcache",
    "pip._internal.wheel_builder": "wheelcache",
    "pip._internal.req.req_install": "tempnames",
    "tempfile": "tempnames",
    "pip._internal.index.package_finder": "pip",
    "pip._internal.build_env.installer": "pip",
    "mesonbuild.mesonmain": "meson",
    "numpy": "longdoubles",
}
"""Modules that answer differently here, and the module of this package that sees to it once they are imported."""

_REAL: "dict[tuple[int, str], tuple[object, Any]]" = {}
"""What was there before, by object and attribute: :func:`deactivate` puts it back."""

active = False


def keep(name: str) -> bool:
    """Say whether a fact stays the build machine's: ``CROSSPY_KEEP`` is a comma-separated list of them."""
    kept = os.environ.get("CROSSPY_KEEP")
    return kept is not None and name in kept.split(",")


def replace(owner: object, name: str, value: object) -> None:
    """Set an attribute and remember the old one."""
    _REAL.setdefault((id(owner), name), (owner, getattr(owner, name, None)))
    setattr(owner, name, value)


def real(owner: object, name: str) -> "Any":
    """Return what ``owner.name`` was before :func:`replace`."""
    entry = _REAL.get((id(owner), name))
    return entry[1] if entry else getattr(owner, name)


def activate() -> None:
    """Make this interpreter answer as the target's. Not a second time, nor with ``CROSSPY_ENV=off``.

    Nor another Python: pip's isolation lets each that a build starts, the system's Meson too, read our ``.pth`` file.
    """
    global active
    if active or not __file__.startswith(os.path.join(sys.prefix, "")):
        return
    if os.environ.get("CROSSPY_ENV") == "off":
        from . import archives

        archives.watch()
        return
    active = True
    argv = sys.orig_argv
    _patch_sys()
    _patch_os()
    _patch_imp()
    if len(argv) > 2 and argv[1].endswith("__pip-runner__.py"):
        from . import buildreqs

        buildreqs.run_natively_if_asked(argv)
    _patch_open()
    sys.meta_path.insert(0, Finder())
    sys.meta_path.append(LastFinder())
    for name, patch in PATCHES.items():
        if name in sys.modules:
            from . import hooks

            hooks.apply(patch, sys.modules[name])
    _set_paths()
    if _is_build(argv):
        from . import builds, metadata

        if metadata.answer(argv):
            os._exit(0)
        builds.prepare(argv)


def deactivate() -> None:
    """Answer as the build machine again, in this process: for tools that tell the two machines apart themselves."""
    global active
    active = False
    for owner, name in [(entry[0], key[1]) for key, entry in _REAL.items()]:
        value = real(owner, name)
        if value is None:
            delattr(owner, name)
        else:
            setattr(owner, name, value)
    _REAL.clear()
    platform = sys.modules.get("platform")
    if platform is not None:
        # It remembers what os.uname said (3.14 has invalidate_caches() for this).
        vars(platform)["_uname_cache"] = None
        platform._platform_cache.clear()


def native_environment() -> dict[str, str]:
    """Return the environment variables for a process that works for the build machine."""
    from . import buildfacts

    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in buildfacts.MANAGED and not name.startswith("CROSSPY_")
    }
    environ["CROSSPY_ENV"] = "off"
    for name in ("RUSTC", "CARGO"):
        if os.environ.get(f"CROSSPY_{name}"):
            environ[name] = os.environ[f"CROSSPY_{name}"]
    environ["PATH"] = os.pathsep.join(
        path for path in environ.get("PATH", os.defpath).split(os.pathsep) if path != TOOLS
    )
    for name in ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "AR"):
        # Yocto exports its native toolchain as BUILD_CC and so on.
        if os.environ.get(f"BUILD_{name}"):
            environ[name] = os.environ[f"BUILD_{name}"]
    return environ


def _is_build(argv: list[str]) -> bool:
    """Say whether this process runs a build: a PEP 517 hook, a ``setup.py``, or pip's way to run one."""
    if len(argv) < 3:
        return False
    for index, word in enumerate(argv[1:4], 1):
        if word == "-c":
            return index + 1 < len(argv) and "setup.py" in argv[index + 1]
        if not word.startswith("-"):
            return word.endswith(("_in_process.py", "setup.py"))
    return False


class BuiltinNames(tuple[str, ...]):
    """The target's ``sys.builtin_module_names``, which also holds what is built into this interpreter.

    The import system asks it before it makes one of those.
    """

    __slots__ = ()
    real = sys.builtin_module_names

    def __contains__(self, name: object) -> bool:
        return name in self.real or tuple.__contains__(self, name)


def _patch_sys() -> None:
    sys.cross_compiling = True  # type: ignore[attr-defined]  # crossenv's name
    build_path = [path for path in sys.path if not path.startswith(sys.prefix)]
    sys.build_path = build_path  # type: ignore[attr-defined]  # crossenv's name
    replace(sys, "abiflags", facts.SYS["abiflags"])
    replace(sys, "platlibdir", facts.SYS["platlibdir"])
    replace(sys, "base_prefix", facts.SYS["base_prefix"])
    replace(sys, "base_exec_prefix", facts.SYS["base_exec_prefix"])
    if not keep("words"):
        replace(sys, "maxsize", facts.SYS["maxsize"])
        replace(sys, "hash_info", type(sys.hash_info)(facts.SYS["hash_info"]))
        replace(sys, "int_info", type(sys.int_info)((*facts.SYS["int_info"], *sys.int_info[2:])))
    if not keep("byteorder"):
        replace(sys, "byteorder", facts.SYS["byteorder"])
    if not keep("thread_info"):
        replace(
            sys, "thread_info", type(sys.thread_info)((*sys.thread_info[:2], facts.SYS["thread_version"]))
        )
    if facts.SYS["builtin_module_names"]:
        replace(sys, "builtin_module_names", BuiltinNames(facts.SYS["builtin_module_names"]))
    implementation = sys.implementation
    if facts.SYS["multiarch"]:
        replace(implementation, "_multiarch", facts.SYS["multiarch"])
    known_version = facts.SYS["version_info"]
    if known_version and known_version != tuple(sys.version_info) and not keep("version"):
        from .version import VersionInfo

        info = VersionInfo(known_version)
        replace(implementation, "version", info)
        replace(implementation, "hexversion", facts.SYS["hexversion"])
        replace(sys, "version_info", info)
        replace(sys, "hexversion", facts.SYS["hexversion"])
    if known_version and not keep("version"):
        known = facts.SYS["version"]
        replace(
            sys, "version", known if known.endswith("]") else known + sys.version[sys.version.index(" ") :]
        )


def _patch_os() -> None:
    posix = sys.modules["posix"]
    real_uname = posix.uname
    real_confstr: Callable[[str | int], str | None] = posix.confstr

    def uname() -> os.uname_result:
        """Return the target's uname. The node is "build", as crossenv has it; the kernel's release stays."""
        found = real_uname()
        return os.uname_result(
            (facts.OS["sysname"], "build", found.release, found.version, facts.OS["machine"])
        )

    def confstr(name: str | int) -> str | None:
        if name in {"CS_GNU_LIBC_VERSION", 2}:
            return _libc_string(facts.OS["libc"])
        if name in {"CS_GNU_LIBPTHREAD_VERSION", 3}:
            return _libc_string(facts.SYS["thread_version"])
        return real_confstr(name)

    real_sysconf: Callable[[str | int], int] = posix.sysconf

    def sysconf(name: str | int) -> int:
        if name in {"SC_LONG_BIT", posix.sysconf_names["SC_LONG_BIT"]} and not keep("words"):
            return int(8 * facts.TYPES["long"][0])
        return real_sysconf(name)

    for owner in (os, posix):
        replace(owner, "uname", uname)
        replace(owner, "confstr", confstr)
        replace(owner, "sysconf", sysconf)
    os.environ["PYTHON_CROSSENV"] = "1"
    path = os.environ.get("PATH", os.defpath)
    if TOOLS not in path:
        os.environ["PATH"] = TOOLS + os.pathsep + path


def _libc_string(value: str | None) -> str:
    if not value:
        # What os.confstr says where the C library does not know the name, as on musl.
        raise ValueError("unrecognized configuration name")
    return value


def _patch_imp() -> None:
    """Tell about a module that is the target's and whose name any Python would try to load (``.abi3.so``, ``.so``)."""
    import _imp

    load: Callable[..., ModuleType] = _imp.create_dynamic

    def create_dynamic(spec: "ModuleSpec", *rest: object) -> "ModuleType":
        try:
            return load(spec, *rest)
        except ImportError:
            from . import foreign

            if not spec.origin or not foreign.is_target_elf(spec.origin):
                raise
            loaded = foreign.load(spec.name, spec.origin)
            if loaded is None:
                raise
            return loaded

    replace(_imp, "create_dynamic", create_dynamic)


def _patch_open() -> None:
    """Show the target's ELF header to whoever reads ``sys.executable``.

    ``packaging`` tells arm hard float and i686 by it; PEP 720 lists it among the ways to learn the architecture.
    """
    import builtins
    import io

    real_open: Callable[..., object] = io.open
    executable = sys.executable
    header = os.path.join(ROOT, "crosspy", "python.elf")

    def open(file: object, mode: str = "r", *args: object, **kwargs: object) -> object:  # noqa: A001 -- it is the builtin now
        if file == executable and mode == "rb" and not kwargs:
            file = header
        return real_open(file, mode, *args, **kwargs)

    open.__doc__ = real_open.__doc__
    open.__module__ = "_io"
    open.__qualname__ = "open"
    if not keep("executable"):
        replace(builtins, "open", open)


def _set_paths() -> None:
    """Put the build layer (``build-pip install``) before the target's packages, where the two meet.

    In an environment that was made from this one (pip's and build's isolated ones), neither is visible.
    """
    if NESTED:
        return
    library = os.path.join(sys.prefix, *facts.LIBRARY)
    if library not in sys.path:
        return
    try:
        layer = build_layer()
    except OSError:
        return
    layers = [*([layer] if layer else []), *facts.PACKAGES]
    at = sys.path.index(library)
    sys.path[at:at] = layers
    sys.build_path.extend(layers)  # type: ignore[attr-defined]  # crossenv's name


def build_layer() -> str:
    """Return where ``build-pip install`` puts packages; empty if there are none. :raises OSError: if there is no such place."""
    layer = os.path.join(ROOT, "build", *facts.LIBRARY)
    empty = all("_crosspy" in name or name == "__pycache__" for name in os.listdir(layer))
    return "" if empty else layer


class Finder:
    """First on ``sys.meta_path``: the target's sysconfigdata, and the modules of :data:`PATCHES`."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if not active:
            return None
        if name.startswith("_sysconfigdata_") or name == "_manylinux":
            from . import hooks

            return hooks.own_spec(name)
        patch = PATCHES.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None and spec.loader is not None:
                    from . import hooks

                    spec.loader = hooks.Loader(spec.loader, patch)  # type: ignore[assignment]  # it is one by its methods
                    return spec
        return None

    def invalidate_caches(self) -> None:
        pass


class LastFinder:
    """Last on ``sys.meta_path``: modules that only the target can load; and pip, from where the environment was told
    to take it, unless one is installed.
    """

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if not active:
            return None
        if name == "pip" and facts.PIP and path is None:
            from importlib.machinery import PathFinder

            return PathFinder.find_spec(name, [facts.PIP], target)
        file = name.rpartition(".")[2] + facts.SUFFIXES[0]
        for place in sys.path if path is None else path:
            found = os.path.join(place, file)
            if os.path.exists(found):
                from importlib.util import spec_from_file_location

                from .foreign import Loader

                return spec_from_file_location(name, found, loader=Loader(name, found))  # type: ignore[arg-type]  # it is one by its methods
        return None

    def invalidate_caches(self) -> None:
        pass
