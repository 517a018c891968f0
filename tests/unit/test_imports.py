"""Who may import whom: the levels of docs/architecture.md, read from the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "crosspy"

LEVELS = {
    "errors": 0,
    "console": 0,
    "process": 0,
    "model": 1,
    "elf": 1,
    "describe": 2,
    "toolfiles": 2,
    "verify": 2,
    "report": 2,
    "crossenv": 3,
    "build": 4,
    "install": 4,
    "cli": 5,
}

# Programs of their own, which another interpreter runs as a file: they follow the rules of shims.
PROGRAMS = {"crosspy.install.pyc_writer"}

# The shims' names inside an environment, and what pip's own process gives them.
SHIM_PACKAGES = {
    "_crosspy",
    "_crosspy_build",
    "_crosspy_build_archives",
    "_crosspy_build_facts",
    "pip",
    "setuptools",
}


@dataclass(frozen=True)
class Module:
    name: str
    tree: ast.Module
    is_package: bool

    @property
    def part(self) -> str:
        """The piece of the architecture that the module belongs to."""
        words = self.name.split(".")
        return words[1] if len(words) > 1 else ""

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every import, inside of functions and of TYPE_CHECKING blocks too, as (line, absolute dotted name)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                for alias in node.names:
                    # `from crosspy import elf` imports crosspy.elf; a longer name does no harm to the rules.
                    yield node.lineno, f"{base}.{alias.name}"

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        words = self.name.split(".")
        words = words[: len(words) - node.level + self.is_package]
        return ".".join([*words, *([node.module] if node.module else [])])


def parse(path: Path, root: Path = ROOT) -> Module:
    words = list(path.relative_to(root).with_suffix("").parts)
    is_package = words[-1] == "__init__"
    if is_package:
        words.pop()
    return Module(".".join(words), ast.parse(path.read_text(encoding="utf-8"), str(path)), is_package)


ALL = [parse(path) for path in sorted(PACKAGE.rglob("*.py"))]
SHIMS = [module for module in ALL if module.part == "shims" or module.name in PROGRAMS]
LIBRARY = [module for module in ALL if module not in SHIMS]


def name_of(module: Module) -> str:
    return module.name


def wrong_imports(module: Module) -> list[str]:
    """Return the imports of ``module`` that lead upwards or sideways."""
    own = LEVELS[module.part]
    found = []
    for line, name in module.imports():
        words = name.split(".")
        if words[0] != "crosspy" or len(words) < 2 or words[1] in {module.part, "__version__"}:
            continue
        if words[1] not in LEVELS or LEVELS[words[1]] >= own:
            found.append(f"{module.name}:{line} imports {name}")
    return found


@pytest.mark.parametrize("module", [m for m in LIBRARY if m.part not in {"", "__main__"}], ids=name_of)
def test_imports_go_downwards(module: Module) -> None:
    assert module.part in LEVELS, f"{module.name} has no level: add it to docs/architecture.md and here"
    assert wrong_imports(module) == []


@pytest.mark.parametrize("module", SHIMS, ids=name_of)
def test_shims_import_the_standard_library_only(module: Module) -> None:
    assert [
        f"{module.name}:{line} imports {name}"
        for line, name in module.imports()
        if name.split(".")[0] not in sys.stdlib_module_names | SHIM_PACKAGES
        and not name.startswith("crosspy.shims")
    ] == []


@pytest.mark.parametrize("module", LIBRARY, ids=name_of)
def test_one_module_starts_processes(module: Module) -> None:
    starters = {"subprocess", "multiprocessing", "pty"}
    found = [line for line, name in module.imports() if name.split(".")[0] in starters]
    found += [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr.startswith(("exec", "spawn", "posix_spawn", "system", "popen", "fork"))
    ]
    assert module.name == "crosspy.process" or found == []


@pytest.mark.parametrize("module", LIBRARY, ids=name_of)
def test_one_module_reads_elf_files(module: Module) -> None:
    found = [line for line, name in module.imports() if name.split(".")[0] == "elftools"]
    assert module.name == "crosspy.elf" or found == []


@pytest.mark.parametrize("module", [m for m in LIBRARY if m.part != "cli"], ids=name_of)
def test_only_the_cli_knows_the_outside_world(module: Module) -> None:
    outside = {
        ("os", "environ"),
        ("os", "environb"),
        ("os", "getenv"),
        ("os", "getcwd"),
        ("sys", "argv"),
        ("sys", "exit"),
    }
    found = [
        f"{module.name}:{node.lineno} uses {node.value.id}.{node.attr}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in outside
    ]
    found += [
        f"{module.name}:{line} imports {name}"
        for line, name in module.imports()
        if tuple(name.split(".")) in outside
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "source", "wrong"),
    [
        ("crosspy/describe/x.py", "from crosspy.verify import tree", 1),
        ("crosspy/describe/x.py", "def f():\n    from crosspy import cli", 1),
        ("crosspy/describe/x.py", "from ..toolfiles.meson import cross_file", 1),
        ("crosspy/describe/__init__.py", "from .merge import describe\nfrom ..model import target", 0),
        ("crosspy/model/x.py", "from crosspy import elf", 1),
        ("crosspy/build/x.py", "from crosspy import __version__, process\nimport crosspy.crossenv.layout", 0),
        ("crosspy/build/x.py", "import crosspy.install.wheel", 1),
        ("crosspy/elf.py", "from crosspy.surprise import x", 1),
    ],
)
def test_the_rule_itself(tmp_path: Path, path: str, source: str, wrong: int) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    assert len(wrong_imports(parse(file, tmp_path))) == wrong
