"""The cross environment: a directory whose Python runs on the build machine and answers as the target."""

from __future__ import annotations
