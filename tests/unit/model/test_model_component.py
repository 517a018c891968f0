"""Licences as their authors state them, as SPDX expressions."""

from __future__ import annotations

import pytest

from crosspy.model.component import components_of, every, licence_of
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
