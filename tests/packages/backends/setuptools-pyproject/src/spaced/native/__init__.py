from pathlib import Path

from ._answer import answer as _native

TEXT = Path(__file__).with_name("answer.txt").read_text().strip()


def answer():
    assert int(TEXT) == _native()
    return _native()
