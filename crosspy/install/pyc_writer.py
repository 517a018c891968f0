"""Compile sources to bytecode: run by a Python of the target's X.Y on the build machine, not imported by crosspy.

``python -s -S -P -B pyc_writer.py JOB``, with ``PYTHONHASHSEED=0``. JOB is a JSON file::

    {"version": "3.12", "mode": "checked-hash", "items": [[SOURCE, [[PYC, LEVEL], ...], PATH ON THE TARGET], ...]}

On stdout: one JSON list ``[path on the target, reason]`` for each source that did not compile. Status 3: this Python
is of another X.Y.

Each source is compiled in a child of its own. ``marshal`` notes whether an object has other references, interned
strings included (python/cpython#78274, #78903), so what was compiled before would show in the bytes; a child begins
in the same state every time. And a source that crashes the compiler takes nothing else with it.
"""

from __future__ import annotations

import json
import os
import py_compile
import resource
import sys

MODES = {
    "checked-hash": py_compile.PycInvalidationMode.CHECKED_HASH,
    "unchecked-hash": py_compile.PycInvalidationMode.UNCHECKED_HASH,
}
CPU_SECONDS = 120
"""For one source; the largest of PyPI take two."""


def compile_source(source: str, outputs: list[tuple[str, int]], shown: str, mode: str) -> str:
    """Compile one source at each level; return why not, or an empty string."""
    try:
        for pyc, level in outputs:
            py_compile.compile(
                source, pyc, dfile=shown, doraise=True, optimize=level, invalidation_mode=MODES[mode]
            )
    except py_compile.PyCompileError as error:
        return f"{error.exc_type_name}: {error.exc_value}"
    except (ValueError, RecursionError, MemoryError, OverflowError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def compile_in_child(source: str, outputs: list[tuple[str, int]], shown: str, mode: str) -> str:
    """Like :func:`compile_source`, in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            soft = CPU_SECONDS if hard == resource.RLIM_INFINITY else min(CPU_SECONDS, hard)
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
            reason = compile_source(source, outputs, shown, mode)
            os.write(writing, reason[:4000].encode("utf-8", "replace"))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 -- a file descriptor
        reason = pipe.read().decode("utf-8", "replace")
    _, outcome = os.waitpid(child, 0)
    return reason if outcome == 0 else f"the compiler ended with wait status {outcome}"


def main(job_file: str) -> int:
    with open(job_file, encoding="utf-8") as file:  # noqa: PTH123 -- pathlib is not needed for anything else here
        job = json.load(file)
    if "{}.{}".format(*sys.version_info[:2]) != job["version"]:
        sys.stdout.write("{}.{}\n".format(*sys.version_info[:2]))
        return 3
    for source, outputs, shown in job["items"]:
        reason = compile_in_child(source, outputs, shown, job["mode"])
        if reason:
            sys.stdout.write(json.dumps([shown, reason]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
