"""Programs and paths of Rust in the variables of a build."""

from __future__ import annotations

import pytest


@pytest.fixture
def builds(shims):
    return shims().load("builds")


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bin" / "my-rustc"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_rust_of_the_caller_is_behind_the_launchers(builds, program, monkeypatch):
    monkeypatch.setenv("PATH", str(program.parent))
    environ = {"RUSTC": "my-rustc", "CARGO": "/opt/cargo"}
    builds._take_rust_of_the_caller(environ)
    assert environ["CROSSPY_RUSTC"] == str(program)
    assert environ["CROSSPY_CARGO"] == "/opt/cargo"  # it is not there, which cargo's launcher will say
    assert environ["RUSTC"] == f"{builds.TOOLS}/rustc"
    # Once more, as in a build that a build starts.
    again = dict(environ)
    builds._take_rust_of_the_caller(again)
    assert again == environ


def test_none_of_the_callers(builds):
    environ: dict[str, str] = {}
    builds._take_rust_of_the_caller(environ)
    assert environ == {}


def test_what_the_build_machine_compiles_with(builds):
    environ = {"CROSSPY_SOURCE": "/src", "CROSSPY_ISOLATED": "", "CC_FOR_BUILD": "gcc"}
    builds._prepare_rust(environ)
    assert environ["HOST_CC"] == "gcc"
    assert "HOST_CXX" not in environ
    assert environ["CROSSPY_RUST_MAPS"] == "/src=."
    environ = {"CROSSPY_SOURCE": "/src", "CROSSPY_ISOLATED": "/iso", "CC_FOR_BUILD": "gcc", "HOST_CC": "mine"}
    builds._prepare_rust(environ)
    assert environ["HOST_CC"] == "mine"
    assert environ["CROSSPY_RUST_MAPS"] == "/iso=/build-env\n/src=."


def test_yoctos_native_compiler(builds):
    environ = {
        "CROSSPY_SOURCE": "/src",
        "CROSSPY_ISOLATED": "",
        "CC_FOR_BUILD": "gcc",
        "BUILD_CC": "gcc -m64 ",
    }
    environ |= {"BUILD_CFLAGS": "-O1", "HOST_CFLAGS": "", "HOST_CXXFLAGS": ""}
    builds._prepare_rust(environ)
    assert environ["HOST_CC"] == "gcc -m64"
    assert environ["HOST_CFLAGS"] == "-O1"
    assert environ["HOST_CXXFLAGS"] == ""
