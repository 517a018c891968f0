"""Which musllinux wheels fit (PEP 656), by ``packaging``, wherever it is vendored: it would run the target's loader to ask.

The policy decides first, as in ``_manylinux``: by default packages are built from source, so none fits.
"""

import os
from types import ModuleType

from . import facts, replace


def apply(module: ModuleType) -> None:
    default = "sdist" if module.__name__.startswith("pip.") else ""

    def version(_executable: str) -> object:
        if not facts.OS["musl"] or os.environ.get("CROSSPY_POLICY", default) == "sdist":
            return None
        return module._MuslVersion(*facts.OS["musl"])

    replace(module, "_get_musl_version", version)
