"""Build paths leave the text files of a wheel."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from sample_targets import ELF

ROOT = "/home/me/build/env"


def record(members: dict[str, bytes]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        writer.writerow([name, f"sha256={digest}", len(data)])
    writer.writerow(["p-1.dist-info/RECORD", "", ""])
    return text.getvalue().encode()


def make_wheel(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate({**members, "p-1.dist-info/RECORD": record(members)}.items()):
            info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 2 * (number % 30)))
            info.external_attr = (0o755 if number == 0 else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


@pytest.fixture
def scrub(shims, monkeypatch):
    for name in ("CROSSPY_SOURCE", "CROSSPY_ISOLATED"):
        monkeypatch.delenv(name, raising=False)
    module = shims().load("scrub")
    monkeypatch.setattr(module, "ROOT", ROOT)
    return module


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"{ROOT}/crosspy/tools/aarch64-linux-gnu-gcc -O2", "aarch64-linux-gnu-gcc -O2"),
        (f"#!{ROOT}/bin/python", "#!/usr/bin/python3.11"),
        (f"x = '{ROOT}/lib'", "x = '/usr/lib'"),
        ("-I/opt/sysroot/usr/include", "-I/usr/include"),
        ("/src/project/x.c", "./x.c"),
        ("/tmp/pip-build-env-a1/overlay/bin/cython", "/build-env/overlay/bin/cython"),
        (f"#!{Path(sys.executable).parent}/python3 -I", "#!/usr/bin/python3.11 -I"),
        ("/usr/bin/gcc", "/usr/bin/gcc"),
        ("/opt/sysro", "/opt/sysro"),
        ("", ""),
    ],
)
def test_paths(scrub, tmp_path, monkeypatch, given, expected):
    monkeypatch.setenv("CROSSPY_SOURCE", "/src/project")
    monkeypatch.setenv("CROSSPY_ISOLATED", "/tmp/pip-build-env-a1")
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/config.py": f"{given}\n".encode()})
    changed = scrub.scrub(str(wheel))
    assert changed == (["p/config.py"] if given != expected else [])
    assert contents(wheel)["p/config.py"] == f"{expected}\n".encode()


@pytest.mark.parametrize("form", ["/src/a+b c", "/src/a+b%20c", "/src/a%2Bb%20c"])
def test_a_path_as_a_url_has_it(scrub, tmp_path, monkeypatch, form):
    monkeypatch.setenv("CROSSPY_SOURCE", "/src/a+b c")
    wheel = make_wheel(tmp_path / "p.whl", {"x.json": f"path+file://{form}/lib#1".encode()})
    scrub.scrub(str(wheel))
    assert contents(wheel)["x.json"] == b"path+file://./lib#1"


def test_where_a_back_end_put_it_together_is_where_it_will_be(scrub, tmp_path):
    """CMake's CMAKE_INSTALL_PREFIX, in the .pc file of spglib."""
    staging = f"{tempfile.gettempdir()}/tmp00000002"
    text = f"-L{staging}/wheel/platlib/p/lib -I{staging}/build;{staging}0/x {tempfile.gettempdir()}/x\n"
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/p.pc": text.encode()})
    scrub.scrub(str(wheel))
    assert contents(wheel)["p/p.pc"].decode() == (
        f"-L/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/p/lib -I/build-tmp/build;"
        f"{staging}0/x {tempfile.gettempdir()}/x\n"
    )


def test_an_environment_in_a_temporary_directory_is_known_by_its_name(scrub, tmp_path, monkeypatch):
    root = f"{tempfile.gettempdir()}/tmp00000002/env"
    monkeypatch.setattr(scrub, "ROOT", root)
    monkeypatch.setenv("CROSSPY_SOURCE", f"{tempfile.gettempdir()}/tmp00000003")
    text = f"{root}/lib {tempfile.gettempdir()}/tmp00000003/x.c\n"
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/p.txt": text.encode()})
    scrub.scrub(str(wheel))
    assert contents(wheel)["p/p.txt"] == b"/usr/lib ./x.c\n"


def test_the_record_is_right(scrub, tmp_path):
    members = {
        "p/a.py": f"{ROOT}\n".encode(),
        "p/b, c.py": f"{ROOT} {ROOT}\n".encode(),
        "p/d.py": b"nothing\n",
    }
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", members)
    assert scrub.scrub(str(wheel)) == ["p/a.py", "p/b, c.py"]
    found = contents(wheel)
    assert found.pop("p-1.dist-info/RECORD") == record(found)


def test_nothing_else_changes(scrub, tmp_path):
    members = {"p/tool": f"#!{ROOT}/bin/python\n".encode(), "p/d.py": b"nothing\n", "p/e.py": b"x" * 5000}
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", members)

    def facts():
        with zipfile.ZipFile(wheel) as archive:
            return [(i.filename, i.date_time, i.external_attr, i.compress_type) for i in archive.infolist()]

    before = facts()
    scrub.scrub(str(wheel))
    assert facts() == before
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_a_clean_wheel_is_not_written(scrub, tmp_path):
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/a.py": b"x\n"})
    before = (wheel.read_bytes(), wheel.stat().st_ino, wheel.stat().st_mtime_ns)
    assert scrub.scrub(str(wheel)) == []
    assert (wheel.read_bytes(), wheel.stat().st_ino, wheel.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("p/ext.so", (ELF / "aarch64" / "ext.so").read_bytes() + ROOT.encode()),
        ("p/libx.a", ROOT.encode()),
        ("p/program", (ELF / "aarch64" / "ext.so").read_bytes() + ROOT.encode()),
        ("p/data.bin", b"\0\1" + ROOT.encode()),
        ("p/picture.png", ROOT.encode()),
        ("p/__pycache__/a.pyc", ROOT.encode()),
    ],
)
def test_binaries_are_left_alone(scrub, tmp_path, name, data):
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {name: data})
    assert scrub.scrub(str(wheel)) == []
    assert contents(wheel)[name] == data


def test_longer_paths_first(scrub, tmp_path, monkeypatch):
    """A project inside the environment's directory, and a sysroot inside the project."""
    monkeypatch.setenv("CROSSPY_SOURCE", f"{ROOT}/src/project")
    wheel = make_wheel(
        tmp_path / "p-1-py3-none-any.whl", {"a.py": f"{ROOT}/src/project/x {ROOT}/lib\n".encode()}
    )
    scrub.scrub(str(wheel))
    assert contents(wheel)["a.py"] == b"./x /usr/lib\n"


def test_twice_is_once(scrub, tmp_path):
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"a.py": f"{ROOT}/lib\n".encode()})
    scrub.scrub(str(wheel))
    before = wheel.read_bytes()
    assert scrub.scrub(str(wheel)) == []
    assert wheel.read_bytes() == before


def test_short_names_are_never_replaced(scrub, tmp_path, monkeypatch):
    """A build in / or /x would otherwise take every slash away."""
    monkeypatch.setenv("CROSSPY_SOURCE", "/")
    monkeypatch.setenv("CROSSPY_ISOLATED", "/x")
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"a.py": b"/a/b/x/c\n"})
    assert scrub.scrub(str(wheel)) == []


def test_a_file_that_is_nothing_but_a_path(scrub, tmp_path):
    """The sysroot's becomes an empty text, and still the recorded one."""
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/sysroot.txt": b"/opt/sysroot"})
    scrub.scrub(str(wheel))
    found = contents(wheel)
    assert found.pop("p-1.dist-info/RECORD") == record(found)
    assert found["p/sysroot.txt"] == b""


@pytest.mark.parametrize("text", [f"{ROOT}2/lib", "/opt/sysroots/x"])
def test_neighbours_are_not_meant(scrub, tmp_path, text):
    wheel = make_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/a.py": text.encode()})
    scrub.scrub(str(wheel))
    assert contents(wheel)["p/a.py"] == text.encode()
