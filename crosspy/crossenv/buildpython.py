"""The build machine's Python: what must be known of it to make a virtual environment of it."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crosspy import process
from crosspy.errors import EnvironmentDirError, UsageError, VersionMismatchError
from crosspy.model.python import TargetPython

_PROBE: Final = """
import sys, sysconfig, importlib.machinery as m, importlib.util as u, _imp
pip = m.PathFinder.find_spec('pip')
print(repr({
    'version': '%d.%d' % sys.version_info[:2], 'full_version': '%d.%d.%d' % sys.version_info[:3],
    'name': sys.implementation.name, 'executable': getattr(sys, '_base_executable', '') or sys.executable,
    'platlibdir': sys.platlibdir, 'prefix': sys.base_prefix, 'abiflags': sys.abiflags, 'magic': u.MAGIC_NUMBER,
    'stdlib': next((p for p in sys.path if p.rstrip('/').endswith('python%d.%d' % sys.version_info[:2])), ''),
    'pip': pip.submodule_search_locations[0] if pip and pip.submodule_search_locations else '',
    'include': sysconfig.get_path('include') or '',
    'cross': getattr(sys, 'cross_compiling', False),
    'packages': [p for p in sys.path if p.endswith(('/site-packages', '/dist-packages'))],
}))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPython:
    """A CPython that runs on the build machine. ``pip`` is its own pip package's directory, or empty."""

    executable: Path
    version: str
    full_version: str
    abiflags: str
    prefix: Path
    stdlib: Path
    platlibdir: str
    magic: bytes
    pip: str
    packages: tuple[str, ...] = ()
    """Where its system keeps packages (``--system-site-packages``)."""
    include: str = ""
    """Where its own headers are: the target's are what is compiled against."""

    @property
    def library(self) -> tuple[str, ...]:
        """Site-packages below a virtual environment's prefix (PEP 405; ``t`` since 3.13's free-threaded builds)."""
        thread = "t" if "t" in self.abiflags else ""
        return ("lib", f"python{self.version}{thread}", "site-packages")


def probe(command: str, *, env: Mapping[str, str]) -> BuildPython:
    """Ask a Python on the build machine about itself, in isolated mode.

    :raises UsageError: if it is not there, is not CPython, or does not run.
    """
    clean = {name: value for name, value in env.items() if not name.startswith(("PYTHON", "CROSSPY_"))}
    try:
        done = process.run([command, "-I", "-c", _PROBE], env={**clean, "CROSSPY_ENV": "off"}, timeout=60)
    except FileNotFoundError:
        raise UsageError(
            f"no build Python: {command!r} is not there",
            hint="Name a Python of the build machine: --build-python PATH",
        ) from None
    except process.TimeoutExpired:
        raise UsageError(
            f"build Python {command!r} did not answer within a minute",
            hint="Name a Python of the build machine: --build-python PATH",
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot run {command!r} on this machine: {error.strerror}",
            hint="--build-python takes a Python that runs here; the target's own goes into --sysroot or TARGET_PYTHON.",
        ) from None
    if not done.ok:
        raise UsageError(
            f"build Python {command!r} does not run: {(done.stderr or done.stdout).strip()[-400:]}"
        )
    found = _answers(command, done.stdout)
    if found["name"] != "cpython":
        raise UsageError(
            f"build Python {command!r} is {found['name']}, not CPython",
            hint="Name another: --build-python PATH",
        )
    return BuildPython(
        executable=Path(found["executable"]),
        version=found["version"],
        full_version=found["full_version"],
        abiflags=found["abiflags"],
        prefix=Path(found["prefix"]),
        stdlib=Path(found["stdlib"]),
        platlibdir=found["platlibdir"],
        magic=found["magic"],
        pip=found["pip"],
        packages=tuple(found["packages"]),
        include=found["include"],
    )


def _answers(command: str, text: str) -> dict[str, Any]:
    """Read what the probe printed. :raises UsageError: if it was not a Python that printed it."""
    try:
        found = ast.literal_eval(text)
        if set(_ASKED) <= set(found):
            return dict(found)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        pass
    raise UsageError(
        f"build Python {command!r} is no Python: it did not answer as one",
        hint="Name a Python of the build machine: --build-python PATH",
    )


_ASKED: Final = (
    "name", "executable", "version", "full_version", "abiflags", "prefix", "stdlib", "platlibdir", "magic", "pip", "packages", "include",
)  # fmt: skip


def find(wanted: str, version: str, *, env: Mapping[str, str]) -> BuildPython:
    """Return the build Python to use: the named one, else ``pythonX.Y`` on PATH, else ``python3``.

    Shims of version managers that stand on PATH without their version being there are passed over.
    """
    if wanted:
        return probe(wanted, env=env)
    path = env.get("PATH", os.defpath)
    tried: list[str] = []
    for directory in dict.fromkeys(path.split(os.pathsep)):
        for name in (f"python{version}", "python3"):
            program = process.find_program(name, path=directory)
            if program is None or program in tried:
                continue
            tried.append(program)
            try:
                python = probe(program, env=env)
            except UsageError:
                continue
            if python.version == version:
                return python
    raise VersionMismatchError(
        f"the target has Python {version}, and no Python {version} of the build machine is on PATH (tried: {', '.join(tried) or 'none'})",
        hint=f"Install Python {version} for the build machine and name it: --build-python PATH. Yocto: python3-native; Buildroot: host-python3.",
    )


def check_same(build: BuildPython, target: TargetPython) -> None:
    """Make sure that both are of one X.Y. :raises VersionMismatchError:"""
    if build.version != target.version:
        raise VersionMismatchError(
            f"the target has Python {target.full_version}, the build Python {build.executable} is {build.full_version}: X.Y must be the same",
            hint=f"Name a Python {target.version} of the build machine: --build-python PATH",
        )


def pip_directory(python: BuildPython, wanted: str, *, env: Mapping[str, str]) -> str:
    """Return the directory that holds a ``pip`` package for ``python`` to import.

    Its own pip is used where it lies. Without one, the wheel that ensurepip carries is unpacked once per user, so an
    environment needs neither a registry nor disk for it.

    :param wanted: a pip wheel, or a directory that holds a ``pip`` package.
    :raises UsageError: if there is no pip anywhere.
    """
    if wanted:
        path = Path(wanted)
        if (path / "pip" / "__init__.py").is_file():
            return str(path.absolute())
        return _unpacked(path, env)
    if python.pip and (Path(python.pip) / "__pip-runner__.py").is_file():
        return str(Path(python.pip).parent)
    for directory in (
        python.stdlib / "ensurepip" / "_bundled",
        python.prefix / "share/python-wheels",
        Path("/usr/share/python-wheels"),
    ):
        wheels = sorted(directory.glob("pip-*.whl"))
        if wheels:
            return _unpacked(wheels[-1], env)
    raise UsageError(
        f"{python.executable} has no pip, and no ensurepip to take it from",
        hint="Name a pip wheel with --pip FILE, or make the environment --without-pip. Debian: apt install python3-venv.",
    )


def _unpacked(wheel: Path, env: Mapping[str, str]) -> str:
    try:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise _no_pip(wheel, error.strerror) from None
    cache = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "/tmp") / ".cache") / "crosspy"  # noqa: S108
    home = cache / re.sub(r"[^\w.-]", "_", f"{wheel.stem}-{digest}")
    if (home / "pip" / "__init__.py").is_file():
        return str(home)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".pip-", dir=cache))
        try:
            _unpack(wheel, scratch)
            if not (home / "pip").exists():
                scratch.rename(home)
        except OSError:
            if not (home / "pip" / "__init__.py").is_file():
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise EnvironmentDirError(
            f"cannot unpack {wheel} into {cache}: {error}", hint="Set XDG_CACHE_HOME to a writable directory."
        ) from None
    return str(home)


def _unpack(wheel: Path, directory: Path) -> None:
    """Unpack a wheel's pip package. :raises UsageError: if it has none, or is damaged."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith("pip/")]
            if "pip/__init__.py" not in members:
                raise _no_pip(wheel, "it holds other files")
            archive.extractall(directory, members)
    except _DAMAGED as error:
        raise _no_pip(wheel, error) from None


_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What zipfile raises of a damaged file; RuntimeError: of an encrypted one, or a compression it does not know."""


def _no_pip(wheel: Path, why: object) -> UsageError:
    return UsageError(
        f"no pip in {wheel}: {why}", hint="--pip takes a pip wheel, or a directory with pip in it."
    )
