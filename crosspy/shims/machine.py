"""``platform``: most of it follows ``os.uname``, ``sys.version`` and ``os.confstr``; this is the rest."""

import os
import sys

from . import ROOT, facts, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def apply(module: "ModuleType") -> None:
    bits = f"{facts.OS['bits']}bit"
    own = sys.executable
    real_architecture: Callable[..., tuple[str, str]] = module.architecture
    real_libc_ver: Callable[..., tuple[str, str]] = module.libc_ver

    def architecture(executable: str = own, bits: str = bits, linkage: str = "") -> tuple[str, str]:
        """Return the target's bits for its own interpreter; other files are looked at as usual."""
        if os.path.realpath(executable) != os.path.realpath(own):
            return real_architecture(executable, bits, linkage)
        return bits, linkage or "ELF"

    def libc_ver(
        executable: str | None = None, lib: str = "", version: str = "", chunksize: int = 16384
    ) -> tuple[str, str]:
        if executable in {None, "", own}:
            if facts.OS["libc_ver"] is not None:
                return facts.OS["libc_ver"]
            executable = _targets_python()
        return real_libc_ver(executable, lib, version, chunksize)

    architecture.__doc__ = real_architecture.__doc__
    replace(module, "architecture", architecture)
    replace(module, "libc_ver", libc_ver)
    if facts.OS["sysroot"]:
        candidates = tuple(facts.OS["sysroot"] + name for name in ("/etc/os-release", "/usr/lib/os-release"))
        replace(module, "_os_release_candidates", candidates)


def _targets_python() -> str:
    """Return the program that stands for ``sys.executable`` where its machine code is read: musl has no other answer."""
    from . import buildfacts, foreign

    path = buildfacts.SYSROOT + buildfacts.PYTHON
    # Without a sysroot, or behind an absolute link, that is a program of the build machine.
    return path if foreign.is_target_elf(path) else os.path.join(ROOT, "crosspy", "python.elf")
