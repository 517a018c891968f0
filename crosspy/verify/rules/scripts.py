"""XP401: scripts whose interpreter is not in the image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.rules import Rule
from crosspy.verify.rules.loader import is_complete
from crosspy.verify.tree import Image

RULES: Final = (
    Rule(
        id="XP401",
        title="interpreter of a script not in the image",
        why="The kernel starts a script through the program in its first line. Scripts installed by a build machine's pip "
        "name a Python of the build tree: 'bad interpreter: No such file or directory' on the target.",
        fix="A script of a Python package: install it with crosspy install ENV --root ROOTFS, which writes the target's "
        "interpreter. Another: add the program that it names to the image, or leave the script out.",
        reference="https://github.com/openwrt/openwrt/issues/28310",
    ),
)

_FIX: Final = RULES[0].fix
_PATH: Final = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_STANDARD: Final = re.compile(r"/(?:usr/(?:local/)?)?(?:s?bin|lib|libexec|share)/|/(?:opt|etc)/")
_RUN_BY_PATH: Final = re.compile(r"/(?:s?bin|libexec|init\.d)/[^/]+$")
# What pip writes where an interpreter's path is long or has spaces: the shell runs line 2, Python reads it as text.
_TRAMPOLINE: Final = re.compile(rb"'''exec'\s+(?:\"([^\"\n]+)\"|(\S+))")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look up the interpreter of each executable script."""
    _ = expectation
    whole = is_complete(image)
    for path, text in image.scripts.items():
        for wanted in interpreters(text):
            if _found(image, wanted):
                continue
            severity = _severity(path, wanted, whole=whole)
            if severity is not None:
                yield Finding(
                    path=path,
                    check="XP401",
                    severity=severity,
                    message="interpreter of the script not in the image",
                    expected="a program of the image",
                    found=f"#!{wanted}",
                    fix=_FIX,
                )


def _severity(path: str, wanted: str, *, whole: bool) -> Severity | None:
    """Say how bad it is that ``wanted`` is missing, None for not at all.

    A directory that only a build machine has is told always, the rest only of whole images. Modules that happen to be
    executable name interpreters that nobody starts them with; and an image without perl has perl scripts it can spare.
    """
    by_path = _RUN_BY_PATH.search(path) is not None
    if "/" in wanted and not _STANDARD.match(wanted):
        return Severity.ERROR if by_path else Severity.WARNING
    if not whole or not by_path:
        return None
    return Severity.ERROR if wanted.rpartition("/")[2].startswith("python") else Severity.INFO


def interpreters(text: bytes) -> list[str]:
    """Return the programs that the first lines of a script start: paths, or a name that ``env`` looks up.

    >>> interpreters(b"#!/usr/bin/env -S python3 -u")
    ['/usr/bin/env', 'python3']
    """
    first, _, rest = text[2:].partition(b"\n")
    words = first.decode("utf-8", "surrogateescape").split()
    if not words:
        return []
    wanted = words[:1]
    if words[0].rpartition("/")[2] == "env":
        names = (word for word in words[1:] if not word.startswith("-") and "=" not in word)
        wanted += [next(names, "env")]
    trampoline = _TRAMPOLINE.match(rest)
    if trampoline:
        wanted.append((trampoline[1] or trampoline[2]).decode("utf-8", "surrogateescape"))
    return wanted


def _found(image: Image, wanted: str) -> bool:
    if "/" in wanted:
        return wanted.startswith("/") and image.exists(wanted)
    return any(image.exists(f"{directory}/{wanted}") for directory in _PATH)
