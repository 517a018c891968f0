"""Where a sysroot keeps its Python: the layouts of the field, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_targets import config_vars, put, sysconfigdata

from crosspy.describe.locate import Location, locate
from crosspy.errors import ContradictionError, TargetDataError

NAME = "_sysconfigdata__linux_aarch64-linux-gnu.py"
DATA = sysconfigdata(config_vars())
STDLIB = {f"usr/lib/python3.11/{NAME}": DATA, "usr/lib/python3.11/os.py": ""}


def in_sysroot(root: Path, version: str = "") -> Location:
    return locate(sysroot=root, python=None, data_file=None, version=version)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({f"usr/lib/python3.11/{NAME}": DATA}, f"usr/lib/python3.11/{NAME}"),
        ({f"usr/lib64/python3.11/{NAME}": DATA}, f"usr/lib64/python3.11/{NAME}"),
        ({f"usr/lib32/python3.11/{NAME}": DATA}, f"usr/lib32/python3.11/{NAME}"),
        ({f"usr/local/lib/python3.11/{NAME}": DATA}, f"usr/local/lib/python3.11/{NAME}"),
        ({f"lib/python3.11/{NAME}": DATA}, f"lib/python3.11/{NAME}"),
        ({f"opt/python/lib/python3.11/{NAME}": DATA}, f"opt/python/lib/python3.11/{NAME}"),
        ({f"usr/lib/python3.13t/{NAME}": DATA}, f"usr/lib/python3.13t/{NAME}"),
        (
            {f"usr/lib/aarch64-linux-gnu/python3.11/{NAME}": DATA},
            f"usr/lib/aarch64-linux-gnu/python3.11/{NAME}",
        ),
    ],
)
def test_layouts(tmp_path, files, expected):
    location = in_sysroot(put(tmp_path / "s", files))
    assert location.data.path == tmp_path / "s" / expected
    assert location.sysroot == tmp_path / "s"
    assert location.build_tree is None


@pytest.mark.parametrize(
    "name",
    [
        "usr/lib/python3.11.old",
        "usr/lib/python3",
        "usr/lib/python2.7",
        "usr/lib/python3.11-doc",
        "usr/share/python3.11",
    ],
)
def test_directories_of_other_things(tmp_path, name):
    with pytest.raises(TargetDataError, match="not a sysroot with Python"):
        in_sysroot(put(tmp_path / "s", {f"{name}/{NAME}": DATA}))


def test_the_stdlib_beside(tmp_path):
    assert in_sysroot(put(tmp_path / "s", STDLIB)).stdlib == tmp_path / "s/usr/lib/python3.11"


def test_the_stdlib_that_the_data_names(tmp_path):
    files = {"usr/lib/python-sysconfigdata/_sysconfigdata.py": DATA, "usr/lib/python3.11/os.py": ""}
    assert in_sysroot(put(tmp_path / "s", files)).stdlib == tmp_path / "s/usr/lib/python3.11"


def test_no_stdlib(tmp_path):
    assert in_sysroot(put(tmp_path / "s", {f"usr/lib/python3.11/{NAME}": DATA})).stdlib is None


def test_debian_keeps_one_file_per_variant_and_a_link(tmp_path):
    files = {
        **STDLIB,
        "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py": DATA,
        "usr/lib/python3.11/_sysconfigdata_m_linux_aarch64-linux-gnu.py": f"-> {NAME}",
        "usr/lib/python3/dist-packages/x.py": "",
    }
    assert in_sysroot(put(tmp_path / "s", files)).data.version == "3.11"


def test_yocto_moves_its_own_copy(tmp_path):
    """The original keeps paths of the python3 recipe's work directory; only the copy's are right."""
    original = sysconfigdata(config_vars(INCLUDEPY="/work/python3/recipe-sysroot/usr/include/python3.11"))
    files = {
        "usr/lib/python-sysconfigdata/_sysconfigdata.py": DATA,
        "usr/lib/python3.11/_sysconfigdata__linux_aarch64-poky-linux.py": original,
        "usr/lib/python3.11/os.py": "",
    }
    location = in_sysroot(put(tmp_path / "s", files))
    assert location.data.path.name == "_sysconfigdata.py"
    assert location.data.text("INCLUDEPY") == "/usr/include/python3.11"


def test_yocto_with_lib64(tmp_path):
    files = {
        "usr/lib64/python-sysconfigdata/_sysconfigdata.py": DATA,
        "usr/lib64/python3.11/_sysconfigdata__linux_aarch64-poky-linux.py": DATA,
    }
    assert in_sysroot(put(tmp_path / "s", files)).data.path.parent.name == "python-sysconfigdata"


def test_buildroot_staging_with_lib64_as_a_link(tmp_path):
    files = {**STDLIB, "lib64": "-> lib", "usr/lib64": "-> lib", "lib": "-> usr/lib"}
    assert in_sysroot(put(tmp_path / "s", files)).data.path == tmp_path / "s/usr/lib/python3.11" / NAME


def test_merged_usr_is_seen_once(tmp_path):
    location = in_sysroot(put(tmp_path / "s", {**STDLIB, "lib": "-> usr/lib"}))
    assert location.data.path == tmp_path / "s/usr/lib/python3.11" / NAME


def test_two_that_contradict(tmp_path):
    files = {
        **STDLIB,
        "usr/lib/python3.11/_sysconfigdata_d_linux_x.py": sysconfigdata(config_vars(SOABI="cpython-311d-x")),
    }
    with pytest.raises(ContradictionError, match="about SOABI"):
        in_sysroot(put(tmp_path / "s", files))


SEVERAL = {
    **STDLIB,
    f"usr/lib/python3.12/{NAME}": sysconfigdata(config_vars(version="3.12")),
    f"usr/lib/python3.9/{NAME}": sysconfigdata(config_vars(version="3.9")),
}


def test_several_pythons_ask_which(tmp_path):
    with pytest.raises(ContradictionError, match=r"several Pythons: 3\.11, 3\.12, 3\.9") as caught:
        in_sysroot(put(tmp_path / "s", SEVERAL))
    assert "--build-python" in caught.value.hint


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.9"])
def test_several_pythons_and_a_wish(tmp_path, version):
    assert in_sysroot(put(tmp_path / "s", SEVERAL), version).data.version == version


def test_several_pythons_and_a_wish_for_another(tmp_path):
    with pytest.raises(ContradictionError, match="several Pythons"):
        in_sysroot(put(tmp_path / "s", SEVERAL), "3.14")


def test_one_python_and_a_wish_for_another(tmp_path):
    """Which is not this module's to judge: the build Python is compared later, with a better sentence."""
    assert in_sysroot(put(tmp_path / "s", STDLIB), "3.14").data.version == "3.11"


def test_compiled_only(tmp_path):
    pyc = f"usr/lib/python3.11/{NAME}c"
    with pytest.raises(TargetDataError, match="compiled code is not read") as caught:
        in_sysroot(put(tmp_path / "s", {pyc: b"\xa7\r\r\n"}))
    assert pyc in caught.value.message
    assert "output/staging" in caught.value.hint


def test_compiled_beside_source_does_not_matter(tmp_path):
    files = {**STDLIB, f"usr/lib/python3.11/__pycache__/{NAME}c": b"\xa7\r\r\n"}
    assert in_sysroot(put(tmp_path / "s", files)).data.version == "3.11"


def test_not_a_directory(tmp_path):
    put(tmp_path, {"file": ""})
    for name in ("file", "absent", "file/below"):
        with pytest.raises(TargetDataError, match=r"not a sysroot: .* is not a directory"):
            in_sysroot(tmp_path / name)


def test_empty(tmp_path):
    with pytest.raises(TargetDataError, match="not a sysroot with Python") as caught:
        in_sysroot(tmp_path)
    assert "python3-dev" in caught.value.hint


def test_a_sysroot_with_spaces_and_glob_characters(tmp_path):
    root = put(tmp_path / "my [sys] root*", STDLIB)
    assert in_sysroot(root).data.path.is_relative_to(root)


# A named Python.


def of_python(python: Path, **options) -> Location:
    return locate(python=python, **{"sysroot": None, "data_file": None, **options})


@pytest.mark.parametrize(
    ("python", "sysroot"),
    [
        ("usr/bin/python3.11", ""),
        ("usr", ""),
        ("usr/local/bin/python3", ""),
        ("usr/local", ""),
        ("opt/py/bin/python3", ""),
    ],
)
def test_the_sysroot_of_an_interpreter(tmp_path, python, sysroot):
    prefix = python.removesuffix("/bin/python3").removesuffix("/bin/python3.11")
    files = {
        f"{prefix}/bin/python3": "",
        f"{prefix}/bin/python3.11": "",
        f"{prefix}/lib/python3.11/{NAME}": DATA,
        "usr/include": None,
    }
    root = put(tmp_path / "s", files)
    location = of_python(root / python)
    assert location.sysroot == root / sysroot
    assert location.data.path == root / prefix / "lib/python3.11" / NAME


def test_a_prefix_that_is_no_part_of_a_sysroot(tmp_path):
    prefix = put(tmp_path / "py", {"bin/python3": "", f"lib/python3.11/{NAME}": DATA})
    assert of_python(prefix).sysroot == prefix
    assert of_python(prefix / "bin/python3").sysroot == prefix


def test_a_named_interpreter_beats_the_others_of_the_sysroot(tmp_path):
    other = sysconfigdata(config_vars(CC="other"))
    root = put(
        tmp_path / "s",
        {
            **STDLIB,
            "usr/local/bin/python3": "",
            f"usr/local/lib/python3.11/{NAME}": other,
            "usr/include": None,
        },
    )
    assert of_python(root / "usr/local/bin/python3").data.text("CC") == "other"
    assert of_python(root / "usr/local/bin/python3", sysroot=root).data.text("CC") == "other"


def test_no_such_python(tmp_path):
    with pytest.raises(TargetDataError, match="no target Python at"):
        of_python(tmp_path / "usr/bin/python3")


# A build tree of CPython.


@pytest.fixture
def tree(tmp_path):
    files = {
        "pybuilddir.txt": "build/lib.linux-aarch64-3.11\n",
        f"build/lib.linux-aarch64-3.11/{NAME}": DATA,
        "python": "",
        "pyconfig.h": "",
    }
    return put(tmp_path / "tree", files)


@pytest.mark.parametrize("name", ["", "python"])
def test_a_build_tree(tree, name):
    location = of_python(tree / name)
    assert location.build_tree == tree
    assert location.data.path == tree / "build/lib.linux-aarch64-3.11" / NAME
    assert location.sysroot is None


def test_a_build_tree_and_its_sysroot(tree, tmp_path):
    put(tmp_path / "s", {"usr/include": None})
    assert of_python(tree, sysroot=tmp_path / "s").sysroot == tmp_path / "s"


def test_a_build_tree_and_another_sysconfigdata(tree, tmp_path):
    put(tmp_path, {"mine.py": sysconfigdata(config_vars(CC="mine"))})
    location = of_python(tree, data_file=tmp_path / "mine.py")
    assert location.data.text("CC") == "mine"
    assert location.build_tree == tree


@pytest.mark.parametrize("where", ["../outside", "/usr/lib/python3.11", "link"])
def test_a_build_tree_that_points_outside(tree, tmp_path, where):
    put(tmp_path / "outside", {NAME: DATA})
    (tree / "link").symlink_to(tmp_path / "outside")
    (tree / "pybuilddir.txt").write_text(where)
    with pytest.raises(TargetDataError, match="points outside its build tree"):
        of_python(tree)


@pytest.mark.parametrize("name", ["a.py", "b.py"])
def test_an_unfinished_build_tree(tree, name):
    built = tree / "build/lib.linux-aarch64-3.11"
    if name == "a.py":
        (built / NAME).unlink()
    else:
        (built / "_sysconfigdata_d_linux_.py").write_text(DATA)
    with pytest.raises(TargetDataError, match="sysconfigdata files, expected one") as caught:
        of_python(tree)
    assert "make" in caught.value.hint


def test_a_build_tree_with_an_empty_pybuilddir(tree):
    (tree / "pybuilddir.txt").write_bytes(b"")
    with pytest.raises(TargetDataError, match="0 sysconfigdata files"):
        of_python(tree)


# A named file.


def test_a_file_needs_no_sysroot(tmp_path):
    put(tmp_path, {"x.py": DATA})
    location = locate(sysroot=None, python=None, data_file=tmp_path / "x.py")
    assert location.sysroot is None
    assert location.data.path == tmp_path / "x.py"


def test_a_file_beats_what_the_sysroot_holds(tmp_path):
    root = put(tmp_path / "s", {**SEVERAL, "mine.py": sysconfigdata(config_vars(CC="mine"))})
    location = locate(sysroot=root, python=None, data_file=root / "mine.py")
    assert location.data.text("CC") == "mine"
    assert location.stdlib == root / "usr/lib/python3.11"


@pytest.mark.parametrize("link", ["usr/lib", "/usr/lib"])
def test_merged_usr_by_any_link_is_seen_once(tmp_path, link):
    location = in_sysroot(put(tmp_path / "s", {**STDLIB, "lib": f"-> {link}"}))
    assert location.data.path == tmp_path / "s/usr/lib/python3.11" / NAME


def test_an_absolute_link_does_not_lead_to_the_build_machine(tmp_path):
    outside = put(tmp_path / "outside", {f"python3.11/{NAME}": DATA})
    with pytest.raises(TargetDataError, match="not a sysroot with Python"):
        in_sysroot(put(tmp_path / "s", {"lib": f"-> {outside}", "usr/include": None}))


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"build/\0lib", b""])
def test_a_build_tree_with_a_damaged_pybuilddir(tree, text):
    (tree / "pybuilddir.txt").write_bytes(text)
    with pytest.raises(TargetDataError, match=r"build tree|sysconfigdata|pybuilddir"):
        of_python(tree)
