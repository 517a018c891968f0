from __future__ import annotations

import json

import pytest

from crosspy.model.finding import Finding, Severity
from crosspy.report import json as json_report
from crosspy.report import table
from crosspy.report.document import ImageReport, plural, printable

FINDINGS = [
    Finding(path="/a", check="XP101", severity=Severity.ERROR, message="m", expected="e", found="f", fix="x"),
    Finding(path="/b", check="XP304", severity=Severity.INFO, message="m"),
]


def report(findings=(), seconds=None, **more):
    return ImageReport(
        image="img",
        target="aarch64",
        source="from target.json",
        facts={"machine": "aarch64"},
        findings=findings,
        files=29044,
        elf=2525,
        modules=("/a",),
        seconds=seconds,
        notes=("a note",),
        **more,
    )


def test_table_of_a_clean_image():
    assert table.render(report(seconds=1.04)) == (
        "img: for aarch64 (from target.json)\n"
        "note: a note\n"
        "img: 29,044 files, 2,525 ELF, 1 extension module, no findings, 1.0 s\n"
    )


def test_table_of_findings():
    assert table.render(report(FINDINGS)).splitlines() == [
        "img: for aarch64 (from target.json)",
        "/a: error XP101: m; expected e; found f",
        "    fix XP101: x",
        "note: a note",
        "note: 1 finding below warning not shown; --verbose shows them",
        "img: 29,044 files, 2,525 ELF, 1 extension module, 1 error, 0 warnings, 1 info",
    ]
    assert "/b: info XP304: m" in table.render(report(FINDINGS), least=Severity.INFO).splitlines()


def test_table_is_painted_by_severity():
    text = table.render(report(FINDINGS), paint=lambda words, style: f"<{style}>{words}</>")
    assert "<bold>/a</>: <red>error XP101</>" in text


def test_json_has_no_clock():
    assert json_report.render([report(FINDINGS, seconds=1.0)], version="1") == json_report.render(
        [report(FINDINGS, seconds=2.0)], version="1"
    )
    assert json.loads(json_report.render([], version="1")) == {
        "schema": 1,
        "tool": {"name": "crosspy", "version": "1"},
        "images": [],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/usr/lib/ä.so", "/usr/lib/ä.so"),
        ("a\nb", "a\\nb"),
        ("\033[2J", "\\x1b[2J"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\u202e", "\\u202e"),
    ],
)
def test_printable(text, expected):
    assert printable(text) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 files"), (1, "1 file"), (2000, "2,000 files")])
def test_plural(count, expected):
    assert plural(count, "file") == expected
