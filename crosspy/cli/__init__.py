"""The command line: the only reader of argv and of the environment, the only printer, the only exit."""

from __future__ import annotations
