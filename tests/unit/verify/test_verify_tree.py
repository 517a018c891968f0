from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from image_files import put

from crosspy.verify.tree import is_library_name, survey


def test_survey_tells_files_links_and_directories_apart(make_image):
    image = survey(make_image())
    assert "/usr/bin/python3.11" in image.files
    assert image.links == {"/usr/bin/python3": "python3.11"}
    assert {"/", "/usr", "/usr/lib/python3.11/lib-dynload"} <= image.directories
    assert sorted(image.initialisers) == [
        "/usr/lib/python3.11/lib-dynload/ext.cpython-311-aarch64-linux-gnu.so"
    ]
    assert image.unreadable == {}


def test_links_are_resolved_inside_the_image(make_image):
    root = make_image(
        files={
            "/absolute": "-> /usr/bin/python3",
            "/deep/up": "-> ../../../../usr/bin/python3.11",
            "/etc/escape": "-> /etc/passwd",
            "/round": "-> /about",
            "/about": "-> round",
            "/usr/link": "-> ../usr/lib",
        }
    )
    image = survey(root)
    assert image.resolve("/absolute") == "/usr/bin/python3.11"
    assert image.resolve("/deep/up") == "/usr/bin/python3.11"
    assert image.resolve("/usr/link/python3.11") == "/usr/lib/python3.11"
    assert image.resolve("/round") is None
    assert image.resolve("/../..") == "/"
    assert not image.exists("/etc/escape")
    assert not image.exists("/round")
    assert image.exists("/")
    assert image.elf_at("/absolute") is not None


def test_nothing_outside_the_image_is_read(make_image, tmp_path):
    outside = tmp_path / "outside"
    put(outside, {"/python3.12/site-packages/evil.so": b"", "/secret": b"\x7fELF"})
    image = survey(
        make_image(files={"/usr/lib/out": f"-> {outside}", "/usr/lib/file.so": f"-> {outside}/secret"})
    )
    assert not any("evil" in path for path in image.files)
    assert "/usr/lib/file.so" not in image.damaged


def test_what_is_no_regular_file_is_never_opened(make_image):
    root = make_image()
    os.mkfifo(root / "usr" / "lib" / "pipe.so")
    with socket.socket(socket.AF_UNIX) as server:
        old = Path.cwd()
        os.chdir(root)  # the path of a socket is short
        try:
            server.bind("socket.so")
        finally:
            os.chdir(old)
        image = survey(root)
    assert not any(path.endswith(("pipe.so", "socket.so")) for path in image.files)
    assert image.unreadable == {}
    assert image.special == {"/usr/lib/pipe.so": "a named pipe", "/socket.so": "a socket"}


def test_unreadable_things_are_told(make_image, monkeypatch):
    root = make_image(files={"/usr/lib/closed.so": b"x", "/closed/file": b"x"})
    real_open, real_scandir = os.open, os.scandir

    def refuse_file(path, flags):
        if str(path).endswith("closed.so"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags)

    def refuse_directory(path):
        if str(path).endswith("/closed"):
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "open", refuse_file)  # as root, permissions stop nobody
    monkeypatch.setattr(os, "scandir", refuse_directory)
    assert survey(root).unreadable == {
        "/usr/lib/closed.so": "Permission denied",
        "/closed": "Permission denied",
    }


def test_scripts_are_executable_files(make_image):
    root = make_image(files={"/usr/bin/tool": b"#!/bin/sh\n", "/usr/lib/module.py": b"#!/bin/sh\n"})
    assert list(survey(root).scripts) == ["/usr/bin/tool"]


def test_names_that_are_no_text(make_image):
    root = make_image()
    (root / os.fsdecode(b"bad\xff\n.so")).write_bytes(b"")
    assert "/bad\udcff\n.so" in survey(root).files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("libx.so", True),
        ("libx.so.1.2.3", True),
        ("_x.cpython-312-x86_64-linux-gnu.so", True),
        ("x.so.conf", False),
        ("x.source", False),
        (".so", False),
        ("libx.a", False),
        ("libx.so.1.debug", False),
    ],
)
def test_library_names(name, expected):
    assert is_library_name(name) is expected
