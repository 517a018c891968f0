"""Bytecode for the target, the same bytes every time (PEP 552, PEP 3147).

The target's pyc files need its X.Y and nothing else of it, so the environment's native Python of that X.Y makes them.
Files are invalidated by a hash of their source: an image's tools set mtimes as they like, and with timestamps every
import on a read-only root file system would compile again. ``checked-hash`` is the default because images are edited
after packages are installed (a ``sed`` in a postprocess command, a developer over ssh), and ``unchecked-hash`` would
go on running the old code; it is there for images that nothing edits.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from crosspy.errors import ToolchainError, VersionMismatchError
from crosspy.install.staging import StagedFile, StagingDestination
from crosspy.model.python import TargetPython
from crosspy.process import run

INVALIDATION_MODES: Final = ("checked-hash", "unchecked-hash")
_WRITER: Final = Path(__file__).with_name("pyc_writer.py")


def pyc_name(name: str, python: TargetPython, level: int) -> str:
    """Return where the import system of ``python`` looks for the bytecode of the source ``name``.

    Free-threaded builds have the cache tag of the others: their bytecode is the same.
    """
    path = PurePosixPath(name)
    optimized = f".opt-{level}" if level else ""
    return str(path.parent / "__pycache__" / f"{path.stem}.cpython-{python.nodot}{optimized}.pyc")


def add_bytecode(
    destination: StagingDestination,
    *,
    python: TargetPython,
    build_python: Path,
    levels: Sequence[int],
    invalidation: str,
) -> list[str]:
    """Compile the staged modules; stage the bytecode too. Return a sentence for each source that does not compile.

    :param levels: optimisation levels, of 0, 1 and 2.
    :raises VersionMismatchError: if ``build_python`` is not of the target's X.Y.
    :raises ToolchainError: if it does not run.
    """
    sources = [file for file in destination.files if file.key.endswith("lib") and file.name.endswith(".py")]
    # Two entries of a wheel may mean one path; the check of the plan speaks of that, or they are equal.
    sources = list({file.path: file for file in sources}.values())
    if not sources or not levels:
        return []
    made = [(file, [(file.staged.with_suffix(f".{level}"), level) for level in levels]) for file in sources]
    job = {
        "version": python.version,
        "mode": invalidation,
        "items": [
            [str(file.staged), [[str(pyc), level] for pyc, level in outputs], str(file.path)]
            for file, outputs in made
        ],
    }
    job_file = destination.directory / "job.json"
    job_file.write_text(json.dumps(job), encoding="utf-8")
    failures = _compile(job_file, build_python, python)
    for file, outputs in made:
        if str(file.path) not in failures:
            for pyc, level in outputs:
                _stage(destination, file, pyc, pyc_name(file.name, python, level))
    return [f"{path}: no bytecode for it: {reason}" for path, reason in sorted(failures.items())]


def _stage(destination: StagingDestination, source: StagedFile, pyc: Path, name: str) -> None:
    with pyc.open("rb") as stream:
        destination.stage(source.key, name, stream, executable=False)
    pyc.unlink()


def _compile(job_file: Path, build_python: Path, python: TargetPython) -> dict[str, str]:
    """Run the writer; return the reasons of the sources that failed, by their path on the target."""
    # Not -I or -E: PYTHONHASHSEED must be heard. The rest of the environment is empty anyway.
    argv = [str(build_python), "-s", "-S", "-P", "-B", "-W", "ignore", str(_WRITER), str(job_file)]
    env = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    try:
        outcome = run(argv, env=env)
    except OSError as error:
        raise ToolchainError(
            f"the build Python {build_python} does not run: {error.strerror or 'no such program'}",
            hint="Make the environment anew (crosspy create --clear), or install without bytecode: --no-compile",
        ) from None
    if outcome.status == 3:
        raise VersionMismatchError(
            f"{build_python} is Python {outcome.stdout.strip()}, the target has {python.version}: "
            "it cannot make the target's bytecode",
            hint="Make the environment with a build Python of the target's X.Y, or install with --no-compile.",
        )
    if not outcome.ok:
        raise ToolchainError(
            f"{build_python} failed to make bytecode (status {outcome.status}): {outcome.stderr.strip()[-800:]}",
            hint=f"To see for yourself: {outcome.reproducer()}",
        )
    rows = [json.loads(line) for line in outcome.stdout.splitlines()]
    return {str(path): str(reason) for path, reason in rows}
