"""The build layer's only oddity: pip is imported from where the cross environment takes it, unless one is installed."""

import sys

from _crosspy_build_facts import PIP


class PipFinder:
    """Last on ``sys.meta_path``."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "pip" or path is not None:
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [PIP])

    @staticmethod
    def invalidate_caches():
        pass


def activate():
    if PIP and PipFinder not in sys.meta_path:
        sys.meta_path.append(PipFinder)


activate()
