"""Bills of materials: what is in them, and that nothing else is."""

from __future__ import annotations

import json

from crosspy.model.component import Component, LicenceText
from crosspy.report.bill import render

CRATE = Component(name="one", version="1", purl="pkg:cargo/one@1", sha256="a" * 64)
PARTS = (
    Component(
        name="a",
        version="1",
        purl="pkg:pypi/a@1",
        licence="MIT",
        texts=(LicenceText(name="LICENSE", text="do what is right"),),
        url="https://index.invalid/a-1.tar.gz",
        sha256="b" * 64,
        requires=("pkg:pypi/b@2",),
        parts=(CRATE,),
    ),
    Component(name="b", version="2", purl="pkg:pypi/b@2", stated="as is", parts=(CRATE,)),
)


def cyclonedx(**options):
    return json.loads(render(PARTS, name="image", form="cyclonedx", **options))


def spdx(**options):
    return json.loads(render(PARTS, name="image", form="spdx", **options))


def test_each_thing_is_named_once_with_what_it_needs_and_brings() -> None:
    document = cyclonedx()
    assert [one["purl"] for one in document["components"]] == [
        "pkg:pypi/a@1",
        "pkg:pypi/b@2",
        "pkg:cargo/one@1",
    ]
    links = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert links["pkg:pypi/a@1"] == ["pkg:cargo/one@1", "pkg:pypi/b@2"]
    assert links["crosspy:image"] == ["pkg:pypi/a@1", "pkg:pypi/b@2"]
    document = spdx()
    names = {one["SPDXID"]: one["name"] for one in document["packages"]}
    relations = {
        (names.get(one["spdxElementId"]), one["relationshipType"], names.get(one["relatedSpdxElement"]))
        for one in document["relationships"]
    }
    assert relations == {
        (None, "DESCRIBES", "image"),
        ("image", "CONTAINS", "a"),
        ("image", "CONTAINS", "b"),
        ("a", "DEPENDS_ON", "b"),
        ("a", "CONTAINS", "one"),
        ("b", "CONTAINS", "one"),
    }


def test_licences_and_their_texts() -> None:
    a, b, _ = cyclonedx()["components"]
    assert a["licenses"] == [{"expression": "MIT"}]
    assert a["evidence"]["licenses"][0]["license"]["text"]["content"] == "do what is right"
    assert b["licenses"] == [{"license": {"name": "as is"}}]
    document = spdx()
    _, a, b, crate = document["packages"]
    assert (a["licenseDeclared"], crate["licenseDeclared"]) == ("MIT", "NOASSERTION")
    assert "do what is right" in a["attributionTexts"][0]
    (extracted,) = document["hasExtractedLicensingInfos"]
    assert (extracted["licenseId"], extracted["extractedText"]) == (b["licenseDeclared"], "as is")


def test_spdx_3() -> None:
    graph = json.loads(render(PARTS, name="image", form="spdx3"))["@graph"]
    found = {one["spdxId"]: one for one in graph if "spdxId" in one}
    names = {id_: one.get("software_packageUrl") or one.get("name") for id_, one in found.items()}
    related = {
        (names[one["from"]], one["relationshipType"], other)
        for one in graph
        if one["type"] == "Relationship"
        for other in one["to"]
    }
    assert {(one, kind, names[other]) for one, kind, other in related if kind != "hasDeclaredLicense"} == {
        ("image", "contains", "pkg:pypi/a@1"),
        ("image", "contains", "pkg:pypi/b@2"),
        ("pkg:pypi/a@1", "dependsOn", "pkg:pypi/b@2"),
        ("pkg:pypi/a@1", "contains", "pkg:cargo/one@1"),
        ("pkg:pypi/b@2", "contains", "pkg:cargo/one@1"),
    }
    key = "simplelicensing_licenseExpression"
    declared = {one: found[other] for one, kind, other in related if kind == "hasDeclaredLicense"}
    assert declared["pkg:pypi/a@1"][key] == "MIT"
    (entry,) = declared["pkg:pypi/b@2"]["simplelicensing_customIdToUri"]
    assert entry["key"] == declared["pkg:pypi/b@2"][key]
    assert found[entry["value"]]["simplelicensing_licenseText"] == "as is"
    crate = next(one for one in graph if one.get("name") == "one")
    assert crate["verifiedUsing"] == [{"type": "Hash", "algorithm": "sha256", "hashValue": "a" * 64}]
    (bill,) = (one for one in graph if one["type"] == "software_Sbom")
    assert set(bill["element"]) == found.keys() - {
        one["spdxId"]
        for one in graph[1:]
        if one["type"] in {"SoftwareAgent", "SpdxDocument", "software_Sbom"}
    }


def test_the_same_things_are_the_same_text_and_others_another_identity() -> None:
    for form in ("cyclonedx", "spdx", "spdx3"):
        text = render(PARTS, name="image", form=form)
        assert text == render(PARTS, name="image", form=form)
        assert "20" not in str(json.loads(text).get("creationInfo", {}).get("created", ""))[:2]
    assert "timestamp" not in cyclonedx()["metadata"]
    assert cyclonedx(epoch=0)["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    assert spdx(epoch=0)["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    assert '"created": "1970-01-01T00:00:00Z"' in render(PARTS, name="image", form="spdx3", epoch=0)
    fewer = json.loads(render(PARTS[1:], name="image", form="cyclonedx"))
    assert fewer["serialNumber"] != cyclonedx()["serialNumber"]
