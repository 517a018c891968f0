"""Build paths in a wheel become the target's, so that the wheel is the same wherever it was built.

Packages write down how they were built (numpy's ``__config__.py`` names the interpreter and the compilers). In programs
and libraries that is where they look for others (:mod:`rpath`); the rest of them is left to the compiler's own
``-ffile-prefix-map``.
"""

import base64
import hashlib
import os
import re
import sys
import tempfile
import zipfile
from urllib.parse import quote

from . import ROOT, buildfacts, facts, rpath

_OPAQUE = (".a", ".o", ".png", ".jpg", ".gz", ".zip", ".npy", ".npz", ".pyc", ".exe", ".dll", ".whl")


def replacements() -> list[tuple[bytes, bytes]]:
    """Return what to replace, longest first, as pairs of bytes."""
    pairs = {
        os.path.join(ROOT, "crosspy", "tools") + os.sep: "",
        ROOT: buildfacts.PREFIX,
        os.environ.get("CROSSPY_SOURCE", ""): ".",
        os.environ.get("CROSSPY_ISOLATED", ""): "/build-env",
        buildfacts.SYSROOT: "",
        os.path.realpath(buildfacts.SYSROOT) if buildfacts.SYSROOT else "": "",
    }
    for name in ("python", "python3", os.path.basename(sys.executable)):
        for directory in {os.path.join(ROOT, "bin"), os.path.dirname(sys.executable)}:
            pairs[os.path.join(directory, name)] = buildfacts.PYTHON
    # As a URL has it, too: a bill of materials of Rust names where crates lie (a+b: a%2Bb).
    forms = {form: new for old, new in pairs.items() for form in (old, quote(old, "/+"), quote(old))}
    found = [(old.encode(), new.encode()) for old, new in forms.items() if len(old) > 3]
    return sorted(found, key=lambda pair: (-len(pair[0]), pair[0]))


def scrub(wheel: str) -> list[str]:
    """Rewrite ``wheel`` in place if a text file, or a search path, of it names a directory of this build."""
    pairs = replacements()
    sysroots = rpath.sysroots()
    staged = _staged()
    with zipfile.ZipFile(wheel) as archive:
        infos = archive.infolist()
        changed = {}
        for info in infos:
            if info.is_dir() or info.filename.endswith((*_OPAQUE, ".dist-info/RECORD")):
                continue
            old = archive.read(info)
            if b"\x00" in old[:1024]:
                new = rpath.mended(old, sysroots)
            else:
                # What is known by name first: an environment, or a project, may lie in such a directory.
                new = staged.sub(_installed, _replaced(old, pairs))
            if new != old:
                changed[info.filename] = new
        if not changed:
            return []
        contents = [
            (info, changed[info.filename] if info.filename in changed else archive.read(info))
            for info in infos
        ]
    temporary = f"{wheel}.{os.getpid()}.tmp"
    with zipfile.ZipFile(temporary, "w") as archive:
        for info, data in contents:
            is_record = info.filename.endswith(".dist-info/RECORD")
            text = _recorded(data, changed) if is_record else data
            archive.writestr(info, text, compress_type=info.compress_type)
    os.replace(temporary, wheel)
    return sorted(changed)


def _staged() -> re.Pattern[bytes]:
    """Return what a temporary directory of a back end is called, in which it puts a wheel together.

    scikit-build-core lets CMake install below ``wheel/platlib`` of one, and CMake writes that into ``.pc`` files.
    """
    place = re.escape(os.path.join(tempfile.gettempdir(), "tmp"))
    return re.compile(rf"{place}\w{{8}}(/wheel/(?:platlib|purelib))?(?![\w.-])".encode())


def _installed(match: re.Match[bytes]) -> bytes:
    if not match[1]:
        return b"/build-tmp"
    python = f"{buildfacts.PREFIX}/{facts.SYS['platlibdir']}/{facts.LIBRARY[1]}/site-packages"
    return python.encode()


def _replaced(data: bytes, pairs: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in pairs:
        if old in data:
            # A directory ends where its name does: /a/env is no part of /a/env2.
            end = b"" if old.endswith(b"/") else rb"(?![\w.-])"
            data = re.sub(re.escape(old) + end, new.replace(b"\\", rb"\\"), data)
    return data


def _recorded(record: bytes, changed: dict[str, bytes]) -> bytes:
    import csv
    import io

    rows = list(csv.reader(io.StringIO(record.decode("utf-8"))))
    for row in rows:
        if row and row[0] in changed:
            data = changed[row[0]]
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            row[1:] = [f"sha256={digest}", str(len(data))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")
