"""Where on the target the parts of a wheel go.

The target's own ``sysconfig`` decides, as far as its sysroot says (``_INSTALL_SCHEMES``, which Debian and OE-core
patch); otherwise CPython's ``posix_prefix`` and Debian's documented layout are built in. All paths here are those of
the target: absolute, POSIX, without the image in front.

Sources: CPython ``Lib/sysconfig/__init__.py``, Debian's ``sysconfig-debian-schemes.diff`` and Python policy §2.7, the
PyPA "Binary distribution format" for the five keys of a wheel, pip's ``headers`` (``include/pythonX.Y/NAME``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from crosspy.errors import TargetDataError, UsageError
from crosspy.model.python import TargetPython

_POSIX_PREFIX: Final = {
    "purelib": "{base}/lib/python{py_version_short}{abi_thread}/site-packages",
    "platlib": "{platbase}/{platlibdir}/python{py_version_short}{abi_thread}/site-packages",
    "include": "{installed_base}/include/python{py_version_short}{abiflags}",
    "scripts": "{base}/bin",
    "data": "{base}",
}
_DEB_SYSTEM: Final = {
    "purelib": "{base}/lib/python3/dist-packages",
    "platlib": "{platbase}/lib/python3/dist-packages",
    "include": "{installed_base}/include/python{py_version_short}{abiflags}",
    "scripts": "{base}/bin",
    "data": "{base}",
}
_POSIX_LOCAL: Final = {
    "purelib": "{base}/local/lib/python{py_version_short}/dist-packages",
    "platlib": "{platbase}/local/lib/python{py_version_short}/dist-packages",
    "include": "{installed_base}/include/python{py_version_short}{abiflags}",
    "scripts": "{base}/local/bin",
    "data": "{base}/local",
}
_BUILT_IN: Final = {"posix_prefix": _POSIX_PREFIX, "deb_system": _DEB_SYSTEM, "posix_local": _POSIX_LOCAL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheme:
    """Directories of the target; ``include`` is the one in which each distribution has its header directory."""

    name: str
    purelib: PurePosixPath
    platlib: PurePosixPath
    scripts: PurePosixPath
    data: PurePosixPath
    include: PurePosixPath

    def directory(self, key: str, distribution: str) -> PurePosixPath:
        """Return the directory for a key of a wheel: purelib, platlib, scripts, data or headers."""
        places = {
            "purelib": self.purelib,
            "platlib": self.platlib,
            "scripts": self.scripts,
            "data": self.data,
            "headers": self.include / distribution,
        }
        return places[key]


def clean_prefix(prefix: str) -> str:
    """Return ``prefix`` without superfluous slashes.

    :raises UsageError: if it is not a plain absolute path of the target.
    """
    path = PurePosixPath(prefix)
    if not path.is_absolute() or ".." in path.parts or any(ord(char) < 32 for char in prefix):
        raise UsageError(
            f"--prefix {prefix!r} is not an absolute path of the target",
            hint="Name it as the target sees it, without the image in front: --prefix /usr",
        )
    return "/" + "/".join(path.parts[1:])


def target_scheme(python: TargetPython, prefix: str) -> Scheme:
    """Return where the target's Python looks for what is installed under ``prefix``.

    :param prefix: absolute path of the target, as from :func:`clean_prefix`; ``/`` works.
    :raises TargetDataError: if the target's scheme names a variable that sysconfig does not have.
    """
    name = scheme_name(python, prefix)
    paths = {**_BUILT_IN[name], **python.schemes.get(name, {})}
    base = prefix.rstrip("/")
    if name == "posix_local":
        base = base.removesuffix("/local")  # the scheme itself says {base}/local
    values = _variables(python, base)
    try:
        expanded = {key: PurePosixPath(paths[key].format_map(values) or "/") for key in _POSIX_PREFIX}
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise TargetDataError(
            f"the install scheme {name} of the target's sysconfig cannot be expanded: {error}",
            hint="Describe the target anew: crosspy describe --sysroot DIR",
        ) from None
    for key, path in expanded.items():
        if not path.is_absolute() or ".." in path.parts:
            raise TargetDataError(
                f"the install scheme {name} of the target's sysconfig puts {key} into {str(path)!r}"
            )
    return Scheme(name=name, **expanded)


def scheme_name(python: TargetPython, prefix: str) -> str:
    """Choose among the target's schemes as Debian's patched ``sysconfig`` does; elsewhere there is one."""
    if python.debian_layout:
        own = python.prefix.rstrip("/")
        if prefix.rstrip("/") == own:
            return "deb_system"
        if prefix == f"{own}/local":
            return "posix_local"
    return "posix_prefix"


def _variables(python: TargetPython, base: str) -> Mapping[str, str]:
    full = python.full_version
    return {
        "base": base,
        "platbase": base,
        "installed_base": base,
        "installed_platbase": base,
        "userbase": base,
        "platlibdir": python.platlibdir or "lib",
        "py_version": full,
        "py_version_short": python.version,
        "py_version_nodot": python.nodot,
        "py_version_nodot_plat": python.nodot,
        "abiflags": python.abiflags,
        "abi_thread": "t" if python.free_threaded else "",
        "implementation": "Python",
        "implementation_lower": "python",
    }


def site_directories(python: TargetPython, scheme: Scheme) -> tuple[PurePosixPath, ...]:
    """Return every directory in which the target's Python looks for distributions, ``scheme``'s own first."""
    found = [scheme.purelib, scheme.platlib]
    prefixes = dict.fromkeys((python.prefix, f"{python.prefix.rstrip('/')}/local", "/usr", "/usr/local"))
    for prefix in prefixes:
        other = target_scheme(python, prefix)
        found += [other.purelib, other.platlib]
    return tuple(dict.fromkeys(found))
