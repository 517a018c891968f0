"""A wheel, unpacked beside the image: each file as it will be, with its place, mode and hash.

Nothing is written into an image before every wheel of a call has come this far. The staged files are numbered, so
no name of an archive ever becomes a name on this machine.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Literal

import installer
from installer.destinations import WheelDestination
from installer.records import Hash, RecordEntry
from installer.scripts import Script
from installer.utils import Scheme as Key
from installer.utils import construct_record_file, copyfileobj_with_hashing

from crosspy.errors import WheelRefusedError
from crosspy.install.archive import CheckedWheel, open_contents
from crosspy.install.scheme import Scheme

_SHEBANG: Final = re.compile(rb"#!(python\w*|/\S*/pythonw?[\d.]*[td]*)(?:[ \t]([^\r\n]*))?\r?\n?")
_TARGET_BINS: Final = frozenset({"/usr/bin", "/bin", "/usr/local/bin"})
_MAX_SHEBANG: Final = (
    127  # BINPRM_BUF_SIZE before Linux 5.1, newline included; installer knows the way around it
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedFile:
    """A file to install. ``key`` is the wheel's name for its place (``purelib`` ...), ``path`` that on the target."""

    key: str
    name: str
    path: PurePosixPath
    staged: Path
    mode: int
    sha256: str
    """As RECORD has it: urlsafe base64 without padding."""
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedWheel:
    """All that installing a wheel writes; RECORD is the last of ``files``."""

    wheel: CheckedWheel
    site: PurePosixPath
    """Where its .dist-info goes."""
    files: tuple[StagedFile, ...]

    @property
    def dist_info(self) -> PurePosixPath:
        return self.site / self.wheel.dist_info


class StagingDestination(WheelDestination):
    """Where :func:`installer.install` writes: numbered files in a directory, and a list of what they are."""

    def __init__(self, directory: Path, *, wheel: CheckedWheel, scheme: Scheme, interpreter: str) -> None:
        self.directory = directory
        self.interpreter = interpreter
        self.files: list[StagedFile] = []
        self.record: tuple[str, str] = ("", "")
        self._wheel = wheel
        self._scheme = scheme

    def write_file(
        self, scheme: Key, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """Stage one file of the wheel; a script of Python gets the target's interpreter."""
        if scheme == "scripts":
            with io.BytesIO(rewrite_shebang(stream.read(), self.interpreter)) as script:
                return self.stage(scheme, os.fspath(path), script, executable=True)
        return self.stage(scheme, os.fspath(path), stream, executable=is_executable)

    def write_script(
        self, name: str, module: str, attr: str, section: Literal["console", "gui"]
    ) -> RecordEntry:
        """Stage the program of an entry point."""
        script_name, content = Script(name, module, attr, section).generate(self.interpreter, "posix")
        with io.BytesIO(content) as stream:
            return self.stage("scripts", script_name, stream, executable=True)

    def finalize_installation(
        self,
        scheme: Key,
        record_file_path: str,
        records: Iterable[tuple[Key, RecordEntry]],  # noqa: ARG002 -- all of them are among self.files
    ) -> None:
        """Note where RECORD goes; it is written by :func:`with_record`, when the bytecode is there too."""
        self.record = (scheme, record_file_path)

    def stage(self, key: str, name: str, stream: BinaryIO, *, executable: bool) -> RecordEntry:
        staged = self.directory / f"{len(self.files):06d}"
        try:
            with staged.open("xb") as file:
                digest, size = copyfileobj_with_hashing(stream, file, "sha256")
        except OSError as error:
            if error.filename is None and error.errno is None:
                raise  # from the decoder of the archive
            raise WheelRefusedError(
                f"{self._wheel.path.name}: cannot be unpacked into {self.directory}: {error.strerror}",
                hint="Set TMPDIR to a directory with more room.",
            ) from None
        self.files.append(
            StagedFile(
                key=key,
                name=name,
                path=self._scheme.directory(key, self._wheel.title) / name,
                staged=staged,
                mode=0o755 if executable else 0o644,
                sha256=digest,
                size=size,
            )
        )
        return RecordEntry(name, Hash("sha256", digest), size)


def rewrite_shebang(content: bytes, interpreter: str) -> bytes:
    """Return a script with the target's interpreter in its first line, if that names a Python of the build machine.

    ``#!python`` is what the wheel format asks for; an absolute path is what a backend leaves that ran in a virtual
    environment. ``/usr/bin/env`` and the target's usual directories stay as their author wrote them.
    """
    match = _SHEBANG.match(content)
    if not match:
        return content
    named = match[1].decode("utf-8", "surrogateescape")
    if "/" in named and str(PurePosixPath(named).parent) in {
        *_TARGET_BINS,
        str(PurePosixPath(interpreter).parent),
    }:
        return content
    arguments = (match[2] or b"").strip()
    line = f"#!{interpreter}".encode()
    if arguments and len(line) + len(arguments) + 2 <= _MAX_SHEBANG and b" " not in line:
        line += b" " + arguments
    elif len(line) + 1 > _MAX_SHEBANG or b" " in line:
        line = _generated_shebang(interpreter)
    return line + b"\n" + content[match.end() :]


def _generated_shebang(interpreter: str) -> bytes:
    """Return installer's shell-and-Python first lines for a path that does not fit into a shebang."""
    code = Script("x", "x", "x", "console").generate(interpreter, "posix")[1]
    return code.partition(b"\n# -*-")[0]


def stage_wheel(
    wheel: CheckedWheel, directory: Path, *, scheme: Scheme, interpreter: str, metadata: Mapping[str, bytes]
) -> StagingDestination:
    """Unpack a checked wheel into ``directory``.

    :param metadata: files to add to its .dist-info, such as INSTALLER.
    :raises WheelRefusedError: if the archive cannot be read after all, or the directory not be written.
    """
    destination = StagingDestination(directory, wheel=wheel, scheme=scheme, interpreter=interpreter)
    with open_contents(wheel) as source:
        installer.install(source, destination, dict(metadata))
    return destination


def with_record(destination: StagingDestination, wheel: CheckedWheel, scheme: Scheme) -> StagedWheel:
    """Write RECORD for all that was staged, and return the whole.

    Paths are relative to the directory that holds .dist-info (PEP 376): ``../../../bin/x``.
    """
    key, name = destination.record
    site = scheme.directory(key, wheel.title)
    # By path: a wheel may hold one file twice, below .data and not, with the same content.
    entries = {file.path: file for file in destination.files}.values()
    records = [
        RecordEntry(os.path.relpath(file.path, site), Hash("sha256", file.sha256), file.size)
        for file in entries
    ]
    records.append(RecordEntry(name, None, None))
    with construct_record_file((Key(key), record) for record in records) as stream:
        destination.stage(key, name, stream, executable=False)
    return StagedWheel(wheel=wheel, site=site, files=tuple(destination.files))
