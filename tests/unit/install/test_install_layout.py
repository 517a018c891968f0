"""Where files go, how they look there, and what RECORD says of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from wheelmaker import DATA, debian, make_target, names, tree

from crosspy.errors import TargetDataError, WheelRefusedError
from crosspy.install import commit, staging
from crosspy.install.archive import check_wheel
from crosspy.install.image import open_image
from crosspy.install.scheme import target_scheme
from crosspy.install.staging import rewrite_shebang
from crosspy.install.wheel import DEFAULT_MTIME, target_interpreter

SITE = "usr/lib/python3.11/site-packages"

FILES = {
    "demo/__init__.py": "x = 1\n",
    "demo/tool": (0o100755, "#!/bin/sh\n"),
    "{dist}.data/purelib/pure.py": "p = 1\n",
    "{dist}.data/platlib/plat.py": "q = 1\n",
    "{dist}.data/headers/demo.h": "int x;\n",
    "{dist}.data/data/share/demo/text": "text\n",
    "{dist}.data/scripts/run-demo": "#!python\nprint(1)\n",
}


def records(root: Path, site: str = SITE, dist: str = "demo-1.0") -> dict[str, tuple[str, str]]:
    with (root / site / f"{dist}.dist-info/RECORD").open(newline="", encoding="utf-8") as file:
        return {row[0]: (row[1], row[2]) for row in csv.reader(file)}


def check_record(root: Path, site: str = SITE, dist: str = "demo-1.0") -> None:
    """Compare RECORD with the image, both ways."""
    rows = records(root, site, dist)
    seen = set()
    for path, (digest, size) in rows.items():
        there = Path(os.path.normpath(root / site / path))
        assert there.is_relative_to(root)
        seen.add(there.relative_to(root).as_posix())
        if path.endswith(".dist-info/RECORD"):
            assert (digest, size) == ("", "")
            continue
        content = there.read_bytes()
        encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={encoded}", str(len(content)))
    assert seen == set(names(root))


def test_posix(install, wheel, root):
    result = install(
        wheel(files=FILES, entry_points="[console_scripts]\ndemo = demo:main\n"),
        requested=frozenset({"demo"}),
    )
    info = f"{SITE}/demo-1.0.dist-info"
    assert names(root) == [
        "usr/bin/demo",
        "usr/bin/run-demo",
        "usr/include/python3.11/demo/demo.h",
        f"{info}/INSTALLER",
        f"{info}/METADATA",
        f"{info}/RECORD",
        f"{info}/REQUESTED",
        f"{info}/WHEEL",
        f"{info}/entry_points.txt",
        f"{SITE}/demo/__init__.py",
        f"{SITE}/demo/tool",
        f"{SITE}/plat.py",
        f"{SITE}/pure.py",
        "usr/share/demo/text",
    ]
    assert (root / info / "INSTALLER").read_text() == "crosspy\n"
    assert (root / info / "REQUESTED").read_text() == ""
    assert "../../../bin/demo" in records(root)
    assert "../../../include/python3.11/demo/demo.h" in records(root)
    check_record(root)
    (one,) = result.distributions
    assert (one.name, one.version, str(one.dist_info)) == ("demo", "1.0", f"/{info}")
    assert result.warnings == ()


def test_not_requested(install, wheel, root):
    install(wheel(), requested=frozenset({"other"}))
    assert not (root / SITE / "demo-1.0.dist-info/REQUESTED").exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_modes_and_times(install, wheel, root, umask):
    path = wheel(files=FILES, entry_points="[console_scripts]\ndemo = demo:main\n")
    old = os.umask(umask)
    try:
        install(path, mtime=1700000000)
    finally:
        os.umask(old)
    executable = {"usr/bin/demo", "usr/bin/run-demo", f"{SITE}/demo/tool"}
    for name, (kind, mode, mtime, _) in tree(root).items():
        assert mode == (0o755 if kind == "dir" or name in executable else 0o644), name
        assert mtime == 1700000000, name


def test_default_time(install, wheel, root):
    install(wheel())
    assert {mtime for _, _, mtime, _ in tree(root).values()} == {DEFAULT_MTIME}


def test_directories_that_exist_keep_their_mode(install, wheel, root):
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr").chmod(0o700)
    install(wheel())
    assert stat.S_IMODE((root / "usr").stat().st_mode) == 0o700


def test_lib64(install, wheel, root):
    target = make_target(platlibdir="lib64")
    install(wheel(files=FILES, purelib=False, tag="cp311-cp311-linux_aarch64"), to=target)
    site = "usr/lib64/python3.11/site-packages"
    assert (root / site / "demo/__init__.py").exists()
    assert (root / site / "plat.py").exists()
    assert (root / "usr/lib/python3.11/site-packages/pure.py").exists()
    assert "../../../lib/python3.11/site-packages/pure.py" in records(root, site)
    check_record(root, site)


def test_free_threaded(install, wheel, root):
    target = make_target(version="3.13", abiflags="t")
    install(wheel(tag="cp313-cp313t-linux_aarch64"), to=target)
    assert (root / "usr/lib/python3.13t/site-packages/demo/__init__.py").exists()
    with pytest.raises(WheelRefusedError):
        install(wheel("abi3", tag="cp39-abi3-linux_aarch64"), to=target)


def test_debian_system(install, wheel, root, target):
    install(wheel(files=FILES), to=debian(target))
    site = "usr/lib/python3/dist-packages"
    assert (root / site / "demo/__init__.py").exists()
    assert (root / "usr/bin/run-demo").exists()
    check_record(root, site)


def test_debian_local(install, wheel, root, target):
    install(wheel(files=FILES), to=debian(target), prefix="/usr/local/")
    site = "usr/local/lib/python3.11/dist-packages"
    assert (root / site / "demo/__init__.py").exists()
    assert (root / "usr/local/bin/run-demo").read_text().startswith("#!/usr/bin/python3\n")
    assert (root / "usr/local/share/demo/text").exists()
    check_record(root, site)


def test_debian_elsewhere(target):
    scheme = target_scheme(debian(target).python, "/opt/app")
    assert str(scheme.purelib) == "/opt/app/lib/python3.11/site-packages"


def test_debian_without_its_schemes(target):
    python = replace(target.python, debian_layout=True)
    assert str(target_scheme(python, "/usr").purelib) == "/usr/lib/python3/dist-packages"
    assert str(target_scheme(python, "/usr/local").platlib) == "/usr/local/lib/python3.11/dist-packages"


def test_schemes_of_python_3_14():
    python = make_target(
        version="3.14",
        schemes={
            "posix_prefix": {
                "purelib": "{base}/lib/{implementation_lower}{py_version_short}{abi_thread}/site-packages",
                "platlib": "{platbase}/{platlibdir}/{implementation_lower}{py_version_short}{abi_thread}/site-packages",
                "include": "{installed_base}/include/{implementation_lower}{py_version_short}{abiflags}",
                "scripts": "{base}/bin",
                "data": "{base}",
            }
        },
    ).python
    assert str(target_scheme(python, "/usr").purelib) == "/usr/lib/python3.14/site-packages"


@pytest.mark.parametrize(
    "path", ["{unknown}/x", "{base", "{base.__class__.__mro__[9]}", "relative", "{base}/../../x", "{0}"]
)
def test_scheme_that_cannot_be_used(path):
    python = make_target(schemes={"posix_prefix": {"purelib": path}}).python
    with pytest.raises(TargetDataError, match="posix_prefix"):
        target_scheme(python, "/usr")


def test_prefix(install, wheel, root):
    install(wheel(files=FILES), prefix="//opt//app/")
    assert (root / "opt/app/lib/python3.11/site-packages/demo/__init__.py").exists()
    assert (root / "opt/app/bin/run-demo").exists()
    check_record(root, "opt/app/lib/python3.11/site-packages")


def test_merged_usr_and_absolute_links(install, wheel, root):
    """/usr -> /system and lib64 -> lib, as images have them: they mean the image."""
    (root / "system/lib").mkdir(parents=True)
    (root / "usr").symlink_to("/system")
    (root / "system/lib64").symlink_to("lib")
    install(wheel(files=FILES, purelib=False), to=make_target(platlibdir="lib64"))
    assert (root / "system/lib/python3.11/site-packages/demo/__init__.py").exists()
    assert (root / "usr").is_symlink()
    before = tree(root)
    install(wheel(files=FILES, purelib=False), to=make_target(platlibdir="lib64"))
    assert tree(root) == before


def test_root_that_is_a_link(install, wheel, root, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(root)
    install(wheel(), into=link)
    assert (root / SITE / "demo/__init__.py").exists()


def test_data_directory_in_another_spelling(install, wheel, root):
    path = wheel(
        "demo_x", dist="Demo.X-1.0", metadata_name="Demo.X", files={"{dist}.data/scripts/x": "#!python\n"}
    )
    (one,) = install(path).distributions
    assert one.name == "Demo.X"
    assert (root / "usr/bin/x").exists()


# ----------------------------------------------------------------------------------------------------- shebangs


def test_shebangs(install, wheel, root):
    scripts = {
        "plain": "#!python\nx\n",
        "gui": "#!pythonw\nx\n",
        "arguments": "#!python -E\nx\n",
        "windows": "#!python\r\nx\n",
        "built": "#!/build/env/bin/python3.11\nx\n",
        "env": "#!/usr/bin/env python3\nx\n",
        "target": "#!/usr/bin/python3 -s\nx\n",
        "shell": "#!/bin/sh\nx\n",
        "binary": b"\x00\x01\xff",
        "empty": "",
    }
    files = {f"{{dist}}.data/scripts/{name}": content for name, content in scripts.items()}
    install(
        wheel(
            files=files, entry_points="[console_scripts]\nentry = demo:a.b\n[gui_scripts]\nwindow = demo:c\n"
        )
    )
    found = {path.name: path.read_bytes() for path in (root / "usr/bin").iterdir()}
    assert found["plain"] == found["gui"] == found["windows"] == found["built"] == b"#!/usr/bin/python3\nx\n"
    assert found["arguments"] == b"#!/usr/bin/python3 -E\nx\n"
    assert found["env"] == b"#!/usr/bin/env python3\nx\n"
    assert found["target"] == b"#!/usr/bin/python3 -s\nx\n"
    assert found["shell"] == b"#!/bin/sh\nx\n"
    assert found["binary"] == b"\x00\x01\xff"
    assert found["empty"] == b""
    assert found["entry"].startswith(b"#!/usr/bin/python3\n")
    assert b"from demo import a" in found["entry"]
    assert found["window"].startswith(b"#!/usr/bin/python3\n")


def test_chosen_interpreter(install, wheel, root):
    install(
        wheel(entry_points="[console_scripts]\ndemo = demo:main\n"), interpreter="/opt/python/bin/python3.11"
    )
    assert (root / "usr/bin/demo").read_text().startswith("#!/opt/python/bin/python3.11\n")


@pytest.mark.parametrize("interpreter", ["/" + "x" * 130 + "/python3", "/with space/python3"])
def test_interpreter_that_no_shebang_can_name(tmp_path, interpreter):
    """The lines are a shell script and a Python string at once."""
    real = tmp_path / interpreter[1:]
    real.parent.mkdir(parents=True)
    real.write_text('#!/bin/sh\necho "ran $0 $1"\n')
    real.chmod(0o755)
    script = tmp_path / "script"
    script.write_bytes(rewrite_shebang(b"#!python\nprint(1)\n", str(real)))
    script.chmod(0o755)
    assert max(map(len, script.read_bytes().splitlines()[:1])) <= 127
    assert (
        subprocess.run([script], capture_output=True, text=True, check=True).stdout
        == f"ran {real} {script}\n"
    )
    compile(script.read_bytes(), "script", "exec")


def test_default_interpreter(root, target):
    image = open_image(root)
    assert target_interpreter(image, target) == "/usr/bin/python3"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/python3.11").touch()
    assert target_interpreter(image, target) == "/usr/bin/python3.11"
    (root / "usr/bin/python3").symlink_to("/nowhere")
    assert target_interpreter(image, target) == "/usr/bin/python3"
    (root / "usr/bin/python3.13t").touch()
    assert target_interpreter(image, make_target(version="3.13", abiflags="t")) == "/usr/bin/python3.13t"


# ----------------------------------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize(
    "tag",
    [
        "cp311-cp311-linux_aarch64",
        "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64",
        "cp37-abi3-manylinux_2_28_aarch64",
        "py2.py3-none-any",
        "py3-none-manylinux2014_aarch64",
    ],
)
def test_tags_that_fit(install, wheel, tag):
    wheel_tags = ",".join(
        f"{a}-{b}-{c}"
        for a in tag.split("-")[0].split(".")
        for b in [tag.split("-")[1]]
        for c in tag.split("-")[2].split(".")
    )
    install(wheel(tag=tag, wheel_tags=wheel_tags))


def test_machine_code_that_fits(install, wheel, root):
    content = (DATA / "aarch64/ext.so").read_bytes()
    install(wheel(files={"demo/ext.cpython-311-aarch64-linux-gnu.so": content}))
    assert (root / SITE / "demo/ext.cpython-311-aarch64-linux-gnu.so").read_bytes() == content


def test_foreign_machine_code_on_demand(install, wheel, root):
    result = install(
        wheel(files={"demo/tool.so": (DATA / "x86_64/python").read_bytes()}), allow_foreign_elf=True
    )
    assert "x86-64" in result.warnings[0]


def test_programs_for_several_machines(install, wheel, root):
    files = {
        f"demo/tool{machine}": (DATA / machine / "python").read_bytes() for machine in ("armhf", "aarch64")
    }
    assert not install(wheel(files=files)).warnings
    assert (root / SITE / "demo/toolarmhf").exists()


def test_unknown_patch_release(wheel, target):
    unknown = replace(target, python=replace(target.python, full_version="3.11"))
    check_wheel(wheel(metadata="Requires-Python: >=3.11.4\n"), unknown)
    check_wheel(wheel(metadata="Requires-Python: nonsense\n"), unknown)


def test_shipped_bytecode_is_left_out(install, wheel, root):
    result = install(
        wheel(files={"demo/__init__.py": "", "demo/__pycache__/__init__.cpython-311.pyc": "evil"})
    )
    assert "__pycache__" in result.warnings[0]
    check_record(root)


def test_signature_of_record(install, wheel, root):
    path = wheel(extra=lambda archive: archive.writestr("demo-1.0.dist-info/RECORD.jws", "signature"))
    install(path)
    check_record(root)


def test_many_wheels(install, wheel, root):
    result = install(wheel("one"), wheel("two"), wheel("three"))
    assert [one.name for one in result.distributions] == ["one", "two", "three"]


# --------------------------------------------------------------------------------------------------- all or nothing


@pytest.mark.parametrize("after", range(8))
def test_failure_in_the_middle(install, wheel, root, monkeypatch, after):
    """A full disk at any file: the image is as it was, the earlier version with it."""
    install(wheel(version="0.9", files={"demo/__init__.py": "old\n", "demo/old.py": "old\n", "olddir/x": ""}))
    before = {name: entry for name, entry in tree(root).items() if entry[0] != "dir"}
    count = 0
    copy = commit.shutil.copyfileobj

    def full(*arguments):
        nonlocal count
        count += 1
        if count > after:
            raise OSError(28, "No space left on device", "file")
        copy(*arguments)

    monkeypatch.setattr(commit.shutil, "copyfileobj", full)
    path = wheel(files=FILES)
    with pytest.raises(WheelRefusedError, match="No space left on device; the image is as it was"):
        install(path)
    assert {name: entry for name, entry in tree(root).items() if entry[0] != "dir"} == before
    assert not (root / "usr/share").exists()


def test_interruption(install, wheel, root, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commit.os, "fchmod", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install(wheel())
    assert tree(root) == {}


def test_paths_of_the_result(install, wheel):
    (one,) = install(wheel()).distributions
    assert PurePosixPath(f"/{SITE}/demo/__init__.py") in one.files


def test_failure_at_the_very_end(install, wheel, root, monkeypatch):
    """Directories that the old version leaves empty are there again, with their modes and times."""
    install(wheel(version="0.9", files={"demo/old/deep/x.py": ""}), mtime=7)
    (root / SITE / "demo/old").chmod(0o750)
    before = tree(root)

    def fail(*_):
        raise OSError(5, "Input/output error", "x")

    monkeypatch.setattr(commit._Journal, "settle", fail)
    with pytest.raises(WheelRefusedError, match="as it was"):
        install(wheel())
    assert tree(root) == before


def test_what_cannot_be_taken_back_is_named(install, wheel, root, monkeypatch):
    install(wheel(version="0.9", files={"demo/__init__.py": "old\n"}))

    def fail(*_):
        raise OSError(28, "No space left on device")

    move = commit.shutil.move

    def move_away_only(source, target):
        if ".crosspy-" in str(source):
            raise OSError(28, "No space left on device")
        return move(source, target)

    monkeypatch.setattr(commit.shutil, "copyfileobj", fail)
    monkeypatch.setattr(commit.shutil, "move", move_away_only)
    with pytest.raises(WheelRefusedError, match=r"could not be restored: .*demo/__init__\.py"):
        install(wheel())
    (backup,) = root.glob(".crosspy-*")
    assert any(path.read_text() == "old\n" for path in backup.iterdir())


def test_no_room_beside_the_image(install, wheel, root, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging, "copyfileobj_with_hashing", fail)
    with pytest.raises(WheelRefusedError, match="No space left on device") as caught:
        install(wheel())
    assert "TMPDIR" in caught.value.hint
    assert tree(root) == {}


def test_many_at_once(install, wheel, root):
    """Installers take turns: none sees another's half."""
    paths = [wheel(f"demo{number}", files={f"space/m{number}.py": "x\n" * number}) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(install, paths * 3))) == 24
    assert len(list((root / SITE / "space").iterdir())) == 8
    assert not list(root.glob(".crosspy*"))


def test_root_as_prefix(install, wheel, root):
    install(wheel(files=FILES), prefix="/")
    assert (root / "lib/python3.11/site-packages/demo/__init__.py").exists()
    assert (root / "bin/run-demo").exists()
    assert (root / "share/demo/text").exists()
    check_record(root, "lib/python3.11/site-packages")


def test_line_that_record_has_twice(install, wheel, root):
    """Old tools wrote such; it says nothing wrong."""
    install(wheel(record=lambda text: text.splitlines()[0] + "\n" + text))
    check_record(root)


def test_files_that_only_installers_write(install, wheel, root):
    names_ = ("INSTALLER", "REQUESTED", "direct_url.json")
    install(wheel(files={f"{{dist}}.dist-info/{name}": "mine" for name in names_} | {"demo.py": ""}))
    assert (root / SITE / "demo-1.0.dist-info/INSTALLER").read_text() == "crosspy\n"
    assert not (root / SITE / "demo-1.0.dist-info/REQUESTED").exists()
    assert not (root / SITE / "demo-1.0.dist-info/direct_url.json").exists()
    check_record(root)
