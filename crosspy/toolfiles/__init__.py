"""Text for other tools, made from a Target: cross files, toolchain files, launchers, variables. Pure."""

from __future__ import annotations
