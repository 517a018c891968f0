"""Learn what a target is from its sysroot, without running anything of it."""

from __future__ import annotations
