"""What a build that failed leaves for the explainer: compiler runs that failed, its exception, configure's logs; and words
of one that did not, which pip keeps to itself.

Back ends remove their build directories and pip the rest, so the logs of a directory are read before Python code
removes it. ``CROSSPY_EVIDENCE`` names the directory for this; crosspy wheel reads it (crosspy/build/evidence.py).
"""

import os
import sys

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from typing import Any

LOGS = ("meson-log.txt", "CMakeConfigureLog.yaml", "CMakeError.log", "config.log")
_MOST = 200_000
"""Characters that are kept of one log: its end."""

_kept: dict[str, str] = {}


def directory() -> str:
    """Return the directory that the evidence goes to; empty if nobody asked for any."""
    name = os.environ.get("CROSSPY_EVIDENCE", "")
    return name if name and os.path.isdir(name) else ""


def tell(text: str) -> None:
    """Leave a sentence for the user, if anybody asked for evidence."""
    import tempfile

    if place := directory():
        handle, _ = tempfile.mkstemp(dir=place, suffix=".warning")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)


def keep_logs() -> None:
    """Read the logs of each directory that this process removes, before they are gone."""
    sys.addaudithook(_hear)


def _hear(event: str, args: "tuple[Any, ...]") -> None:
    # Raised by whoever calls it, under whatever name (PEP 578).
    if event == "shutil.rmtree":
        _read_logs(os.fsdecode(args[0]))


def _read_logs(top: str) -> None:
    for base, _, names in os.walk(top):
        for name in sorted(set(LOGS).intersection(names)):
            path = os.path.join(base, name)
            _kept[path] = _end_of(path)


def _end_of(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def has_failed(argv: list[str], *, made: bool) -> bool:
    """Say whether this process, which is about to end, did not do what it was started for.

    :param made: whether there is a wheel now that was not there before.
    """
    if any(word.endswith("_in_process.py") for word in argv[1:3]):
        answer = _answer(argv)
        return not answer or bool(answer.get("no_backend") or answer.get("backend_invalid"))
    return getattr(sys, "last_value", None) is not None or ("bdist_wheel" in argv and not made)


def _answer(argv: list[str]) -> dict[str, object]:
    """Return what a PEP 517 hook wrote for its caller; nothing if it ended before."""
    import json

    try:
        with open(os.path.join(argv[-1], "output.json"), encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError, TypeError):
        return {}


def leave(argv: list[str], log: str) -> None:
    """Write down what is known of this failure.

    :param log: the directory of the compilers' records.
    """
    import json
    import tempfile
    import time

    place = directory()
    if not place:
        return
    source = os.environ.get("CROSSPY_SOURCE", os.getcwd())
    _read_logs(source)
    found = {
        "time": time.time(),
        "source": source,
        "project": project_of(source),
        "error": _error(argv),
        "commands": _failed_commands(log, source),
        "logs": [[os.path.relpath(path, source), text] for path, text in sorted(_kept.items())],
    }
    handle, name = tempfile.mkstemp(dir=place, suffix=".new")
    with open(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(found, file)
    os.rename(name, name.removesuffix(".new") + ".json")


def _error(argv: list[str]) -> str:
    """Return the last line of the traceback that ended this process; empty if there was none."""
    import traceback

    error = getattr(sys, "last_value", None)
    if error is not None:
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    answer = _answer(argv)
    return str(answer.get("backend_error") or answer.get("traceback") or "").strip().rpartition("\n")[2]


def project_of(source: str) -> str:
    """Return the name of the project whose sources these are, as its metadata has it; empty where it has none."""
    try:
        with open(os.path.join(source, "PKG-INFO"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("Name:"):
                    return line[5:].strip()
    except (OSError, ValueError):
        pass
    try:
        import tomllib

        with open(os.path.join(source, "pyproject.toml"), "rb") as stream:
            return str(tomllib.load(stream)["project"]["name"])
    except (ImportError, OSError, ValueError, KeyError, TypeError):
        return ""


def _failed_commands(log: str, source: str) -> list[dict[str, object]]:
    """Return the compiler runs that failed on something of the project, the last ones, in their order."""
    entries = [
        (entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(log) if entry.name.endswith(".failed")
    ]
    found: list[dict[str, object]] = []
    for _, path in sorted(entries):
        with open(path, encoding="utf-8", errors="replace") as file:
            cwd, *words = file.read().split("\n")
        if not _is_probe(cwd, words, source):
            found.append({"cwd": cwd, "words": words, "stderr": _end_of(path.removesuffix(".failed"))})
    return found[-5:]


def _is_probe(cwd: str, words: list[str], source: str) -> bool:
    """Say whether a compiler run only asks something: failures of those are answers."""
    from .guard import PROBES

    if "-E" in words or any(probe in word for word in (cwd, *words) for probe in PROBES):
        return True
    files = [word for word in words if not word.startswith("-")]
    return not any(
        (os.path.normpath(os.path.join(cwd, name)) + os.sep).startswith(source + os.sep) for name in files
    )
