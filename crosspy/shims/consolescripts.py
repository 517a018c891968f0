"""The programs of distributions that a build without isolation sees, whatever whoever packaged them has called their files.

OE-core's ``python3-cython-native`` has Cython's ``cython`` as ``cython3``, which a project's ``find_program('cython')`` does
not look for. An isolated environment has what metadata names (PyPA, "Entry points": ``console_scripts``); so have these
builds, in ``ENV/crosspy/layer/programs``, last on ``PATH``: a file that is there by its own name is the one to run.

Each is a link to ``ENV/crosspy/layer/program``, which asks the metadata anew and runs in cross-python.
"""

import os
import re
import sys
from contextlib import suppress

from . import ROOT, twins

PLACE = os.path.join(ROOT, "crosspy", "layer", "programs")
# What a file can be called; pip's are the environment's own.
_NAME = re.compile(r"(?!pip)[A-Za-z0-9_][\w.+-]*")


def note(layers: list[str]) -> None:
    """Link the programs of the distributions in ``layers``, directories of the build machine's packages."""
    listing = repr([(layer, twins.listed(layer)) for layer in layers])
    if twins.is_noted(PLACE, listing):
        return
    wanted = {name for layer in layers for name in _names(layer)}
    os.makedirs(PLACE, exist_ok=True)
    present = {name for name in os.listdir(PLACE) if not name.startswith(".")}
    for name in wanted - present:
        with suppress(FileExistsError):  # of a build at the same time
            os.symlink(os.path.join(os.pardir, "program"), os.path.join(PLACE, name))
    for name in present - wanted:
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(PLACE, name))
    twins.write_note(PLACE, ".listing", listing)


def _names(layer: str) -> list[str]:
    from importlib.metadata import distributions

    return [
        entry.name
        for distribution in distributions(path=[layer])
        for entry in distribution.entry_points
        if entry.group == "console_scripts" and _NAME.fullmatch(entry.name)
    ]


def run(program: str) -> object:
    """Be the program of that name: what its first provider on ``sys.path`` has for it."""
    from importlib.metadata import entry_points

    name = os.path.basename(program)
    found = [*entry_points(group="console_scripts", name=name)]
    if not found:
        return f"crosspy: error: no distribution in sight has the program {name}"
    sys.argv[0] = program
    return found[0].load()()
