"""Temporary directories of a run have the same names each time."""

from __future__ import annotations

import importlib.util
import tempfile
from types import SimpleNamespace

import pytest


@pytest.fixture
def names(shims):
    return shims().load("tempnames")


@pytest.fixture
def fresh():
    """A ``tempfile`` of its own."""
    spec = importlib.util.find_spec("tempfile")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_numbers(names, fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSPY_RUN", "/run")
    names.apply(fresh)
    made = [fresh.mkdtemp(prefix="a-", dir=tmp_path) for _ in range(2)]
    assert made == [f"{tmp_path}/a-00000000", f"{tmp_path}/a-00000001"]
    names.apply(fresh)
    assert fresh.mkdtemp(prefix="a-", dir=tmp_path) == f"{tmp_path}/a-00000002", (
        "what is taken is passed over"
    )


def test_a_name_alone_is_random(names, fresh, tmp_path, monkeypatch):
    """Nothing is made under it, so two processes would be given the same."""
    monkeypatch.setenv("CROSSPY_RUN", "/run")
    names.apply(fresh)
    assert len({fresh.mktemp(dir=tmp_path) for _ in range(3)}) == 3
    assert "0000" not in fresh.mktemp(dir=tmp_path)
    assert fresh.mkdtemp(dir=tmp_path).endswith("00000000")


def test_elsewhere_names_are_random(names, fresh, tmp_path, monkeypatch):
    monkeypatch.delenv("CROSSPY_RUN", raising=False)
    names.apply(fresh)
    assert "0000" not in fresh.mkdtemp(dir=tmp_path)
    assert tempfile.mkdtemp(dir=tmp_path)


def test_pips_directories(names, monkeypatch):
    monkeypatch.setenv("CROSSPY_RUN", "/run")
    module = SimpleNamespace(__name__="pip._internal.req.req_install", uuid=None)
    names.apply(module)
    assert [module.uuid.uuid4().hex for _ in range(2)] == ["00000000", "00000001"]
