"""``_sysconfigdata*.py``: parsed as a literal, never executed.

CPython writes it at the end of its own build (Lib/sysconfig/__main__.py): one assignment,
``build_time_vars = {...}``, whose values are strings and integers. It comes from a sysroot, so it is data.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.errors import ContradictionError, TargetDataError
from crosspy.model.python import ConfigValue

_MAX_BYTES: Final = 4 << 20
"""Real ones are about 50 kB."""

_ABI_VARS: Final = (
    "SOABI",
    "EXT_SUFFIX",
    "MULTIARCH",
    "HOST_GNU_TYPE",
    "VERSION",
    "ABIFLAGS",
    "Py_GIL_DISABLED",
)
"""What two descriptions of one Python cannot disagree about, besides every ``SIZEOF_*``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sysconfigdata:
    """One parsed file. ``variables`` is its ``build_time_vars``."""

    path: Path
    variables: dict[str, ConfigValue]

    def text(self, name: str) -> str:
        """Return a variable as text, empty when it is absent."""
        value = self.variables.get(name, "")
        return value if isinstance(value, str) else str(value)

    def number(self, name: str) -> int | None:
        """Return an integer variable, None when it is absent or not a number."""
        value = self.variables.get(name)
        if isinstance(value, int):
            return value
        return int(value) if value and value.isdecimal() else None

    @property
    def version(self) -> str:
        """``X.Y`` of the Python it describes."""
        return self.text("VERSION") or self.text("py_version_short")


def parse(path: Path) -> Sysconfigdata:
    """Read ``path``.

    :raises TargetDataError: naming the line, if it is anything but the one literal assignment.
    """
    source = _read(path)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TargetDataError(f"{path}: not a Python file: {error}", hint=_HINT) from None
    literal: ast.expr | None = None
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        match statement:
            case ast.Assign(targets=[ast.Name(id="build_time_vars")], value=ast.Dict() as value) if (
                literal is None
            ):
                literal = value
            case _:
                raise TargetDataError(
                    f"{path}, line {statement.lineno}: code where only a literal `build_time_vars = {{...}}` belongs; "
                    "crosspy reads target data and never runs it",
                    hint=_HINT,
                )
    if literal is None:
        raise TargetDataError(f"{path}: no `build_time_vars = {{...}}` in it", hint=_HINT)
    return Sysconfigdata(path=path, variables=_evaluate(path, literal))


_HINT: Final = (
    "Take the file that the target's own Python build installed, or name another with --sysconfigdata-file."
)


def _read(path: Path) -> bytes:
    if path.suffix == ".pyc":
        raise TargetDataError(
            f"{path}: only a compiled sysconfigdata is here, and compiled code is not read: it could not be told from a "
            "program without running it",
            hint="Point --sysroot at the staging tree (Buildroot: output/staging, not output/target; Yocto: recipe-sysroot), "
            "or name the .py with --sysconfigdata-file.",
        )
    try:
        with path.open("rb") as file:
            source = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise TargetDataError(f"{path}: {error.strerror}", hint=_HINT) from None
    if len(source) > _MAX_BYTES:
        raise TargetDataError(f"{path}: more than {_MAX_BYTES} bytes, so not a sysconfigdata", hint=_HINT)
    return source


def _evaluate(path: Path, literal: ast.expr) -> dict[str, ConfigValue]:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, TypeError, RecursionError, MemoryError):
        line = _first_code(literal) or literal.lineno
        raise TargetDataError(
            f"{path}, line {line}: code inside build_time_vars; crosspy reads target data and never runs it",
            hint=_HINT,
        ) from None
    for name, item in value.items():
        if not isinstance(name, str) or not isinstance(item, str | int):
            raise TargetDataError(
                f"{path}: build_time_vars[{name!r}] is neither text nor a number", hint=_HINT
            )
    return dict(value)


def _first_code(literal: ast.expr) -> int | None:
    allowed = (ast.Dict, ast.Constant, ast.UnaryOp, ast.USub, ast.Load)
    lines = [
        node.lineno
        for node in ast.walk(literal)
        if isinstance(node, ast.expr) and not isinstance(node, allowed)
    ]
    return min(lines, default=None)


def check_agreement(first: Sysconfigdata, second: Sysconfigdata) -> None:
    """Make sure that two files describe the same ABI.

    Paths and flags may differ: OE-core keeps a relocated copy beside the original.

    :raises ContradictionError: naming both files and the first variable that differs.
    """
    names = [
        *_ABI_VARS,
        *sorted(n for n in first.variables.keys() | second.variables.keys() if n.startswith("SIZEOF_")),
    ]
    for name in names:
        one, two = first.variables.get(name), second.variables.get(name)
        if one != two and one is not None and two is not None:
            raise ContradictionError(
                f"two sysconfigdata files contradict each other about {name}:\n  {first.path}: {one!r}\n  {second.path}: {two!r}",
                hint="Say which one describes the target: --sysconfigdata-file FILE",
            )
