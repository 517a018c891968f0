"""A project of the index: its newest source distribution, and what that says of itself."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import random
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosspy.build import sdist
from crosspy.build.contents import read_contents
from crosspy.build.index import find_sdist
from crosspy.build.portable import build_files
from crosspy.build.project import read_project
from crosspy.errors import BuildFailedError, FetchError, ResolveError, UsageError
from crosspy.model.lock import Artifact

PAGES: dict[str, tuple[str, str | bytes]] = {}
A, B = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """The variables of a user whose index is a small server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_args):
            pass

        def do_GET(self):
            if self.path not in PAGES:
                self.send_error(404)
                return
            kind, text = PAGES[self.path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text if isinstance(text, bytes) else text.encode())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield {
            "PATH": "/usr/bin:/bin",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": f"http://127.0.0.1:{running.server_port}/simple",
        }
        running.shutdown()
        thread.join()


def page(name: str, *files: dict) -> None:
    PAGES[f"/simple/{name}/"] = (
        "application/vnd.pypi.simple.v1+json",
        json.dumps(
            {"files": [{"url": f"../f/{one['filename']}", "hashes": {"sha256": A}, **one} for one in files]}
        ),
    )


def test_the_newest_sdist_that_is_wanted(environ: dict[str, str]) -> None:
    names = (
        "p_q-1.0.tar.gz",
        "p_q-1.10.tar.gz",
        "p_q-2.0b1.tar.gz",
        "p_q-3.0-py3-none-any.whl",
        "other-9.tar.gz",
        "x.exe",
    )
    page(
        "p-q",
        *({"filename": name, "size": 5} for name in names),
        {"filename": "p_q-4.0.tar.gz", "yanked": "bad"},
    )
    version, artifact = find_sdist("P.Q", environ=environ)
    assert (str(version), artifact.name, artifact.sha256, artifact.size) == ("1.10", "p_q-1.10.tar.gz", A, 5)
    assert artifact.url == environ["PIP_INDEX_URL"] + "/f/p_q-1.10.tar.gz"
    assert find_sdist("p-q==2.0b1", environ=environ)[1].name == "p_q-2.0b1.tar.gz"
    assert find_sdist("p-q<1.5", environ=environ)[1].name == "p_q-1.0.tar.gz"
    with pytest.raises(ResolveError, match=r"newest are 1\.0, 1\.10, 2\.0b1"):
        find_sdist("p-q==4.0", environ=environ)


def test_what_a_build_runs_is_brought_with_what_it_needs(environ: dict[str, str], tmp_path: Path) -> None:
    """A wheel for any machine before others and source distributions; what has a recipe is not looked for."""
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        text = "Requires-Dist: sdist-only\nRequires-Dist: known\nRequires-Dist: win; os_name == 'nt'\n"
        archive.writestr("tool-2.dist-info/METADATA", f"Metadata-Version: 2.1\n{text}")
    source = packed(tmp_path, {"PKG-INFO": "Name: sdist-only\n"}, "sdist_only-1.tar.gz")[0].read_bytes()
    for name, files in {
        "tool": {"tool-2-py3-none-any.whl": wheel.getvalue(), "tool-3-cp314-cp314-linux_x86_64.whl": b"", "tool-3.tar.gz": b""},
        "sdist-only": {"sdist_only-1.tar.gz": source},
    }.items():  # fmt: skip
        hashes = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
        page(name, *({"filename": file, "hashes": {"sha256": digest}} for file, digest in hashes.items()))
        PAGES.update(
            {f"/simple/f/{file}": ("application/octet-stream", data) for file, data in files.items()}
        )
    known = {"known": "1", "setuptools": "", "tool": "1.9"}
    found, needed = build_files(["tool>=2", "known"], known, tmp_path, environ=environ)
    assert [one.name for one in found.values()] == ["sdist_only-1.tar.gz", "tool-2-py3-none-any.whl"]
    assert needed == {"known", "setuptools"}
    assert build_files(["tool>=1.9"], known, tmp_path, environ=environ) == ({}, {"tool"})
    assert build_files(["tool", "tool>=2"], known, tmp_path, environ=environ) == (
        found,
        {"known", "setuptools"},
    )


def test_an_index_of_plain_html_will_do(environ: dict[str, str]) -> None:
    PAGES["/simple/h/"] = (
        "text/html",
        f'<a href="/f/h-1.tar.gz#sha256={B}">h</a><a data-yanked="" href="h-2.tar.gz#sha256={B}">h</a><a href="h-3.tar.gz#md5={B}">no</a>',
    )
    assert find_sdist("h", environ=environ)[1].sha256 == B


def test_what_cannot_be_had_is_told(environ: dict[str, str]) -> None:
    with pytest.raises(ResolveError, match="no such project"):
        find_sdist("nobody", environ=environ)
    with pytest.raises(UsageError, match="no requirement"):
        find_sdist("../x", environ=environ)
    kind = "application/vnd.pypi.simple.v1+json"
    for text in (
        "{",
        "[]",
        '{"files": 3}',
        '{"files": [3]}',
        '{"files": [{}]}',
        '{"files": [{"filename": 3}]}',
        '{"files": [{"filename": "broken-1.tar.gz", "hashes": []}]}',
        '{"files": [{"filename": "broken-1.tar.gz", "hashes": {"sha256": "a"}, "url": 3}]}',
        '{"files": [{"filename": "broken-1.tar.gz", "hashes": {"sha256": "a"}, "url": "http://[x"}]}',
        "[" * 100_000,
        "9" * 5000,
    ):
        PAGES["/simple/broken/"] = (kind, text)
        with pytest.raises(FetchError, match="cannot be read"):
            find_sdist("broken", environ=environ)
    with pytest.raises(FetchError, match="refused"):
        find_sdist("p", environ={**environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"})


def packed(tmp_path: Path, files: dict[str, str], name: str = "p-1.0.tar.gz") -> tuple[Path, Artifact]:
    path = tmp_path / name
    with tarfile.open(path, "w:gz") as archive:
        for member, text in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path, Artifact(name=name, url=f"https://index.invalid/{name}", sha256=A)


METADATA = """Metadata-Version: 2.4
Name: P.Q
Version: 1.0
Summary: does
  this
License-Expression: MIT
License-File: LICENSE
License-File: licenses/*
Project-URL: Bug Tracker, https://x.invalid/bugs
Project-URL: Homepage, https://x.invalid
Requires-Dist: one>=1
Requires-Dist: win; sys_platform == "win32"
Requires-Dist: old; python_version < "3.8"
Requires-Dist: soon; python_version >= "3.13"
Requires-Dist: more; extra == "x"
"""


def test_what_a_recipe_needs_is_read(tmp_path: Path) -> None:
    licence = "do what is right"
    path, artifact = packed(
        tmp_path,
        {
            "p-1.0/PKG-INFO": METADATA,
            "p-1.0/LICENSE": licence,
            "p-1.0/NOTICE": "",
            "p-1.0/pyproject.toml": '[build-system]\nrequires = ["Maturin>=1", "x; sys_platform == \'win32\'"]\nbuild-backend = "maturin"\n',
            "p-1.0/rust/Cargo.lock": f'[[package]]\nname = "n"\nversion = "1.0.0"\nsource = "registry+https://x.invalid"\nchecksum = "{B}"\n',
        },
    )
    found = read_project(path, artifact)
    assert (found.name, found.version, found.summary, found.licence) == ("p-q", "1.0", "does this", "MIT")
    assert (found.homepage, found.bugtracker) == ("https://x.invalid", "https://x.invalid/bugs")
    assert (found.backend, found.build_requires, found.requires) == ("maturin", ("maturin",), ("one", "soon"))
    (file,) = found.licence_files
    assert (file.path, file.sha256) == ("LICENSE", hashlib.sha256(licence.encode()).hexdigest())
    assert [crate.name for crate in found.crates] == ["n"]


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        ("Name: p\nVersion: 1\nLicense: MIT\nLicense-Expression: MIT\n", (4, 4)),
        ("Name: p\nVersion: 1\nLicense: Do what\n  is right.\n\n  and so on\n", (3, 4)),
        (
            "Name: p\nLicense: UNKNOWN\nVersion: 1\nClassifier: License :: A\nClassifier: License :: B\n",
            (4, 5),
        ),
        ("Name: p\nVersion: 1\n\nLicense: in the description\n", None),
    ],
)
def test_without_a_licence_file_lines_of_the_metadata_are_it(
    tmp_path: Path, headers: str, lines: tuple[int, int] | None
) -> None:
    found = read_project(*packed(tmp_path, {"p-1.0/PKG-INFO": headers}))
    assert found.licence_texts == ()
    assert [one.lines for one in found.licence_files] == ([lines] if lines else [])
    if lines:
        # As BitBake counts them: from 1, both included, with their ends.
        text = "".join(headers.splitlines(keepends=True)[lines[0] - 1 : lines[1]])
        assert found.licence_files[0].md5 == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("words", "crates"),
    [("'cffi', 'setuptools'", 0), ("'setuptools', 'Setuptools_Rust>=1'", 1), ("'milksnake'", 1)],
)
def test_a_crate_that_the_back_end_does_not_build_is_no_need(tmp_path: Path, words: str, crates: int) -> None:
    lock = f'[[package]]\nname = "n"\nversion = "1.0.0"\nsource = "registry+https://x.invalid"\nchecksum = "{B}"\n'
    system = f"[build-system]\nrequires = [{words}]\n"
    files = {"p-1.0/PKG-INFO": METADATA, "p-1.0/rust/Cargo.lock": lock, "p-1.0/pyproject.toml": system}
    path, artifact = packed(tmp_path, files)
    project = read_project(path, artifact)
    assert (len(project.crates), project.rust) == (crates, bool(crates))
    # A back end may ask for it only when it runs.
    assert len(read_contents(path).crates_for(["setuptools_rust"])) == 1


@pytest.mark.parametrize(
    ("names", "unlocked"),
    [
        (["Cargo.toml"], True),
        (["Cargo.toml", "Cargo.lock"], False),
        (["Cargo.toml", "vendor/x/.cargo-checksum.json"], False),
        (["setup.py"], False),
    ],
)
def test_whether_crates_are_locked(tmp_path: Path, names: list[str], unlocked: bool) -> None:
    path, _ = packed(tmp_path, {f"p-1.0/{name}": "" for name in names})
    assert read_contents(path).unlocked == unlocked


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ({"p-1.0/setup.py": ""}, BuildFailedError, "no PKG-INFO"),
        (
            {"p-1.0/PKG-INFO": METADATA, "p-1.0/pyproject.toml": "["},
            BuildFailedError,
            "pyproject.toml cannot be read",
        ),
        ({"p-1.0/PKG-INFO": METADATA, "p-1.0/Cargo.lock": "["}, BuildFailedError, "Cargo.lock is damaged"),
        ({"../../etc/PKG-INFO": METADATA}, FetchError, "lies outside"),
        ({"/etc/PKG-INFO": METADATA}, FetchError, "lies outside"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, files: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        read_project(*packed(tmp_path, files))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("p-1/s", "/etc", tarfile.SYMTYPE)], "a link to '/etc'"),
        ([("p-1/a/s", "../../x", tarfile.SYMTYPE)], "a link to"),
        ([("p-1/s", "..", tarfile.SYMTYPE)], "a link to"),
        ([("p-1/s", "a/../../x", tarfile.SYMTYPE)], "a link to"),
        ([("p-1/s", "d", tarfile.SYMTYPE), ("p-1/s/evil", "", tarfile.REGTYPE)], "behind a link"),
        ([("p-1/null", "", tarfile.CHRTYPE)], "neither a file"),
        ([("p-1/a/s", "../b", tarfile.SYMTYPE), ("p-1/h", "p-1/x", tarfile.LNKTYPE)], ""),
    ],
)
def test_links_that_lead_out_and_devices(
    tmp_path: Path, members: list[tuple[str, str, bytes]], said: str
) -> None:
    path = tmp_path / "p-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, link, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    if not said:
        sdist.check(path)
        return
    with pytest.raises(FetchError, match=said):
        sdist.check(path)


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 256, "too long"), ("y/" * 1100 + "z", "too long"), ("./", ""), ("", "outside")]
)
def test_names_that_no_file_system_takes(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / "p-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE if name == "./" else tarfile.REGTYPE
        archive.addfile(info)
    if not said:
        sdist.check(path)
        return
    with pytest.raises(FetchError, match=said):
        sdist.check(path)


def test_a_million_empty_files_are_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p-1.tar.gz"
    path.write_bytes(gzip.compress(tarfile.TarInfo("p-1/x").tobuf() * 500))
    sdist.check(path)
    monkeypatch.setattr(sdist, "_EXPANSION_BASE", 1 << 20)
    with pytest.raises(FetchError, match="too many files"):
        sdist.check(path)


@pytest.mark.parametrize("kind", [b"x", b"g", b"X", b"L", b"K"])
def test_a_header_is_not_read_whatever_its_size(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "p-1.tar.gz"
    info = tarfile.TarInfo("p-1/x")
    info.type, info.size = kind, 1 << 33
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)))
    with pytest.raises(FetchError, match="a header of 8589934592 bytes"):
        sdist.check(path)


def test_what_pip_takes_for_a_zip_is_read_as_one(tmp_path: Path) -> None:
    """A file can be that and a .tar.gz."""
    path, other = tmp_path / "p-1.tar.gz", tmp_path / "other"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("p-1/x"))
    with zipfile.ZipFile(other, "w") as zipped:
        zipped.writestr("../evil", "")
    sdist.check(path)
    path.write_bytes(path.read_bytes() + other.read_bytes())
    with pytest.raises(FetchError, match="outside"):
        sdist.check(path)


@pytest.mark.parametrize("ending", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_damage_anywhere_is_one_clear_error(tmp_path: Path, ending: str) -> None:
    """Some of it shows when a file is read, and not before."""
    noise = random.Random(1).randbytes(200_000).hex().encode()
    path = tmp_path / f"p-1.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("p-1/PKG-INFO", noise)
    else:
        with tarfile.open(path, f"w:{ending.removeprefix('tar.')}") as archive:  # type: ignore[call-overload]
            info = tarfile.TarInfo("p-1/PKG-INFO")
            info.size = len(noise)
            archive.addfile(info, io.BytesIO(noise))
    whole = path.read_bytes()
    said = 0
    for at in range(3, len(whole), len(whole) // 40):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        try:
            read_contents(path)
        except FetchError:
            said += 1
    assert said  # the checksums of gzip and xz are beyond what tarfile reads
    for end in range(1, len(whole) * 9 // 10, len(whole) // 40):
        path.write_bytes(whole[:end])
        with pytest.raises(FetchError, match="cannot read"):
            read_contents(path)


def test_a_bomb_is_told_before_it_goes_off(tmp_path: Path) -> None:
    path = tmp_path / "p-1.0.tar.gz"
    info = tarfile.TarInfo("p-1.0/zeros")
    info.size = 1 << 40
    path.write_bytes(gzip.compress(info.tobuf()))
    with pytest.raises(FetchError, match="a bomb"):
        read_project(path, Artifact(name=path.name, url="https://x.invalid", sha256=A))
    path.write_bytes(b"\x1f\x8b\x08damaged")
    with pytest.raises(FetchError, match="cannot read"):
        read_project(path, Artifact(name=path.name, url="https://x.invalid", sha256=A))
