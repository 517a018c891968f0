"""Findings, written for people and for machines: pure functions from :class:`.document.ImageReport` to text."""

from __future__ import annotations
