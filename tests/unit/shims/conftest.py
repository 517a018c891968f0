"""The shims as modules of this process: beside a facts module as an environment has one, and without being activated."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sample_targets import make_target

from crosspy.toolfiles import facts

CHOICES = facts.Choices(library=("lib", "python3.11", "site-packages"))


class Shims:
    """Imports shims by name; ``set`` changes what they know of the target."""

    def __init__(self, patch: pytest.MonkeyPatch, arch: str, **target: Any) -> None:
        self.patch = patch
        described = make_target(arch, version="3.11", **target)
        for name in [name for name in sys.modules if name.startswith("crosspy.shims")]:
            patch.delitem(sys.modules, name)
        texts = {
            "facts": facts.facts_module(described, CHOICES),
            "buildfacts": facts.build_facts_module(described, CHOICES),
        }
        for name, text in texts.items():
            module = types.ModuleType(f"crosspy.shims.{name}")
            exec(text, module.__dict__)
            patch.setitem(sys.modules, module.__name__, module)

    def load(self, name: str = "") -> Any:
        return importlib.import_module(f"crosspy.shims.{name}" if name else "crosspy.shims")

    def set(self, name: str, value: object) -> None:
        """Change one of the build's facts."""
        self.patch.setattr(sys.modules["crosspy.shims.buildfacts"], name, value)


@pytest.fixture
def shims(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shims]]:
    """Return a function that makes the shims of a target importable."""
    yield lambda arch="aarch64", **target: Shims(monkeypatch, arch, **target)
    for name in [name for name in sys.modules if name.startswith("crosspy.shims")]:
        del sys.modules[name]
