"""From findings to text for people and for machines."""

from __future__ import annotations
