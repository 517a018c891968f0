"""The build layer's oddities: pip is imported from where the cross environment takes it, unless one is installed.

And it looks at archives before it unpacks them.
"""

import sys

import _crosspy_build_archives
from _crosspy_build_facts import PIP

TYPE_CHECKING = False  # typing's own would have to be imported, at every start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class PipFinder:
    """Last on ``sys.meta_path``."""

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name != "pip" or path is not None:
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [PIP], target)

    @staticmethod
    def invalidate_caches() -> None:
        pass


def activate() -> None:
    if PIP and PipFinder not in sys.meta_path:
        sys.meta_path.append(PipFinder)
    _crosspy_build_archives.watch()


activate()
