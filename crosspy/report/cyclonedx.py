"""A bill of materials as CycloneDX 1.6, in JSON: https://cyclonedx.org/docs/1.6/json/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosspy import __version__
from crosspy.model.component import Component, every
from crosspy.report.identity import identity, time_text


def cyclonedx(components: Sequence[Component], name: str, epoch: int | None) -> dict[str, Any]:
    """Return the document; without an epoch there is no time in it."""
    listed = list(every(components))
    root = f"crosspy:{name}"
    links = {one.purl: {*one.requires, *(part.purl for part in one.parts)} for one in listed}
    document: dict[str, Any] = {
        "metadata": {
            **({"timestamp": time_text(epoch)} if epoch is not None else {}),
            "tools": {"components": [{"type": "application", "name": "crosspy", "version": __version__}]},
            "component": {"type": "firmware", "bom-ref": root, "name": name},
        },
        "components": [_component(one) for one in listed],
        "dependencies": [
            {"ref": root, "dependsOn": [one.purl for one in components]},
            *({"ref": one.purl, "dependsOn": sorted(links[one.purl])} for one in listed),
        ],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": identity(document).urn,
        "version": 1,
        **document,
    }


def _component(one: Component) -> dict[str, Any]:
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
