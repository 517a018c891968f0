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
