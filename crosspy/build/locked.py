"""Wheels of a lock: of exactly its files, without network.

Files are checked against the lock first, then pip is shown a directory with those and no others. Build requirements have
the lock's versions as constraints; source distributions whose build requirements contradict each other are built by one
pip after the other.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from crosspy.build import sdist
from crosspy.build.check import check_wheel
from crosspy.build.crates import fetch_crates
from crosspy.build.fetch import CRATES, get_files, require
from crosspy.build.frontend import BuildOptions, build_wheels, placed
from crosspy.build.lockfile import Locks, for_target, read_locks
from crosspy.console import Console
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import FetchError, UsageError
from crosspy.model.lock import Artifact, Package


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Source distributions that one pip builds, and the versions of what they are built with, by name."""

    packages: tuple[Package, ...]
    pins: Mapping[str, str]


def build_locked(
    env: CrossEnv,
    path: Path,
    names: Sequence[str],
    *,
    options: BuildOptions,
    console: Console,
    environ: Mapping[str, str],
    wheel_dir: Path,
) -> list[Path]:
    """Make the wheels of a lock in ``wheel_dir``; return their paths, sorted.

    :param path: the lock; :param names: of distributions in it, empty for all.
    :param options: ``find_links`` are the directories that have its files. What they lack is downloaded, unless
        ``no_index``.
    :raises LockError: if the lock is damaged, stale, or for another target.
    :raises FetchError: if a file is missing, or not what the lock says; nothing is built then.
    :raises BuildFailedError: and WheelRefusedError, as :func:`crosspy.build.frontend.build_wheels`.
    """
    locks = read_locks(path)
    known = for_target(locks.target, env.target)
    packages = _named(known, names)
    with tempfile.TemporaryDirectory(prefix="crosspy-locked-") as scratch:
        files = Path(scratch, "files")
        made = Path(scratch, "wheels")
        made.mkdir()
        needed = _needed(locks, packages, known) if options.build_isolation else _artifacts(packages)
        _gather(needed, files, lock=path, options=options, console=console, environ=environ)
        for package in packages:
            for wheel in package.wheels:
                check_wheel(files / wheel.name, env.target, prebuilt=True)
                shutil.copyfile(files / wheel.name, made / wheel.name)
        options = dataclasses.replace(options, crates=_crates(packages, files, options, console, environ))
        for batch in batches(packages, known, locks, isolated=options.build_isolation):
            build_wheels(
                env,
                # With its name: pip 26.3 takes nothing from a cache of wheels for a bare path.
                [f"{one.name} @ {(files / one.sdist.name).as_uri()}" for one in batch.packages if one.sdist],
                options=_options(options, batch, files, Path(scratch)),
                console=console,
                environ=environ,
                wheel_dir=made,
            )
        return placed(sorted(made.glob("*.whl")), wheel_dir)


def _named(packages: Sequence[Package], names: Sequence[str]) -> list[Package]:
    wanted = {canonicalize_name(name) for name in names}
    unknown = sorted(wanted - {one.name for one in packages})
    if unknown:
        raise UsageError(
            f"the lock has no {', '.join(unknown)}",
            hint="With --lock, name distributions that it has, or none for all.",
        )
    return [one for one in packages if not wanted or one.name in wanted]


def _artifacts(packages: Iterable[Package]) -> list[Artifact]:
    found = {artifact.name: artifact for one in packages for artifact in one.artifacts}
    return [found[name] for name in sorted(found)]


def _needed(locks: Locks, packages: Sequence[Package], known: Sequence[Package]) -> list[Artifact]:
    """Return the files of packages, of what they are built with, and of the target's builds that they compile against."""
    sides = {one.name: one for one in known}
    needed: dict[str, Package] = {}
    waiting = list(packages)
    while waiting:
        package = waiting.pop()
        key = package.artifacts[0].name
        if key in needed:
            continue
        needed[key] = package
        if package.sdist:
            group = locks.group(package)
            waiting += group
            # numpy, say: its native copy runs, the target's is compiled against.
            waiting += [sides[one.name] for one in group if one.name in sides]
    return _artifacts(needed.values())


def _gather(
    artifacts: Sequence[Artifact],
    files: Path,
    *,
    lock: Path,
    options: BuildOptions,
    console: Console,
    environ: Mapping[str, str],
) -> None:
    """Make a directory with exactly these files, checked."""
    files.mkdir()
    places = [Path(link) for link in options.find_links]
    missing = []
    for artifact in artifacts:
        found = next((place / artifact.name for place in places if (place / artifact.name).is_file()), None)
        if found:
            require(found, artifact)
            (files / artifact.name).symlink_to(found)
        else:
            missing.append(artifact)
    if missing and (options.no_index or places):
        named = ", ".join(one.name for one in missing[:5]) + (
            f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        )
        raise FetchError(
            f"of the files that {lock.name} names, {named} {'is' if len(missing) == 1 else 'are'} in no --find-links "
            f"directory{'' if places else ', as there is none'}",
            hint=f"Get them, with network: crosspy fetch --lock {lock} -d {places[0] if places else 'DIR'}",
        )
    if missing:
        get_files(missing, files, base=lock.parent, environ=environ, console=console)
    for artifact in artifacts:
        if not artifact.is_wheel:
            # The pip that fills a build environment does not look.
            sdist.check((files / artifact.name).resolve())


def _crates(
    packages: Sequence[Package],
    files: Path,
    options: BuildOptions,
    console: Console,
    environ: Mapping[str, str],
) -> Path | None:
    """Return the directory of crates, None where none are needed."""
    rust = [one.sdist for one in packages if one.sdist and one.crates]
    there = [place for link in options.find_links if (place := Path(link, CRATES)).is_dir()]
    if options.crates or there or not rust:
        return options.crates or next(iter(there), None)
    if options.no_index or options.find_links:
        raise FetchError(
            f"{', '.join(one.name for one in rust)}: written in Rust, and no --find-links directory has {CRATES}/",
            hint="Get the crates, with network: crosspy fetch --lock ... -d DIR. Or name them: --crates DIR",
        )
    directory = files.parent / CRATES
    fetch_crates([files / one.name for one in rust], directory, environ=environ, console=console)
    return directory


def batches(
    packages: Iterable[Package], known: Iterable[Package], locks: Locks, *, isolated: bool
) -> list[Batch]:
    """Divide source distributions so that no two of a batch want two versions of one build requirement.

    :param known: the lock's packages: those that are compiled against bring their own build requirements along.
    """
    sources = {one.name: one for one in known if one.sdist}
    found: list[Batch] = []
    for package in packages:
        if package.sdist is None:
            continue
        pins: dict[str, str] = {}
        for one in locks.group(package) if isolated else ():
            pins[one.name] = one.version
        for name in sorted(pins.keys() & sources.keys()):
            pins = {**{one.name: one.version for one in locks.group(sources[name])}, **pins}
        for number, batch in enumerate(found):
            if all(batch.pins.get(name, version) == version for name, version in pins.items()):
                found[number] = Batch(packages=(*batch.packages, package), pins={**batch.pins, **pins})
                break
        else:
            found.append(Batch(packages=(package,), pins=pins))
    return found


def _options(options: BuildOptions, batch: Batch, files: Path, scratch: Path) -> BuildOptions:
    constraints = scratch / "build-constraints.txt"
    constraints.write_text(
        "".join(f"{name}=={version}\n" for name, version in sorted(batch.pins.items())), encoding="utf-8"
    )
    return dataclasses.replace(
        options,
        policy="sdist",  # what is left to build is source distributions
        no_index=True,
        find_links=(str(files),),
        no_deps=True,
        build_constraints=constraints if options.build_isolation else None,
    )
