"""One module per family of checks."""

from __future__ import annotations
