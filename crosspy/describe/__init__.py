"""Learn what a target is from its sysroot, without running anything of it."""

from __future__ import annotations

from crosspy.describe.compiler import Wanted
from crosspy.describe.merge import Request, describe

__all__ = ["Request", "Wanted", "describe"]
