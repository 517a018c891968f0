"""A bill of materials as SPDX 3.0.1, in JSON-LD, with the elements that Yocto's create-spdx uses.

Source: https://spdx.github.io/spdx-spec/v3.0.1/ (profiles Core, Software and SimpleLicensing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from crosspy import __version__
from crosspy.model.component import Component, every
from crosspy.report.identity import EPOCH, namespace, tail, time_text

_CREATION: Final = "_:creation"


def spdx3(components: Sequence[Component], name: str, epoch: int | None) -> dict[str, Any]:
    """Return the document, which must have a time."""
    created = time_text(EPOCH if epoch is None else epoch)
    agent = f"crosspy {__version__}"
    base = namespace(name, {"of": [asdict(one) for one in components], "by": agent, "created": created})
    listed = list(every(components))
    elements = [
        _element("software_Package", f"{base}/image", name=name, software_primaryPurpose="firmware"),
        *(_package(one, base) for one in listed),
        *_licences(listed, base),
        *_relationships(components, listed, base),
    ]
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {
                "type": "CreationInfo",
                "@id": _CREATION,
                "specVersion": "3.0.1",
                "created": created,
                "createdBy": [f"{base}/agent"],
            },
            _element("SoftwareAgent", f"{base}/agent", name=agent),
            _element(
                "SpdxDocument",
                f"{base}/document",
                name=name,
                profileConformance=["core", "software", "simpleLicensing"],
                rootElement=[f"{base}/bill"],
            ),
            _element(
                "software_Sbom",
                f"{base}/bill",
                name=name,
                rootElement=[f"{base}/image"],
                element=[one["spdxId"] for one in elements],
            ),
            *elements,
        ],
    }


def _element(kind: str, id_: str, **properties: object) -> dict[str, Any]:
    filled = {key: value for key, value in properties.items() if value}
    return {"type": kind, "spdxId": id_, "creationInfo": _CREATION, **filled}


def _id(base: str, purl: str) -> str:
    return f"{base}/package/{quote(purl, safe='')}"


def _package(one: Component, base: str) -> dict[str, Any]:
    return _element(
        "software_Package",
        _id(base, one.purl),
        name=one.name,
        summary=one.summary,
        verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": one.sha256}]
        if one.sha256
        else [],
        software_attributionText=[f"{text.name}\n\n{text.text}" for text in one.texts] if one.licence else [],
        software_downloadLocation=one.url,
        software_packageUrl=one.purl,
        software_packageVersion=one.version,
        software_primaryPurpose="library",
    )


def _relationships(
    components: Sequence[Component], listed: Sequence[Component], base: str
) -> Iterator[dict[str, Any]]:
    known = {one.purl for one in listed}
    yield from _related(f"{base}/image", "contains", (_id(base, one.purl) for one in components))
    for one in listed:
        id_ = _id(base, one.purl)
        yield from _related(id_, "contains", (_id(base, part.purl) for part in one.parts))
        yield from _related(id_, "dependsOn", (_id(base, purl) for purl in one.requires if purl in known))
        yield from _related(
            id_, "hasDeclaredLicense", (_licence_id(base, name) for name in _expressions(one))
        )


def _related(id_: str, kind: str, others: Iterable[str]) -> Iterator[dict[str, Any]]:
    if to := sorted(set(others)):
        yield _element("Relationship", f"{id_}/{kind}", **{"from": id_, "relationshipType": kind, "to": to})


# ------------------------------------------------------------------------------------------------------- licences


def _expressions(one: Component) -> list[str]:
    """Return what is declared of a component: nothing, or one expression."""
    if one.licence:
        return [one.licence]
    return [f"LicenseRef-{tail(one.name, one.version, one.purl)}"] if one.texts or one.stated else []


def _licence_id(base: str, expression: str) -> str:
    return f"{base}/licence/{quote(expression, safe='')}"


def _licences(listed: Sequence[Component], base: str) -> Iterator[dict[str, Any]]:
    """Yield each expression once; where there is none, the texts of licence files, or what the metadata say."""
    kind = "simplelicensing_LicenseExpression"
    for expression in sorted({one.licence for one in listed if one.licence}):
        yield _element(kind, _licence_id(base, expression), simplelicensing_licenseExpression=expression)
    for one in (one for one in listed if not one.licence):
        for expression in _expressions(one):
            id_ = _licence_id(base, expression)
            yield _element(
                kind,
                id_,
                simplelicensing_licenseExpression=expression,
                simplelicensing_customIdToUri=[
                    {"type": "DictionaryEntry", "key": expression, "value": f"{id_}/text"}
                ],
            )
            yield _element(
                "simplelicensing_SimpleLicensingText",
                f"{id_}/text",
                name=f"licence of {one.name} {one.version}",
                simplelicensing_licenseText="\n\n".join(f"{part.name}\n\n{part.text}" for part in one.texts)
                or one.stated,
            )
