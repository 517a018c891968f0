"""The kinds of failure crosspy knows, each with an exit code of its own.

The library raises; :func:`crosspy.cli.main.entry` alone prints and exits. A message says what is wrong,
where and why; ``hint`` says what to do about it.
"""

from __future__ import annotations

from typing import ClassVar


class CrosspyError(Exception):
    """Base of every error that crosspy reports to its user.

    :param message: one or a few sentences: what, where, why.
    :param hint: the next step, as a sentence or a command line; empty when there is none.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CrosspyError):
    """The command line, or the combination of what it names, makes no sense."""

    exit_code = 2


class TargetDataError(CrosspyError):
    """A sysroot, sysconfigdata or ELF file is absent, damaged or not what it claims to be."""

    exit_code = 3


class ContradictionError(CrosspyError):
    """Two sources disagree about the target, and neither is known to be wrong upstream."""

    exit_code = 4


class ToolchainError(CrosspyError):
    """A compiler is missing, does not run, or is for another machine."""

    exit_code = 5


class VersionMismatchError(CrosspyError):
    """Build Python and target Python are not of the same X.Y."""

    exit_code = 6


class EnvironmentDirError(CrosspyError):
    """The cross environment cannot be written, or is not one."""

    exit_code = 7


class BuildFailedError(CrosspyError):
    """A package did not build, or built something else than it should have."""

    exit_code = 8


class WheelRefusedError(CrosspyError):
    """A wheel does not fit the target, is damaged, or tries to write outside its root."""

    exit_code = 9


class LockError(CrosspyError):
    """A lock file is damaged, stale, or for another target."""

    exit_code = 10


class FetchError(CrosspyError):
    """A file could not be got, is not the one that a lock names, or is an archive that is not safe to unpack."""

    exit_code = 11


class ResolveError(CrosspyError):
    """No versions, or no files of them, fit the requirements and the target."""

    exit_code = 12
