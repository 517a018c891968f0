from __future__ import annotations

import pytest

from crosspy.model.machine import is_meant_for_another


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("debugpy/_vendored/pydevd/attach_linux_amd64.so", True),
        ("pkg/libs/arm64-v8a/libx.so", True),
        ("pkg/_x.cpython-311-x86_64-linux-gnu.so", False),
        ("pkg/x86_64/_x.abi3.so", False),
        ("pkg/_native.so", False),
        ("pkg/alarm.so", False),
    ],
)
def test_helpers_that_are_named_for_a_machine(path, answer):
    assert is_meant_for_another(path) is answer


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("pkg/pulseio/libgpiod_pulsein", True),
        ("pkg/bin/tool", True),
        ("pkg/libx.so.1", False),
        ("pkg/_native.so", False),
        ("pkg/_x.cpython-311-x86_64-linux-gnu.so", False),
        ("p-1.data/scripts/tool", False),
    ],
)
def test_programs_of_a_wheel_for_any_machine(path, answer):
    assert is_meant_for_another(path, any_machine=True) is answer
    assert not is_meant_for_another(path)
