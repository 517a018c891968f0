"""The class crosspy_lock: a lock as SRC_URI, read by BitBake's own parser; as test_classes.py."""

from __future__ import annotations

import json
import logging
import shutil
import types
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from test_classes import Bed, bed, fatal  # noqa: F401 -- a fixture

from crosspy.model.lock import Artifact, Crate, Lock, Package, to_toml

HASH = "ab" * 32
RECIPE = 'SUMMARY = "x"\nLICENSE = "MIT"\ninherit crosspy_lock\n'


def artifact(name: str, sha256: str = HASH) -> Artifact:
    return Artifact(name=name, url=f"https://index.invalid/f;x/{name}", sha256=sha256, size=1)


CRATE = Crate(
    name="n", version="1.0.0", source="registry+https://x.invalid/me/crates.invalid-index", sha256="cd" * 32
)
TARGET = Lock(
    packages=(
        Package(name="a-b", version="1!2.0", sdist=artifact("a_b-2.0.tar.gz"), crates=(CRATE,)),
        Package(name="c", version="3", wheels=(artifact("c-3-py3-none-any.whl"),)),
    )
)
BUILD = Lock(
    packages=(
        Package(name="maturin", version="1", wheels=(artifact("maturin-1-py3-none-linux_x86_64.whl"),)),
    )
)


def parsed(bed: Bed, target: Lock = TARGET, build: Lock | None = BUILD, extra: str = "") -> Any:  # noqa: F811
    place = bed.top / "mini" / "recipes" / "app"
    place.mkdir()
    (place / "app_1.0.bb").write_text(extra + RECIPE)
    (place / "pylock.toml").write_text(to_toml(target))
    if build:
        (place / "pylock.build.toml").write_text(to_toml(build))
    return bed.recipe("mini/recipes/app/app_1.0.bb")


def test_every_file_of_both_locks_is_in_src_uri_with_its_checksum(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed)
    entries = d.getVar("SRC_URI").split()
    assert entries[:2] == ["file://pylock.toml", "file://pylock.build.toml"]
    assert entries[2] == (
        "https://index.invalid/f%3Bx/a_b-2.0.tar.gz;name=a-b-2.0.tar.gz;downloadfilename=a_b-2.0.tar.gz;unpack=0;subdir=crosspy-lock"
    )
    assert entries[3] == "crate://crates.invalid/n/1.0.0"
    assert [entry.partition(";")[0].rpartition("/")[2] for entry in entries[4:]] == [
        "c-3-py3-none-any.whl",
        "maturin-1-py3-none-linux_x86_64.whl",
    ]
    flags = d.getVarFlags("SRC_URI")
    assert flags["a-b-2.0.tar.gz.sha256sum"] == flags["c-3-py3-none-any.whl.sha256sum"] == HASH
    assert flags["n-1.0.0.sha256sum"] == CRATE.sha256
    assert "cargo-native" in d.getVar("DEPENDS")


def test_each_distribution_is_a_package(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed)
    assert {"app-a-b", "app-c", "app"} <= set(d.getVar("PACKAGES").split())
    assert {"app-a-b", "app-c"} <= set(d.getVar("RDEPENDS:app").split())
    assert d.getVar("SPDX_PACKAGE_URLS:app-a-b") == "pkg:pypi/a-b@1%212.0"
    assert d.getVar("PKGV:app-c") == "3"
    assert d.getVar("CVE_PRODUCT") == ""


def test_what_the_layers_have_is_not_built(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed, extra='CROSSPY_LOCK_PROVIDED = "c"\n')
    bed.run(d, "do_compile")
    (call,) = bed.calls()
    assert call.endswith("/crosspy/wheels a-b")
    assert "app-c" not in d.getVar("PACKAGES").split()
    assert "python3-c" in d.getVar("RDEPENDS:app").split()
    assert "python3-c" in d.getVar("DEPENDS").split()


def test_a_multilib_takes_what_the_layers_have_of_itself(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed, extra='MLPREFIX = "lib32-"\nCROSSPY_LOCK_PROVIDED = "c"\n')
    for variable in ("DEPENDS", "RDEPENDS:app"):
        words = d.getVar(variable).split()
        assert "lib32-python3-c" in words
        assert "python3-c" not in words


def test_the_tasks_ask_crosspy_for_the_lock_and_no_network(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed)
    bed.run(d, "do_configure")
    bed.run(d, "do_compile")
    create, wheel = bed.calls()
    links = f"{bed.top}/tmp/work/app/sources"
    assert create.startswith("create ")
    assert f"--jobs 3 --lock {links}/pylock.toml --no-index --find-links {links}/crosspy-lock" in wheel
    assert f"--crates {links}/cargo_home/bitbake" in wheel


def test_wheels_are_kept_for_one_state_of_the_sysroots(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed, extra='TMPDIR = "/build/tmp"\n')
    Task = namedtuple("Task", "pn taskname unihash")  # noqa: PYI024 -- as BitBake's
    places = []
    for unihash, other in (("1", "1"), ("1", "2"), ("2", "1")):
        tasks = {
            "a": Task("swig-native", "do_populate_sysroot", unihash),
            "b": Task("app", "do_unpack", other),
        }
        d.setVar("BB_TASKDEPDATA", tasks)
        bed.run(d, "do_compile")
        places.append(bed.calls()[-1].partition("--cache ")[2].split()[0])
    assert places[0].startswith("/build/tmp/crosspy-cache/")
    assert places[0] == places[1] != places[2]
    d.setVar("CROSSPY_LOCK_CACHE", "")
    bed.run(d, "do_compile")
    assert "--no-cache" in bed.calls()[-1].split()


def test_a_new_lock_is_written_into_the_layer(bed: Bed) -> None:  # noqa: F811
    d = parsed(bed)
    place = bed.top / "mini" / "recipes" / "app"
    (place / "requirements.txt").write_text("a-b\n")
    bed.run(d, "do_update_pylock")
    (call,) = bed.calls()
    assert call.endswith(f"/crosspy/env -r {place}/requirements.txt -o {place}/pylock.toml")


def test_the_first_lock_is_written_beside_its_requirements(bed: Bed, caplog) -> None:  # noqa: F811
    place = bed.top / "mini" / "recipes" / "app"
    place.mkdir()
    (place / "app_1.0.bb").write_text(RECIPE)
    (place / "requirements.txt").write_text("a-b\n")
    d = bed.recipe("mini/recipes/app/app_1.0.bb")
    bed.run(d, "do_update_pylock")
    assert bed.calls()[0].endswith(f" -o {place}/pylock.toml")
    assert "bitbake -c update_pylock app" in fatal(bed, d, "crosspy_lock_absent")
    assert "crosspy_lock_absent" in d.getVarFlag("do_compile", "prefuncs")
    # Nothing else marks the recipe as one to be parsed anew.
    assert (str(place / "pylock.toml"), 0) in d.getVar("__depends", False)


def test_no_lock_and_no_requirements_are_one_error(bed: Bed, caplog) -> None:  # noqa: F811
    import bb

    place = bed.top / "mini" / "recipes" / "app"
    place.mkdir()
    (place / "app_1.0.bb").write_text(RECIPE)
    with pytest.raises(bb.BBHandledException):
        bed.recipe("mini/recipes/app/app_1.0.bb")
    assert caplog.text.count("CRITICAL") == 1
    assert "requirements.txt" in caplog.text


def test_files_licences_and_requirements_go_to_their_packages(bed: Bed, caplog) -> None:  # noqa: F811
    d = parsed(bed)
    site = Path(d.getVar("D"), "usr/lib/python3.14/site-packages")
    for name, other in (("A_B", "a [b] (dev).py"), ("c", "../../../bin/c")):
        info = site / f"{name}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "RECORD").write_text(f"{other},,\n{info.name}/METADATA,,\n")
    purls = {name: f"pkg:pypi/{name}@1" for name in ("a-b", "c")}
    bed.answer(
        "sbom",
        {
            "components": [
                {
                    "name": "a-b",
                    "purl": purls["a-b"],
                    "licenses": [{"expression": "MIT OR Apache-2.0 WITH LLVM-exception"}],
                    "description": "A",
                },
                {"name": "c", "purl": purls["c"]},
                {"name": "c", "purl": "pkg:cargo/c@1", "licenses": [{"expression": "ISC"}]},
            ],
            "dependencies": [{"ref": purls["a-b"], "dependsOn": [purls["c"], "pkg:cargo/c@1"]}],
        },
    )
    Path(d.getVar("CROSSPY_DIR")).mkdir(parents=True)
    bed.run(d, "crosspy_lock_note")
    caplog.set_level(logging.WARNING, logger="BitBake")
    bed.run(d, "crosspy_lock_split")
    assert 'LICENSE = "MIT & Apache-2.0-with-LLVM-exception"' in caplog.text
    place = "/usr/lib/python3.14/site-packages"
    assert d.getVar("FILES:app-a-b").split() == [
        f"{place}/A_B-1.dist-info/METADATA",
        f"{place}/a?[[]b]?(dev).py",
    ]
    assert d.getVar("FILES:app-c").split()[0] == "/usr/bin/c"
    assert d.getVar("LICENSE:app-a-b") == "MIT | Apache-2.0-with-LLVM-exception"
    assert d.getVar("LICENSE:app-c") is None
    assert d.getVar("RDEPENDS:app-a-b").split() == ["app-c"]
    assert json.loads(Path(d.getVar("CROSSPY_DIR"), "packages.json").read_text())["c"]["licence"] == ""


def test_licences_are_spdx_expressions_where_oe_core_has_those(bed: Bed, monkeypatch) -> None:  # noqa: F811
    import bb
    import oe

    def spelled() -> str:
        d = parsed(bed)
        code = "d.setVar('SPELLED', crosspy_lock_licence('MIT OR Apache-2.0 WITH LLVM-exception & ISC'))"
        bb.utils.better_exec(bb.utils.better_compile(code, "spell", "spell"), {"d": d}, None, False)
        shutil.rmtree(bed.top / "mini" / "recipes" / "app")
        return d.getVar("SPELLED")

    assert spelled() == "MIT | Apache-2.0-with-LLVM-exception & ISC"
    newer = types.SimpleNamespace(convert_legacy_license_to_spdx=None)
    monkeypatch.setattr(oe, "license", newer, raising=False)
    assert spelled() == "MIT OR Apache-2.0 WITH LLVM-exception AND ISC"


def test_a_bill_of_materials_has_the_distributions_versions(bed: Bed) -> None:  # noqa: F811
    """OE-core's has the recipe's, PV, for each package."""
    d = parsed(bed)
    assert "crosspy_lock_spdx_versions" in d.getVarFlag("do_create_spdx", "postfuncs").split()
    package = {"type": "software_Package", "software_packageVersion": "1.0"}
    known = {**package, "software_packageUrl": d.getVar("SPDX_PACKAGE_URLS:app-a-b")}
    path = bed.top / "spdx/3.0.1/qemu/packages-staging/package-app-a-b.spdx.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"@context": "x", "@graph": [package, known, {"type": "File"}]}))
    d.setVar("SPDXDEPLOY", str(bed.top / "spdx"))
    bed.run(d, "crosspy_lock_spdx_versions")
    one, two, _ = json.loads(path.read_text())["@graph"]
    assert (one["software_packageVersion"], two["software_packageVersion"]) == ("1.0", "1!2.0")


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (
            Lock(
                packages=(
                    Package(
                        name="a", version="1", sdist=Artifact(name="a-1.zip", path="a-1.zip", sha256=HASH)
                    ),
                )
            ),
            "needs a name, a url",
        ),
        (
            Lock(
                packages=(
                    Package(
                        name="a",
                        version="1",
                        sdist=artifact("a-1.zip"),
                        crates=(Crate(name="g", version="1", source="git+https://x.invalid#1", sha256=""),),
                    ),
                )
            ),
            "which has no checksum",
        ),
        (
            Lock(
                packages=(
                    Package(name="a", version="1", sdist=artifact("a-1.zip")),
                    Package(name="b", version="1", sdist=artifact("a-1.zip", "00" * 32)),
                )
            ),
            "two checksums",
        ),
    ],
)
def test_a_lock_that_cannot_be_fetched_safely_does_not_parse(bed: Bed, lock: Lock, said: str, caplog) -> None:  # noqa: F811
    import bb

    with pytest.raises(bb.BBHandledException):
        parsed(bed, lock, None)
    assert said in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        ("[[packages]]", "[[package]]"),
        ('name = "c"', "name = \"${@bb.fatal('run')}\""),
        ('name = "c"', 'name = "c d"'),
        ('version = "3"', "version = 3"),
        ("https://index.invalid/f;x/c", "https://index.invalid/${@bb.fatal('run')}/c"),
        ("wheels = [", "wheels = 3 # ["),
        ("wheels = [", "wheels = [[], "),
        ("crates = [", "crates = [3, "),
        ("hashes = {", "hash = {"),
    ],
)
def test_nonsense_in_a_lock_is_told_and_not_expanded(bed: Bed, change: tuple[str, str], caplog) -> None:  # noqa: F811
    import bb

    place = bed.top / "mini" / "recipes" / "app"
    place.mkdir()
    (place / "app_1.0.bb").write_text(RECIPE)
    text = to_toml(TARGET)
    assert change[0] in text
    (place / "pylock.toml").write_text(text.replace(*change))
    with pytest.raises(bb.BBHandledException):
        bed.recipe("mini/recipes/app/app_1.0.bb")
    assert "crosspy lock" in caplog.text
    assert caplog.text.count("CRITICAL") == 1
