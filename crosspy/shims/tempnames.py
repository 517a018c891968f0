"""Temporary directories have the same names in each run of ``crosspy wheel``.

A build writes the paths that it has into what it makes, and compiler caches hash them. The directory that a run has
for its temporary files is its own (crosspy/build/frontend.py), so names in it need not be random.
"""

import os
from types import ModuleType

from . import replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Iterator


class Numbers:
    """An endless iterator of names, from the first; ``tempfile`` goes on to the next if one is taken."""

    def __init__(self) -> None:
        self._number = -1

    def __iter__(self) -> "Iterator[str]":
        return self

    def __next__(self) -> str:
        self._number += 1
        return f"{self._number:08d}"


class Uuids:
    """Stands for the module ``uuid`` where pip names directories."""

    def __init__(self) -> None:
        self._numbers = Numbers()

    def uuid4(self) -> "Uuids":
        self.hex = next(self._numbers)
        return self


def apply(module: ModuleType) -> None:
    if "CROSSPY_RUN" not in os.environ:
        return
    if module.__name__ != "tempfile":
        replace(module, "uuid", Uuids())
        return
    mktemp, random_names = module.mktemp, module._get_candidate_names()
    numbers = Numbers()

    def mktemp_at_random(*args: object, **options: object) -> str:
        # It makes nothing, so that two processes would be given the same name.
        module._get_candidate_names = lambda: random_names  # type: ignore[attr-defined]
        try:
            return str(mktemp(*args, **options))
        finally:
            module._get_candidate_names = lambda: numbers  # type: ignore[attr-defined]

    replace(module, "mktemp", mktemp_at_random)
    replace(module, "_get_candidate_names", lambda: numbers)
