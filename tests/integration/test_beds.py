"""The beds themselves: each target's Python runs under QEMU and is what its name says."""

from __future__ import annotations


def test_target_python_runs(bed):
    asked = "import sys, platform; print('.'.join(map(str, sys.version_info[:2])), sys.platform)"
    assert bed.run_target("-c", asked).stdout.split() == [bed.version, "linux"]


def test_cross_python_is_of_the_same_version(bed, crossenv):
    assert crossenv.target.python.version == bed.version


def test_one_target_only(arm64, arm64_env):
    assert arm64_env.target.python.version == arm64.version
