from __future__ import annotations

import pytest
from elf_writer import ARCHS
from planted import FAULTS, clean

from crosspy.verify.runner import verify

EACH = [(name, arch) for name, fault in FAULTS.items() for arch in fault.archs]


@pytest.mark.parametrize("arch", ARCHS)
def test_nothing_is_found_in_a_sound_image(tmp_path, arch):
    result = verify(clean(arch).write(tmp_path))
    assert result.findings == ()
    assert result.notes == ()
    assert result.counts.extension_modules == 3


@pytest.mark.parametrize(("name", "arch"), EACH, ids=[f"{name}-{arch}" for name, arch in EACH])
def test_a_planted_fault_is_found_and_nothing_else(tmp_path, name, arch):
    fault = FAULTS[name]
    tree = clean(arch)
    path = fault.where(tree)
    fault.plant(tree)
    result = verify(tree.write(tmp_path), **dict(fault.options))
    assert [(f.path, f.check, f.severity.label) for f in result.findings] == [
        (path, fault.check, fault.severity)
    ]
