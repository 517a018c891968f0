"""From an image tree to findings."""

from __future__ import annotations
