"""Wheels into an image: check them all, unpack them beside it, decide, then change it in one go."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from crosspy.errors import UsageError, WheelRefusedError
from crosspy.install.archive import CheckedWheel, check_wheel
from crosspy.install.bytecode import INVALIDATION_MODES, add_bytecode
from crosspy.install.commit import carry_out, locked
from crosspy.install.fit import misfits
from crosspy.install.image import Image, open_image
from crosspy.install.installed import Distribution, find_distributions
from crosspy.install.libraries import MissingLibrary, missing_libraries
from crosspy.install.plan import make_plan
from crosspy.install.requirements import MissingRequirement, missing_requirements
from crosspy.install.scheme import Scheme, clean_prefix, site_directories, target_scheme
from crosspy.install.staging import StagedWheel, stage_wheel, with_record
from crosspy.model.target import Target

DEFAULT_MTIME: Final = 315532800
"""1980-01-01, where the time stamps of zip files begin; for builds that set no SOURCE_DATE_EPOCH."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallOptions:
    """How to install. ``requested`` and the keys of ``extras`` are canonical names; empty strings mean the default.

    ``compile_levels`` are optimisation levels (0, 1, 2), empty for no bytecode; ``invalidation`` is one of
    :data:`~crosspy.install.bytecode.INVALIDATION_MODES`; ``mtime`` is the time of all that is written.
    """

    prefix: str = ""
    interpreter: str = ""
    compile_levels: tuple[int, ...] = (0,)
    invalidation: str = INVALIDATION_MODES[0]
    overwrite: bool = False
    allow_foreign_elf: bool = False
    mtime: int = DEFAULT_MTIME
    requested: frozenset[str] = frozenset()
    extras: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    """Canonical names of distributions that are taken out of the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A distribution that is in the image now; ``dist_info`` is the target's path of its metadata."""

    name: str
    version: str
    dist_info: PurePosixPath
    files: tuple[PurePosixPath, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What was installed, and what its user should know. ``warnings`` are sentences."""

    distributions: tuple[Installed, ...]
    warnings: tuple[str, ...] = ()
    missing_libraries: tuple[MissingLibrary, ...] = ()
    missing_requirements: tuple[MissingRequirement, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """What every wheel of one call shares."""

    image: Image
    target: Target
    build_python: Path
    options: InstallOptions
    scheme: Scheme
    interpreter: str


def install_wheel(
    wheel: Path, *, root: Path, target: Target, build_python: Path, options: InstallOptions | None = None
) -> Installation:
    """Install one wheel; see :func:`install_wheels`."""
    return install_wheels([wheel], root=root, target=target, build_python=build_python, options=options)


def install_wheels(
    wheels: Sequence[Path],
    *,
    root: Path,
    target: Target,
    build_python: Path,
    options: InstallOptions | None = None,
) -> Installation:
    """Install wheels into the image at ``root``: all of them, or none.

    :param build_python: a Python of the target's X.Y that runs here, for the bytecode.
    :raises WheelRefusedError: if one does not fit, is damaged, or would write where it must not; nothing is changed.
    :raises UsageError: if a path or an option makes no sense.
    :raises VersionMismatchError: if ``build_python`` is of another X.Y.
    :raises ToolchainError: if it does not run.
    """
    options = options or InstallOptions()
    image = open_image(root)
    scheme = target_scheme(target.python, clean_prefix(options.prefix or target.python.prefix or "/usr"))
    checked = _checked(wheels, target)
    job = _Job(
        image=image,
        target=target,
        build_python=build_python,
        options=options,
        scheme=scheme,
        interpreter=target_interpreter(image, target, options.interpreter),
    )
    with tempfile.TemporaryDirectory(prefix="crosspy-install-") as scratch, locked(image):
        warnings: list[str] = []
        staged: list[StagedWheel] = []
        for number, wheel in enumerate(checked):
            directory = Path(scratch, str(number))
            directory.mkdir()
            staged.append(_stage(job, wheel, directory, warnings))
        present = find_distributions(image, site_directories(target.python, scheme))
        plan = make_plan(
            image,
            staged,
            scheme=scheme,
            present=present,
            overwrite=options.overwrite,
            remove=options.remove,
        )
        carry_out(plan, image, mtime=options.mtime)
        image.forget()
        return _finished(job, staged, present, (*warnings, *plan.warnings))


def target_interpreter(image: Image, target: Target, chosen: str = "") -> str:
    """Return the interpreter for the scripts, as the target will call it.

    ``EXEC_PREFIX/bin/python3``, unless the image has that Python under its versioned name only.

    :raises UsageError: if ``chosen`` cannot be in a shebang.
    """
    if chosen:
        if not chosen.startswith("/") or any(ord(char) < 32 for char in chosen):
            raise UsageError(
                f"--interpreter {chosen!r} is not an absolute path of the target",
                hint="Name it as the target sees it: --interpreter /usr/bin/python3",
            )
        return chosen
    python = target.python
    directory = PurePosixPath(python.exec_prefix or "/usr") / "bin"
    names = ["python3", f"python{python.version}{python.abiflags}", f"python{python.version}"]
    if python.free_threaded:
        names = [names[1], names[0], names[2]]  # python3 may be the one with the GIL
    found = next((name for name in names if image.exists(directory / name)), "python3")
    return str(directory / found)


def _checked(wheels: Sequence[Path], target: Target) -> list[CheckedWheel]:
    checked = [check_wheel(path, target) for path in wheels]
    paths: dict[str, Path] = {}
    for wheel in checked:
        other = paths.setdefault(wheel.name, wheel.path)
        if other is not wheel.path:
            raise UsageError(
                f"{other} and {wheel.path} are both {wheel.name}",
                hint="Name the one that is to be installed.",
            )
    return checked


def _stage(job: _Job, wheel: CheckedWheel, directory: Path, warnings: list[str]) -> StagedWheel:
    """Unpack and complete one wheel; :raises WheelRefusedError: if its machine code is not the target's."""
    options = job.options
    metadata = {"INSTALLER": b"crosspy\n"}
    if wheel.name in options.requested:
        metadata["REQUESTED"] = b""
    destination = stage_wheel(
        wheel, directory, scheme=job.scheme, interpreter=job.interpreter, metadata=metadata
    )
    any_machine = wheel.path.stem.endswith("-any")
    wrong = misfits(destination.files, job.target, any_machine=any_machine)
    if wrong and not options.allow_foreign_elf:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise WheelRefusedError(
            f"{wheel.path.name}: {wrong[0]}{more}",
            hint="It was built for another machine: build it with crosspy wheel. "
            "If such files are mere data of the package: --allow-foreign-elf",
        )
    warnings += [f"{wheel.path.name}: {text}" for text in wrong]
    if wheel.bytecode:
        warnings.append(
            f"{wheel.path.name}: its {len(wheel.bytecode)} files in __pycache__ are not installed"
        )
    warnings += add_bytecode(
        destination,
        python=job.target.python,
        build_python=job.build_python,
        levels=options.compile_levels,
        invalidation=options.invalidation,
    )
    return with_record(destination, wheel, job.scheme)


def _finished(
    job: _Job, staged: Sequence[StagedWheel], present: Sequence[Distribution], warnings: tuple[str, ...]
) -> Installation:
    """Say what is there now, and what is not."""
    done = tuple(
        Installed(
            name=one.wheel.title,
            version=one.wheel.version,
            dist_info=one.dist_info,
            files=tuple(file.path for file in one.files),
        )
        for one in staged
    )
    news = [
        Distribution(
            name=one.wheel.name,
            version=one.wheel.version,
            site=one.site,
            metadata=one.dist_info,
            record=None,
            requires=one.wheel.requires,
        )
        for one in staged
    ]
    paths = [path for one in done for path in one.files]
    return Installation(
        distributions=done,
        warnings=warnings,
        missing_libraries=missing_libraries(job.image, job.target, paths),
        missing_requirements=missing_requirements(
            job.target, installed=news, present=present, extras=job.options.extras
        ),
    )
