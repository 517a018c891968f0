"""Prefix maps of the caller, which hold paths of the build machine."""

from __future__ import annotations

import pytest

SPACED = "'-ffile-prefix-map=/a b=/c'"


@pytest.fixture
def take(shims):
    return shims().load("builds")._take_prefix_maps


def test_prefix_maps_go_to_the_launchers(take):
    environ = {
        "CFLAGS": "-O2 -ffile-prefix-map=/w/1=/usr/src  -g -fdebug-prefix-map=/n=",
        "LDFLAGS": "-Wl,-O1 -ffile-prefix-map=/w/1=/usr/src",
        "CXXFLAGS": "-fmacro-prefix-map=/w/1=/usr/src",
        "CC": "gcc -ffile-prefix-map=/w/1=/usr/src",
    }
    take(environ)
    assert environ == {
        "CFLAGS": "-O2 -g",
        "LDFLAGS": "-Wl,-O1",
        "CXXFLAGS": "",
        "CC": "gcc -ffile-prefix-map=/w/1=/usr/src",
        "CROSSPY_PREFIX_MAPS": "-ffile-prefix-map=/w/1=/usr/src -fdebug-prefix-map=/n= -fmacro-prefix-map=/w/1=/usr/src",
    }


@pytest.mark.parametrize("flags", ["", "-O2  -g", f"-O2 {SPACED}", "-ffile-prefix-map=/w/*=/x"])
def test_other_flags_stay_as_they_are(take, flags):
    environ = {"CFLAGS": flags}
    take(environ)
    assert environ == {"CFLAGS": flags, "CROSSPY_PREFIX_MAPS": ""}
