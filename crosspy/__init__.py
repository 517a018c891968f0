"""Cross-compile Python packages for embedded Linux, and prove that they load there."""

from __future__ import annotations

__version__ = "0.1.0"
