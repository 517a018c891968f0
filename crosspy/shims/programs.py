"""Programs that a build starts from Python: one that was compiled for the target is run by the emulator, if one was named."""

import errno
import os
import subprocess
from collections.abc import Callable

from . import TOOLS, buildfacts, replace

_MESSAGE = (
    f"Exec format error: a program made for {buildfacts.TRIPLET} does not run on the build machine. Tell the build what it "
    "would have answered (crosspy create --hints FILE), or name an emulator (crosspy create --emulator COMMAND)"
)


def install() -> None:
    """Let this process's ``subprocess`` know programs of the target."""
    replace(subprocess.Popen, "__init__", _starting(subprocess.Popen.__init__))


def _starting(start: "Callable[..., None]") -> "Callable[..., None]":
    def __init__(self: "subprocess.Popen[bytes]", args: object, *rest: object, **options: object) -> None:  # noqa: N807 -- it is Popen's
        try:
            start(self, args, *rest, **options)
        except OSError as error:
            if (
                error.errno != errno.ENOEXEC
                or not isinstance(args, list | tuple)
                or rest
                or options.get("executable")
            ):
                raise
            if not buildfacts.EMULATOR:
                raise OSError(errno.ENOEXEC, _MESSAGE, os.fsdecode(args[0])) from None
            start(self, [os.path.join(TOOLS, "run-target"), *args], **options)

    __init__.__doc__ = start.__doc__
    return __init__
