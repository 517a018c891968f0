"""What installed files import, and which split package of the standard library has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_targets import Contents, put

from crosspy.errors import TargetDataError
from crosspy.install.needs import imports_below, read_manifest, split_packages


def imported(tmp_path: Path, files: dict[str, Contents]) -> tuple[set[str], set[str]]:
    found = imports_below(put(tmp_path, files))
    return set(found.needed), set(found.optional)


def test_every_form_of_import_counts(tmp_path: Path) -> None:
    text = "import json, os.path as p\nfrom xml.etree import ElementTree\ndef f():\n    import ssl\nfrom . import x\n"
    needed, optional = imported(tmp_path, {"a.py": text})
    assert needed == {"json", "os.path", "xml.etree", "xml.etree.ElementTree", "ssl"}
    assert not optional


@pytest.mark.parametrize(
    "error", ["ImportError", "ModuleNotFoundError", "(OSError, ImportError)", "Exception"]
)
def test_an_import_whose_absence_is_caught_is_optional(tmp_path: Path, error: str) -> None:
    text = f"try:\n    import tkinter\nexcept {error}:\n    import curses\nelse:\n    import csv\n"
    assert imported(tmp_path, {"a.py": text}) == ({"curses", "csv"}, {"tkinter"})


def test_an_import_that_is_needed_elsewhere_is_not_optional(tmp_path: Path) -> None:
    text = "try:\n    import json\nexcept ImportError:\n    json = None\n"
    assert imported(tmp_path, {"a.py": text, "b.py": "import json\n"}) == ({"json"}, set())


def test_other_errors_do_not_catch(tmp_path: Path) -> None:
    assert imported(tmp_path, {"a.py": "try:\n    import json\nexcept ValueError:\n    pass\n"}) == (
        {"json"},
        set(),
    )


def test_type_checkers_imports_are_none(tmp_path: Path) -> None:
    text = "if typing.TYPE_CHECKING:\n    import decimal\nelse:\n    import json\n"
    assert imported(tmp_path, {"a.py": text}) == ({"json"}, set())


def test_scripts_count_and_tests_and_broken_files_do_not(tmp_path: Path) -> None:
    files: dict[str, Contents] = {
        "usr/bin/tool": "#!/usr/bin/env python3\nimport pdb\n",
        "usr/bin/sh": "#!/bin/sh\nimport this\n",
        "lib/a/tests/test_a.py": "import unittest\n",
        "lib/a/broken.py": "print 'python 2'\nimport cgi\n",
        "lib/a/data.bin": b"\0import cgi\n",
        "lib/a/nul.py": b"import cgi\0",
        "lib/link.py": "-> /etc/passwd",
    }
    assert imported(tmp_path, files) == ({"pdb"}, set())


MANIFEST = {
    "core": {"files": ["${libdir}/python${PYTHON_MAJMIN}/os.py", "${libdir}/python${PYTHON_MAJMIN}/xml"]},
    "json": {"files": ["${libdir}/python${PYTHON_MAJMIN}/json", "${libdir}/python${PYTHON_MAJMIN}/lib-dynload/_json.*.so"]},
    "netserver": {"files": ["${libdir}/python3.14/http/server.py", "${bindir}/pydoc"]},
    "netclient": {"files": ["${libdir}/python3.14/http"]},
    "mmap": {"files": ["${libdir}/python3.14/lib-dynload/mmap.*.so"]},
}  # fmt: skip
KNOWN = {"os", "json", "http", "mmap", "xml", "antigravity"}


@pytest.mark.parametrize(
    ("modules", "packages"),
    [
        ({"os"}, {"core"}),
        ({"json", "json.loads"}, {"json"}),
        ({"http"}, {"netclient"}),
        ({"http.server"}, {"netserver"}),
        ({"mmap"}, {"mmap"}),
        ({"xml.etree.ElementTree"}, {"core"}),
        ({"antigravity"}, {"misc"}),
        ({"numpy", "sys"}, set()),
    ],
)
def test_the_most_exact_pattern_says_which_package(
    tmp_path: Path, modules: set[str], packages: set[str]
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("# a comment\n# EOC\n" + json.dumps(MANIFEST))
    assert split_packages(modules, read_manifest(path), KNOWN) == packages


def test_a_manifest_without_comment_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    assert read_manifest(path)["mmap"] == ("lib-dynload/mmap.*.so",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"core": {}}', '{"core": 1}'])
def test_what_is_no_manifest_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(TargetDataError, match="no manifest"):
        read_manifest(path)
