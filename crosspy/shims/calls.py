"""Functions of the target's libraries that a build calls with ``ctypes``: most ask for a version, as h5py's setup.py does.

What a function tells that its header says, too, is asked of the target's compiler (crosspy/data/functions.toml). All
else is run by the emulator, if one was named, and is an error that says so without.
"""

import errno
import os
import re
import subprocess

from . import TOOLS, buildfacts

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Constant = int | bytes

MESSAGE = (
    f"Exec format error: the build calls a function of a library that is made for {buildfacts.TRIPLET}, which does not run "
    "on the build machine. Tell the build what it would have answered (crosspy create --hints FILE), or name an emulator "
    "(crosspy create --emulator COMMAND)"
)


class Function:
    """A function of the target's library, for ``ctypes``."""

    def __init__(self, name: str, path: str) -> None:
        self.__name__ = name
        self._path = path

    def __call__(self, *arguments: object) -> object:
        row = buildfacts.FUNCTIONS.get(self.__name__)
        known = row and _constants(row)
        if row and known:
            return self._answered(row, known, arguments)
        if buildfacts.EMULATOR:
            return self._run(arguments)
        raise self._error()

    def _error(self) -> OSError:
        return OSError(errno.ENOEXEC, MESSAGE, f"{self._path}: {self.__name__}")

    def _answered(
        self, row: "dict[str, Any]", known: "dict[str, Constant]", arguments: "Sequence[object]"
    ) -> object:
        pointers = [_pointed(argument) for argument in arguments]
        stores = row.get("stores", ())
        result = known.get(row.get("returns", ""))
        if len(pointers) != len(stores) or None in pointers or not self._is_of_its_type(result):
            raise self._error()
        for pointer, macro in zip(pointers, stores, strict=True):
            pointer.value = known[macro]
        return result

    def _is_of_its_type(self, result: object) -> bool:
        """Say whether a text is asked for as one: without ``restype = c_char_p`` ctypes returns part of its address."""
        kind = getattr(vars(self).get("restype"), "_type_", "")
        return kind == "z" if isinstance(result, bytes) else kind != "z"

    def _run(self, arguments: "Sequence[object]") -> object:
        """Call it in the target's own Python, under the emulator."""
        import ctypes
        import json

        kind = vars(self).get("restype", ctypes.c_int)
        asked = {
            "path": self._path,
            "name": self.__name__,
            "returns": kind and getattr(kind, "_type_", ""),
            "arguments": [_plain(argument) for argument in arguments],
        }
        if asked["returns"] == "" or None in asked["arguments"]:
            raise self._error()
        command = [
            os.path.join(TOOLS, "run-target"),
            buildfacts.SYSROOT + buildfacts.PYTHON,
            "-I",
            "-c",
            _CALL,
        ]
        environ = {**os.environ, "CROSSPY_ENV": "off"}
        done = subprocess.run(
            command, input=json.dumps(asked), env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2] or f"exit status {done.returncode}"
            raise OSError(
                errno.ENOEXEC,
                f"Exec format error: under the emulator: {reason}",
                f"{self._path}: {self.__name__}",
            )
        answer = json.loads(done.stdout)
        for argument, stored in zip(arguments, answer["stored"], strict=True):
            pointer = _pointed(argument)
            if pointer is not None:
                pointer.value = _value(stored)
        return _value(answer["result"])


_CALL = """
import ctypes, json, sys
asked = json.load(sys.stdin)
kinds = {kind._type_: kind for kind in vars(ctypes).values() if isinstance(kind, type(ctypes.c_int)) and hasattr(kind, "_type_")}
read = lambda value: bytes.fromhex(value["bytes"]) if isinstance(value, dict) else value
write = lambda value: {"bytes": value.hex()} if isinstance(value, bytes) else value
function = getattr(ctypes.CDLL(asked["path"]), asked["name"])
function.restype = kinds[asked["returns"]] if asked["returns"] else None
made = []
for how, code, value in asked["arguments"]:
    made.append(kinds[code](read(value)) if code else read(value))
given = [ctypes.byref(one) if how == "pointer" else one for one, (how, _, _) in zip(made, asked["arguments"])]
result = function(*given)
stored = [write(one.value) if how == "pointer" else None for one, (how, _, _) in zip(made, asked["arguments"])]
json.dump({"result": write(result), "stored": stored}, sys.stdout)
"""
"""What the target's Python runs: one call, told and answered as JSON."""


def _pointed(argument: object) -> "Any":
    """Return the number that ``byref(number)`` or ``pointer(number)`` lead to; None if it is something else."""
    import ctypes

    inner = getattr(argument, "_obj", None)  # byref's
    if inner is None and isinstance(argument, ctypes._Pointer):
        inner = argument.contents
    return inner if isinstance(inner, ctypes._SimpleCData) else None


def _plain(argument: object) -> "list[Any] | None":
    """Return how an argument is told: how it is passed, the code of its type, its value; None if it cannot be."""
    import ctypes

    pointed = _pointed(argument)
    if pointed is not None:
        return ["pointer", pointed._type_, _told(pointed.value)]
    if isinstance(argument, ctypes._SimpleCData):
        return ["value", getattr(argument, "_type_", ""), _told(argument.value)]
    if argument is None or isinstance(argument, int | bytes | str):
        return ["value", "", _told(argument)]
    return None


def _told(value: object) -> object:
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def _value(told: "Any") -> object:
    return bytes.fromhex(told["bytes"]) if isinstance(told, dict) else told


def _constants(row: "dict[str, Any]") -> "dict[str, Constant] | None":
    """Return the values of a function's macros, as the target's preprocessor has them; None if one is not known."""
    names = [*row.get("stores", ()), *([row["returns"]] if "returns" in row else [])]
    lines = "".join(f"crosspy_{number} {name}\n" for number, name in enumerate(names))
    command = [
        os.path.join(TOOLS, buildfacts.LAUNCHERS["CC"]),
        "-E",
        "-P",
        "-x",
        "c",
        *_include_flags(row["modules"]),
        "-",
    ]
    text = f"#include <{row['header']}>\n{lines}"
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    said = dict(re.findall(r"^crosspy_(\d+) (.*)$", done.stdout, re.MULTILINE))
    known = {name: _literal(said.get(str(number), "")) for number, name in enumerate(names)}
    values = {name: value for name, value in known.items() if value is not None}
    return values if len(values) == len(known) else None


def _include_flags(modules: "Sequence[str]") -> list[str]:
    program = os.environ.get("PKG_CONFIG", "pkg-config")
    for module in modules:
        try:
            done = subprocess.run([program, "--cflags", module], capture_output=True, text=True, check=False)
        except OSError:
            break
        if not done.returncode:
            return done.stdout.split()
    return []


def _literal(text: str) -> "Constant | None":
    """Return a number or string of C; strings that stand beside each other are one, as in Python."""
    import ast

    text = text.strip()
    number = re.fullmatch(r"\(*([1-9]\d*|0|0[xX][0-9a-fA-F]+)[uUlL]*\)*", text)
    if number:
        return int(number[1], 0)
    if not re.fullmatch(r'("[^"\\]*"\s*)+', text):
        return None
    value = ast.literal_eval(text)
    return value.encode() if isinstance(value, str) else None
