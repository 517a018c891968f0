"""Which Pythons an image has, by what their machine code says."""

from __future__ import annotations

from pathlib import Path

from sample_targets import put

from crosspy.install.interpreters import interpreters


def code(*texts: str) -> bytes:
    return b"\x7fELF" + bytes(20) + b"".join(text.encode() + b"\0" for text in texts)


def test_programs_and_libraries_state_their_version(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "usr/bin/python3.11": code("3.2.0", "3.11.2"),
            "usr/bin/python3": "-> python3.11",
            "usr/lib/libpython3.11.so.1.0": code("3.11.2"),
            "opt/bin/python3.14t": code("3.11.0", "3.14.0rc2+"),
            "opt/lib/libpython3.13td.so": code("3.13.9"),
        },
    )
    found = interpreters(root)
    assert [one.purl for one in found] == [
        f"pkg:generic/python@{v}" for v in ("3.11.2", "3.13.9", "3.14.0rc2")
    ]


def test_what_is_no_python_is_none(tmp_path: Path) -> None:
    root = put(
        tmp_path / "image",
        {
            "usr/bin/python3.11": b"#!/bin/sh\n\0003.11.2\0",
            "usr/bin/python3.12": code("3.120.1", "x3.12.1", "3.12"),
            "usr/bin/python3.13-config": code("3.13.1"),
            "usr/bin/python3.14": "-> /usr/bin/other",
            "usr/bin/python3.15": None,
        },
    )
    assert interpreters(root) == ()
    assert interpreters(root / "none") == ()
