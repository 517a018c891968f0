"""cross-python answers as the target's own Python: every question of PEP 720's list, asked of both."""

from __future__ import annotations

import fidelity

# QEMU reports the machine of the processor that it emulates; armel's code is for an older one than its default.
_CPU = {"armel": " -cpu arm926"}


def test_every_answer_is_the_targets(bed, crossenv):
    result = fidelity.score(
        bed.sysroot, bed.qemu + _CPU.get(bed.name, ""), bed.build_python, env=crossenv.root
    )
    assert result.asked > 1000
    assert result.wrong == {}
    # Reasons are for a handful of questions about the compiler and the node's name, not a way out.
    assert len(result.explained) <= 12
