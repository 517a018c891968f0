"""Recipes: the texts that oelint-adv and check-package have passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosspy.model.lock import Artifact, Crate
from crosspy.model.project import LicenceFile, Project
from crosspy.report.recipes import buildroot, yocto

PROJECT = Project(
    name="p-q",
    version="1.0",
    sdist=Artifact(name="p_q-1.0.tar.gz", url="https://index.invalid/x/p_q-1.0.tar.gz", sha256="a" * 64),
    summary='Does "all" of ${it}.',
    homepage="https://x.invalid",
    licence="MIT OR (Apache-2.0 AND BSD-3-Clause)",
    licence_files=(LicenceFile(path="LICENSE", md5="b" * 32, sha256="c" * 64),),
    build_requires=("cmake", "maturin", "one", "setuptools"),
    requires=("one", "two"),
)
TAB = "\t"
RUST = replace(
    PROJECT,
    crates=(
        Crate(
            name="n",
            version="2.0.0",
            source="registry+https://x.invalid/me/crates.invalid-index",
            sha256="d" * 64,
        ),
        Crate(name="g", version="1.0.0", source="git+https://x.invalid/g#1", sha256=""),
    ),
    rust=True,
)


def test_yocto() -> None:
    assert yocto(PROJECT) == {
        "python3-p-q_1.0.bb": f"""\
SUMMARY = "Does 'all' of $ {{it}}"
DESCRIPTION = "Does 'all' of $ {{it}}."
HOMEPAGE = "https://x.invalid"
SECTION = "devel/python"
LICENSE = "MIT | (Apache-2.0 & BSD-3-Clause)"
LIC_FILES_CHKSUM = "file://LICENSE;md5={"b" * 32}"

SRC_URI[sha256sum] = "{"a" * 64}"

inherit pypi crosspy

PYPI_PACKAGE = "p_q"

DEPENDS += "\\
    cmake-native \\
    python3-maturin-native \\
    python3-one \\
    python3-one-native \\
"

RDEPENDS:${{PN}} += "\\
    python3-one \\
    python3-two \\
"
"""
    }


def test_a_line_of_the_metadata_is_no_file_of_a_licence() -> None:
    one = replace(PROJECT, licence_files=(LicenceFile(path="PKG-INFO", md5="b", sha256="c", lines=(8, 9)),))
    (text,) = yocto(one).values()
    assert 'LIC_FILES_CHKSUM = "file://PKG-INFO;beginline=8;endline=9;md5=b"\n' in text
    assert not any("LICENSE_FILES" in text or "PKG-INFO" in text for text in buildroot(one).values())


def test_crates_have_a_file_of_their_own() -> None:
    files = yocto(RUST)
    assert "cargo-update-recipe-crates" in files["python3-p-q_1.0.bb"]
    assert (
        files["python3-p-q-crates.inc"]
        == f"""\
SRC_URI += "crate://crates.invalid/n/2.0.0"

SRC_URI[n-2.0.0.sha256sum] = "{"d" * 64}"
"""
    )


def test_crates_that_the_source_brings_need_rust_all_the_same() -> None:
    (text,) = yocto(replace(PROJECT, rust=True)).values()
    assert 'CROSSPY_RUST = "1"\n' in text
    assert not any("CROSSPY_RUST" in text for text in (*yocto(RUST).values(), *yocto(PROJECT).values()))
    files = buildroot(replace(PROJECT, rust=True))
    assert "\tselect BR2_PACKAGE_HOST_RUSTC\n" in files["python-p-q/Config.in"]
    assert "\thost-python-setuptools \\\n\thost-rustc\n" in files["python-p-q/python-p-q.mk"]


def test_licences_are_spdx_expressions_where_oe_core_has_them() -> None:
    (old,) = yocto(PROJECT).values()
    (new,) = yocto(PROJECT, spdx=True).values()
    assert 'LICENSE = "MIT | (Apache-2.0 & BSD-3-Clause)"\n' in old
    assert 'LICENSE = "MIT OR (Apache-2.0 AND BSD-3-Clause)"\n' in new
    assert 'LICENSE = "Unknown"\n' in "".join(yocto(replace(PROJECT, licence=""), spdx=True).values())


def test_files_of_the_index_are_build_requirements_of_which_no_layer_has_a_recipe() -> None:
    tool = Artifact(name="scikit_build_core-1-py3-none-any.whl", url="", sha256="e" * 64)
    project = replace(PROJECT, build_requires=("scikit-build-core",))
    (text,) = yocto(project, {"scikit-build-core": tool}).values()
    assert f'SRC_URI[scikit-build-core.sha256sum] = "{"e" * 64}"\n' in text
    assert 'CROSSPY_BUILD_REQUIRES = "scikit_build_core-1-py3-none-any.whl"\n' in text
    assert 'DEPENDS += "\\\n    cmake-native \\\n    ninja-native \\\n"' in text


def test_recipes_have_the_names_that_layers_know_them_by() -> None:
    project = replace(
        PROJECT, name="python-can", requires=("zope-interface", "systemd-python"), build_requires=("hatch-x",)
    )
    files = yocto(project, recipes={"zope-interface": "python3-zopeinterface", "hatch-x": "python3-hatchx"})
    text = files["python3-can_1.0.bb"]
    assert 'RDEPENDS:${PN} += "\\\n    python3-zopeinterface \\\n    python3-systemd \\\n"' in text
    assert 'DEPENDS += "python3-hatchx-native"' in text
    assert 'PYPI_PACKAGE = "p_q"' in text


def test_buildroot() -> None:
    files = buildroot(RUST)
    assert files == {
        "python-p-q/Config.in": f"""\
config BR2_PACKAGE_PYTHON_P_Q
	bool "python-p-q"
	depends on BR2_PACKAGE_PYTHON3
	depends on BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS
	select BR2_PACKAGE_HOST_RUSTC
	select BR2_PACKAGE_PYTHON_ONE # runtime
	select BR2_PACKAGE_PYTHON_TWO # runtime
	help
{TAB}  Does "all" of ${{it}}.

{TAB}  https://x.invalid
""",
        "python-p-q/python-p-q.mk": f"""\
{"#" * 80}
#
# python-p-q
#
{"#" * 80}

PYTHON_P_Q_VERSION = 1.0
PYTHON_P_Q_SOURCE = p_q-$(PYTHON_P_Q_VERSION).tar.gz
PYTHON_P_Q_SITE = https://index.invalid/x
PYTHON_P_Q_LICENSE = MIT or (Apache-2.0, BSD-3-Clause)
PYTHON_P_Q_LICENSE_FILES = LICENSE
PYTHON_P_Q_DEPENDENCIES = \\
	host-cmake \\
	host-python-maturin \\
	host-python-one \\
	host-python-setuptools
PYTHON_P_Q_CRATES = n@2.0.0

$(eval $(crosspy-package))
""",
        "python-p-q/python-p-q.hash": f"""\
# sha256 from the package index
sha256  {"a" * 64}  p_q-1.0.tar.gz
# Locally computed sha256 checksums
sha256  {"c" * 64}  LICENSE
# From Cargo.lock
sha256  {"d" * 64}  n-2.0.0.crate
""",
    }


def test_buildroot_names_programs_without_python() -> None:
    made = buildroot(replace(PROJECT, build_requires=("pybind11", "ninja", "wheel")))[
        "python-p-q/python-p-q.mk"
    ]
    assert "_DEPENDENCIES = \\\n\thost-ninja \\\n\thost-python-pybind\n" in made


@pytest.mark.parametrize(
    ("expression", "spelled"),
    [
        ("Apache-2.0 OR LGPL-2.1-or-later", "Apache-2.0 or LGPL-2.1+"),
        ("GPL-3.0-only AND MIT", "GPL-3.0, MIT"),
        ("LicenseRef-read-only", "LicenseRef-read-only"),
    ],
)
def test_buildroot_spells_licences_its_own_way(expression: str, spelled: str) -> None:
    made = buildroot(replace(PROJECT, licence=expression))["python-p-q/python-p-q.mk"]
    assert f"PYTHON_P_Q_LICENSE = {spelled}\n" in made


def test_little_is_known_of_some() -> None:
    bare = Project(
        name="p",
        version="1",
        sdist=Artifact(name="P-1.zip", url="https://x.invalid/P-1.zip", sha256="a" * 64),
    )
    (text,) = yocto(bare).values()
    assert 'LICENSE = "Unknown"\n' in text
    assert 'PYPI_PACKAGE = "P"\nPYPI_PACKAGE_EXT = "zip"\n' in text
    assert "DEPENDS" not in text
    assert "_LICENSE = unknown\n\n$(eval" in buildroot(bare)["python-p/python-p.mk"]
