"""One module per family of checks.

Each offers ``RULES``, what its checks mean, and ``check(image, expectation)``, which yields findings in any order.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one check means: shown by ``crosspy verify --explain``."""

    id: str
    title: str
    why: str
    """Why it bites, and how it shows on the target."""
    fix: str
    reference: str = ""
