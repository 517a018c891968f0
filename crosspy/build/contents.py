"""What is in a source distribution that others ask for: metadata, licence files, build system, crates. Nothing of it runs.

Sources: PEP 643 (metadata of source distributions), PEP 518 and 517 (``build-system``), Cargo's reference (``Cargo.lock``,
directory sources).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crosspy.build import sdist
from crosspy.build.crates import locked_crates
from crosspy.errors import BuildFailedError
from crosspy.model.lock import Crate

LEGACY: Final = ("setuptools>=40.8.0",)
"""What PEP 517 builds a project with that has no ``build-system`` table."""
LICENCE: Final = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|COPYRIGHT)([.-].*)?", re.IGNORECASE)
_METADATA: Final = frozenset({"PKG-INFO", "pyproject.toml"})
_CARGO: Final = frozenset({"Cargo.toml", "Cargo.lock", ".cargo-checksum.json"})
_OF_RUST: Final = re.compile(r"maturin|rust|cargo|puccinialin|milksnake")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a source distribution holds.

    ``texts`` are its metadata and what may be licences, by their paths below its directory; ``crates`` are those that
    its ``Cargo.lock`` files name, unless it brings them along. ``unlocked``: it has a ``Cargo.toml``, and nothing of these.
    """

    texts: Mapping[str, bytes]
    pyproject: Mapping[str, Any]
    crates: tuple[Crate, ...]
    unlocked: bool

    @property
    def backend(self) -> str:
        return str(self._build_system.get("build-backend", "setuptools.build_meta"))

    @property
    def build_requires(self) -> list[object]:
        """What its ``pyproject.toml`` states, whatever that is."""
        found = self._build_system.get("requires", [*LEGACY])
        return found if isinstance(found, list) else [found]

    def is_built_with_rust(self, build_requires: Iterable[str]) -> bool:
        """Say whether a build with these requirements compiles crates.

        Some bring a crate beside what they build, or instead of it (zstandard).
        """
        return any(_OF_RUST.search(word.lower()) for word in (self.backend, *build_requires))

    def crates_for(self, build_requires: Iterable[str]) -> tuple[Crate, ...]:
        """Return the crates that a build with these requirements compiles."""
        return self.crates if self.is_built_with_rust(build_requires) else ()

    def leaves_crates_open(self, build_requires: Iterable[str]) -> bool:
        """Say whether a build with these requirements compiles crates that nothing in the source names."""
        return self.unlocked and self.is_built_with_rust(build_requires)

    @property
    def _build_system(self) -> Mapping[str, Any]:
        found = self.pyproject.get("build-system", {})
        return found if isinstance(found, Mapping) else {}


def read_contents(path: Path) -> Contents:
    """Read the source distribution at ``path``.

    :raises FetchError: if it is no archive, or not a safe one.
    :raises BuildFailedError: if its ``pyproject.toml`` or a ``Cargo.lock`` is damaged.
    """
    texts: dict[str, bytes] = {}
    crates: set[Crate] = set()
    cargo: set[str] = set()
    for name, read in sdist.files(path):
        relative = "/".join(name.parts[1:])
        if name.name in _CARGO:
            cargo.add(name.name)
        if relative in _METADATA or LICENCE.fullmatch(name.name) or relative.startswith("LICENSES/"):
            texts[relative] = read()
        elif name.name == "Cargo.lock":
            try:
                crates.update(locked_crates(read().decode()))
            except ValueError as error:
                raise BuildFailedError(f"{path.name}: its {name} is damaged: {error}") from None
    try:
        pyproject = tomllib.loads(texts.get("pyproject.toml", b"").decode())
    except (ValueError, RecursionError) as error:
        raise BuildFailedError(f"{path.name}: its pyproject.toml cannot be read: {error}") from None
    return Contents(
        texts=texts,
        pyproject=pyproject,
        crates=() if ".cargo-checksum.json" in cargo else tuple(sorted(crates)),
        unlocked=cargo == {"Cargo.toml"},
    )
