"""A named emulator: how it is called for the target, and whether it really runs the target's programs."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from pathlib import Path
from typing import Final

from crosspy import process
from crosspy.errors import ToolchainError, UsageError
from crosspy.model.target import Target
from crosspy.toolfiles.launchers import launcher_name

_QEMU_USER: Final = re.compile(r"qemu-(?!system-)[\w.-]+")

_PROGRAM: Final = (
    "#include <stdio.h>\nint main(int n, char **v) { return n == 2 && puts(v[1]) > 0 ? 42 : 1; }\n"
)
"""Needs the C library, its loader, the argument and the exit status: what a run test needs."""


def command(text: str, target: Target, *, path: str) -> tuple[str, ...]:
    """Return the words of ``--emulator``, the program absolute; a qemu-user that is told no ``-L`` gets the sysroot.

    :raises UsageError: if it cannot be split, or is not there.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(
            f"cannot split the emulator's command {text!r}: {error}", hint="Quote it as for a shell."
        ) from None
    program = process.find_program(words[0], path=path) if words else None
    if program is None:
        raise UsageError(
            f"emulator not found: {text!r}",
            hint=f"Debian: apt install qemu-user-static, then --emulator qemu-{target.machine.qemu}-static. PATH is {path}",
        )
    is_qemu = _QEMU_USER.fullmatch(Path(program).name) is not None
    has_root = any(word.startswith("-L") for word in words[1:])
    root = ("-L", target.sysroot) if is_qemu and not has_root and target.sysroot else ()
    return (program, *words[1:], *root)


def check(tools: Path, target: Target, emulator: tuple[str, ...]) -> None:
    """Compile a program with the launchers in ``tools`` and let ``run-target`` run it.

    :raises ToolchainError: if it does not run as it would on the target.
    """
    places = [str(Path(target.toolchain.cc[0]).parent)] if target.toolchain else []
    with tempfile.TemporaryDirectory(prefix="crosspy-run-") as name:
        source, program = Path(name, "answer.c"), Path(name, "answer")
        source.write_text(_PROGRAM, encoding="ascii")
        env = {"PATH": os.pathsep.join([*places, os.defpath])}
        compiler = str(tools / launcher_name(target, "gcc"))
        made = process.run([compiler, "-o", str(program), str(source)], env=env, cwd=Path(name), merge=True)
        if not made.ok:
            raise ToolchainError(
                f"cannot compile a program to try the emulator with:\n{made.stdout.strip()[-600:]}"
            )
        try:
            ran = process.run(
                [str(tools / "run-target"), str(program), "42"], env=env, merge=True, timeout=60
            )
        except process.TimeoutExpired:
            raise _refused(emulator, target, "it did not end within a minute") from None
    if (ran.status, ran.stdout) != (42, "42\n"):
        raise _refused(
            emulator, target, f"exit status {ran.status} instead of 42. {ran.stdout.strip()[-400:]}"
        )


def _refused(emulator: tuple[str, ...], target: Target, why: str) -> ToolchainError:
    return ToolchainError(
        f"the emulator {shlex.join(emulator)} does not run a program for {target.triplet}: {why}",
        hint=f"Name one for this machine and C library, e.g. --emulator 'qemu-{target.machine.qemu} -L SYSROOT'; or none.",
    )
