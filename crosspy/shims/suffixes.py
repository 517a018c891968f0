"""``importlib.machinery.EXTENSION_SUFFIXES`` as the target has them.

The import system took its own list at start, so native build tools stay importable.
"""

import _imp

from . import facts, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from types import ModuleType


def apply(module: "ModuleType") -> None:
    replace(module, "EXTENSION_SUFFIXES", list(facts.SUFFIXES))
    replace(_imp, "extension_suffixes", lambda: list(facts.SUFFIXES))
