"""Changing a module right after its own import."""

import os
import sys

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from importlib.abc import Loader as AnyLoader
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Loader:
    """A module's own loader, and a patch after it."""

    def __init__(self, loader: "AnyLoader", patch: str) -> None:
        self.loader = loader
        self.patch = patch

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        return self.loader.create_module(spec)

    def exec_module(self, module: "ModuleType") -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = self.loader
        module.__loader__ = self.loader
        before = getattr(_patches(self.patch), "before", None)
        if before is not None:
            before(module)
        self.loader.exec_module(module)
        apply(self.patch, module)

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)


def apply(patch: str, module: "ModuleType") -> None:
    """Let the module ``patch`` of this package change ``module``."""
    _patches(patch).apply(module)


def _patches(name: str) -> "ModuleType":
    # importlib.import_module would have to be imported for this, and stands for these two lines.
    __import__(f"_crosspy.{name}")
    return sys.modules[f"_crosspy.{name}"]


def own_spec(name: str) -> "ModuleSpec | None":
    """Return the spec of a module that this package stands in for."""
    from importlib.util import spec_from_file_location

    file = "sysconfigdata.py" if name.startswith("_sysconfigdata_") else "manylinux.py"
    return spec_from_file_location(name, os.path.join(os.path.dirname(os.path.realpath(__file__)), file))
