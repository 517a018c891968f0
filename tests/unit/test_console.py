from __future__ import annotations

import io
import sys

import pytest

from crosspy import console
from crosspy.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_progress_is_seen_on_a_terminal_after_a_second_and_leaves_nothing(monkeypatch, clock):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Console().progress("image") as progress:
        progress(256)
        assert terminal.getvalue() == ""
        clock[0] += 1.1
        progress(29044)
        progress(29300)  # too soon after the last one
        assert terminal.getvalue() == "\r\033[Kimage: 29,044 files"
    assert terminal.getvalue().endswith("\r\033[K")


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO, False), (Terminal, True)])
def test_progress_is_for_people(monkeypatch, clock, stream, quiet):
    seen = stream()
    monkeypatch.setattr(sys, "stderr", seen)
    with Console(quiet=quiet).progress("image") as progress:
        clock[0] += 60
        progress(256)
    assert seen.getvalue() == ""
