"""What crosspy lock refuses, on a small index and on a directory: nothing is written then."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

from crosspy.build.lockfile import read_locks


def wheel(
    directory: Path, name: str, version: str = "1.0", tag: str = "py3-none-any", requires: str = ""
) -> Path:
    """Make a wheel with nothing in it."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {requires}\n" if requires else ""
    )
    files = {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    path = directory / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for member, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record += f"{member},sha256={digest},{len(text)}\n"
            archive.writestr(member, text)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def linked_sdist(directory: Path) -> None:
    """Make one that writes to a place outside through a link."""
    with tarfile.open(directory / "linked-1.0.tar.gz", "w:gz") as archive:
        for name in ("linked-1.0/pyproject.toml", "linked-1.0/out", "linked-1.0/out/evil"):
            info = tarfile.TarInfo(name)
            if name.endswith("out"):
                info.type, info.linkname = tarfile.SYMTYPE, str(directory.parent)
            archive.addfile(info, io.BytesIO() if info.isreg() else None)


def climbing_sdist(directory: Path) -> None:
    with tarfile.open(directory / "climbs-1.0.tar.gz", "w:gz") as archive:
        for name, text in {"climbs-1.0/pyproject.toml": "", "climbs-1.0/../../evil": "x"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The address of a simple index of a few projects, one file of which is yanked."""
    root = tmp_path_factory.mktemp("index")
    for path in (
        wheel(root, "plain", requires="other; platform_machine == 'aarch64'"),
        wheel(root, "other"),
        wheel(root, "yanked"),
        wheel(root, "windows", tag="cp311-cp311-win_amd64"),
    ):
        name = path.name.partition("-")[0]
        (root / name).mkdir()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yanked = ' data-yanked="broken"' if name == "yanked" else ""
        (root / name / "index.html").write_text(
            f'<!DOCTYPE html><html><body><a href="../{path.name}#sha256={digest}"{yanked}>{path.name}</a></body></html>'
        )

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=root)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(crosspy, arm64_env, tmp_path):
    def call(*words, env=None):
        done = crosspy("lock", arm64_env.root, *words, "-o", tmp_path / "pylock.toml", env=env, check=False)
        assert (done.returncode == 0) == (tmp_path / "pylock.toml").exists()
        assert done.stderr.count("error: ") + done.stderr.count("ERROR: ") <= 3
        return done

    return call


def test_an_index_of_ones_own(lock, index, tmp_path) -> None:
    assert lock("plain", env={"PIP_INDEX_URL": index.replace("//", "//me:secret@")}).returncode == 0
    locks = read_locks(tmp_path / "pylock.toml")
    assert [one.name for one in locks.target.packages] == ["other", "plain"]
    (artifact,) = locks.target.packages[0].artifacts
    assert (artifact.url, bool(artifact.size)) == (f"{index}/other-1.0-py3-none-any.whl", True)
    assert locks.build is None
    assert "secret" not in (tmp_path / "pylock.toml").read_text()


def test_a_directory_serves_without_an_index(lock, tmp_path, crosspy, arm64_env) -> None:
    (tmp_path / "dl").mkdir()
    wheel(tmp_path / "dl", "plain", requires="other")
    wheel(tmp_path / "dl", "other", "2.0")
    assert lock("plain", "--no-index", "-f", tmp_path / "dl").returncode == 0
    locks = read_locks(tmp_path / "pylock.toml")
    assert {one.path for one in locks.artifacts()} == {
        "dl/plain-1.0-py3-none-any.whl",
        "dl/other-2.0-py3-none-any.whl",
    }
    crosspy("wheel", arm64_env.root, "--lock", tmp_path / "pylock.toml", "-w", tmp_path / "wheels")
    assert len(list((tmp_path / "wheels").iterdir())) == 2


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("yanked==1.0", "yanked 1.0 is yanked"),
        ("windows", "windows"),
        ("nobody", "nobody"),
        ("plain>=2", "plain>=2"),
    ],
)
def test_what_no_version_fits_is_refused(lock, index, wish, said) -> None:
    done = lock(wish, env={"PIP_INDEX_URL": index})
    assert done.returncode == 12
    assert said in done.stderr.partition("\nerror:")[2]


@pytest.mark.parametrize(("make", "name"), [(climbing_sdist, "climbs"), (linked_sdist, "linked")])
def test_a_source_that_writes_outside_is_refused(crosspy, arm64_env, lock, tmp_path, make, name) -> None:
    (tmp_path / "dl").mkdir()
    make(tmp_path / "dl")
    assert lock(name, "--no-index", "-f", tmp_path / "dl").returncode == 12
    words = ("--no-index", "-f", tmp_path / "dl", "-w", tmp_path / "wheels", name)
    done = crosspy("wheel", arm64_env.root, *words, check=False)
    assert done.returncode == 8
    assert "is not safe to unpack" in done.stderr.partition("\nerror:")[2]
    assert [path.name for path in tmp_path.iterdir()] == ["dl"]


def test_a_build_requirement_that_writes_outside_is_refused(crosspy, arm64_env, tmp_path) -> None:
    """Not only what the target gets is unpacked: what runs in a build is, by a pip of the build machine."""
    (tmp_path / "dl").mkdir()
    linked_sdist(tmp_path / "dl")
    project = tmp_path / "app"
    project.mkdir()
    text = '[build-system]\nrequires = ["linked"]\nbuild-backend = "linked"\n[project]\nname = "app"\nversion = "1"\n'
    (project / "pyproject.toml").write_text(text)
    with tarfile.open(tmp_path / "dl" / "app-1.tar.gz", "w:gz") as archive:
        archive.add(project, "app-1")
    options = ("--no-index", "-f", tmp_path / "dl")
    done = crosspy("wheel", arm64_env.root, *options, "-w", tmp_path / "wheels", project, check=False)
    assert done.returncode == 8
    assert "linked-1.0.tar.gz is not safe to unpack" in done.stderr.partition("\nerror:")[2]
    words = ("lock", arm64_env.root, "app", *options, "-o", tmp_path / "pylock.toml")
    done = crosspy(*words, check=False)
    assert done.returncode == 12
    assert "linked-1.0.tar.gz is not safe to unpack" in done.stderr.partition("\nerror:")[2]
    done = run([arm64_env.root / "bin" / "build-pip", "install", *options, "linked"], check=False)
    assert done.returncode
    assert "is not safe to unpack" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "dl"]
