"""The distributions of an image: metadata of any age, licence texts, bills of materials of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_targets import put

from crosspy.errors import UsageError
from crosspy.install.inventory import inventory

SITE = "usr/lib/python3.11/site-packages"


def metadata(name: str, version: str = "1", *lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, "", "text"])


def look(root: Path) -> tuple[list, list[str]]:
    said: list[str] = []
    return list(inventory(root, said.append)), said


def test_distributions_of_any_kind_are_found(tmp_path: Path) -> None:
    root = put(
        tmp_path / "image",
        {
            f"{SITE}/A.B-1.dist-info/METADATA": metadata(
                "A.B", "1", "Requires-Dist: c>=1", "Requires-Dist: d; extra == 'x'"
            ),
            f"{SITE}/c-1.egg-info/PKG-INFO": metadata("c"),
            "usr/lib/python3/dist-packages/d-1.egg-info": metadata("d"),
            "opt/app/e-1.dist-info/METADATA": metadata("e", "1", "License-Expression: MIT", "Summary: one"),
            "opt/app/f-1.dist-info/RECORD": "",
        },
    )
    (root / "loop").symlink_to(".")
    (root / "opt/app/g-1.dist-info").symlink_to("/etc")
    found, said = look(root)
    assert [one.purl for one in found] == [f"pkg:pypi/{name}@1" for name in ("a-b", "c", "d", "e")]
    assert found[0].requires == ("pkg:pypi/c@1",)
    assert (found[3].licence, found[3].summary) == ("MIT", "one")
    assert said == ["opt/app/f-1.dist-info: no metadata with a name and a version; it is not in the list"]
    with pytest.raises(UsageError):
        look(root / "none")


def test_licence_texts_are_those_of_pep_639_and_of_older_tools(tmp_path: Path) -> None:
    info = f"{SITE}/a-1.dist-info"
    root = put(
        tmp_path,
        {
            f"{info}/METADATA": metadata("a"),
            f"{info}/licenses/LICENSE": "one",
            f"{info}/licenses/vendor/b/COPYING": "two",
            f"{info}/LICENSE.txt": "three",
            f"{info}/WHEEL": "",
        },
    )
    (root / info / "NOTICE").symlink_to("/etc/passwd")
    ((one,), _) = look(root)
    assert {(text.name, text.text) for text in one.texts} == {
        ("LICENSE", "one"),
        ("vendor/b/COPYING", "two"),
        ("LICENSE.txt", "three"),
    }


def test_bills_of_materials_in_wheels_are_merged(tmp_path: Path) -> None:
    info = f"{SITE}/a-1.dist-info"
    cyclonedx = {
        "bomFormat": "CycloneDX",
        "components": [
            {
                "name": "x",
                "version": "1",
                "purl": "pkg:cargo/x@1",
                "licenses": [{"expression": "MIT OR Zlib"}, {"license": {"id": "ISC"}}],
                "hashes": [{"alg": "MD5", "content": "00"}, {"alg": "SHA-256", "content": "AB" * 32}],
            },
            {
                "name": "outer",
                "hashes": [{"alg": "SHA-256", "content": "no"}],
                "components": [{"name": "in ner", "version": "3"}],
            },
        ],
    }
    spdx = {
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {
                "name": "z",
                "versionInfo": "1.3",
                "licenseDeclared": "Zlib",
                "checksums": [{"algorithm": "SHA256", "checksumValue": "cd" * 32}],
                "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:generic/z@1.3"}],
            },
            {"name": "w", "licenseDeclared": "NOASSERTION"},
        ],
    }
    three = {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {
                "type": "software_Package",
                "spdxId": "urn:t",
                "name": "t",
                "software_packageUrl": "pkg:cargo/t@3",
                "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": "ef" * 32}],
            },
            {"spdxId": "urn:l", "simplelicensing_licenseExpression": "MIT"},
            {"relationshipType": "hasDeclaredLicense", "from": "urn:t", "to": ["urn:l"]},
            {"type": "SpdxDocument", "spdxId": "urn:d"},
        ],
    }
    root = put(
        tmp_path,
        {
            f"{info}/METADATA": metadata("a"),
            f"{info}/sboms/a.cdx.json": json.dumps(cyclonedx),
            f"{info}/sboms/b.spdx.json": json.dumps(spdx),
            f"{info}/sboms/t.spdx.json": json.dumps(three),
            f"{info}/sboms/c.json": "[" * 100_000,
            f"{info}/sboms/d.json": "{}",
            f"{info}/sboms/e.xml": "<bom/>",
        },
    )
    ((one,), said) = look(root)
    assert {(part.purl, part.licence, part.sha256[:2]) for part in one.parts} == {
        ("pkg:cargo/x@1", "(MIT OR Zlib) AND ISC", "ab"),
        ("pkg:generic/outer", "", ""),
        ("pkg:generic/in%20ner@3", "", ""),
        ("pkg:generic/z@1.3", "Zlib", "cd"),
        ("pkg:generic/w", "", ""),
        ("pkg:cargo/t@3", "MIT", "ef"),
    }
    assert len(said) == 3
