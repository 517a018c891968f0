"""Build requirements as files of the index, for a recipe whose layers have no recipes of them."""

from __future__ import annotations

import re
import zipfile
from collections import deque
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crosspy.build.contents import read_contents
from crosspy.build.index import find_portable
from crosspy.build.project import applying, meets
from crosspy.build.transport import download, transport_of
from crosspy.errors import BuildFailedError
from crosspy.model.lock import Artifact


def build_files(
    wishes: Iterable[str], known: Mapping[str, str], scratch: Path, *, environ: Mapping[str, str]
) -> tuple[dict[str, Artifact], set[str]]:
    """Return wheels, or source distributions, for those of ``wishes`` that ``known`` does not meet, and for what they need.

    The second part are the ``known`` ones that are needed.

    :param wishes: requirements. :param scratch: an empty directory.
    :param known: versions by canonical names; an empty one is as good as any.
    :raises UsageError, ResolveError, FetchError: as :func:`~crosspy.build.index.find_sdist`.
    :raises BuildFailedError: if a file is damaged.
    """
    found: dict[str, Artifact] = {}
    needed: set[str] = set()
    waiting = deque(Requirement(wish) for wish in wishes)
    while waiting:
        requirement = waiting.popleft()
        name = canonicalize_name(requirement.name)
        if name in known and meets(requirement, known[name]):
            needed.add(name)
            continue
        if name in found:
            continue
        _, artifact = find_portable(f"{requirement.name}{requirement.specifier}", environ=environ)
        download(artifact, scratch, base=scratch, transport=transport_of(environ))
        found[name] = artifact
        waiting.extend(applying(requires_of(scratch / artifact.name)))
    return dict(sorted(found.items())), needed - found.keys()


def requires_of(path: Path) -> list[object]:
    """Return what a wheel needs to run; of a source distribution, what it is built with, too.

    :raises BuildFailedError: if the file is damaged.
    """
    if path.suffix != ".whl":
        contents = read_contents(path)
        return [*contents.build_requires, *_stated(contents.texts.get("PKG-INFO", b""))]
    try:
        with zipfile.ZipFile(path) as wheel:
            # At the top: what a wheel brings along (setuptools' _vendor) has metadata of its own.
            [metadata] = [
                name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
            ]
            return [*_stated(wheel.read(metadata))]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BuildFailedError(
            f"{path} is damaged: {error}", hint="Get the file anew, and compare its hash with the index's."
        ) from None


def _stated(metadata: bytes) -> Iterable[object]:
    return map(str, HeaderParser().parsestr(metadata.decode("utf-8", "replace")).get_all("Requires-Dist", ()))
