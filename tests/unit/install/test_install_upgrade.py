"""Over what is there: upgrades, re-installation, files of others."""

from __future__ import annotations

from pathlib import Path

from test_install_layout import SITE, check_record
from wheelmaker import debian, names, tree

INFO = f"{SITE}/demo-1.0.dist-info"


def test_upgrade_leaves_nothing(install, wheel, root):
    old = {
        "demo/__init__.py": "old\n",
        "demo/gone.py": "",
        "demo/sub/deep/x.py": "",
        "gone.py": "",
        "{dist}.data/scripts/gone": "#!python\n",
    }
    install(wheel(files=old, entry_points="[console_scripts]\ngone2 = demo:x\n"))
    cache = root / SITE / "demo/sub/deep/__pycache__"
    cache.mkdir()
    (cache / "x.cpython-311.pyc").write_text("compiled on the target")
    install(wheel(version="2.0"))
    assert names(root) == [
        f"{SITE}/demo-2.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")
    ] + [f"{SITE}/demo/__init__.py"]
    assert not (root / SITE / "demo/sub").exists()
    assert (root / "usr/bin").is_dir()
    check_record(root, dist="demo-2.0")


def test_downgrade_and_other_spelling(install, wheel, root):
    install(wheel("Demo", version="2.0", files={"demo.py": "2"}))
    install(wheel("demo", version="1.0", files={"demo.py": "1"}))
    assert (root / SITE / "demo.py").read_text() == "1"
    assert not (root / SITE / "Demo-2.0.dist-info").exists()


def test_same_again(install, wheel, root):
    install(wheel(), mtime=5)
    before = tree(root)
    install(wheel(), mtime=5)
    assert tree(root) == before
    assert not list(root.glob(".crosspy*"))


def test_upgrade_removes_only_what_is_inside(install, wheel, root, tmp_path):
    install(wheel())
    record = root / INFO / "RECORD"
    valuable = tmp_path / "outside/valuable"
    lines = [
        "../../../../../outside/valuable",
        "../" * 40 + str(valuable)[1:],
        str(valuable),
        "link/valuable",
        "/etc/listed",
        "demo",
        "a\0b",
        "",
    ]
    (root / SITE / "link").symlink_to("../" * 8 + "outside")
    (root / "etc").mkdir()
    (root / "etc/listed").write_text("")
    (root / "etc/unlisted").write_text("")
    record.write_text(record.read_text() + "".join(f"{line},,\n" for line in lines))
    result = install(wheel(version="2.0"))
    assert valuable.read_text() == "valuable"
    assert not (root / "etc/listed").exists()
    assert (root / "etc/unlisted").exists()
    assert any("outside the image" in text for text in result.warnings)


def test_shared_file_stays_for_the_other(install, wheel, root):
    """Old namespace packages: two distributions with one __init__.py."""
    space = {"space/__init__.py": "declare\n"}
    install(wheel("one", files={**space, "space/one.py": ""}))
    install(wheel("two", files={**space, "space/two.py": ""}))
    install(wheel("one", version="2.0", files={"elsewhere.py": ""}))
    assert (root / SITE / "space/__init__.py").read_text() == "declare\n"
    assert not (root / SITE / "space/one.py").exists()


def test_overwrite(install, wheel, root, tmp_path):
    install(wheel("other", files={"shared.py": "other\n"}))
    (root / SITE / "link.py").symlink_to(tmp_path / "outside/valuable")
    install(wheel(files={"shared.py": "demo\n", "link.py": "x = 1\n"}), overwrite=True)
    assert (root / SITE / "shared.py").read_text() == "demo\n"
    assert not (root / SITE / "link.py").is_symlink()
    assert (tmp_path / "outside/valuable").read_text() == "valuable"


def test_overwrite_a_package_without_record(install, wheel, root, target):
    site = root / "usr/lib/python3/dist-packages"
    info = site / "demo-0.9.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Name: demo\nVersion: 0.9\n")
    (site / "demo.py").write_text("old")
    result = install(wheel(files={"demo.py": "new"}), to=debian(target), overwrite=True)
    assert not info.exists()
    assert (site / "demo.py").read_text() == "new"
    assert "no RECORD" in result.warnings[0]


def test_earlier_version_under_another_prefix_stays(install, wheel, root, target):
    install(wheel(), to=debian(target))
    install(wheel(version="2.0"), to=debian(target), prefix="/usr/local")
    assert (root / "usr/lib/python3/dist-packages/demo-1.0.dist-info").exists()
    assert (root / "usr/local/lib/python3.11/dist-packages/demo-2.0.dist-info").exists()


def test_unreadable_metadata_in_the_image(install, wheel, root):
    site = root / SITE
    for name, content in {"bad-1.dist-info": b"\xff\xfe:", "other.egg-info": b"\0"}.items():
        (site / name).mkdir(parents=True)
        for file in ("METADATA", "PKG-INFO", "RECORD"):
            (site / name / file).write_bytes(content)
    (site / "loop-1.dist-info").symlink_to("loop-1.dist-info")
    (site / "away-1.dist-info").symlink_to("../" * 20)
    install(wheel())
    assert (root / INFO).is_dir()


def test_file_in_place_of_a_directory(install, wheel, root):
    """A package that became a module, and back."""
    install(wheel(version="1.0", files={"demo/__init__.py": ""}))
    install(wheel(version="2.0", files={"demo.py": ""}))
    install(wheel(version="3.0", files={"demo/__init__.py": ""}))
    assert Path(root / SITE / "demo/__init__.py").exists()
    assert not Path(root / SITE / "demo.py").exists()


def test_an_image_without_sources(install, wheel, root):
    install(wheel(files={"demo/__init__.py": "", "demo/gone.py": ""}))
    for path in (root / SITE / "demo").iterdir():
        path.rename(path.with_suffix(".pyc"))
    install(wheel(version="2.0", files={"demo/__init__.py": ""}))
    assert [path.name for path in (root / SITE / "demo").iterdir()] == ["__init__.py"]


def test_removed(install, wheel, root):
    install(wheel("gone", files={"gone.py": "", "shared/a.py": ""}))
    install(wheel("stays", files={"stays.py": "", "shared/a.py": ""}))
    install(wheel("comes", files={"comes.py": ""}), remove=frozenset({"gone", "absent"}))
    assert {path.name for path in (root / SITE).iterdir()} == {
        "comes.py",
        "comes-1.0.dist-info",
        "stays.py",
        "stays-1.0.dist-info",
        "shared",
    }
    assert (root / SITE / "shared/a.py").exists(), "another distribution's as well"
