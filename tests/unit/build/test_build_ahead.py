"""What is built ahead of pip's own resolution."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from crosspy import process
from crosspy.build.ahead import Ahead, build_ahead, constraints, named_requirements
from crosspy.build.jobserver import jobserver
from crosspy.console import Console

MARKERS = {"platform_machine": "aarch64", "python_version": "3.11", "sys_platform": "linux"}


def test_what_is_named(tmp_path):
    (tmp_path / "r.txt").write_text(
        "a==1 \\\n  --hash=sha256:00 --hash=sha256:11\n# no\nb>=2  # why\n-r other.txt\n--no-binary x\n\n"
        "c ; platform_machine == 'x86_64'\nd ; platform_machine == 'aarch64'\nhttps://x/e.tar.gz\na==1\n"
    )
    words = ["./project", "f[g]", "h; python_version < '3'"]
    found = named_requirements(words, [tmp_path / "r.txt", tmp_path / "absent"], MARKERS)
    assert found == ["./project", "f[g]", "a==1", "b>=2", "d ; platform_machine == 'aarch64'"]


def test_each_knows_of_the_versions_of_the_others():
    words = ["./project", "f[g]<3", "h", "i @ https://x/i.whl", "j>1; python_version > '3'"]
    assert constraints(words) == 'f<3\nj>1 ; python_version > "3"\n'


@pytest.fixture
def ahead(tmp_path, monkeypatch):
    """Return a function that builds with a pip that this test plays; it gives what was built, in order of ends."""
    (tmp_path / "scratch").mkdir()
    log = io.BytesIO()

    def call(words, *, wheels=None, failing=(), jobs=2, with_dependencies=True):
        built, most, running, lock = [], [0], [0], threading.Lock()

        def pip(argv, *, env, output, stopped):
            assert Path(env["TMPDIR"]).is_dir()
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            directory, word = Path(argv[0]), argv[-1]
            directory.mkdir()
            with zipfile.ZipFile(directory / "x.whl", "w") as archive:
                lines = "".join(f"Requires-Dist: {text}\n" for text in (wheels or {}).get(word, ()))
                archive.writestr("x-1.dist-info/METADATA", f"Name: x\n{lines}\nRequires-Dist: not this\n")
            output.write(f"building {word}\n".encode())
            with lock:
                running[0] -= 1
                built.append(word)
            return 1 if word in failing else 0

        monkeypatch.setattr(process, "run_aside", pip)
        with jobserver(jobs, {}, tmp_path / "scratch") as server:
            build_ahead(
                words,
                Ahead(
                    command=lambda directory: [str(directory)],
                    variables={},
                    markers=MARKERS,
                    scratch=tmp_path / "scratch",
                    with_dependencies=with_dependencies,
                    jobserver=server,
                    console=Console(),
                    log=log,
                ),
            )
        assert most[0] <= jobs
        return built, log.getvalue().decode()

    return call


def test_dependencies_follow(ahead):
    wheels = {
        "a": ["b>=1", "c; platform_machine == 'x86_64'", "d; extra == 'e'", "@@"],
        "f[e]": ["B", "d; extra == 'e'"],
        "b>=1": ["a", "g @ https://x"],
    }
    built, _ = ahead(["a", "f[e]"], wheels=wheels)
    assert sorted(built) in (["a", "b>=1", "d", "f[e]"], ["B", "a", "d", "f[e]"])


def test_no_dependencies(ahead):
    assert sorted(ahead(["a", "z"], wheels={"a": ["b"]}, with_dependencies=False)[0]) == ["a", "z"]


def test_a_failure_does_not_stop_the_others(ahead, capfd):
    built, log = ahead([f"p{n}" for n in range(6)], failing={"p0", "p3"})
    assert len(built) == 6
    said = capfd.readouterr().err
    assert "p0: failed ahead" in said
    assert "p3: failed ahead" in said
    assert sorted(log.splitlines()) == [f"building p{n}" for n in range(6)]


def test_two_projects_of_one_name(ahead, tmp_path):
    assert len(ahead([str(tmp_path / "a" / "p"), str(tmp_path / "b" / "p")])[0]) == 2


def test_what_goes_wrong_here_stops_all(ahead, monkeypatch):
    def broken(*_args, **_options):
        raise FileNotFoundError("python")

    monkeypatch.setattr("crosspy.build.ahead._tell", broken)
    with pytest.raises(FileNotFoundError):
        ahead([f"p{n}" for n in range(6)])
