"""One module per family of checks.

Each offers ``RULES``, what its checks mean, and ``check(image, expectation)``, which yields findings in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosspy.model.finding import Finding, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one check means: shown by ``crosspy verify --explain``."""

    id: str
    title: str
    why: str
    """Why it bites, and how it shows on the target."""
    fix: str
    reference: str = ""
    tier: str = ""
    """The option that switches the check on; empty for those that are always on."""

    def finding(
        self,
        path: str,
        severity: Severity,
        message: str,
        *,
        expected: str = "",
        found: str = "",
        fix: str = "",
    ) -> Finding:
        """Return a finding of this check."""
        return Finding(
            path=path,
            check=self.id,
            severity=severity,
            message=message,
            expected=expected,
            found=found,
            fix=fix or self.fix,
        )
