"""Files of a lock: downloaded once, checked, resumed, and never half there."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from crosspy.build import transport
from crosspy.build.fetch import fetch
from crosspy.build.lockfile import Locks
from crosspy.build.transport import Transport, content_length, download, transport_of
from crosspy.console import Console
from crosspy.errors import FetchError
from crosspy.model.lock import Artifact, Lock, Package

CONTENT = bytes(range(256)) * 1000


@dataclass
class Server:
    """A small server: files by name, what was asked, and how often it fails first."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    cut: int = 0


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_args):
            pass

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            state.asked.append((self.path, self.headers["Range"], self.headers["Authorization"]))
            name = self.path.lstrip("/")
            if state.failures or name not in state.files:
                self.send_error(state.failures.pop(0) if state.failures else 404)
                return
            content = state.files[name]
            start = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
            if start and int(start[1]) >= len(content):
                self.send_error(416)
                return
            body = content[int(start[1]) :] if start else content
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body[: state.cut or None])
                state.cut = 0

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        state.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(transport.time, "sleep", lambda _seconds: None)


def offered(server: Server, name: str = "a-1.tar.gz", content: bytes = CONTENT) -> Artifact:
    server.files[name] = content
    return Artifact(
        name=name,
        url=f"{server.address}/{name}",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def get(artifact: Artifact, directory: Path) -> None:
    download(artifact, directory, base=directory, transport=Transport())


def locks(*artifacts: Artifact) -> Locks:
    packages = tuple(
        Package(name=f"p{number}", version="1", sdist=artifact) for number, artifact in enumerate(artifacts)
    )
    return Locks(target=Lock(packages=packages), build=None)


def fetched(artifacts: list[Artifact], directory: Path, environ: dict[str, str] | None = None) -> list[Path]:
    return fetch(
        locks(*artifacts),
        directory,
        base=directory.parent,
        crates=True,
        environ={"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", **(environ or {})},
        console=Console(quiet=True),
    )


def test_everything_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    artifacts = [offered(server, f"p{n}-1.tar.gz", CONTENT[n:]) for n in range(20)]
    paths = fetched(artifacts, tmp_path / "dl")
    assert {path.name: path.read_bytes() for path in paths} == server.files
    assert sorted(path.name for path in (tmp_path / "dl").iterdir()) == sorted(server.files)
    assert len(server.asked) == 20
    assert fetched(artifacts, tmp_path / "dl") == paths
    assert len(server.asked) == 20


def test_a_file_of_the_disk_is_copied(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(CONTENT)
    artifact = Artifact(name="a-1.tar.gz", path="a.tar.gz", sha256=hashlib.sha256(CONTENT).hexdigest())
    assert fetched([artifact], tmp_path / "dl")[0].read_bytes() == CONTENT
    with pytest.raises(FetchError, match="no such file"):
        fetched([replace(artifact, name="b-1.tar.gz", path="b")], tmp_path / "dl")


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": 5}, {"size": len(CONTENT) + 1}])
def test_another_file_than_the_locks_is_not_kept(server: Server, tmp_path: Path, change: dict) -> None:
    artifact = replace(offered(server), **change)
    with pytest.raises(FetchError, match=r"a-1\.tar\.gz"):
        fetched([artifact], tmp_path / "dl")
    if "sha256" in change:
        assert list((tmp_path / "dl").iterdir()) == []
    assert not (tmp_path / "dl" / "a-1.tar.gz").exists()


def test_a_wrong_file_that_is_there_is_told_and_stays(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    (tmp_path / "dl").mkdir()
    (tmp_path / "dl" / "a-1.tar.gz").write_bytes(b"mine")
    with pytest.raises(FetchError, match="4 bytes") as caught:
        fetched([artifact], tmp_path / "dl")
    assert "Remove it" in caught.value.hint
    assert (tmp_path / "dl" / "a-1.tar.gz").read_bytes() == b"mine"


def test_a_download_goes_on_where_it_was_broken_off(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    (tmp_path / ".a-1.tar.gz.part").write_bytes(CONTENT[:1000])
    get(artifact, tmp_path)
    assert server.asked[0][1] == "bytes=1000-"
    assert (tmp_path / "a-1.tar.gz").read_bytes() == CONTENT


def test_what_was_left_of_another_file_does_no_harm(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    (tmp_path / ".a-1.tar.gz.part").write_bytes(CONTENT * 2)
    get(artifact, tmp_path)
    assert (tmp_path / "a-1.tar.gz").read_bytes() == CONTENT
    (tmp_path / ".a-1.tar.gz.part").write_bytes(CONTENT * 2)
    get(replace(artifact, size=None), tmp_path)  # 416


def test_a_connection_that_ends_early_is_made_again(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    server.cut = 5000
    get(artifact, tmp_path)
    assert [asked[1] for asked in server.asked] == [None, "bytes=5000-"]
    assert (tmp_path / "a-1.tar.gz").read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    server: Server, tmp_path: Path
) -> None:
    artifact = offered(server)
    server.failures = [503, 429]
    get(artifact, tmp_path)
    server.failures, server.asked = [404], []
    with pytest.raises(FetchError, match="404"):
        get(artifact, tmp_path)
    assert len(server.asked) == 1


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="refused"):
        get(Artifact(name="a-1.tar.gz", url="http://127.0.0.1:9/a", sha256="0" * 64), tmp_path)
    with pytest.raises(FetchError, match="ftp is none"):
        get(Artifact(name="a-1.tar.gz", url="ftp://127.0.0.1/a", sha256="0" * 64), tmp_path)


def test_an_address_may_have_letters_of_any_language(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    server.files["d%C3%A9p%C3%B4t/a%2B1.tar.gz"] = CONTENT
    get(replace(artifact, url=f"{server.address}/dépôt/a%2B1.tar.gz"), tmp_path)
    assert (tmp_path / "a-1.tar.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("host", ["a..b", "a" * 100, "localhost:x", "%00"])
def test_what_is_no_address_is_told_at_once(tmp_path: Path, host: str) -> None:
    with pytest.raises(FetchError, match="no address that can be asked") as caught:
        get(Artifact(name="a-1.tar.gz", url=f"http://{host}/a-1.tar.gz", sha256="0" * 64), tmp_path)
    assert "changed by hand" in caught.value.hint


def test_users_and_passwords_reach_their_server_and_no_message(server: Server, tmp_path: Path) -> None:
    artifact = offered(server)
    host = server.address.removeprefix("http://")
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {host} login me password secret\n")
    netrc.chmod(0o600)
    basic = "Basic bWU6c2VjcmV0"
    for found in (
        transport_of({"NETRC": str(netrc)}, []),
        transport_of({}, ["--index-url", f"http://me:secret@{host}/simple"]),
    ):
        download(artifact, tmp_path, base=tmp_path, transport=found)
        assert server.asked[-1][2] == basic
    (tmp_path / "latin").write_bytes(b"machine x login \xe9 password x\n")
    assert transport_of({"NETRC": str(tmp_path / "latin")}, []).credentials.keys() <= {"x"}
    get(replace(artifact, url=artifact.url.replace("//", "//me:secret@")), tmp_path)
    assert server.asked[-1][2] == basic
    with pytest.raises(FetchError) as caught:
        get(replace(artifact, url=f"http://me:secret@{host}/none"), tmp_path)
    assert "secret" not in caught.value.message


def test_the_size_of_what_is_on_a_server(server: Server) -> None:
    artifact = offered(server)
    assert content_length(artifact.url, Transport()) == len(CONTENT)
    assert content_length(f"{server.address}/none", Transport()) is None
