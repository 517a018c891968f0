"""Run by the target's own Python: load each extension module in a process of its own, and say what came of it.

stdin: a path per line. stdout: for each its path, a tab, and ``loads``, ``is never looked at`` or why it does not load.
What a module does once it is loaded, such as to miss a Python package, is not asked. Nothing is imported here that
needs an extension module itself, since any of them may be damaged (so no json).
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import warnings

LOADS = "loads"


def outcome(path):
    name = os.path.basename(path)  # noqa: PTH119 -- pathlib would be one more thing to import
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    fitting = [suffix for suffix in suffixes if name.endswith(suffix) and "." not in name[: -len(suffix)]]
    if not fitting:
        return "is never looked at"
    module = name[: -len(fitting[0])]
    loader = importlib.machinery.ExtensionFileLoader(module, path)
    spec = importlib.util.spec_from_file_location(module, path, loader=loader)
    alone(path)
    try:
        importlib.util.module_from_spec(spec)
    except ImportError as error:
        # One with the module's own path is the loader's; others come from code of the module, which has run then.
        return f"{type(error).__name__}: {error}" if error.path == path else LOADS
    except Exception:  # noqa: BLE001 -- whatever a module does when it runs
        return LOADS
    return LOADS


def alone(path):
    """Keep the module from other extension modules, which may be damaged themselves: one question at a time."""
    create = importlib.machinery.ExtensionFileLoader.create_module

    def create_module(self, spec):
        if self.path != path:
            raise ModuleNotFoundError(f"{spec.name} is not asked about")
        return create(self, spec)

    importlib.machinery.ExtensionFileLoader.create_module = create_module


def in_child(path):
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(read)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        warnings.simplefilter("ignore")
        os.write(write, outcome(path).encode("utf-8", "replace")[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read().decode("utf-8", "replace")
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and not said:
        return f"killed by signal {os.WTERMSIG(status)}"
    return said or f"exit status {status >> 8}"


if __name__ == "__main__":
    for line in sys.stdin:
        asked = line.rstrip("\n")
        said = in_child(asked).replace("\n", " ")
        sys.stdout.write(f"{asked}\t{said}\n")
