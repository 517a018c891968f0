"""pip inside a cross environment: what it installs is for the target."""

import atexit
import os
import sys
from types import ModuleType

from . import buildfacts, facts, replace
from .guard import is_pure_wanted, normalized

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    class Link(Protocol):
        """What is used of pip's."""

        filename: str

    class Candidate(Protocol):
        """What is used of pip's."""

        version: object
        link: Link


def apply(module: ModuleType) -> None:
    if module.__name__ == "pip":
        _hide_build_layer()
        if buildfacts.CROSS_PREFIX:
            os.environ.setdefault("PIP_PREFIX", buildfacts.CROSS_PREFIX)
    elif module.__name__ == "pip._internal.index.package_finder":
        _prefer_sources(module)
    elif module.__name__ == "pip._internal.cli.cmdoptions":
        _keep_every_setting(module)
    else:
        _refuse_inprocess_build_dependencies(module)


def _hide_build_layer() -> None:
    """Packages of the build machine do not count as installed, unless cross-expose says so."""
    import site

    prefix = os.path.join(sys.prefix, "build")
    if prefix not in site.PREFIXES:
        # site.getsitepackages() is where pip learns what to hide from an isolated build.
        site.PREFIXES.append(prefix)
        listed = site.getsitepackages
        replace(site, "getsitepackages", lambda prefixes=None: [*listed(prefixes), *facts.PACKAGES])
    layer = os.path.join(prefix, *facts.LIBRARY)
    sys.path[:] = [path for path in sys.path if path != layer and path not in facts.PACKAGES]


def _keep_every_setting(module: ModuleType) -> None:
    """Let ``--config-settings`` of one name be a list, as pip has it from 23.1 on: before, only the last one was kept."""
    option = getattr(module, "config_settings", None)
    known = getattr(option, "keywords", {})
    first = known.get("callback")
    if option is None or first is None:
        return

    def handle(option: object, name: str, value: str, parser: "Any") -> None:
        key = value.partition("=")[0]
        before = (getattr(parser.values, "config_settings", None) or {}).get(key)
        first(option, name, value, parser)
        now = getattr(parser.values, "config_settings", None) or {}
        if before is not None and not isinstance(now[key], list):
            now[key] = [*(before if isinstance(before, list) else [before]), now[key]]

    known["callback"] = handle


def _prefer_sources(module: ModuleType) -> None:
    """Build a release that has native code from source, also where the index offers a pure fallback of it.

    A release is native when there are Linux wheels of it, for whatever machine: its ``py3-none-any`` wheel is what is
    left when nothing is compiled. The names used here are the same from pip 22 to 26.
    """
    evaluator = getattr(module, "LinkEvaluator", None)
    finder = getattr(module, "PackageFinder", None)
    if (
        evaluator is None
        or finder is None
        or not hasattr(evaluator, "evaluate_link")
        or not hasattr(finder, "find_all_candidates")
    ):
        sys.stderr.write(
            "crosspy: warning: this pip is not known; pure fallback wheels of native packages may be taken\n"
        )
        return
    native: set[tuple[str, str]] = set()
    evaluate_link, find_all_candidates = evaluator.evaluate_link, finder.find_all_candidates

    def evaluate(self: object, link: "Link") -> object:
        parts = link.filename.removesuffix(".whl").split("-")
        if link.filename.endswith(".whl") and len(parts) >= 5 and "linux" in parts[-1]:
            native.add((normalized(parts[0]), parts[1]))
        return evaluate_link(self, link)

    def find(self: object, project_name: str) -> "list[Candidate]":
        candidates: list[Candidate] = find_all_candidates(self, project_name)
        name = normalized(project_name)
        if is_pure_wanted(name) or os.environ.get("CROSSPY_POLICY", "sdist") != "sdist":
            return candidates
        others = {str(c.version) for c in candidates if not _is_pure(c.link)}
        kept = [
            c
            for c in candidates
            if not (_is_pure(c.link) and (name, str(c.version)) in native and str(c.version) in others)
        ]
        candidates[:] = kept
        return candidates

    evaluator.evaluate_link = evaluate
    finder.find_all_candidates = find


def _is_pure(link: "Link") -> bool:
    return link.filename.endswith("-none-any.whl")


def _refuse_inprocess_build_dependencies(module: ModuleType) -> None:
    """Build requirements are for the build machine: they need a process of their own, whatever feature is on."""
    inprocess = getattr(module, "InprocessBuildEnvironmentInstaller", None)
    subprocess_installer = getattr(module, "SubprocessBuildEnvironmentInstaller", None)
    if inprocess is None or subprocess_installer is None:
        return

    class NativeInstaller(subprocess_installer):  # type: ignore[misc, valid-type]  # this pip's
        def __init__(
            self, *, finder: object, build_constraints: "Iterable[object]" = (), **_options: object
        ) -> None:
            super().__init__(finder, build_constraints=_constraint_files(build_constraints))

    vars(module)["InprocessBuildEnvironmentInstaller"] = NativeInstaller


def _constraint_files(constraints: "Iterable[object]") -> list[str]:
    """Return constraints, which this pip has parsed already, as the files that a pip of its own takes."""
    import tempfile

    lines = [str(getattr(item, "req", item)) for item in constraints]
    if not lines:
        return []
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="crosspy-constraints-", delete=False) as file:
        file.write("\n".join(lines) + "\n")
    atexit.register(os.unlink, file.name)
    return [file.name]
