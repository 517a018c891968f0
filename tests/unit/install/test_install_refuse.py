"""What is refused, and that nothing is written then."""

from __future__ import annotations

import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from wheelmaker import DATA, digest, entry, make_target, names, tree

from crosspy.errors import CrosspyError, UsageError, WheelRefusedError

SITE = "usr/lib/python3.11/site-packages"


@pytest.fixture(autouse=True)
def _nothing_is_written(root: Path, tmp_path: Path):
    """Compare the image, and what is beside it, before and after each of these tests."""
    yield
    assert tree(tmp_path / "outside") == {"valuable": tree(tmp_path / "outside")["valuable"]}
    if not (root / ".allowed").exists():
        assert names(root) == []


def refused(install, path, **options) -> WheelRefusedError:
    with pytest.raises(WheelRefusedError) as caught:
        install(path, **options)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "tag",
    [
        "cp312-cp312-linux_aarch64",
        "cp311-cp311-linux_x86_64",
        "cp311-cp311t-linux_aarch64",
        "cp311-cp311-manylinux_2_37_aarch64",
        "cp311-cp311-musllinux_1_1_aarch64",
        "cp312-abi3-linux_aarch64",
        "pp39-pypy39_pp73-linux_aarch64",
        "py2-none-any",
        "cp311-cp311-win_amd64",
    ],
)
def test_tags_that_do_not_fit(install, wheel, tag):
    error = refused(install, wheel(tag=tag))
    assert tag in error.message
    assert "cp311-cp311-linux_aarch64" in error.message


def test_name_and_wheel_file_disagree(install, wheel):
    error = refused(install, wheel(wheel_tags="cp311-cp311-linux_aarch64"))
    assert "py3-none-any" in error.message
    assert "cp311-cp311-linux_aarch64" in error.message


def test_wheel_file_without_tags(install, wheel):
    assert "nothing" in refused(install, wheel(wheel_tags="")).message


@pytest.mark.parametrize("version", ["2.0", "", "x", "1"])
def test_unknown_format(install, wheel, version):
    assert "Wheel-Version" in refused(install, wheel(wheel_version=version)).message


def test_name_and_metadata_disagree(install, wheel):
    assert "evil" in refused(install, wheel(metadata_name="evil")).message
    assert "2.0" in refused(install, wheel(metadata_version="2.0")).message
    assert "nonsense" in refused(install, wheel(metadata_version="nonsense")).message


def test_name_that_is_a_path(install, wheel):
    """``..`` and ``-`` are one canonical name; only the first is a directory outside of the headers'."""
    path = wheel(name="-", dist="a-1.0", metadata_name="..", file_name="_-1.0-py3-none-any.whl")
    refused(install, path)


@pytest.mark.parametrize(
    "name", ["demo-1.0.whl", "demo.whl", "demo-x!-py3-none-any.whl", "demo-1.0-py3-none.whl"]
)
def test_not_a_wheels_name(install, wheel, name):
    assert "name of a wheel" in refused(install, wheel(file_name=name)).message


def test_python_that_is_too_old(install, wheel):
    error = refused(install, wheel(metadata="Requires-Python: >=3.12\n"))
    assert "3.11.2" in error.message


# ------------------------------------------------------------------------------------------------------ RECORD


def test_record_is_absent(install, wheel):
    path = wheel()
    kept = {}
    with zipfile.ZipFile(path) as archive:
        kept = {
            info.filename: archive.read(info) for info in archive.infolist() if "RECORD" not in info.filename
        }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    assert "RECORD" in refused(install, path).message


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace("demo/__init__.py,sha256=", "demo/__init__.py,sha256=A"), "match"),
        (lambda text: text.replace(",6\n", ",7\n"), "match"),
        (lambda text: text.replace("demo/__init__.py", "demo/other.py"), "demo/other.py"),
        (
            lambda text: "\n".join(line for line in text.splitlines() if "__init__" not in line) + "\n",
            "not mentioned",
        ),
        (lambda text: text.replace("sha256=", "md5="), "md5"),
        (lambda text: text.splitlines()[0] + "0\n" + text, "twice"),
        (lambda text: text + "demo/absent.py,,\n", "absent"),
        (lambda text: text + "one,two\n", "3 elements"),
        (lambda _: "", "not mentioned"),
        (lambda text: text.replace(f",{digest(b'x = 1' + bytes([10]))},6", ",,"), "not included"),
    ],
)
def test_record_does_not_match(install, wheel, change, word):
    assert word in refused(install, wheel(record=change)).message


def test_file_that_is_not_in_record(install, wheel):
    path = wheel(extra=lambda archive: archive.writestr("demo/evil.py", "evil"))
    assert "demo/evil.py" in refused(install, path).message


# ----------------------------------------------------------------------------------------------------- entries


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "demo/../../evil",
        "/etc/evil",
        "demo\\..\\evil",
        "C:/evil",
        "C:evil",
        "demo//evil",
        "./evil",
        "demo/./evil",
        "demo/\x1bevil",
        "demo/new\nline",
        "x" * 256,
        "demo/..",
        "{dist}.data/scripts/../../evil",
        "{dist}.data/data/../../../../evil",
        "{dist}.data/evil/x",
        "{dist}.data/x",
        "other-1.0.data/scripts/x",
        "{dist}.data/purelib/other-1.0.dist-info/RECORD",
        "other-1.0.dist-info/METADATA",
    ],
)
def test_hostile_path(install, wheel, name):
    refused(install, wheel(files={"demo/__init__.py": "", name: "evil"}))


def test_nul_in_a_name(install, wheel):
    path = wheel(files={"demo/aXb": ""})
    path.write_bytes(path.read_bytes().replace(b"demo/aXb", b"demo/a\0b"))
    refused(install, path)


def test_hostile_dist_info(install, wheel):
    for stem in (
        "..-1.0",
        "demo-1.0/x",
        "../demo-1.0",
        "demo-2.0",
        "demo",
        "evil-1.0",
        "demo-1.0\n",
        " demo-1.0",
    ):
        refused(install, wheel(dist=stem))


def test_no_dist_info(install, wheel):
    path = wheel()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo/__init__.py", "")
    assert "none" in refused(install, path).message


def test_symbolic_link_in_the_archive(install, wheel):
    path = wheel(files={"demo/link": (stat.S_IFLNK | 0o777, "/etc")})
    assert "symbolic link" in refused(install, path).message


def test_device_in_the_archive(install, wheel):
    refused(install, wheel(files={"demo/device": (stat.S_IFCHR | 0o666, "")}))


def test_duplicate_entries(install, wheel):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = wheel(extra=lambda archive: archive.writestr("demo/__init__.py", "x = 1\n"))
    assert "twice" in refused(install, path).message


def test_file_that_is_a_directory_too(install, wheel):
    refused(install, wheel(files={"demo": "", "demo/x.py": ""}))


def test_encrypted(install, wheel):
    path = wheel()
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    struct.pack_into("<H", raw, at + 8, 1)
    path.write_bytes(raw)
    assert "encrypted" in refused(install, path).message


def test_unusual_compression(install, wheel):
    path = wheel(extra=lambda archive: archive.writestr(entry("x", compress_type=zipfile.ZIP_LZMA), "x"))
    assert "deflated" in refused(install, path).message


def test_zip_bomb(install, wheel):
    path = wheel()
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 0xFFFFFFF0)
    path.write_bytes(raw)
    assert "zip bomb" in refused(install, path).message


def test_overlapping_entries(install, wheel):
    path = wheel()
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 20, 0x00FFFFFF)
    path.write_bytes(raw)
    assert "overlap" in refused(install, path).message


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100, b"PK\x05\x06" + bytes(18)])
def test_not_a_zip(install, wheel, content):
    path = wheel()
    path.write_bytes(content)
    refused(install, path)


def test_truncated(install, wheel):
    path = wheel()
    path.write_bytes(path.read_bytes()[:-30])
    refused(install, path)


def test_absent_file_and_directory(install, tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        install(tmp_path / "absent-1.0-py3-none-any.whl")
    with pytest.raises(UsageError, match="no such file"):
        install(tmp_path)


# ------------------------------------------------------------------------------------------------ entry points


@pytest.mark.parametrize(
    "line",
    [
        "../../evil = demo:main",
        "/bin/evil = demo:main",
        ".. = demo:main",
        ". = demo:main",
        "a/b = demo:main",
        "a\\b = demo:main",
        "a\x1bb = demo:main",
        f"{'x' * 300} = demo:main",
        "demo = demo",
        "demo = demo:main; import os",
        "demo = demo:main()",
        "demo = 1demo:main",
        "demo = demo..x:main",
        "demo = demo:main.",
        "demo = %(evil)s:main",
        "demo = demo:main\ndemo = demo:other",
        "demo = demo:main\n  import os",
        "= demo:main",
    ],
)
def test_hostile_entry_point(install, wheel, line):
    error = refused(install, wheel(entry_points=f"[console_scripts]\n{line}\n"))
    assert "entry_points.txt" in error.message


def test_entry_points_that_are_not_a_file_of_that_kind(install, wheel):
    refused(install, wheel(entry_points="no section = x\n"))


def test_entry_point_and_script_of_one_name(install, wheel):
    path = wheel(
        files={"demo/__init__.py": "", "{dist}.data/scripts/demo": "#!python\n"},
        entry_points="[console_scripts]\ndemo = demo:main\n",
    )
    assert "two of its files" in refused(install, path).message


# ----------------------------------------------------------------------------------------------- machine code


@pytest.mark.parametrize("machine", ["x86_64", "armhf", "s390x", "mips64el"])
def test_foreign_machine_code(install, wheel, machine):
    path = wheel(files={"demo/ext.so": (DATA / machine / "ext.so").read_bytes()})
    error = refused(install, path)
    assert "AArch64 (64 bit, little endian)" in error.message
    assert "demo/ext.so" in error.message


@pytest.mark.parametrize(
    ("tag", "name"),
    [("py3-none-any", "{dist}.data/scripts/demo"), ("cp311-cp311-linux_aarch64", "demo/tool")],
)
def test_foreign_programs(install, wheel, tag, name):
    path = wheel(tag=tag, files={name: (DATA / "armhf" / "python").read_bytes()})
    assert "AArch64 (64 bit, little endian)" in refused(install, path).message


def test_float_abi(install, wheel):
    armhf = make_target("arm", abi={"eabi": "5", "float": "hard"}, platform="linux-armv7l")
    files = {"demo/ext.so": (DATA / "armel" / "ext.so").read_bytes()}
    header = (DATA / "armel" / "ext.so").read_bytes()[36:40]
    if not struct.unpack("<I", header)[0] & 0x200:
        files = {"demo/python": (DATA / "armel" / "python").read_bytes()}
    assert "float" in refused(install, wheel(files=files), to=armhf).message


def test_damaged_machine_code(install, wheel):
    assert "damaged" in refused(install, wheel(files={"demo/ext.so": b"\x7fELF\x02\x01" + bytes(4)})).message


# ------------------------------------------------------------------------------------------------------- image


def allow(root: Path) -> None:
    (root / ".allowed").touch()


@pytest.mark.parametrize(
    "link", ["../../../../../outside", "../../outside", "../../../../../../../../../../tmp"]
)
def test_link_in_the_image_that_leaves_it(install, wheel, root, link):
    allow(root)
    (root / "usr").mkdir()
    (root / "usr/lib").symlink_to(link)
    before = tree(root)
    assert "outside the image" in refused(install, wheel()).message
    assert tree(root) == before


def test_links_in_a_circle(install, wheel, root):
    allow(root)
    (root / "usr").symlink_to("/usr2")
    (root / "usr2").symlink_to("usr")
    assert "circle" in refused(install, wheel()).message


def test_parent_that_is_a_file(install, wheel, root):
    allow(root)
    (root / "usr").write_text("")
    assert "not a directory" in refused(install, wheel()).message


def test_place_that_is_a_directory(install, wheel, root):
    allow(root)
    (root / SITE / "demo/__init__.py").mkdir(parents=True)
    assert "is a directory" in refused(install, wheel(), overwrite=True).message


def test_file_of_another_distribution(install, wheel, root):
    allow(root)
    install(wheel("other", files={"shared.py": "other\n"}))
    before = tree(root)
    error = refused(install, wheel(files={"shared.py": "demo\n"}))
    assert "belongs to other 1.0" in error.message
    assert f"/{SITE}/shared.py" in error.message
    assert tree(root) == before


def test_file_of_nobody(install, wheel, root):
    allow(root)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/demo").write_text("precious")
    path = wheel(entry_points="[console_scripts]\ndemo = demo:main\n")
    assert "/usr/bin/demo exists" in refused(install, path).message
    assert (root / "usr/bin/demo").read_text() == "precious"


def test_package_without_record(install, wheel, root):
    allow(root)
    info = root / SITE / "demo-0.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: demo\nVersion: 0.9\n")
    assert "RECORD" in refused(install, wheel()).message


def test_two_wheels_with_one_file(install, wheel, root):
    error = refused_many(install, wheel("one", files={"x.py": "1"}), wheel("two", files={"x.py": "2"}))
    assert "one-1.0" in error.message
    assert "two-1.0" in error.message


def refused_many(install, *paths) -> WheelRefusedError:
    with pytest.raises(WheelRefusedError) as caught:
        install(*paths)
    return caught.value


def test_one_bad_wheel_stops_all(install, wheel, root):
    refused_many(install, wheel("good"), wheel("bad", tag="cp312-cp312-linux_aarch64"))


def test_two_versions_of_one(install, wheel, root):
    with pytest.raises(UsageError, match="both demo"):
        install(wheel(), wheel(version="2.0"))


@pytest.mark.parametrize("prefix", ["usr", "../usr", "/usr/../../etc", "/a\nb"])
def test_prefix(install, wheel, prefix):
    with pytest.raises(UsageError, match="--prefix"):
        install(wheel(), prefix=prefix)


def test_interpreter(install, wheel):
    for bad in ("python3", "/usr/bin/python3\n"):
        with pytest.raises(UsageError, match="--interpreter"):
            install(wheel(), interpreter=bad)


def test_root(install, wheel, tmp_path):
    with pytest.raises(UsageError, match="not a directory"):
        install(wheel(), into=tmp_path / "absent")
    with pytest.raises(UsageError, match="this machine"):
        install(wheel(), into=Path("/"))


# ------------------------------------------------------------------------------------------------- by chance


def test_damage_of_any_kind(install, wheel, root, tmp_path):
    """A wheel with some bytes changed, cut or doubled is refused or installs; never anything else."""
    allow(root)
    source = wheel(
        files={
            "demo/__init__.py": "x = 1\n",
            "{dist}.data/scripts/demo": "#!python\n",
            "demo/data": bytes(range(256)),
        },
        entry_points="[console_scripts]\nother = demo:main\n",
        metadata="Requires-Dist: x>1\nRequires-Python: >=3.8\n",
    )
    raw = source.read_bytes()
    chance = random.Random(20240229)
    outcomes = set()
    for number in range(500):
        damaged = bytearray(raw)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(damaged))
            kind = chance.randrange(4)
            if kind == 0:
                damaged[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                damaged[at] = chance.choice((0, 0xFF, 0x2F, 0x2E))
            elif kind == 2 and number % 5 == 0:
                del damaged[at : at + chance.randrange(40)]
            elif number % 5 == 1:
                damaged[at:at] = damaged[at : at + chance.randrange(40)]
        source.write_bytes(damaged)
        try:
            install(source, overwrite=True)
            outcomes.add("installed")
        except CrosspyError as error:
            outcomes.add(type(error).__name__)
    assert "WheelRefusedError" in outcomes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image", "outside", "wheels"]
    inside = {name for name in names(root) if not name.startswith((f"{SITE}/demo", "usr/bin/", ".allowed"))}
    assert inside == set()


def test_damaged_metadata_with_a_right_record(install, wheel, root):
    """Like the above, behind the hashes: the texts themselves are hostile."""
    allow(root)
    chance = random.Random(7)
    alphabet = [
        "\n",
        ":",
        ";",
        "[",
        "]",
        "=",
        "%",
        "(",
        ")",
        "\x00",
        "é",
        "\u202e",
        "\ud7ff",
        "..",
        "/",
        "-",
        "1" * 5000,
        "extra",
    ]
    for _ in range(200):
        junk = "".join(chance.choice(alphabet) for _ in range(chance.randrange(12)))
        kwargs = chance.choice(
            [
                {"metadata": f"Requires-Dist: {junk}\n"},
                {"metadata": f"Requires-Python: {junk}\n"},
                {"metadata": f"Requires-Dist: a; python_version {junk}\n"},
                {"metadata_version": junk},
                {"metadata_name": junk},
                {"wheel_tags": junk},
                {"wheel_version": junk},
                {"entry_points": f"[console_scripts]\nx = {junk}\n"},
                {"entry_points": junk},
                {"record": lambda text, junk=junk: text + junk},
            ]
        )
        try:
            install(wheel(**kwargs), overwrite=True)
        except CrosspyError:
            continue
