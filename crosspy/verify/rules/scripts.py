"""XP401, XP402, XP403: scripts that the kernel does not start as they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.rules import Rule
from crosspy.verify.rules.loader import is_complete
from crosspy.verify.tree import BYTE_ORDER_MARK, Image

XP401: Final = Rule(
    id="XP401",
    title="interpreter of a script not in the image",
    why="The kernel starts a script through the program in its first line. Scripts installed by a build machine's pip "
    "name a Python of the build tree: 'bad interpreter: No such file or directory' on the target. So do wheels that "
    "were only unpacked (#!python), and scripts edited on Windows ('python3\\r').",
    fix="A script of a Python package: install it with crosspy install ENV --root ROOTFS, which writes the target's "
    "interpreter. Another: add the program that it names to the image, or leave the script out.",
    reference="https://github.com/openwrt/openwrt/issues/28310",
)
XP402: Final = Rule(
    id="XP402",
    title="first line of a script too long",
    why="The kernel reads 255 bytes of a script's first line, before Linux 5.1 only 127: what is longer is cut, so that "
    "another interpreter is started, or none: 'bad interpreter'.",
    fix="Install the script with a shorter interpreter path (crosspy install writes the target's own).",
    reference="https://man7.org/linux/man-pages/man2/execve.2.html",
)
XP403: Final = Rule(
    id="XP403",
    title="script with a setuid or setgid bit",
    why="Linux ignores the bit of a script, so it does not run as its author meant; on systems that honour it, it is a hole.",
    fix="Remove the bit (chmod ug-s); start what needs more rights through a service or sudo.",
    reference="https://man7.org/linux/man-pages/man2/execve.2.html",
)
RULES: Final = (XP401, XP402, XP403)

_PATH: Final = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_STANDARD: Final = re.compile(r"/(?:usr/(?:local/)?)?(?:s?bin|lib|libexec|share)/|/(?:opt|etc)/")
_OLD_KERNELS, _KERNELS, _READ = 127, 255, 1024
_RUN_BY_PATH: Final = re.compile(r"/(?:s?bin|libexec|init\.d)/[^/]+$")
# What pip writes where an interpreter's path is long or has spaces: the shell runs line 2, Python reads it as text.
_TRAMPOLINE: Final = re.compile(rb"'''exec'\s+(?:\"([^\"\n]+)\"|(\S+))")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Look up the interpreter of each executable script."""
    _ = expectation
    whole = is_complete(image)
    for path in sorted(image.setuid):
        yield XP403.finding(path, Severity.WARNING, "script with a setuid or setgid bit")
    for path, text in image.scripts.items():
        yield from _too_long(path, text)
        wrong = _not_the_kernels(text)
        if wrong:
            if whole and _RUN_BY_PATH.search(path):
                line = text.partition(b"\n")[0].decode("utf-8", "replace")
                yield XP401.finding(
                    path, Severity.ERROR, wrong, expected="#! and an absolute path", found=repr(line)
                )
            continue
        for wanted in interpreters(text):
            if _found(image, wanted):
                continue
            severity = _severity(path, wanted, whole=whole)
            if severity is not None:
                yield XP401.finding(
                    path,
                    severity,
                    "interpreter of the script not in the image",
                    expected="a program of the image",
                    found=f"#!{wanted}",
                )


def _not_the_kernels(text: bytes) -> str:
    """Return what makes of a first line another one for the kernel than for its author; empty if nothing does."""
    line = text.partition(b"\n")[0]
    if text.startswith(BYTE_ORDER_MARK):
        return "a byte order mark before #!, so that the kernel takes it for no script"
    if line.endswith(b"\r"):
        return "first line ends in a carriage return, which is a part of the name for the kernel"
    word = line[2:].split(maxsplit=1)[:1]
    if word and not word[0].startswith(b"/"):
        return "the interpreter is no absolute path, so it is looked for in the working directory"
    return ""


def _too_long(path: str, text: bytes) -> Iterator[Finding]:
    length = len(text.partition(b"\n")[0])
    if length > _OLD_KERNELS and _RUN_BY_PATH.search(path):
        severity = Severity.ERROR if length > _KERNELS else Severity.WARNING
        found = f"{length} bytes" if length < len(text) or length < _READ else f"{length} bytes or more"
        yield XP402.finding(
            path, severity, "first line too long", expected=f"at most {_OLD_KERNELS} bytes", found=found
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
