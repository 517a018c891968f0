"""Processes whose output is shown and kept."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from crosspy import process

ENV = {"PATH": os.environ["PATH"]}


def sh(program: str, copy: io.BytesIO) -> int:
    return process.stream(["sh", "-c", program], env=ENV, copy=copy)


def test_output_is_shown_and_copied_in_order(capfdbinary):
    copy = io.BytesIO()
    assert sh("echo one; echo two >&2; printf '\\377three'; exit 3", copy) == 3
    assert copy.getvalue() == b"one\ntwo\n\xffthree"
    assert capfdbinary.readouterr().err == copy.getvalue()


def test_output_comes_while_the_process_runs(tmp_path):
    class Seen(io.BytesIO):
        def write(self, chunk):
            (tmp_path / "go").touch()
            return super().write(chunk)

    copy = Seen()
    wait = f"echo first; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; echo second"
    assert sh(wait, copy) == 0
    assert copy.getvalue() == b"first\nsecond\n"


def test_what_stays_in_the_background_is_not_waited_for():
    copy = io.BytesIO()
    started = time.monotonic()
    assert sh("sleep 20 & echo done", copy) == 0
    assert time.monotonic() - started < 10
    assert copy.getvalue() == b"done\n"


def test_a_process_that_was_killed():
    assert sh("kill -9 $$", io.BytesIO()) == -9


def test_a_copy_that_cannot_be_written_ends_the_process():
    class Full(io.BytesIO):
        def write(self, _chunk):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        sh("echo x; sleep 20", Full())


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def test_what_it_started_ends_with_it(tmp_path):
    """A compiler that goes on after its build was stopped writes into directories that are removed."""
    told = tmp_path / "told"
    program = f"sh -c 'sleep 60 & echo $! $$ >{told}.new; mv {told}.new {told}; wait' & wait"

    def stopped() -> bool:
        return told.exists()

    started = time.monotonic()
    with (tmp_path / "output").open("wb") as output:
        status = process.run_aside(["sh", "-c", program], env=ENV, output=output, stopped=stopped)
    assert status == -9
    assert time.monotonic() - started < 30
    pids = [int(word) for word in told.read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_running, pids))


def test_a_program_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        process.stream(["no-such-program"], env=ENV, copy=io.BytesIO())
