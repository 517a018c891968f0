"""What the environment-setup file of an OpenEmbedded SDK says, read and not run.

OE-core writes it (``toolchain-scripts.bbclass``): ``export NAME=VALUE`` lines with the shell's quotes, some of which name
variables of lines above. Whatever else is in it, is for people who source it.
"""

from __future__ import annotations

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
    """An SDK as it lies now. ``variables`` is what sourcing its file would export, each path where the SDK is."""

    sysroot: str
    variables: Mapping[str, str]


def read_sdk(path: Path, environ: Mapping[str, str]) -> Sdk:
    """Read ``environment-setup-*``; nothing of it is executed.

    An SDK that was moved or copied keeps its old paths in the file: what lay below its old directory is looked for below
    the one that the file is in.

    :param environ: of the caller; ``PATH`` is the one that the file puts its own before.
    :raises UsageError: if there is no such file.
    :raises TargetDataError: if it is no such file, or its sysroot is not there.
    """
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
