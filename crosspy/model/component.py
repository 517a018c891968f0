"""What a bill of materials names: distributions and what they bring along.

Sources: the package URL specification (types ``pypi`` and ``cargo``), PEP 639 (licence expressions), the trove
classifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from crosspy.model.licencetext import licence_of_texts
from crosspy.model.lock import Crate, Lock, Package


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenceText:
    """A licence file: its name, as its distribution has it, and what it says."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One thing, ``purl`` its identity. ``licence`` is an SPDX expression, or empty where nothing says so.

    ``stated`` is what its authors say of the licence, where that is no expression. ``requires`` are the purls of
    others, ``parts`` what it brings along (crates, libraries).
    """

    name: str
    version: str
    purl: str
    licence: str = ""
    stated: str = ""
    texts: tuple[LicenceText, ...] = ()
    summary: str = ""
    url: str = ""
    sha256: str = ""
    requires: tuple[str, ...] = ()
    parts: tuple[Component, ...] = ()


def pypi_purl(name: str, version: str) -> str:
    """Return the package URL of a distribution; ``name`` is canonical."""
    return f"pkg:pypi/{quote(name, safe='')}@{quote(version, safe='')}"


def components_of(lock: Lock) -> tuple[Component, ...]:
    """Return what a lock names: distributions, with the crates of their ``Cargo.lock``."""
    return tuple(sorted(map(_of_package, lock.packages), key=lambda one: one.purl))


def with_sources(components: Iterable[Component], lock: Lock) -> tuple[Component, ...]:
    """Return what is installed with what a lock says of it: where it came from, and which crates are in it."""
    sources = {one.purl: one for one in components_of(lock)}
    return tuple(_with_source(one, sources[one.purl]) if one.purl in sources else one for one in components)


def _with_source(one: Component, source: Component) -> Component:
    known = {part.purl for part in one.parts}
    parts = (*one.parts, *(part for part in source.parts if part.purl not in known))
    return replace(one, url=source.url, sha256=source.sha256, parts=parts)


def _of_package(package: Package) -> Component:
    artifact = package.artifacts[0]
    return Component(
        name=package.name,
        version=package.version,
        purl=pypi_purl(package.name, package.version),
        url=_public(artifact.url),
        sha256=artifact.sha256,
        parts=tuple(map(_of_crate, package.crates)),
    )


def _public(url: str) -> str:
    """Return an address without user and password, as everybody may know it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _of_crate(crate: Crate) -> Component:
    purl = f"pkg:cargo/{quote(crate.name, safe='')}@{quote(crate.version, safe='')}"
    # The registry that every purl of this type means has no qualifier.
    if not crate.source.startswith("registry+"):
        purl += f"?vcs_url={quote(crate.source, safe='')}"
    return Component(name=crate.name, version=crate.version, purl=purl, sha256=crate.sha256)


def every(components: Iterable[Component]) -> Iterator[Component]:
    """Yield components and all that they bring along, each purl once."""
    seen: set[str] = set()
    waiting = list(components)
    while waiting:
        one = waiting.pop(0)
        if one.purl not in seen:
            seen.add(one.purl)
            yield one
        waiting += one.parts


# ------------------------------------------------------------------------------------------------------- licences

_CLASSIFIERS: Final = {
    "Academic Free License (AFL)": "AFL-3.0", "Apache Software License": "Apache-2.0", "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0", "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only", "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only", "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only", "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND", "ISC License (ISCL)": "ISC", "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0", "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense", "Universal Permissive License (UPL)": "UPL-1.0", "zlib/libpng License": "Zlib",
    "Zope Public License": "ZPL-2.1",
}  # fmt: skip
"""Those that mean one licence. "BSD License" does not, nor does "GNU General Public License (GPL)"."""

_SPELLINGS: Final = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "apache2": "Apache-2.0",
    "apache-2.0": "Apache-2.0", "mit": "MIT", "mit license": "MIT", "the mit license": "MIT", "isc": "ISC", "bsd-2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause",
    "mpl-2.0": "MPL-2.0", "mpl 2.0": "MPL-2.0", "psf": "PSF-2.0", "psf-2.0": "PSF-2.0", "python-2.0": "Python-2.0", "0bsd": "0BSD",
    "unlicense": "Unlicense", "zlib": "Zlib", "lgpl-2.1-or-later": "LGPL-2.1-or-later", "lgpl-3.0-or-later": "LGPL-3.0-or-later",
}  # fmt: skip

_EXPRESSION: Final = re.compile(
    r"\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*(\s+(AND|OR|WITH)\s+\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*", re.IGNORECASE
)


def licence_of(expression: str, classifiers: Iterable[str], stated: str, texts: Iterable[str] = ()) -> str:
    """Return a licence as an SPDX expression: what PEP 639 states, else what classifiers mean, else a known spelling.

    Several classifiers are joined with AND: who keeps to all of them is right in any case. Where all that is told is a
    family ("BSD License"), or nothing, the licence files tell, if they hold one well-known text.

    :param stated: the ``License`` field, which may be anything, an expression among it.
    :param texts: what the licence files say.
    """
    if expression and _EXPRESSION.fullmatch(expression.strip()):
        return _canonical(expression.strip())
    if "\n" in stated.strip():  # the whole text, as older metadata have it
        stated, texts = "", [stated, *texts]
    stated = " ".join(stated.split())
    if re.search(r"\s(AND|OR|WITH)\s", stated, re.IGNORECASE) and (exact := _valid(stated)):
        return exact
    last = [line.rpartition("::")[2].strip() for line in classifiers if line.startswith("License ::")]
    known = sorted({_CLASSIFIERS[name] for name in last if name in _CLASSIFIERS})
    vague = [name for name in last if name not in _CLASSIFIERS and name != "OSI Approved"]
    plain = _SPELLINGS.get(stated.lower(), "") or ("" if _UNCLEAR.fullmatch(stated) else _valid(stated))
    if vague:
        return plain or _of_texts([*known, *vague, stated], texts)
    return " AND ".join(known) or plain or _of_texts([stated], texts)


def _of_texts(told: Iterable[str], texts: Iterable[str]) -> str:
    """Return the licence of the texts if it is one of the family that everything told of it names."""
    found = licence_of_texts(texts)
    families = {word.removesuffix(" License") for word in told if word not in {"", "UNKNOWN"}}
    return found if families <= {found.partition("-")[0]} else ""


_UNCLEAR: Final = re.compile(r"[AL]?GPL-[0-9.]+", re.IGNORECASE)
"""Identifiers that SPDX has withdrawn: whether they mean later versions, too, was told apart by hardly anybody."""


def _valid(text: str) -> str:
    """Return a text that is an SPDX expression of known identifiers, in SPDX's spelling; else an empty string."""
    try:
        licenses = import_module("packaging.licenses")
    except ImportError:  # packaging before 24.2
        return ""
    try:
        return str(licenses.canonicalize_license_expression(text))
    except licenses.InvalidLicenseExpression:
        return ""


def _canonical(expression: str) -> str:
    return _valid(expression) or expression
