"""Licences as their authors state them, as SPDX expressions."""

from __future__ import annotations

import pytest

from crosspy.model.component import Component, components_of, every, licence_of, with_sources
from crosspy.model.lock import Artifact, Crate, Lock, Package

OSI = "License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("expression", "classifiers", "stated", "found"),
    [
        ("mit or apache-2.0", [], "GPL", "MIT OR Apache-2.0"),
        ("LicenseRef-Own", [], "", "LicenseRef-Own"),
        ("MIT; rm -rf", [f"{OSI}MIT License"], "", "MIT"),
        ("", [f"{OSI}MIT License", "Topic :: Utilities"], "", "MIT"),
        (
            "",
            ["License :: OSI Approved", f"{OSI}Apache Software License", f"{OSI}MIT License"],
            "",
            "Apache-2.0 AND MIT",
        ),
        ("", [f"{OSI}BSD License"], "BSD-3-Clause", "BSD-3-Clause"),
        ("", [f"{OSI}BSD License", f"{OSI}MIT License"], "", ""),
        ("", [], " Apache 2.0 ", "Apache-2.0"),
        ("", [], "see the file", ""),
    ],
)
def test_a_licence_is_an_expression_only_where_it_is_clear(expression, classifiers, stated, found) -> None:
    assert licence_of(expression, classifiers, stated) == found


def test_a_lock_names_distributions_and_their_crates() -> None:
    crates = (
        Crate(name="n", version="1.0+x", source="registry+https://x.invalid", sha256="c" * 64),
        Crate(name="g", version="2", source="git+https://x.invalid/g#1", sha256=""),
    )
    sdist = Artifact(name="p-1.tar.gz", url="https://x.invalid/p-1.tar.gz", sha256="a" * 64)
    (found,) = components_of(Lock(packages=(Package(name="p", version="1!1", sdist=sdist, crates=crates),)))
    assert (found.url, found.sha256) == (sdist.url, sdist.sha256)
    assert [one.purl for one in every([found])] == [
        "pkg:pypi/p@1%211",
        "pkg:cargo/n@1.0%2Bx",
        "pkg:cargo/g@2?vcs_url=git%2Bhttps%3A%2F%2Fx.invalid%2Fg%231",
    ]


def test_what_is_installed_with_what_its_lock_says() -> None:
    crate = Crate(name="n", version="1", source="registry+https://x.invalid", sha256="c" * 64)
    sdist = Artifact(name="p-1.tar.gz", url="https://x.invalid/p-1.tar.gz", sha256="a" * 64)
    lock = Lock(packages=(Package(name="p", version="1", sdist=sdist, crates=(crate,)),))
    own = Component(name="z", version="1", purl="pkg:generic/z@1")
    there = Component(name="p", version="1", purl="pkg:pypi/p@1", licence="MIT", parts=(own,))
    other = Component(name="p", version="2", purl="pkg:pypi/p@2")
    one, two = with_sources((there, other), lock)
    assert (one.licence, one.url, one.sha256, two) == ("MIT", sdist.url, sdist.sha256, other)
    assert [part.purl for part in one.parts] == ["pkg:generic/z@1", "pkg:cargo/n@1"]


def test_nobody_learns_a_password_from_a_bill_of_materials() -> None:
    for url, told in (
        ("https://me:secret@x.invalid:8080/a-1.zip?q=@", "https://x.invalid:8080/a-1.zip?q=@"),
        ("https://x.invalid/@/a-1.zip", "https://x.invalid/@/a-1.zip"),
        ("", ""),
    ):
        sdist = Artifact(name="a-1.zip", url=url, sha256="a" * 64)
        assert components_of(Lock(packages=(Package(name="a", version="1", sdist=sdist),)))[0].url == told
