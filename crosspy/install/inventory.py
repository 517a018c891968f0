"""The Python distributions of an image, as a bill of materials wants them: licences with their texts, and what they bring.

Sources: PyPA "Core metadata" (License-Expression, License-File), PEP 639 (``.dist-info/licenses``), PEP 770
(``.dist-info/sboms``), CycloneDX 1.4 to 1.6, SPDX 2.3 and 3.0 for what is in those.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from installer.utils import parse_metadata_file
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from crosspy.errors import UsageError
from crosspy.model.component import Component, LicenceText, licence_of, pypi_purl

_LICENCE: Final = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS|COPYRIGHT)([.-].*)?", re.IGNORECASE)
_MAX_TEXT: Final = 1 << 20
_MAX_DOCUMENT: Final = 64 << 20


def inventory(root: Path, warn: Callable[[str], None]) -> tuple[Component, ...]:
    """Return the distributions below ``root``, in the order of their purls; links are not followed.

    :param warn: told of metadata that cannot be read.
    :raises UsageError: if ``root`` is no directory.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no directory", hint="Name the image's root directory.")
    found: dict[str, tuple[Component, tuple[str, ...]]] = {}
    for directory in _metadata_directories(root):
        one = _read(root / directory, directory, warn)
        if one:
            found.setdefault(one[0].purl, one)
    versions = {canonicalize_name(one.name): one.purl for one, _ in found.values()}
    return tuple(_with_requirements(one, requires, versions) for _, (one, requires) in sorted(found.items()))


def _metadata_directories(root: Path) -> Iterator[str]:
    for base, names, files in os.walk(root):
        names.sort()
        for path in (Path(base, name) for name in [*names, *sorted(files)]):
            if path.suffix in {".dist-info", ".egg-info"} and not path.is_symlink():
                yield str(path.relative_to(root))


def _read(path: Path, shown: str, warn: Callable[[str], None]) -> tuple[Component, tuple[str, ...]] | None:
    file = path if path.is_file() else path / ("METADATA" if path.suffix == ".dist-info" else "PKG-INFO")
    text = _text(file)
    headers = parse_metadata_file(text) if text is not None else Message()
    name, version = str(headers["Name"] or ""), str(headers["Version"] or "")
    if not name or not version:
        warn(f"{shown}: no metadata with a name and a version; it is not in the list")
        return None
    canonical = canonicalize_name(name)
    stated = str(headers["License"] or "").strip()
    texts = tuple(_licence_texts(path)) if path.is_dir() else ()
    component = Component(
        name=canonical,
        version=version,
        purl=pypi_purl(canonical, version),
        licence=licence_of(
            str(headers["License-Expression"] or ""),
            map(str, headers.get_all("Classifier", ())),
            stated,
            [one.text for one in texts if not one.name.rpartition("/")[2].upper().startswith("AUTHORS")],
        ),
        stated=stated.splitlines()[0][:200] if stated else "",
        texts=texts,
        summary=str(headers["Summary"] or "").strip(),
        parts=tuple(_parts(path / "sboms", shown, warn)),
    )
    return component, tuple(str(line) for line in headers.get_all("Requires-Dist", ()))


def _with_requirements(
    component: Component, lines: tuple[str, ...], versions: Mapping[NormalizedName, str]
) -> Component:
    """Add the purls of those requirements that are in the image."""
    names = set()
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if "extra" not in str(requirement.marker or ""):
            names.add(canonicalize_name(requirement.name))
    requires = tuple(
        sorted(versions[name] for name in names if name in versions and versions[name] != component.purl)
    )
    return replace(component, requires=requires)


def _text(path: Path, limit: int = _MAX_TEXT) -> str | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > limit:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _licence_texts(directory: Path) -> Iterator[LicenceText]:
    """Yield the files of ``licenses`` (PEP 639), and those that older tools put beside METADATA."""
    places = sorted((directory / "licenses").rglob("*")) + sorted(directory.iterdir())
    for path in places:
        if path.parent == directory and not _LICENCE.fullmatch(path.name):
            continue
        text = _text(path)
        if text is not None:
            yield LicenceText(name=str(path.relative_to(directory)).removeprefix("licenses/"), text=text)


# ----------------------------------------------------------------------------------- bills of materials in wheels


def _parts(directory: Path, shown: str, warn: Callable[[str], None]) -> Iterator[Component]:
    if not directory.is_dir():
        return
    for path in sorted(directory.rglob("*")):
        text = _text(path, _MAX_DOCUMENT)
        if text is None:
            continue
        try:
            found = list(_document(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            warn(
                f"{shown}/sboms/{path.name} is neither CycloneDX nor SPDX in JSON, and is left out ({error})"
            )
            continue
        yield from sorted(found, key=lambda one: one.purl)


def _document(data: dict[str, Any]) -> Iterator[Component]:
    if data.get("bomFormat") == "CycloneDX":
        yield from _cyclonedx(data)
    elif str(data.get("spdxVersion", "")).startswith("SPDX-2"):
        yield from _spdx2(data)
    elif "@graph" in data:
        yield from _spdx3(data["@graph"])
    else:
        raise ValueError("no bomFormat, no spdxVersion, no @graph")


def _cyclonedx(data: dict[str, Any]) -> Iterator[Component]:
    waiting = list(data.get("components", ()))
    while waiting:
        entry = waiting.pop(0)
        waiting += entry.get("components", ())
        yield _part(
            entry["name"],
            entry.get("version", ""),
            entry.get("purl", ""),
            _cyclonedx_licence(entry),
            _sha256((one.get("alg"), one.get("content")) for one in entry.get("hashes", ())),
        )


def _spdx2(data: dict[str, Any]) -> Iterator[Component]:
    for entry in data.get("packages", ()):
        references = {one["referenceType"]: one["referenceLocator"] for one in entry.get("externalRefs", ())}
        yield _part(
            entry["name"],
            entry.get("versionInfo", ""),
            references.get("purl", ""),
            _spdx_licence(entry.get("licenseDeclared", "")),
            _sha256((one["algorithm"], one["checksumValue"]) for one in entry.get("checksums", ())),
        )


def _spdx3(graph: list[dict[str, Any]]) -> Iterator[Component]:
    expressions = {one.get("spdxId"): one.get("simplelicensing_licenseExpression", "") for one in graph}
    declared = {
        one["from"]: expressions.get(one["to"][0], "")
        for one in graph
        if one.get("relationshipType") == "hasDeclaredLicense"
    }
    for entry in graph:
        if entry.get("type") == "software_Package":
            yield _part(
                entry["name"],
                entry.get("software_packageVersion", ""),
                entry.get("software_packageUrl", ""),
                _spdx_licence(declared.get(entry.get("spdxId"), "")),
                _sha256(
                    (one.get("algorithm"), one.get("hashValue")) for one in entry.get("verifiedUsing", ())
                ),
            )


def _spdx_licence(declared: object) -> str:
    licence = str(declared)
    return "" if licence in {"NOASSERTION", "NONE"} or "LicenseRef" in licence else licence


def _sha256(hashes: Iterable[tuple[object, object]]) -> str:
    """Return the SHA-256 of those that an entry has; a damaged one is none."""
    found = {str(name).upper().replace("-", ""): str(value).lower() for name, value in hashes}
    digest = found.get("SHA256", "")
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def _cyclonedx_licence(entry: dict[str, Any]) -> str:
    choices = entry.get("licenses", ())
    words = [str(one.get("expression") or one.get("license", {}).get("id", "")) for one in choices]
    return " AND ".join(word if len(words) == 1 or " " not in word else f"({word})" for word in words if word)


def _part(name: object, version: object, purl: object, licence: str, sha256: str) -> Component:
    at = f"@{quote(str(version), safe='')}" if version else ""
    return Component(
        name=str(name),
        version=str(version),
        purl=str(purl or f"pkg:generic/{quote(str(name), safe='')}{at}"),
        licence=licence,
        sha256=sha256,
    )
