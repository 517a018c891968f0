"""Extension modules that were made for the target and that a process of the build imports.

Cross-python cannot load them. A program of the build that does so (a stub generator, a test, a script that lists
what a module offers) starts again as the target's own Python under the emulator, if one was named. A stub generator
without an emulator gets a module that stands for anything, so that its stub is a partial one (typing's spec,
"Stub files": a module-level ``__getattr__``). Everything else gets a ``ModuleNotFoundError`` that says so (as one that tries an extension and goes on without it expects).
"""

import os
import sys

from . import ROOT, TOOLS, _is_build, buildfacts, facts

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

STUB_GENERATORS = ("stubgen.py", "pybind11_stubgen", "pybind11-stubgen")
"""Programs that import a module to write its ``.pyi``: nanobind's and pybind11's."""


class Loader:
    """Of a module for the target."""

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path

    def create_module(self, _spec: "ModuleSpec") -> "ModuleType | None":
        return load(self.name, self.path)

    def exec_module(self, module: "ModuleType") -> None:
        pass


def is_target_elf(path: str) -> bool:
    """Say whether a file is an ELF file for the target's machine."""
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError:
        return False
    machine, bits, order = buildfacts.ELF
    word_class, data = (2 if bits == 64 else 1), (1 if order == "little" else 2)
    return (
        header[:6] == b"\x7fELF" + bytes((word_class, data))
        and int.from_bytes(header[18:20], "little" if data == 1 else "big") == machine
    )


def load(name: str, path: str) -> "ModuleType | None":
    """Do what can be done for a process that imports the target's module ``name``, which is in ``path``.

    :raises ModuleNotFoundError: if that is nothing.
    """
    interpreter = buildfacts.SYSROOT + buildfacts.PYTHON
    script = sys.orig_argv[1:]
    if buildfacts.EMULATOR and script and script[0] != "-" and not _is_build(sys.orig_argv):
        if not os.path.exists(interpreter):
            raise ModuleNotFoundError(
                _message(name, path, f"and the sysroot has no {buildfacts.PYTHON} to load it with")
            )
        _start_again([interpreter, *script])
    if _is_stub_generator():
        sys.stderr.write(
            f"crosspy: warning: {name} is made for {buildfacts.TRIPLET}: its stub says only that there may be anything. "
            "For a full one name an emulator (crosspy create --emulator COMMAND)\n"
        )
        return _anything(name, path)
    step = (
        "and this process cannot be run by the emulator"
        if buildfacts.EMULATOR
        else "name an emulator (crosspy create --emulator COMMAND)"
    )
    raise ModuleNotFoundError(_message(name, path, step), name=name, path=path)


def _message(name: str, path: str, rest: str) -> str:
    return f"{name} is a module made for {buildfacts.TRIPLET}, which does not load on the build machine: {path}; {rest}"


def _is_stub_generator() -> bool:
    directory, base = os.path.split(sys.argv[0])
    return base in STUB_GENERATORS or os.path.basename(directory) in STUB_GENERATORS


def _start_again(command: list[str]) -> None:
    """Become the target's Python: the same program with the same arguments, and the packages that it sees here."""
    from . import native_environment

    build = os.path.dirname(os.__file__)
    own = os.path.join(ROOT, *facts.LIBRARY)
    seen = [place for place in sys.path[1:] if place and not (place + os.sep).startswith(build + os.sep)]
    environ = native_environment()
    del environ["CROSSPY_ENV"]
    environ["PYTHONPATH"] = os.pathsep.join(
        dict.fromkeys([own, *(p for p in seen if not p.endswith(".zip"))])
    )
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for name in ("PYTHONHOME", "PYTHONPLATLIBDIR"):
        environ.pop(name, None)
    sys.stdout.flush()
    sys.stderr.flush()
    program = os.path.join(TOOLS, "run-target")
    os.execve(program, [program, *command], environ)  # noqa: S606 -- without a shell, of course


def _anything(name: str, path: str) -> "ModuleType":
    from types import ModuleType

    module = ModuleType(name)
    module.__file__ = path

    def __getattr__(name: str) -> "Any":  # noqa: N807 -- it is the module's (PEP 562)
        if name.startswith("__"):
            raise AttributeError(name)
        return typing.Any

    import typing

    __getattr__.__module__ = name
    __getattr__.__qualname__ = "__getattr__"
    __getattr__.__annotations__ = {"name": str, "return": typing.Any}
    vars(module)["__getattr__"] = __getattr__
    return module
