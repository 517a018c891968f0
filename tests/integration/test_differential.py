"""Verify's verdict on each extension module is what the target's interpreter does: a part of ``make differential``."""

from __future__ import annotations

import random

import differential
import pytest

# As tests/integration/test_fidelity.py: armel's code is for an older processor than QEMU's default.
_CPU = {"armel": " -cpu arm926"}


def test_what_verify_says_of_a_module_is_what_happens(bed):
    if bed.name == "amd64":
        pytest.skip("amd64: what its image lacks QEMU takes from this machine (-L falls back), and it loads")
    with differential.beside(bed.sysroot) as scratch:
        score = differential.score(
            bed.sysroot,
            bed.qemu + _CPU.get(bed.name, ""),
            f"/usr/bin/python{bed.version}",
            rounds=1,
            faults=24,
            scratch=scratch,
        )
    assert score.wrong == {}
    assert score.load > 50
    assert score.fail > 15


def test_every_fault_keeps_a_module_from_loading_and_verify_says_so(arm64):
    """One module for each kind of fault, so that none of them is planted in vain."""
    with differential.beside(arm64.sysroot) as scratch:
        image = scratch / "image"
        differential.copy(arm64.sysroot, image)
        (victim,) = (image / "usr/lib/python3.11/lib-dynload").glob(
            "_ssl.*.so"
        )  # needs libraries and functions
        content = victim.read_bytes()
        outcomes = {}
        for fault in differential.MODULE_FAULTS:
            before = set(victim.parent.iterdir())
            fault(victim, random.Random(0))
            (there,) = [path for path in victim.parent.iterdir() if path == victim or path not in before]
            path = f"/{there.relative_to(image)}"
            said, real = (
                dict(differential.verdicts(image))[path],
                differential.truth(image, arm64.qemu, "/usr/bin/python3.11", [path]),
            )
            outcomes[fault.__name__] = said, real[path]
            there.unlink()
            victim.write_bytes(content)
        assert [name for name, (said, real) in outcomes.items() if not said or real == "loads"] == []
        assert len({said for said, _ in outcomes.values()}) >= 8
