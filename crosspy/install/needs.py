"""What installed packages need at run time, told by their own files: modules of the standard library, distributions.

Imports are read from the source as :mod:`ast` has it; nothing is imported. A package that splits the standard library
(OE-core's ``python3-manifest.json``) is asked which of its packages those modules are in.
"""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.errors import TargetDataError

_TESTS: Final = re.compile(r"(^|/)tests/")
_SHEBANG: Final = re.compile(rb"#!.*python")
_IMPORT_ERRORS: Final = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_PLACE: Final = re.compile(r"\$\{libdir\}/python(\$\{PYTHON_MAJMIN\}|[\d.]+)/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """Dotted names of modules. ``optional`` ones are caught where they are missing, and needed nowhere else."""

    needed: frozenset[str]
    optional: frozenset[str]


def imports_below(root: Path) -> Imports:
    """Return what the Python files below ``root`` import, tests left out; a file that nobody can parse imports nothing."""
    needed: set[str] = set()
    optional: set[str] = set()
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or _TESTS.search(str(path.relative_to(root))):
            continue
        tree = _parsed(path)
        for name, caught in _imports(tree) if tree else ():
            (optional if caught else needed).add(name)
    return Imports(needed=frozenset(needed), optional=frozenset(optional - needed))


def _parsed(path: Path) -> ast.Module | None:
    try:
        if path.suffix != ".py":
            with path.open("rb") as file:
                if path.suffix or not _SHEBANG.match(file.read(128)):
                    return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(node: ast.AST, *, caught: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield (dotted name, whether its absence is caught) for each absolute import; those for type checkers are none."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children: list[tuple[ast.AST, bool]] = [(child, caught) for child in node.orelse]
    elif isinstance(node, ast.Try):
        inner = caught or any(_catches(handler) for handler in node.handlers)
        children = [(child, inner) for child in node.body]
        children += [
            (child, caught) for part in (node.handlers, node.orelse, node.finalbody) for child in part
        ]
    else:
        children = [(child, caught) for child in ast.iter_child_nodes(node)]
    if isinstance(node, ast.Import):
        yield from ((alias.name, caught) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield node.module, caught
        yield from ((f"{node.module}.{alias.name}", caught) for alias in node.names if alias.name != "*")
    for child, inner in children:
        yield from _imports(child, caught=inner)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    nodes = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(node, ast.Name) and node.id in _IMPORT_ERRORS for node in nodes)


def read_manifest(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the patterns of files of each package that the standard library is split into, below its directory.

    OE-core's file is JSON behind a comment that ends with ``# EOC``. Patterns may name directories.

    :raises TargetDataError: if it is something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
        packages = json.loads(text.partition("# EOC")[2] or text)
        return {
            str(name): tuple(_PLACE.sub("", file) for file in entry["files"] if _PLACE.match(file))
            for name, entry in packages.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TargetDataError(
            f"{path} is no manifest of a split standard library: {error}",
            hint="OE-core's is meta/recipes-devtools/python/python3/python3-manifest.json",
        ) from None


def split_packages(
    modules: AbstractSet[str], manifest: Mapping[str, tuple[str, ...]], known: AbstractSet[str]
) -> set[str]:
    """Return the packages of ``manifest`` that hold ``modules``; ``misc`` holds what no other one names.

    :param known: top-level modules of the standard library that are files, so neither built in nor somebody else's.
    """
    found = set()
    for module in modules:
        if module.partition(".")[0] in known:
            package = _package_of(module, manifest)
            # `from json import loads` names no module json.loads: json has been looked up by itself.
            if package or "." not in module:
                found.add(package or "misc")
    return found


def _package_of(module: str, manifest: Mapping[str, tuple[str, ...]]) -> str:
    """Return the package whose pattern says most of a module's file."""
    stem = module.replace(".", "/")
    files = (f"{stem}.py", f"{stem}/__init__.py", f"lib-dynload/{module}.so")
    best = ("", "")
    for package, patterns in manifest.items():
        for pattern in patterns:
            plain = pattern.replace(".*.so", ".so").replace("*.so", ".so").rstrip("/")
            if any(
                file == plain or file.startswith(plain + "/") or fnmatch.fnmatch(file, plain)
                for file in files
            ):
                best = max(best, (plain, package), key=lambda pair: len(pair[0]))
    return best[1]
