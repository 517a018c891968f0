"""Build requirements are chosen for the target and installed for the build machine.

pip and build install them with a pip of their own, in a process that is told apart by its command line alone: the
same one from pip 22.2 to 26. That process becomes a native one here, before it has done anything.
"""

import os
import subprocess
import sys

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Callable


def run_natively_if_asked(argv: list[str]) -> None:
    """Replace this process if it is a pip that fills an isolated build environment; else return."""
    if argv[2] == "install" and _fills_build_environment(argv):
        _run_natively(argv)


def _fills_build_environment(argv: list[str]) -> bool:
    # pip: tempfile prefix "pip-build-env-"; build: "build-env-", with its own venv as the running prefix.
    if os.path.basename(sys.prefix).startswith(("build-env-", "pip-build-env-")):
        return True
    prefix = next((argv[i + 1] for i, word in enumerate(argv[:-1]) if word == "--prefix"), "")
    return any(part.startswith("pip-build-env-") for part in prefix.split(os.sep))


def _run_natively(argv: list[str]) -> None:
    from . import asked

    words = _requirements_for_target(list(argv))
    if words is None:
        os._exit(0)
    asked.note(words)
    _match_layout(argv)
    status = subprocess.call([sys.executable, *words[1:]], env=environment())
    if status == 0:
        status = _complete(argv, words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if status >= 0 else 1)


def environment() -> dict[str, str]:
    """Return the variables of a native pip that chooses build requirements: a lock's versions are constraints."""
    from . import native_environment

    environ = native_environment()
    locked = os.environ.get("CROSSPY_BUILD_CONSTRAINTS")
    if locked:
        environ["PIP_CONSTRAINT"] = locked
        environ.pop("_PIP_IN_BUILD_IGNORE_CONSTRAINTS", None)  # pip 25.3's way to keep PIP_CONSTRAINT out
    return environ


def _complete(argv: list[str], words: list[str]) -> int:
    """Put the target's headers and static libraries in the place of the build machine's; return an exit status."""
    from . import asked, facts, twins, wheelcache

    if asked.wanted():
        return 0  # nothing will be compiled
    prefix = next((argv[i + 1] for i, word in enumerate(argv[:-1]) if word == "--prefix"), "") or sys.prefix
    library = os.path.join(prefix, *facts.LIBRARY)
    try:
        used = twins.complete(library, argv)
        if "--" in words:
            wheelcache.note_requirements(prefix, sorted(words[words.index("--") + 1 :]), library, used)
    except (twins.TwinError, OSError) as error:
        sys.stderr.write(f"crosspy: error: {error}\n")
        return 8
    return 0


def _match_layout(argv: list[str]) -> None:
    """Let the target's ``lib64`` and the build machine's ``lib`` be one, as the asking pip will look in the former."""
    from . import facts

    prefix = next((argv[i + 1] for i, word in enumerate(argv[:-1]) if word == "--prefix"), "")
    if prefix and facts.SYS["platlibdir"] != facts.LIBRARY[0]:
        os.makedirs(os.path.join(prefix, facts.LIBRARY[0]), exist_ok=True)
        link = os.path.join(prefix, facts.SYS["platlibdir"])
        if not os.path.lexists(link):
            os.symlink(facts.LIBRARY[0], link)


def _requirements_for_target(argv: list[str]) -> list[str] | None:
    """Evaluate the markers of the named requirements as the target; None when nothing is left to install.

    Requirements of requirements keep their markers: those tools run on the build machine.
    """
    sys.path.insert(0, os.path.dirname(os.path.dirname(argv[1])))
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    def chosen(text: str) -> str | None:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return text
        if requirement.marker is None:
            return text
        if not requirement.marker.evaluate({"extra": ""}):
            return None
        requirement.marker = None
        return str(requirement)

    if "--" in argv:
        start = argv.index("--") + 1
        kept = [text for text in map(chosen, argv[start:]) if text is not None]
        return [*argv[:start], *kept] if kept else None
    for index, word in enumerate(argv[:-1]):
        if word in {"-r", "--requirement"}:
            argv[index + 1] = _rewritten(argv[index + 1], chosen)
    return argv


def _rewritten(path: str, chosen: "Callable[[str], str | None]") -> str:
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    kept = [
        text
        for text in (line if line.startswith("-") else chosen(line) for line in lines if line.strip())
        if text is not None
    ]
    with open(path + ".target", "w", encoding="utf-8") as file:
        file.write("\n".join(kept) + "\n")
    return path + ".target"
