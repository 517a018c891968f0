"""The table of libraries: what each brings, and what Yocto, Buildroot and Debian call the package (crosspy/data)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """One library. A header ``name/*`` stands for all below that directory."""

    name: str
    modules: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    cmake: tuple[str, ...] = ()
    debian: str = ""
    yocto: str = ""
    layer: str = ""
    """Where the recipe is, if not in OE-core."""
    buildroot: str = ""
    option: str = ""
    """Buildroot's option, where it is not called as the package."""

    @property
    def symbol(self) -> str:
        """Return what is set in Buildroot's configuration."""
        return self.option or "BR2_PACKAGE_" + re.sub(r"[-.]", "_", self.buildroot.upper())

    def packages(self) -> str:
        """Return what brings it, in each world that has it."""
        layer = f" ({self.layer})" if self.layer else ""
        return ", ".join(
            text
            for text, name in (
                (f'Yocto DEPENDS = "{self.yocto}"{layer}', self.yocto),
                (f"Buildroot {self.symbol} ({self.buildroot})", self.buildroot),
                (f"Debian {self.debian}", self.debian),
            )
            if name
        )

    def signs(self) -> str:
        """Return by what a build knows it: "pkg-config module a, header b.h"."""
        return ", ".join(
            f"{word} {names[0].removesuffix('/*')}"
            for word, names in (
                ("pkg-config module", self.modules),
                ("header", self.headers),
                ("program", self.programs),
            )
            if names
        )


@cache
def known_libraries() -> tuple[Library, ...]:
    """Return the table that comes with crosspy."""
    return parse(files("crosspy").joinpath("data", "libraries.toml").read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Library, ...]:
    """Read a table of libraries: TOML, one inline table for each name."""
    return tuple(_library(name, row) for name, row in tomllib.loads(text).items())


def _library(name: str, row: dict[str, Any]) -> Library:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Library(name=name, **fields)


def find(thing: str, name: str, libraries: Iterable[Library]) -> Library | None:
    """Return the library that has a ``module``, ``header``, ``library``, ``program`` or CMake ``package`` of this name.

    ``named`` is what people call it: any of these, in any case. The most exact match wins.
    """
    match thing:
        case "header":
            return _with_header(name, tuple(libraries))
        case "module":
            return next((one for one in libraries if _has(name, one.modules)), None)
        case "library":
            return next((one for one in libraries if name in one.libraries), None)
        case "program":
            return next((one for one in libraries if name in one.programs), None)
        case "package":
            return next((one for one in libraries if _has(name, (*one.cmake, one.name, *one.modules))), None)
    return next(
        (
            one
            for one in libraries
            if _has(
                name,
                (
                    one.name,
                    *one.cmake,
                    *one.modules,
                    *one.libraries,
                    *(f"lib{word}" for word in one.libraries),
                ),
            )
        ),
        None,
    )


def _has(name: str, names: Sequence[str]) -> bool:
    return name.lower() in {word.lower() for word in names}


def _with_header(name: str, libraries: Sequence[Library]) -> Library | None:
    """Return the library with the longest entry that ``name`` fits: itself, or a directory."""
    fitting = [
        (len(header), library)
        for library in libraries
        for header in library.headers
        if name == header or (header.endswith("/*") and name.startswith(header[:-1]))
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None
