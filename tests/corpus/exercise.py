"""Use one package in earnest, with whatever Python 3 the target has: ``exercise.py NAME CODE``.

Without CODE the package's function in scripts/demo_exercises.py is used. Standard library only.
"""

from __future__ import annotations

import runpy
import sys
from importlib.metadata import version
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo_exercises.py"


def main(name: str, code: str) -> None:
    found = version(name)
    if code:
        exec(code, {"__name__": "__corpus__"})
    else:
        runpy.run_path(str(DEMO))["EXERCISES"][name]()
    print(f"{name} {found}: ok")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
