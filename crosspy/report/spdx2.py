"""A bill of materials as SPDX 2.3, in JSON: https://spdx.github.io/spdx-spec/v2.3/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosspy import __version__
from crosspy.model.component import Component, every
from crosspy.report.identity import EPOCH, namespace, tail, time_text


def spdx2(components: Sequence[Component], name: str, epoch: int | None) -> dict[str, Any]:
    """Return the document, which must have a time."""
    listed = list(every(components))
    ids = {one.purl: f"SPDXRef-{tail(one.name, one.version, one.purl)}" for one in listed}
    packages = [_package(one, ids) for one in listed]
    root = {
        "SPDXID": "SPDXRef-image",
        "name": name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image")]
    relations += [("SPDXRef-image", "CONTAINS", ids[one.purl]) for one in components]
    for one in listed:
        relations += [(ids[one.purl], "DEPENDS_ON", ids[purl]) for purl in one.requires if purl in ids]
        relations += [(ids[one.purl], "CONTAINS", ids[part.purl]) for part in one.parts]
    document: dict[str, Any] = {
        "name": name,
        "packages": [root, *packages],
        "hasExtractedLicensingInfos": _extracted(listed, ids),
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
            for one, kind, other in dict.fromkeys(relations)
        ],
    }
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "documentNamespace": namespace(name, document),
        "creationInfo": {
            "created": time_text(EPOCH if epoch is None else epoch),
            "creators": [f"Tool: crosspy-{__version__}"],
        },
        **document,
    }


def _package(one: Component, ids: Mapping[str, str]) -> dict[str, Any]:
    declared = one.licence or (_reference(ids[one.purl]) if one.texts or one.stated else "NOASSERTION")
    entry: dict[str, Any] = {
        "SPDXID": ids[one.purl],
        "name": one.name,
        "versionInfo": one.version,
        "summary": one.summary,
        "downloadLocation": one.url or "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": declared,
        "copyrightText": "NOASSERTION",
        "attributionTexts": [f"{text.name}\n\n{text.text}" for text in one.texts] if one.licence else [],
        "checksums": [{"algorithm": "SHA256", "checksumValue": one.sha256}] if one.sha256 else [],
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": one.purl}
        ],
    }
    return {key: value for key, value in entry.items() if value or value is False}


def _reference(id_: str) -> str:
    return id_.replace("SPDXRef-", "LicenseRef-", 1)


def _extracted(listed: Sequence[Component], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what is declared where there is no expression: the texts of licence files, or what the metadata say."""
    return [
        {
            "licenseId": _reference(ids[one.purl]),
            "name": f"licence of {one.name} {one.version}",
            "extractedText": "\n\n".join(f"{text.name}\n\n{text.text}" for text in one.texts) or one.stated,
        }
        for one in listed
        if not one.licence and (one.texts or one.stated)
    ]
