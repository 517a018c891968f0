"""What an image lacks after an installation: libraries and requirements."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath

import pytest
from test_install_layout import SITE
from wheelmaker import DATA, debian, make_target

from crosspy import elf
from crosspy.install.image import open_image
from crosspy.install.libraries import missing_libraries

AARCH64 = DATA / "aarch64"


def lacking(install, wheel, name="ext.so", place="demo/ext.so", **extra):
    files = {place: (AARCH64 / name).read_bytes(), **extra}
    return {one.library for one in install(wheel(files=files)).missing_libraries}


def needed(name="ext.so"):
    return set(elf.read(AARCH64 / name).needed)


def put(root, path, source="libdep.so.1"):
    there = root / path
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(AARCH64 / source, there)


def test_everything_is_lacking(install, wheel):
    result = install(wheel(files={"demo/ext.so": (AARCH64 / "ext.so").read_bytes()}))
    assert needed()
    assert {one.library for one in result.missing_libraries} == needed()
    assert result.missing_libraries[0].needed_by == (PurePosixPath(f"/{SITE}/demo/ext.so"),)


@pytest.mark.parametrize(
    "directory",
    ["lib", "usr/lib", "lib64", "usr/lib/aarch64-linux-gnu", "usr/local/lib", "lib/other-linux-gnu"],
)
def test_default_directories(install, wheel, root, directory):
    for name in needed():
        put(root, f"{directory}/{name}")
    assert lacking(install, wheel) == set()


def test_link_to_a_library(install, wheel, root):
    for name in needed():
        put(root, f"usr/lib/{name}.real")
        (root / "usr/lib" / name).symlink_to(f"/usr/lib/{name}.real")
    assert lacking(install, wheel) == set()


def test_dangling_link_and_other_machine(install, wheel, root):
    for number, name in enumerate(sorted(needed())):
        if number % 2:
            (root / "usr/lib").mkdir(parents=True, exist_ok=True)
            (root / "usr/lib" / name).symlink_to("/nowhere")
        else:
            put(root, f"usr/lib/{name}")
            shutil.copy(DATA / "x86_64/libc.so", root / "usr/lib" / name)
    assert lacking(install, wheel) == needed()


def test_configured_directories(install, wheel, root):
    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n# x\n")
    (root / "etc/ld.so.conf.d/x.conf").write_text("/opt/lib\n")
    for name in needed():
        put(root, f"opt/lib/{name}")
    assert lacking(install, wheel) == set()


def test_musl_path(wheel, root, install):
    (root / "etc").mkdir()
    (root / "etc/ld-musl-aarch64.path").write_text("/x:/opt/lib\n")
    for name in needed():
        put(root, f"opt/lib/{name}")
    assert lacking(install, wheel) == set()


@pytest.mark.parametrize("name", ["ext-rpath.so", "ext-runpath.so"])
def test_search_path_of_the_file(install, wheel, root, name):
    facts = elf.read(AARCH64 / name)
    (entry, *_) = facts.rpath + facts.runpath
    assert "$ORIGIN" in entry or "${ORIGIN}" in entry
    before = lacking(install, wheel, name)
    place = "demo/" + entry.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", ".") + "/"
    place = place.replace("/./", "/").replace("//", "/")
    library = (AARCH64 / "libdep.so.1").read_bytes()
    after = lacking(install, wheel, name, **{f"{place}{one}": library for one in before})
    assert before
    assert after == set()


def test_name_with_a_slash_and_damaged_files(root):
    (root / "x.so").write_bytes(b"\x7fELF")
    (root / "y.so").write_text("text")
    paths = [PurePosixPath(name) for name in ("/x.so", "/y.so", "/absent.so")]
    assert missing_libraries(open_image(root), make_target(), paths) == ()


# ------------------------------------------------------------------------------------------------- requirements


def requirements(install, *wheels, **options):
    return [
        (one.requirement, one.needed_by, one.found)
        for one in install(*wheels, **options).missing_requirements
    ]


def test_absent(install, wheel):
    assert requirements(install, wheel(metadata="Requires-Dist: other (>=1)\n")) == [("other>=1", "demo", "")]


def test_in_the_image_or_in_the_same_call(install, wheel):
    lines = "Requires-Dist: Other.Name>=1\n"
    assert requirements(install, wheel(metadata=lines), wheel("other_name")) == []
    assert requirements(install, wheel("third", metadata=lines)) == []


def test_wrong_version(install, wheel):
    install(wheel("other"))
    assert requirements(install, wheel(metadata="Requires-Dist: other>=2\n")) == [("other>=2", "demo", "1.0")]
    assert (
        requirements(install, wheel("other", version="2.0"), wheel(metadata="Requires-Dist: other>=2\n"))
        == []
    )


def test_markers_are_the_targets(install, wheel):
    lines = (
        "Requires-Dist: arm; platform_machine == 'aarch64'\n"
        "Requires-Dist: intel; platform_machine == 'x86_64'\n"
        "Requires-Dist: new; python_version >= '3.12'\n"
        "Requires-Dist: windows; sys_platform == 'win32'\n"
        "Requires-Dist: optional; extra == 'more'\n"
        "Requires-Dist: kernel; platform_release < '1'\n"
        "Requires-Dist: nonsense nonsense\n"
    )
    found = [name for name, _, _ in requirements(install, wheel(metadata=lines))]
    assert [name for name in found if name != "kernel"] == ["arm"]


def test_extras(install, wheel):
    base = wheel(
        "base",
        metadata="Provides-Extra: more\nRequires-Dist: plain\nRequires-Dist: optional; extra == 'more'\n",
    )
    install(wheel("plain"))
    assert requirements(install, base) == []
    assert requirements(install, base, extras={"base": frozenset({"more"})}) == [("optional", "base", "")]
    assert requirements(install, wheel(metadata="Requires-Dist: base[more]\n")) == [("optional", "base", "")]


def test_debian_packages_count(install, wheel, root):
    site = root / "usr/lib/python3/dist-packages"
    site.mkdir(parents=True)
    (site / "other-3.egg-info").write_text("Name: other\nVersion: 3\n")
    (site / "third-3.0-py3.11.egg-info").mkdir()
    (site / "odd-unknown.dist-info").mkdir()
    lines = "Requires-Dist: other>2\nRequires-Dist: third==3.0\nRequires-Dist: odd>1\n"
    assert requirements(install, wheel(metadata=lines), to=debian(make_target())) == []


@pytest.mark.parametrize("origin", ["ext-rpath-mid.so", "ext.so"])
def test_rpath_of_the_user_of_a_library(install, wheel, origin):
    """As auditwheel lays wheels out: only the extension says where the libraries of its libraries are."""
    files = {
        f"demo/{origin}": (AARCH64 / origin).read_bytes(),
        "demo/ext.libs/libmid.so.1": (AARCH64 / "libmid.so.1").read_bytes(),
        "demo/ext.libs/libdep.so.1": (AARCH64 / "libdep.so.1").read_bytes(),
    }
    lacking = {one.library for one in install(wheel(files=files)).missing_libraries}
    assert ("libdep.so.1" in lacking) == (origin == "ext.so")
