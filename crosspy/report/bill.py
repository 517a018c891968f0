"""Bills of materials: CycloneDX 1.6 and SPDX 2.3, as JSON. Pure functions from components to text.

The same components give the same text: identities are derived from what is in it, and there is no time of day.

Sources: https://cyclonedx.org/docs/1.6/json/, https://spdx.github.io/spdx-spec/v2.3/.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from crosspy import __version__
from crosspy.model.component import Component, every

FORMATS: Final = ("cyclonedx", "spdx")
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "pkg:pypi/crosspy")
_EPOCH: Final = 315532800
"""1980-01-01, as in wheels, for documents that must have a time and are told none."""


def render(components: Sequence[Component], *, name: str, form: str, epoch: int | None = None) -> str:
    """Return a bill of materials.

    :param name: of what it is about; :param form: one of :data:`FORMATS`.
    :param epoch: SOURCE_DATE_EPOCH; None: CycloneDX has no time then, SPDX a constant.
    """
    document = _cyclonedx(components, name, epoch) if form == "cyclonedx" else _spdx(components, name, epoch)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _time(epoch: int) -> str:
    return dt.datetime.fromtimestamp(epoch, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(document: Mapping[str, Any]) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest())


# ------------------------------------------------------------------------------------------------------ CycloneDX


def _cyclonedx(components: Sequence[Component], name: str, epoch: int | None) -> dict[str, Any]:
    listed = list(every(components))
    root = f"crosspy:{name}"
    links = {one.purl: {*one.requires, *(part.purl for part in one.parts)} for one in listed}
    document: dict[str, Any] = {
        "metadata": {
            **({"timestamp": _time(epoch)} if epoch is not None else {}),
            "tools": {"components": [{"type": "application", "name": "crosspy", "version": __version__}]},
            "component": {"type": "firmware", "bom-ref": root, "name": name},
        },
        "components": [_cyclonedx_component(one) for one in listed],
        "dependencies": [
            {"ref": root, "dependsOn": [one.purl for one in components]},
            *({"ref": one.purl, "dependsOn": sorted(links[one.purl])} for one in listed),
        ],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": _identity(document).urn,
        "version": 1,
        **document,
    }


def _cyclonedx_component(one: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "description": one.summary,
        "hashes": [{"alg": "SHA-256", "content": one.sha256}] if one.sha256 else [],
        "licenses": [{"expression": one.licence}]
        if one.licence
        else [{"license": {"name": one.stated}}]
        if one.stated
        else [],
        "purl": one.purl,
        "externalReferences": [{"type": "distribution", "url": one.url}] if one.url else [],
    }
    if one.texts:
        entry["evidence"] = {
            "licenses": [
                {"license": {"name": text.name, "text": {"contentType": "text/plain", "content": text.text}}}
                for text in one.texts
            ]
        }
    return {key: value for key, value in entry.items() if value}


# ----------------------------------------------------------------------------------------------------------- SPDX


def _spdx(components: Sequence[Component], name: str, epoch: int | None) -> dict[str, Any]:
    listed = list(every(components))
    ids = {one.purl: _spdx_id(one) for one in listed}
    packages = [_spdx_package(one, ids) for one in listed]
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
        "documentNamespace": f"https://spdx.org/spdxdocs/{_word(name)}-{_identity(document)}",
        "creationInfo": {
            "created": _time(_EPOCH if epoch is None else epoch),
            "creators": [f"Tool: crosspy-{__version__}"],
        },
        **document,
    }


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-") or "image"


def _spdx_id(one: Component) -> str:
    # Two purls may be one word: their digests tell them apart.
    return (
        f"SPDXRef-{_word(one.name)}-{_word(one.version)}-{hashlib.sha256(one.purl.encode()).hexdigest()[:8]}"
    )


def _spdx_package(one: Component, ids: Mapping[str, str]) -> dict[str, Any]:
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
