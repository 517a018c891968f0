"""XP202, XP205, XP303: what the loader looks up by name, and the interpreter, and does not find.

Symbols are matched as the loader does (:class:`crosspy.elf.Linkage`): in the interpreter and all that it has loaded,
then in the module and all that the module brings. Python opens modules with ``RTLD_NOW``, so one missing name fails the
import. Only what Python loads is looked at: other plugins get names from the program that opens them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from crosspy.elf import Linkage
from crosspy.model.finding import Finding, Severity
from crosspy.verify.loading import Loading, Symbols
from crosspy.verify.places import Place, is_test_data, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename

XP202: Final = Rule(
    id="XP202",
    title="symbol version missing from a library",
    why="The file wants a version of a library's symbols (GLIBC_2.38, GLIBCXX_3.4.32, OPENSSL_3.0.0) that the image's "
    "library does not have: 'version `GLIBC_2.38' not found'. It was linked against a newer library than the image's.",
    fix="Build against the image's own sysroot, or use a prebuilt wheel with a tag of an older glibc (manylinux_2_X).",
    reference="https://github.com/pypa/wheel/issues/124",
)
XP205: Final = Rule(
    id="XP205",
    title="undefined symbol in what an extension module loads",
    why="Neither the module, nor a library that it names, nor the interpreter has the symbol: 'ImportError: undefined "
    "symbol'. A library was left out when linking, or the image has another version or build of it.",
    fix="Link the library that has the symbol (the build's log has the link line), or add the version of it that the "
    "module was built with.",
    reference="https://man7.org/linux/man-pages/man3/dlopen.3.html",
)
XP303: Final = Rule(
    id="XP303",
    title="Python symbol that this interpreter does not have",
    why="The module calls a function of Python's C API that the image's interpreter does not export: 'undefined symbol: "
    "PyErr_GetRaisedException'. It was built for a newer Python, or as abi3 for a newer minimum than the image's.",
    fix="Build the package for the Python of the image; for a prebuilt abi3 wheel choose a release whose tag (cp39-abi3) "
    "is not newer than the image's Python.",
    reference="https://docs.python.org/3/c-api/stable.html",
)
RULES: Final = (XP202, XP205, XP303)

_PYTHON_API: Final = (b"Py", b"_Py")
_SHOWN: Final = 3
_NOTHING: Final = Linkage(wanted=frozenset(), offered=frozenset(), loose=frozenset())


def check(image: Image, loading: Loading) -> Iterator[Finding]:
    """Match the versions and symbols of all that Python loads."""
    lacking = _versions_lacking(image, loading) if loading.symbols.versions else {}
    for (path, library), (wanted, provider) in sorted(lacking.items()):
        yield version_finding(
            image, path, library=library, lacking=wanted, provider=provider, severity=Severity.ERROR
        )
    told = {
        path: {f"@{version}".encode("utf-8", "surrogateescape") for version in wanted}
        for (path, _), (wanted, _) in lacking.items()
    }
    yield from _undefined(image, loading, loading.symbols, told)


# ------------------------------------------------------------------------------------------------------ versions


def _versions_lacking(image: Image, loading: Loading) -> dict[tuple[str, str], tuple[tuple[str, ...], str]]:
    """Return ``(file, library) -> (versions that the library lacks, the library's path)``."""
    found = {}
    seen = set()
    for base, loaded in loading.processes():
        for path in loaded.files:
            for library, wanted in image.elf[path].verneed.items():
                provider = loaded.names.get(library) or (base.names.get(library) if base else None)
                if (path, provider) in seen:
                    continue
                seen.add((path, provider))
                lacking = lacking_versions(image, provider, wanted)
                if provider and lacking:
                    found[path, library] = lacking, provider
    return found


def lacking_versions(image: Image, provider: str | None, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return which of the versions ``wanted`` the library does not have; one without any is good for all of them."""
    has = image.elf[provider].verdef if provider else ()
    return tuple(version for version in wanted if version not in has) if has else ()


def version_finding(
    image: Image, path: str, *, library: str, lacking: tuple[str, ...], provider: str, severity: Severity
) -> Finding:
    """Return what is wrong with a file whose library lacks versions."""
    return XP202.finding(
        path,
        severity,
        f"wants version {', '.join(lacking)} of {library}",
        expected=f"a {basename(library)} with {lacking[-1]}",
        found=f"{provider}, which has {image.elf[provider].verdef[-1]} and older ones",
    )


# ------------------------------------------------------------------------------------------------------- symbols


def _undefined(
    image: Image, loading: Loading, tables: Symbols, told: dict[str, set[bytes]]
) -> Iterator[Finding]:
    """Resolve each file once against its own needs; what is left, against each module that loads it."""
    bases = {program: tables.together(loaded.files) for program, loaded in loading.programs.items()}
    alone: dict[tuple[str, str], frozenset[bytes]] = {}
    lacking: dict[str, set[bytes]] = {}
    for program, loaded in loading.modules.values():
        base = loading.programs.get(program)
        if loaded.missing or (base and base.missing):
            continue  # told as XP201; what a missing library defines is not known
        for path in loaded.files:
            key = path, program
            if key not in alone:
                alone[key] = _left_alone(tables, loading, path, bases.get(program, _NOTHING))
            left = tables.left(alone[key], loaded.files) if alone[key] else alone[key]
            if base is None:
                left = frozenset(name for name in left if not name.startswith(_PYTHON_API))
            if left and path in told:
                left = frozenset(name for name in left if not name.endswith(tuple(told[path])))
            if left:
                lacking.setdefault(path, set()).update(left)
    for path, names in sorted(lacking.items()):
        yield from _tell(image, loading, tables, path, names)


def _left_alone(tables: Symbols, loading: Loading, path: str, base: Linkage | None) -> frozenset[bytes]:
    table = tables.of(path)
    if table is None or base is None:
        return frozenset()
    needed = tables.image.elf[path].needed
    direct = (found for name in needed if (found := loading.search.find(name)))
    return base.lacking(tables.left(table.wanted - base.offered, direct))


def _tell(image: Image, loading: Loading, tables: Symbols, path: str, names: set[bytes]) -> Iterator[Finding]:
    api = {name for name in names if name.startswith(_PYTHON_API)}
    for rule, some in ((XP303, api), (XP205, names - api)):
        if not some:
            continue
        texts = sorted(name.decode("utf-8", "replace") for name in some)
        shown = ", ".join(texts[:_SHOWN]) + (
            f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
        )
        python = loading.search.expectation.python
        yield rule.finding(
            path,
            _severity(image, tables, path, some),
            f"undefined symbol{'s' if len(texts) > 1 else ''} {shown}",
            expected="symbols that the interpreter or a library of the module defines",
            found=f"no such symbol in Python {python}" if rule is XP303 else "none of them does",
        )


def _severity(image: Image, tables: Symbols, path: str, names: set[bytes]) -> Severity:
    """Say how bad it is: a package may load, before its module, another of its files that has the symbols."""
    if is_test_data(path):
        return Severity.WARNING
    package = _package(path)
    siblings = [other for other in image.elf if package and _package(other) == package and other != path]
    if siblings and not tables.left(frozenset(names), sorted(siblings)):
        return Severity.WARNING
    return Severity.ERROR


def _package(path: str) -> str:
    """Return the directory of the package of ``site-packages`` that a file is in, empty elsewhere."""
    if place_of(path) is not Place.PYTHON:
        return ""
    for name in ("/site-packages/", "/dist-packages/"):
        before, found, rest = path.partition(name)
        if found and "/" in rest:
            return before + found + rest.partition("/")[0]
    return ""
