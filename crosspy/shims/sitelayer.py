"""The ``sitecustomize`` of Python programs that a build without isolation starts: they see what ``build-pip`` installed.

cython of the system wants NumPy's ``.pxd`` files, and knows no place but its own ``sys.path``. With isolation pip does the
same for its build environments. Of another X.Y's programs nothing is changed. This is ``ENV/crosspy/layer/sitecustomize.py``.
"""

import os
import sys


def see(root: str) -> None:
    """Put the build layer of the environment at ``root`` before the packages of the program's own Python."""
    shims = sys.modules.get("_crosspy")
    if shims is not None and shims.active:
        return  # cross-python has it
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    layers = [os.path.join(root, "build", lib, name, "site-packages") for lib in ("lib", sys.platlibdir)]
    layer = next(filter(os.path.isdir, layers), "")
    if not layer or layer in sys.path:
        return
    packages = ("site-packages", "dist-packages")
    at = next((n for n, path in enumerate(sys.path) if path.endswith(packages)), len(sys.path))
    sys.path.insert(at, layer)


if __name__ == "sitecustomize":
    see(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
