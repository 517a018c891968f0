"""A package that falls back to pure Python where its build lacks something says nothing of it; its sources do.

rapidfuzz's own back end does so without CMake: no compiler fails, no extension is asked for, and the wheel is for any machine.
"""

import os
import re

_CYTHON = ".pyx"
_C = (".c", ".cc", ".cpp", ".cxx")
_BINDS = re.compile(rb"#\s*include\s*[<\"](?:Python\.h|pybind11/|nanobind/)|\bPyInit_\w")
_RUST = re.compile(rb"^\s*(?:\[dependencies\.)?[\"']?pyo3\b", re.MULTILINE)
_ASIDE = re.compile(r"(?:tests?|testing|docs?|examples?|benchmarks?|_?vendor(?:ed)?|node_modules|build|\..*)")
"""Names of directories whose sources are not the package's extension."""


def of_a_pure_wheel(wheel: str, source: str) -> list[str]:
    """Return the sources of extension modules below ``source`` of which a wheel for any machine has nothing; else none.

    :param wheel: path of the wheel that was made of them.
    """
    import zipfile

    if not wheel.endswith("-none-any.whl"):
        return []
    with zipfile.ZipFile(wheel) as archive:
        shipped = {os.path.basename(name) for name in archive.namelist()}
    found = []
    for base, directories, names in os.walk(source):
        directories[:] = sorted(name for name in directories if not _ASIDE.fullmatch(name))
        paths = [os.path.join(base, name) for name in sorted(names) if name not in shipped]
        found += [os.path.relpath(path, source) for path in paths if _is_of_an_extension(path)]
    return found


def _is_of_an_extension(path: str) -> bool:
    if path.endswith(_CYTHON):
        return True
    if not path.endswith(_C) and os.path.basename(path) != "Cargo.toml":
        return False
    try:
        with open(path, "rb") as file:
            start = file.read(100_000)
    except OSError:
        return False
    return bool((_BINDS if path.endswith(_C) else _RUST).search(start))
