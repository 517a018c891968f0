"""NumPy's names of ``long double`` and its complex type, in a build."""

from __future__ import annotations

import types

import pytest


class Scalar:
    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize


def numpy() -> types.ModuleType:
    """NumPy's names on x86-64."""
    module = types.ModuleType("numpy")
    names = {"float64": Scalar(8), "complex128": Scalar(16), "float128": Scalar(16), "complex256": Scalar(32)}
    vars(module).update(names)
    module.longdouble, module.clongdouble = names["float128"], names["complex256"]  # type: ignore[attr-defined]
    module.sctypeDict = {**names, "g": names["float128"]}  # type: ignore[attr-defined]
    module.dtype = lambda scalar: scalar  # type: ignore[attr-defined]
    module.__all__ = ["complex128", "complex256", "float128", "float64"]  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (16, {"float64", "complex128", "float128", "complex256"}),
        (8, {"float64", "complex128"}),
        (12, {"float64", "complex128", "float96", "complex192"}),
    ],
)
def test_names_are_those_of_the_targets_size(shims, size, names):
    longdoubles = shims().load("longdoubles")
    longdoubles.facts.TYPES["long double"] = (size, size)
    module = numpy()
    double = module.float64
    longdoubles.apply(module)
    known = {"float64", "float96", "float128", "complex128", "complex192", "complex256"}
    assert {name for name in known if hasattr(module, name)} == names
    assert known & set(module.sctypeDict) == names == set(module.__all__)
    assert module.float64 is module.sctypeDict["float64"] is double
    assert module.longdouble is module.sctypeDict["g"]


def test_it_stays_where_words_are_the_build_machines(shims, monkeypatch):
    monkeypatch.setenv("CROSSPY_KEEP", "words")
    module = numpy()
    shims("armhf").load("longdoubles").apply(module)
    assert hasattr(module, "complex256")


def test_a_module_that_is_no_numpy_is_left_alone(shims):
    module = types.ModuleType("numpy")
    shims("armhf").load("longdoubles").apply(module)
    assert not hasattr(module, "__all__")
