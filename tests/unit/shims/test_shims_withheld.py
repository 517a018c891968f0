"""Variables of the caller that a project asks for and that builds do not see."""

from __future__ import annotations

import pytest
from sample_targets import put

READS = 'import os\nos.environ.get("FOO_DIR")\n'


@pytest.fixture
def told(shims, tmp_path, monkeypatch):
    """Return a function that gives what is told of a project with these files."""
    module = shims().load("withheld")
    place = tmp_path / "evidence"
    place.mkdir()
    monkeypatch.setenv("CROSSPY_EVIDENCE", str(place))

    def ask(files, withheld="FOO_DIR", **own):
        source = put(tmp_path / "source", {"PKG-INFO": "Name: p\n", **files})
        environ = {"CROSSPY_WITHHELD": withheld, **own}
        module.tell(environ, str(source))
        assert "CROSSPY_WITHHELD" not in environ
        return [path.read_text() for path in sorted(place.iterdir())]

    return ask


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", READS),
        ("setup.py", "from os import getenv\nx = getenv('FOO_DIR')\n"),
        ("setup.py", 'def flag(name): return os.environ[name]\nflag("FOO_DIR")\n'),
        ("helpers.py", READS),
        ("CMakeLists.txt", 'set(D "$ENV{FOO_DIR}")\n'),
    ],
)
def test_a_file_that_asks(told, name, text):
    [said] = told({name: text})
    assert said == (
        f"{name} of p reads FOO_DIR, which you have set and builds do not see. If that is meant for its build: --env FOO_DIR"
    )


def test_a_back_end_among_the_sources(told):
    project = '[build-system]\nbackend-path = ["tools", "nowhere"]\n'
    [said] = told({"pyproject.toml": project, "tools/backend.py": READS})
    assert said.startswith("tools/backend.py of p reads FOO_DIR")


@pytest.mark.parametrize(
    ("files", "own"),
    [
        ({"setup.py": "# FOO_DIR of environ\n"}, {}),
        ({"setup.py": 'import os\nos.environ.get("FOO")\n'}, {}),
        ({"setup.py": 'x = "FOO_DIR"\n'}, {}),
        ({"src/p.py": READS}, {}),
        ({"setup.py": READS}, {"FOO_DIR": "of the build"}),
        ({"setup.py": READS.replace("FOO_DIR", "PKG_CONFIG_PATH")}, {"withheld": "PKG_CONFIG_PATH"}),
        ({"setup.py": READS}, {"withheld": ""}),
    ],
)
def test_what_is_no_loss(told, files, own):
    assert told(files, **own) == []
