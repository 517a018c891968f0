"""What an SDK is: the environment-setup file of OpenEmbedded's, read and not run; the directory of Buildroot's.

OE-core writes the file (``toolchain-scripts.bbclass``): ``export NAME=VALUE`` lines with the shell's quotes, some of which
name variables of lines above. Whatever else is in it, is for people who source it. Buildroot's SDK needs none: its manual
("Advanced usage", "Using the generated toolchain outside Buildroot") says where its parts are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy.errors import TargetDataError, UsageError

_ASSIGNMENT: Final = re.compile(r"\s*(export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
_OPENS: Final = re.compile(r"\s*(if|for|while|until|case)\b")
_CLOSES: Final = re.compile(r"\s*(fi|done|esac)\b|.*;\s*(fi|done|esac)\s*$")
# In double quotes a backslash stands for itself but before these.
_WORD: Final = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^'"\\\s;#&|]+)|(?P<hash>#)""",
    re.DOTALL,
)
_PARAMETER: Final = re.compile(
    r"\\(?P<escaped>[$`\"\\])|\$(?P<bare>[A-Za-z_]\w*)|\$\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^}]*))?\}|(?P<command>`|\$\(|\$\{)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sdk:
    """An SDK as it lies now. ``variables`` is what its file exports, or would if it had one; paths are where it is."""

    sysroot: str
    variables: Mapping[str, str]


def read_sdk(path: Path, environ: Mapping[str, str]) -> Sdk:
    """Read an SDK; nothing of it is executed.

    :param path: ``environment-setup-*`` of OpenEmbedded, or the directory of an SDK that Buildroot's ``make sdk`` made
        (or ``output/host``).

    An SDK that was moved or copied keeps its old paths in the file: what lay below its old directory is looked for below
    the one that the file is in.

    :param environ: of the caller; ``PATH`` is the one that the file puts its own before.
    :raises UsageError: if there is no such file.
    :raises TargetDataError: if it is no such file, its sysroot is not there, or Buildroot's SDK was moved only.
    """
    if path.is_dir() or path.name == "environment-setup":
        return _of_buildroot(path if path.is_dir() else path.parent, environ)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--sdk {path}: {error.strerror}",
            hint="Name the file environment-setup-* in the SDK's directory.",
        ) from None
    except UnicodeDecodeError:
        raise _not_one(path, "it is not text") from None
    variables = _exports(text, environ)
    sysroot = variables.get("SDKTARGETSYSROOT", "")
    if not sysroot.startswith("/") or not variables.get("CC"):
        lacking = "CC" if sysroot.startswith("/") else "SDKTARGETSYSROOT"
        raise _not_one(path, f"it does not export {lacking}")
    old, new = _old_place(sysroot), str(path.resolve().parent)
    if old and old != new and Path(new + sysroot[len(old) :]).is_dir():
        pattern = re.compile(rf"{re.escape(old)}(?=[/:\s\"']|$)")
        variables = {
            name: pattern.sub(lambda _match: new, value) if name != "PATH" else _moved_path(value, old, new)
            for name, value in variables.items()
        }
        sysroot = variables["SDKTARGETSYSROOT"]
    if not Path(sysroot).is_dir():
        raise TargetDataError(
            f"{path} names the sysroot {sysroot}, which is not there",
            hint="Install the SDK again, or give the file in the directory where it is now.",
        )
    return Sdk(sysroot=sysroot, variables=variables)


def _of_buildroot(directory: Path, environ: Mapping[str, str]) -> Sdk:
    """Return Buildroot's SDK: ``TUPLE/sysroot``, ``bin/``, and where ``relocate-sdk.sh`` last found itself."""
    directory = directory.resolve()
    if not (directory / "bin/toolchain-wrapper").is_file():
        raise TargetDataError(
            f"--sdk {directory} is not an SDK of Buildroot: bin/toolchain-wrapper is not in it",
            hint="Name the directory of an SDK that make sdk made, or the file environment-setup-* of Yocto's.",
        )
    location = directory / "share/buildroot/sdk-location"
    # Without that file it is output/host itself, in its own place.
    place = location.read_text(encoding="utf-8", errors="replace").strip() if location.is_file() else ""
    if place not in {"", str(directory)}:
        raise TargetDataError(
            f"the SDK in {directory} was made for {place}, or moved from there",
            hint=f"Run {directory}/relocate-sdk.sh.",
        )
    sysroots = sorted(directory.glob("*/sysroot"))
    # An external toolchain keeps its own prefix; the wrapper is what knows the flags of the target's processor.
    compilers = sorted(
        (one for one in directory.glob("bin/*-gcc") if one.resolve().name == "toolchain-wrapper"),
        key=lambda one: (one.name != f"{sysroots[0].parent.name}-gcc" if sysroots else False, one.name),
    )
    if len(sysroots) != 1 or not compilers:
        raise TargetDataError(
            f"the SDK in {directory} has {len(sysroots)} sysroots (TUPLE/sysroot) and {len(compilers)} compilers "
            "(bin/*-gcc)",
            hint="Make it anew with make sdk.",
        )
    prefix = str(compilers[0]).removesuffix("gcc")
    tools = {"CC": "gcc", "CXX": "g++", "FC": "gfortran", "AR": "ar", "STRIP": "strip"}
    path = os.pathsep.join([f"{directory}/bin", f"{directory}/sbin", environ.get("PATH", os.defpath)])
    found = {name: prefix + tool for name, tool in tools.items() if Path(prefix + tool).exists()}
    return Sdk(sysroot=str(sysroots[0]), variables={"PATH": path, **found})


def _not_one(path: Path, why: str) -> TargetDataError:
    return TargetDataError(
        f"{path} is not the environment file of an SDK: {why}",
        hint="It is called environment-setup-*, in the directory of an SDK that Yocto's populate_sdk made.",
    )


def _old_place(sysroot: str) -> str:
    """Return the SDK's directory as its file has it: sysroots are in ``sysroots/``; empty if they are elsewhere."""
    head, found, _ = sysroot.rpartition("/sysroots/")
    return head if found else ""


def _moved_path(value: str, old: str, new: str) -> str:
    return ":".join(
        new + part[len(old) :] if (part + "/").startswith(old + "/") else part for part in value.split(":")
    )


def _exports(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what is exported outside of ``if`` and loops. Values of commands (``$(...)``) are unknown: left out."""
    known = dict(environ)
    exported: dict[str, str] = {}
    for line in _top_level(text):
        match = _ASSIGNMENT.match(line)
        if not match:
            continue
        value = _value(match[3], known)
        if value is None:
            known.pop(match[2], None)
            continue
        known[match[2]] = value
        if match[1]:
            exported[match[2]] = value
    return exported


def _top_level(text: str) -> Iterator[str]:
    depth = 0
    for line in text.replace("\\\n", "").splitlines():
        if _OPENS.match(line):
            depth += 1
        elif not depth:
            yield line
        if _CLOSES.match(line):
            depth = max(0, depth - 1)


def _value(text: str, known: Mapping[str, str]) -> str | None:
    """Return the first word of ``text`` as a shell would have it, or None if it is what a command prints."""
    value = ""
    position = 0
    while match := _WORD.match(text, position):
        position = match.end()
        if match["hash"]:
            if not value:
                break
            value += "#"
        elif match["single"] is not None:
            value += match["single"]
        elif match["escaped"] is not None:
            value += match["escaped"]
        else:
            part = _expanded(match["double"] if match["double"] is not None else match["plain"], known)
            if part is None:
                return None
            value += part
    return value


def _expanded(text: str, known: Mapping[str, str]) -> str | None:
    if any(match["command"] for match in _PARAMETER.finditer(text)):
        return None
    return _PARAMETER.sub(
        lambda match: (
            match["escaped"]
            or known.get(match["bare"] or match["braced"] or "", "")
            or match["default"]
            or ""
        ),
        text,
    )
