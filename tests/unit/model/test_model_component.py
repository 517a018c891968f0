"""Licences as their authors state them, as SPDX expressions."""

from __future__ import annotations

import pytest

from crosspy.model.component import Component, components_of, every, licence_of, with_sources
from crosspy.model.lock import Artifact, Crate, Lock, Package

OSI = "License :: OSI Approved :: "
ISC = """\
Copyright (c) 2020, Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF
CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""
BSD3 = """\
Copyright © 2020, [Somebody](https://x.invalid/).
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met:

* Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
* Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.
* Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
  derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING,
BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT
SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR
PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR
TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.
"""


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
        ("", [], "MIT OR AFL-2.1", "MIT OR AFL-2.1"),
        (
            "",
            [f"{OSI}MIT License", f"{OSI}Apache Software License"],
            "mit or apache-2.0",
            "MIT OR Apache-2.0",
        ),
        ("", [], "MIT OR Beer", ""),
        ("", [f"{OSI}BSD License"], "Zlib", "Zlib"),
        ("", [], "LGPL-2.1", ""),
    ],
)
def test_a_licence_is_an_expression_only_where_it_is_clear(expression, classifiers, stated, found) -> None:
    assert licence_of(expression, classifiers, stated) == found


@pytest.mark.parametrize(
    ("classifiers", "stated", "texts", "found"),
    [
        (["BSD License"], "", [BSD3], "BSD-3-Clause"),
        ([], "UNKNOWN", [ISC], "ISC"),
        ([], f"A title of their own\n\n{ISC}", [], ""),
        ([], f"ISC License\n\n{ISC}", [], "ISC"),
        (["BSD License"], "BSD", [BSD3, BSD3], "BSD-3-Clause"),
        # Another licence beside it, another one told of, or words of their own: nothing is clear.
        (["BSD License"], "", [BSD3, ISC], ""),
        (["BSD License"], "", [ISC], ""),
        (["BSD License", "MIT License"], "", [BSD3], ""),
        (["BSD License"], "Dual License", [BSD3], ""),
        ([], "", [f"{ISC}\n\nNot for use on Sundays."], ""),
        ([], "", [f"Except for a.c, which is nobody's:\n{ISC}"], ""),
        ([], "", [ISC.replace("fee", "fees")], ""),
        ([], "", [ISC + " " * 10_000], ""),
    ],
)
def test_licence_files_tell_where_the_metadata_name_a_family_or_nothing(
    classifiers, stated, texts, found
) -> None:
    assert licence_of("", [OSI + name for name in classifiers], stated, texts) == found


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
