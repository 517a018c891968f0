"""What an installation will remove from an image and write into it, decided before the first change."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from crosspy.errors import WheelRefusedError
from crosspy.install.image import Image
from crosspy.install.installed import Distribution
from crosspy.install.scheme import Scheme
from crosspy.install.staging import StagedFile, StagedWheel


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Located paths (:meth:`Image.locate`): what goes, what comes, and where empty directories stay."""

    removals: tuple[PurePosixPath, ...]
    writes: tuple[tuple[PurePosixPath, StagedFile], ...]
    kept_directories: frozenset[PurePosixPath]
    warnings: tuple[str, ...]


def make_plan(
    image: Image,
    wheels: Sequence[StagedWheel],
    *,
    scheme: Scheme,
    present: Sequence[Distribution],
    overwrite: bool,
    remove: Collection[str] = (),
) -> Plan:
    """Decide what installing ``wheels`` changes.

    :param present: the distributions of the image.
    :param remove: canonical names of distributions that go, if the image has them.
    :param overwrite: replace files of others.
    :raises WheelRefusedError: if a wheel would leave the image, or take the place of something that is not an earlier
        version of itself.
    """
    warnings: list[str] = []
    names = {*(staged.wheel.name for staged in wheels), *remove}
    own_sites = {image.locate(site, follow=True) for site in (scheme.purelib, scheme.platlib)}
    older = [one for one in present if one.name in names and one.site in own_sites]
    others = [one for one in present if one not in older]
    removals = _removals(image, older, others, overwrite=overwrite, warnings=warnings)
    writes: dict[PurePosixPath, tuple[StagedWheel, StagedFile]] = {}
    for staged in wheels:
        for file in staged.files:
            path = image.locate(file.path)
            _check_parents(image, path, staged)
            claimed = writes.get(path)
            if claimed is not None and not _same(claimed[1], file):
                _refuse_double(path, claimed[0], staged)
            writes[path] = (staged, file)
    replaced = _collisions(image, writes, removals, others, overwrite=overwrite)
    return Plan(
        removals=(*removals, *replaced),
        writes=tuple((path, file) for path, (_, file) in sorted(writes.items())),
        kept_directories=_kept(image, scheme),
        warnings=tuple(warnings),
    )


def _same(one: StagedFile, other: StagedFile) -> bool:
    return (one.sha256, one.size) == (other.sha256, other.size)


def _refuse_double(path: PurePosixPath, first: StagedWheel, second: StagedWheel) -> None:
    if first is second:
        raise WheelRefusedError(
            f"{first.wheel.path.name}: two of its files want to be {path}",
            hint="A script and an entry point of one name, or .data and the package itself: tell its authors.",
        )
    raise WheelRefusedError(
        f"{first.wheel.path.name} and {second.wheel.path.name} both hold {path}, with different content",
        hint="Only one of the two can be installed.",
    )


# ------------------------------------------------------------------------------------------------------ removals


def _removals(
    image: Image,
    older: Iterable[Distribution],
    others: Sequence[Distribution],
    *,
    overwrite: bool,
    warnings: list[str],
) -> dict[PurePosixPath, None]:
    """Return the files of earlier versions, without those that others list as well (namespace packages)."""
    removals: dict[PurePosixPath, None] = {}
    shared: set[PurePosixPath] | None = None
    for one in older:
        if one.record is None:
            _check_unrecorded(image, one, overwrite=overwrite, warnings=warnings)
            removals.update(dict.fromkeys(_below(image, one.metadata)))
            continue
        if shared is None:
            shared = {path for other in others for path in other.files(image)[0]}
        inside, outside = one.files(image)
        warnings += [
            f"{one.name} {one.version}: its RECORD lists {line!r}, outside the image: left alone"
            for line in outside
        ]
        candidates = [*inside, *(pyc for path in inside for pyc in _bytecode_of(image, path))]
        # What a package manager or an image class put beside RECORD afterwards goes with it.
        candidates += _below(image, one.metadata)
        for path in candidates:
            if path not in shared and _is_file(image, path):
                removals[path] = None
    return removals


def _check_unrecorded(image: Image, one: Distribution, *, overwrite: bool, warnings: list[str]) -> None:
    if not overwrite:
        raise WheelRefusedError(
            f"the image {image.root} holds {one.name} {one.version} in {one.metadata} already, "
            "and without a RECORD nobody knows which files are its own",
            hint="Remove that package with what installed it (dpkg, opkg, the image recipe), "
            "install under another --prefix, or force it with --overwrite.",
        )
    warnings.append(
        f"{one.name} {one.version} has no RECORD: only {one.metadata} was removed of it; files that the new version "
        "does not replace stay"
    )


def _below(image: Image, path: PurePosixPath) -> list[PurePosixPath]:
    """Return every file at or below ``path``, links not followed."""
    try:
        mode = image.on_disk(path).lstat().st_mode
    except OSError:
        return []
    if not stat.S_ISDIR(mode):
        return [path]
    return [below for name in image.listing(path) for below in _below(image, path / name)]


def _bytecode_of(image: Image, path: PurePosixPath) -> list[PurePosixPath]:
    """Return the bytecode of a module, by whatever Python: it is not in RECORD if it was made after the install.

    Beside the source, too: that of an image without sources (compileall -b, Buildroot's BR2_PACKAGE_PYTHON3_PYC_ONLY).
    """
    if path.suffix != ".py":
        return []
    cache = path.parent / "__pycache__"
    return [
        path.with_suffix(".pyc"),
        *(
            cache / name
            for name in image.listing(cache)
            if name.startswith(f"{path.stem}.") and name.endswith(".pyc")
        ),
    ]


def _is_file(image: Image, path: PurePosixPath) -> bool:
    try:
        return not stat.S_ISDIR(image.on_disk(path).lstat().st_mode)
    except (OSError, ValueError):
        return False


# ---------------------------------------------------------------------------------------------------- collisions


def _check_parents(image: Image, path: PurePosixPath, staged: StagedWheel) -> None:
    """Refuse a place below something that is not a directory."""
    for parent in path.parents:
        try:
            mode = image.on_disk(parent).lstat().st_mode
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            continue  # a parent further up is the one to name
        except OSError as error:
            raise WheelRefusedError(f"{staged.wheel.path.name}: {path}: {error.strerror}") from None
        if not stat.S_ISDIR(mode):
            raise WheelRefusedError(
                f"{staged.wheel.path.name}: cannot install {path}: {parent} is not a directory in the image {image.root}",
                hint="Remove it from the image, or install under another --prefix.",
            )
        return


def _collisions(
    image: Image,
    writes: dict[PurePosixPath, tuple[StagedWheel, StagedFile]],
    removals: dict[PurePosixPath, None],
    others: Sequence[Distribution],
    *,
    overwrite: bool,
) -> list[PurePosixPath]:
    """Return what exists where files go and is not removed anyway. :raises WheelRefusedError: if it may not go."""
    existing: list[PurePosixPath] = []
    for path, (staged, file) in writes.items():
        if path in removals:
            continue
        try:
            mode = image.on_disk(path).lstat().st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            raise WheelRefusedError(
                f"{staged.wheel.path.name}: cannot install {path}: it is a directory in the image {image.root}",
                hint="Remove it from the image, or install under another --prefix.",
            )
        if not overwrite and not _identical(image, path, file, mode):
            owner = _owner(image, path, others)
            raise WheelRefusedError(
                f"{staged.wheel.path.name}: {path} exists in the image {image.root} and belongs to {owner}",
                hint="Remove that, install under another --prefix, or replace it with --overwrite.",
            )
        existing.append(path)
    return existing


def _identical(image: Image, path: PurePosixPath, file: StagedFile, mode: int) -> bool:
    """Say whether a file of the image is the one to install: namespace packages share such files."""
    there = image.on_disk(path)
    if not stat.S_ISREG(mode) or there.stat().st_size != file.size:
        return False
    try:
        return there.read_bytes() == file.staged.read_bytes()
    except OSError:
        return False


def _owner(image: Image, path: PurePosixPath, others: Iterable[Distribution]) -> str:
    owners = [f"{one.name} {one.version}" for one in others if path in one.files(image)[0]]
    return " and ".join(owners) or "nothing that a RECORD knows"


def _kept(image: Image, scheme: Scheme) -> frozenset[PurePosixPath]:
    """Return the directories that stay even when empty: those of the scheme and all above them."""
    kept: set[PurePosixPath] = set()
    for directory in (scheme.purelib, scheme.platlib, scheme.scripts, scheme.data, scheme.include):
        located = image.locate(directory, follow=True)
        kept |= {located, *located.parents}
    return frozenset(kept)
