"""Pure data: what crosspy knows of machines, Pythons and targets. No input or output."""

from __future__ import annotations
