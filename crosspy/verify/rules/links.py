"""XP404, XP405: symbolic links that lead nowhere, or out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.extensions import parse_name
from crosspy.verify.places import Place, place_of
from crosspy.verify.rules import Rule
from crosspy.verify.rules.loader import is_complete
from crosspy.verify.tree import Image, basename, is_library_name

XP404: Final = Rule(
    id="XP404",
    title="link that leads out of the image, or in circles",
    why="A link that goes up past the root, or names a directory of the build machine, means another file there than on the "
    "device, where it leads nowhere. A link that leads to itself cannot be opened: 'Too many levels of symbolic links'.",
    fix="Make the link relative to its own directory, inside the image (ln -sr), or leave it out.",
    reference="https://man7.org/linux/man-pages/man7/symlink.7.html",
)
XP405: Final = Rule(
    id="XP405",
    title="library link without its library",
    why="A name that ends with .so leads to a file that is not in the image: whatever loads that name fails; for an "
    "extension module that is the import.",
    fix="Add the library, or remove the link; links for the linker only (libx.so of a -dev package) can go.",
    reference="https://man7.org/linux/man-pages/man8/ldconfig.8.html",
)
RULES: Final = (XP404, XP405)


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Follow every link inside the image."""
    _ = expectation
    whole = is_complete(image)
    for path, goal in image.links.items():
        found = image.resolve(path)
        severity = Severity.INFO if place_of(path) is Place.PAYLOAD else Severity.ERROR
        if found is None:
            yield XP404.finding(path, severity, "link leads in circles", found=goal)
        elif _climbs_out(path, goal):
            yield XP404.finding(
                path, severity, "link goes up past the root", expected="a path of the image", found=goal
            )
        elif found not in image.files and found not in image.directories and found not in image.special:
            yield from _dangling(path, goal, severity, whole=whole)


def _climbs_out(path: str, goal: str) -> bool:
    if goal.startswith("/"):
        return False
    depth = path.count("/") - 1
    for word in goal.split("/"):
        if word == "..":
            depth -= 1
            if depth < 0:
                return True
        elif word not in {"", "."}:
            depth += 1
    return False


# Links into directories that are filled or mounted on the running device are usual: /etc/resolv.conf -> /tmp/resolv.conf.
_BUILD_TREE: Final = re.compile(
    r"/home/[^/]+/[^/]+/.+|/(?:builds?|workspace|work|workdir)/.+"
    r"|/.+/(?:output/(?:host|target|staging|build|images)|tmp/work|recipe-sysroot(?:-native)?|sysroots?|rootfs|staging)/.+"
)


def _dangling(path: str, goal: str, severity: Severity, *, whole: bool) -> Iterator[Finding]:
    if _BUILD_TREE.fullmatch(goal):
        yield XP404.finding(
            path,
            severity,
            "link leads to a directory of the build machine",
            expected="a path of the image",
            found=goal,
        )
    elif parse_name(basename(path)) and whole:
        message = "link of an extension module without the module"
        yield XP405.finding(path, severity, message, expected=goal, found="nothing")
    elif whole and is_library_name(basename(path)):
        warning = min(severity, Severity.WARNING)
        yield XP405.finding(path, warning, "library link without its library", expected=goal, found="nothing")
