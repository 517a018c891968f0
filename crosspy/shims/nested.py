"""``venv``: an environment made by cross-python is a cross environment too.

pip and build make such environments to isolate a build; without this, their Python would be the build machine's.
"""

import functools
import os
import sys
from types import ModuleType

from . import facts, replace

NAMES = ("_crosspy", "_crosspy.pth", "_crosspy.start")


def apply(module: ModuleType) -> None:
    builder = module.EnvBuilder
    create = builder.create

    @functools.wraps(create)
    def create_cross(self: object, env_dir: "str | os.PathLike[str]") -> None:
        create(self, env_dir)
        link(os.path.join(os.path.abspath(env_dir), *facts.LIBRARY))

    replace(builder, "create", create_cross)


def link(library: str) -> None:
    """Activate the environment whose site-packages directory is ``library``."""
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    os.makedirs(library, exist_ok=True)
    for name in NAMES:
        path = os.path.join(library, name)
        if not os.path.lexists(path):
            os.symlink(os.path.join(own, name), path)
    sys.path_importer_cache.pop(library, None)
