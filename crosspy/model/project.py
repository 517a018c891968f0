"""What a recipe for a package of another build system says: one release of a project."""

from __future__ import annotations

from dataclasses import dataclass

from crosspy.model.lock import Artifact, Crate


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenceFile:
    """A licence file, by its path in the source distribution; or its metadata, where ``lines`` (first, last) state the licence.

    Digests are of these lines then.
    """

    path: str
    md5: str
    sha256: str
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """One release, as its source distribution tells: nothing of it is run.

    ``name`` is canonical; ``licence`` an SPDX expression, or empty. ``requires`` and ``build_requires`` are canonical
    names, of Linux and CPython; ``requires`` without extras. ``build_wishes`` are the requirements of ``build_requires``. ``dynamic`` says that the build may tell of more.
    ``rust``: the build compiles crates; ``crates`` are those that it does not bring along itself, which nothing tells if it
    is ``unlocked``.
    """

    name: str
    version: str
    sdist: Artifact
    summary: str = ""
    homepage: str = ""
    bugtracker: str = ""
    licence: str = ""
    licence_files: tuple[LicenceFile, ...] = ()
    backend: str = ""
    build_requires: tuple[str, ...] = ()
    build_wishes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    crates: tuple[Crate, ...] = ()
    rust: bool = False
    unlocked: bool = False
    dynamic: bool = False

    @property
    def licence_texts(self) -> tuple[LicenceFile, ...]:
        """The files that are licences, as a whole."""
        return tuple(one for one in self.licence_files if one.lines is None)
