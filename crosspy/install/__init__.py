"""From wheels to files of an image tree."""

from __future__ import annotations
