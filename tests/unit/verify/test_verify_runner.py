from __future__ import annotations

import os

import pytest
from image_files import DATA

from crosspy.errors import UsageError
from crosspy.model import machine
from crosspy.model.python import TargetPython
from crosspy.model.target import Libc, Target
from crosspy.verify.expectation import from_target, libc_of_interpreter, libc_of_needed
from crosspy.verify.runner import choose, verify


def target(
    name: str = "aarch64", python: str = "3.11", suffix: str = ".cpython-311-aarch64-linux-gnu.so"
) -> Target:
    return Target(
        machine=machine.by_name(name),
        uname=name,
        triplet=f"{name}-linux-gnu",
        abi={},
        libc=Libc(kind="glibc", interpreter="/lib/ld-linux-aarch64.so.1"),
        python=TargetPython(
            version=python,
            full_version=python,
            hexversion=0,
            abiflags="",
            soabi="",
            ext_suffix=suffix,
            extension_suffixes=(suffix, ".abi3.so", ".so"),
            platform="",
            multiarch="",
            prefix="/usr",
            exec_prefix="/usr",
            platlibdir="lib",
            stdlib="",
            include="",
            platinclude="",
        ),
        types={},
        sysroot="",
    )


def test_against_a_target_description(make_image):
    result = verify(make_image(), target(), source="from target.json")
    assert result.findings == ()
    assert result.expectation.source == "from target.json"
    assert result.expectation == from_target(target(), source="from target.json")


def test_an_image_that_is_wrong_from_top_to_bottom(make_image):
    root = make_image("x86_64")
    assert verify(root).findings == ()
    findings = verify(root, target()).findings
    assert {finding.check for finding in findings} == {"XP101", "XP301"}
    assert "/usr/bin/python3.11" in {finding.path for finding in findings}


def test_an_image_with_another_python_than_the_target(make_image):
    findings = verify(
        make_image(), target(python="3.12", suffix=".cpython-312-aarch64-linux-gnu.so")
    ).findings
    assert {finding.check for finding in findings} == {"XP304"}


def test_packages_alone_need_a_target(tmp_path):
    path = tmp_path / "usr" / "lib" / "python3.11" / "site-packages" / "pure.py"
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(UsageError, match="no Python in it"):
        verify(tmp_path)
    assert verify(tmp_path, target()).findings == ()


@pytest.mark.parametrize("given", [None, target()])
def test_what_is_no_image(tmp_path, given):
    with pytest.raises(UsageError, match="not an image"):
        verify(tmp_path, given)
    with pytest.raises(UsageError, match="No such file"):
        verify(tmp_path / "missing", given)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="an empty file"):
        verify(tmp_path / "file", given)


def test_findings_come_in_order_and_the_same_each_time(make_image):
    files = {f"/usr/bin/{name}": DATA / "x86_64" / "python" for name in ("b", "a", "c")}
    root = make_image(files=files)
    assert [finding.path for finding in verify(root).findings] == ["/usr/bin/a", "/usr/bin/b", "/usr/bin/c"]
    assert verify(root) == verify(root)


def test_choosing_checks(make_image):
    root = make_image(
        files={"/usr/lib/python3.11/x.cpython-311-x86_64-linux-gnu.so": DATA / "x86_64" / "ext.so"}
    )
    assert [f.check for f in verify(root).findings] == ["XP101", "XP301"]
    assert [f.check for f in verify(root, select=["XP3"]).findings] == ["XP301"]
    assert [f.check for f in verify(root, ignore=["XP301", "XP2"]).findings] == ["XP101"]
    with pytest.raises(UsageError, match="XP999") as caught:
        choose(["XP999"], [])
    assert "XP101" in caught.value.hint


@pytest.mark.parametrize(
    ("interpreter", "expected"),
    [
        ("/lib/ld-linux-aarch64.so.1", "glibc"),
        ("/lib64/ld-linux-x86-64.so.2", "glibc"),
        ("/lib/ld64.so.1", "glibc"),
        ("/lib64/ld.so.1", "glibc"),
        ("/lib/ld-musl-armhf.so.1", "musl"),
        ("/lib/ld-uClibc.so.1", "uclibc"),
        ("/lib/ld64-uClibc.so.0", "uclibc"),
        ("/system/bin/linker64", ""),
        ("", ""),
    ],
)
def test_c_library_by_loader(interpreter, expected):
    assert libc_of_interpreter(interpreter) == expected


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        ("libc.so.6", "glibc"),
        ("libc.so.6.1", "glibc"),
        ("libc.musl-x86_64.so.1", "musl"),
        ("libc.so", "musl"),
        ("libc.so.1", "uclibc"),
        ("libm.so.6", ""),
        ("libcap.so.2", ""),
    ],
)
def test_c_library_by_needed_name(needed, expected):
    assert libc_of_needed(needed) == expected


def test_a_merged_usr_with_lib64(make_image):
    """Buildroot's and Yocto's layouts: /lib and /lib64 are links, /usr/lib64 too."""
    root = make_image("x86_64", {"/usr/lib/python3.11/site-packages/ext.abi3.so": DATA / "x86_64" / "ext.so"})
    for name in ("libc.so.6", "libgcc_s.so.1"):
        (root / "lib" / name).rename(root / "usr" / "lib" / name)
    (root / "lib64" / "ld-linux-x86-64.so.2").rename(root / "usr" / "lib" / "ld-linux-x86-64.so.2")
    for link, to in (("lib", "usr/lib"), ("lib64", "lib"), ("usr/lib64", "lib")):
        if (root / link).is_dir():
            (root / link).rmdir()
        (root / link).symlink_to(to)
    result = verify(root)
    assert result.findings == ()
    assert result.notes == ()


def test_what_cannot_be_read_is_no_success(make_image, monkeypatch):
    root = make_image(files={"/usr/lib/python3.11/secret.py": b"", "/var/cache/secret": b""})
    real = os.open

    def refuse(path, flags, *rest):
        if str(path).endswith(("secret.py", "secret")):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    assert [(f.path, f.check, f.severity.label) for f in verify(root).findings] == [
        ("/usr/lib/python3.11/secret.py", "XP002", "error"),
        ("/var/cache/secret", "XP002", "warning"),
    ]


def test_files_are_looked_at_not_read(make_image, monkeypatch):
    """The speed of it: one open and 64 bytes of what is no ELF file, a handful of small reads of what is.

    What Python loads is opened once more for its symbols: here the interpreter, the C library and the module.
    """
    root = make_image(files={f"/usr/share/doc/{number}": b"x" * 100_000 for number in range(50)})
    reads, opened = [], []
    real = {name: getattr(os, name) for name in ("open", "read", "pread")}
    monkeypatch.setattr(os, "open", lambda *given: opened.append(given[0]) or real["open"](*given))
    monkeypatch.setattr(os, "read", lambda fd, size: reads.append(size) or real["read"](fd, size))
    monkeypatch.setattr(os, "pread", lambda fd, size, at: reads.append(size) or real["pread"](fd, size, at))
    result = verify(root, target())
    assert result.counts.files == 56
    assert len(set(opened)) == 56
    assert len(opened) <= 56 + 3 + 1
    assert reads.count(64) >= 56
    assert len(reads) <= 56 + 5 * 8 + 4 * 14
    assert sum(size for size in reads if size < 1 << 20) <= 56 * 64 + 9 * 16384
