"""Failures and their explanations: every text here is what a real build printed, shortened."""

from __future__ import annotations

import pytest
from sample_targets import make_target, put

from crosspy.build.causes import CAUSES, THINGS
from crosspy.build.evidence import Command, Failure
from crosspy.build.explain import explain
from crosspy.build.missing import Sysroot, judge, sysroot_of
