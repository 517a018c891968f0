from __future__ import annotations

import pytest

from crosspy.errors import UsageError
from crosspy.model.cpu import (
    arm_needs,
    features_of_cpu,
    mips_needs,
    riscv_features,
    riscv_needs,
    x86_needs,
)
from crosspy.model.machine import by_name


@pytest.mark.parametrize(
    ("cpu", "machine", "runs", "lacks"),
    [
        ("armv5te", "arm", {"v4t", "v5te"}, {"v6", "neon"}),
        ("arm926ej-s", "arm", {"v5tej"}, {"v6"}),
        ("arm1176jzf-s", "arm", {"v6", "v6k", "v6kz"}, {"v6t2", "v7"}),
        ("armv6l", "arm", {"v6"}, {"v7"}),
        ("armv7-a", "arm", {"v7"}, {"neon", "v8"}),
        ("armv7-a+neon-vfpv4", "arm", {"v7", "neon"}, {"v8"}),
        ("cortex-a7", "arm", {"v7", "neon"}, {"v8"}),
        ("cortex-a53", "arm", {"v8", "neon"}, {"v9"}),
        ("armv8-a", "armeb", {"v7", "v8"}, {"v9"}),
        ("rv64gc", "riscv64", {"i", "m", "a", "f", "d", "c", "zicsr", "zca"}, {"v", "zba"}),
        ("rv32imac", "riscv32", {"i", "m", "zmmul"}, {"f", "d"}),
        ("rva22u64", "riscv64", {"zba", "zbs", "d"}, {"v"}),
        ("x86-64-v2", "x86_64", {"x86-64", "x86-64-v2"}, {"x86-64-v3"}),
        ("mips32r2", "mips", {"mips1", "mips32", "mips32r2"}, {"mips64", "mips32r6"}),
        ("mips64r6", "mips64", {"mips64r6", "mips32r6"}, {"mips64r2"}),
    ],
)
def test_what_a_processor_runs(cpu, machine, runs, lacks):
    has = features_of_cpu(cpu, by_name(machine))
    assert runs <= has
    assert not lacks & has


@pytest.mark.parametrize(
    ("cpu", "machine"), [("cortex", "arm"), ("x86-64-v5", "x86_64"), ("rv", "riscv64"), ("r2", "mips")]
)
def test_a_name_that_is_none(cpu, machine):
    with pytest.raises(UsageError, match=cpu) as caught:
        features_of_cpu(cpu, by_name(machine))
    assert "GCC" in caught.value.hint


def test_machines_whose_files_say_nothing():
    assert features_of_cpu("cortex-a72", by_name("aarch64")) == frozenset()


def test_architecture_strings_of_files_and_of_compilers_mean_the_same():
    assert riscv_features("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0") == riscv_features(
        "rv64gc"
    )
    assert riscv_features("rv64i2p1m2p0a2p1f2p2d2p2c2p0_zicsr2p0_zifencei2p0") == riscv_features("rv64gc")
    assert riscv_features("nonsense") == frozenset()


def test_what_files_need():
    assert arm_needs({"Tag_CPU_arch": 10, "Tag_Advanced_SIMD_arch": 1}) == {"v7", "neon"}
    assert arm_needs({"Tag_CPU_arch": 11, "Tag_CPU_arch_profile": 77}) == frozenset()
    assert arm_needs({}) == {"pre-v4"}
    assert riscv_needs({"Tag_arch": "rv32i2p1_c2p0"}) == {"i", "c", "zca", "zcd", "zcf"}
    assert mips_needs(0x70001007) == {"mips32r2"}
    assert mips_needs(0xF0000000) == frozenset()
    assert x86_needs(0b101) == {"x86-64", "x86-64-v3"}
