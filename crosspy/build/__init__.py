"""From requirements and sources to wheels for the target."""

from __future__ import annotations
