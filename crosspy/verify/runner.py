"""Verify one image: survey it, decide what it is for, apply the rules."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from crosspy.errors import UsageError
from crosspy.model.finding import Finding
from crosspy.model.target import Target
from crosspy.verify import exceptions
from crosspy.verify import infer as inference
from crosspy.verify.expectation import Expectation, Options, from_target
from crosspy.verify.extensions import extension_modules
from crosspy.verify.infer import complete, has_python, infer
from crosspy.verify.owners import owners
from crosspy.verify.rules import (
    Rule,
    buildpaths,
    bytecode,
    damaged,
    imports,
    isa,
    links,
    loader,
    machine,
    names,
    packages,
    scripts,
    standing,
    sysconfig,
)
from crosspy.verify.tree import Image, survey
from crosspy.verify.trees import reason
from crosspy.verify.trees.detect import opened

_FAMILIES: Final = (
    machine, isa, damaged, loader, names, bytecode, packages, sysconfig, standing, scripts, links, imports, buildpaths,
)  # fmt: skip

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for rule in sorted(
        (rule for family in (inference, exceptions, *_FAMILIES) for rule in family.RULES),
        key=operator.attrgetter("id"),
    )
}
"""Every check there is, by id."""


_DEFAULT: Final = Options()


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How much was looked at."""

    files: int
    elf: int
    extension_modules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What is wrong with one image. ``findings`` are sorted by path and check; ``notes`` say what was not checked."""

    root: Path
    expectation: Expectation
    findings: tuple[Finding, ...]
    counts: Counts
    modules: tuple[str, ...] = ()
    """The paths of its extension modules."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """The package of each path with a finding, where it is known."""
    notes: tuple[str, ...] = ()


def verify(
    root: Path,
    target: Target | Expectation | None = None,
    *,
    source: str = "the target description",
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    options: Options = _DEFAULT,
    packages: str = "",
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Compare every file of the image at ``root``, a directory or a file, with its target.

    :param target: what the image is for, described or as far as it is known; None to ask the image's own interpreter.
    :param source: where ``target`` comes from, for people.
    :param select: ids, or beginnings of ids (``XP1``), of the checks to apply; all if empty.
    :param ignore: ids or beginnings of ids of the checks to leave out.
    :param options: the processor, the kernel's pages, checks that are off otherwise.
    :param packages: Buildroot's ``packages-file-list.txt``, to name the package of a file.
    :param progress: is told from time to time how many files were read.
    :raises UsageError: if ``root`` is no image, or does not say what it is for.
    """
    chosen = choose(select, ignore, options.tiers)
    stated = from_target(target, source=source) if isinstance(target, Target) else target
    with _no_collection(), opened(root) as tree:
        try:
            image = survey(tree, progress)
        except OSError as error:
            raise UsageError(f"{root}: {reason(error)}", hint="Name the root of an image tree.") from None
        return _judged(root, image, stated, chosen=chosen, options=options, packages=packages)


def _judged(
    root: Path,
    image: Image,
    stated: Expectation | None,
    *,
    chosen: Collection[str],
    options: Options,
    packages: str,
) -> Result:
    if not image.elf and not image.damaged and not has_python(image):
        raise UsageError(
            f"{root}: not an image: no program, library or Python package in it ({len(image.files)} files)",
            hint="Name the root of the image tree: the directory that holds usr/.",
        )
    expectation = replace(infer(image) if stated is None else complete(stated, image), options=options)
    found = {
        finding
        for family in _FAMILIES
        if any(rule.id in chosen for rule in family.RULES)
        for finding in family.check(image, expectation)
    }
    findings = tuple(sorted(finding for finding in found if finding.check in chosen))
    modules = tuple(extension_modules(image))
    return Result(
        root=root,
        expectation=expectation,
        findings=findings,
        counts=Counts(
            files=len(image.files),
            elf=len(image.elf) + len(image.damaged),
            extension_modules=len(modules),
        ),
        modules=modules,
        owners=owners(image, {finding.path for finding in findings}, packages),
        notes=_notes(image, expectation),
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the search for reference cycles: there are none, and it would look through a million small objects again
    and again, which is a third of all time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def choose(select: Collection[str], ignore: Collection[str], tiers: Collection[str] = ()) -> frozenset[str]:
    """Return the ids of the checks to apply: of those that are off otherwise, what ``tiers`` or the whole id switches on.

    :raises UsageError: naming an id that no check begins with.
    """
    for prefix in (*select, *ignore):
        if not prefix or not any(known.startswith(prefix) for known in RULES):
            raise UsageError(f"no check is called {prefix!r}", hint=f"The checks are: {' '.join(RULES)}")
    on = [known for known, rule in RULES.items() if not rule.tier or rule.tier in tiers or known in select]
    wanted = [known for known in on if not select or known.startswith(tuple(select))]
    return frozenset(known for known in wanted if not ignore or not known.startswith(tuple(ignore)))


def explain(check_id: str) -> Rule:
    """Return what a check means. :raises UsageError: if there is none of this id."""
    rule = RULES.get(check_id.upper())
    if rule is None:
        raise UsageError(f"no check is called {check_id!r}", hint=f"The checks are: {' '.join(RULES)}")
    return rule


def _notes(image: Image, expectation: Expectation) -> tuple[str, ...]:
    notes = []
    if not loader.is_complete(image):
        notes.append(
            "no C library in this tree, so it is a part of an image: needed libraries were not looked up"
        )
    if not expectation.extension_suffixes:
        notes.append(
            "the suffixes that the target's Python imports are not known: file names were not checked"
        )
    return tuple(notes)
