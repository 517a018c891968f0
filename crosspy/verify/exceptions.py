"""What a project has decided to live with: exceptions with a reason, a baseline, and severities of its own.

::

    [[verify.ignore]]
    ids = ["XP201"]                        # or the beginning of ids: "XP2"
    paths = ["/usr/lib/libmpi*"]           # as the report writes them; * takes in /
    reason = "MPI is started by hand, and brings its own libraries"

A finding that is excepted is counted and never shown as one. An exception that nothing needs is itself a finding, so
that the list stays true. A baseline is a list of findings, written by a run before: only what is new counts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from crosspy.errors import UsageError
from crosspy.model.finding import Finding, Severity
from crosspy.verify.rules import Rule

XP003: Final = Rule(
    id="XP003",
    title="exception that nothing needs",
    why="A [[verify.ignore]] of the exceptions file matches no finding any more: what it excused is repaired, or its "
    "paths are wrong. Left there, it hides the next fault of the kind.",
    fix="Remove the exception, or put its ids and paths right.",
    reference="https://github.com/crosspy/crosspy/blob/main/docs/how-to/verify.md#what-you-decide-to-live-with",
)
RULES: Final = (XP003,)

BASELINE: Final = "the baseline"
_SCHEMA: Final = 1
_KEYS: Final = {"ids", "paths", "reason"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """One ``[[verify.ignore]]``: ids or their beginnings, path globs, and why."""

    ids: tuple[str, ...]
    paths: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Say whether the finding is one that this excuses."""
        return finding.check.startswith(self.ids) and any(
            fnmatchcase(finding.path, path) for path in self.paths
        )


Key = tuple[str, str, str]
"""What a baseline knows a finding by: check, path, and what was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exceptions:
    """All of them. ``severities`` are ids, or their beginnings, with another severity; the last one that fits counts."""

    ignores: tuple[Ignore, ...] = ()
    baseline: frozenset[Key] = frozenset()
    severities: tuple[tuple[str, Severity], ...] = ()
    origin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Findings that count, those that were accepted with the reason, and the exceptions that were of use."""

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...] = ()
    used: frozenset[Ignore] = field(default_factory=frozenset)


def judge(findings: Iterable[Finding], exceptions: Exceptions) -> Judged:
    """Hold findings against the exceptions. The order stays."""
    counted: list[Finding] = []
    accepted: list[tuple[Finding, str]] = []
    used: set[Ignore] = set()
    for given in findings:
        finding = _rated(given, exceptions)
        ignores = [ignore for ignore in exceptions.ignores if ignore.covers(finding)]
        used.update(ignores)
        if ignores:
            accepted.append((finding, ignores[0].reason))
        elif key(finding) in exceptions.baseline:
            accepted.append((finding, BASELINE))
        else:
            counted.append(finding)
    return Judged(findings=tuple(counted), accepted=tuple(accepted), used=frozenset(used))


def stale(exceptions: Exceptions, used: Collection[Ignore], applied: Collection[str]) -> list[Finding]:
    """Return a finding for each exception that was of no use, though all of its checks were ``applied``.

    :param used: the exceptions that were of use to any image of the run.
    """
    found = []
    for ignore in exceptions.ignores:
        if ignore not in used and any(check.startswith(ignore.ids) for check in applied):
            finding = XP003.finding(
                ignore.paths[0],
                Severity.WARNING,
                f"exception that nothing needs, in {exceptions.origin}",
                expected=f"a finding of {', '.join(ignore.ids)} at {', '.join(ignore.paths)}",
                found=f"none; its reason: {ignore.reason}",
            )
            found.append(_rated(finding, exceptions))
    return found


def key(finding: Finding) -> Key:
    """Return what a baseline knows the finding by."""
    return finding.check, finding.path, finding.found


def _rated(finding: Finding, exceptions: Exceptions) -> Finding:
    severity = finding.severity
    for prefix, wanted in exceptions.severities:
        if finding.check.startswith(prefix):
            severity = wanted
    return finding if severity is finding.severity else replace(finding, severity=severity)


# ------------------------------------------------------------------------------------------------------- the files


def read_ignores(text: str, *, origin: str, known: Collection[str]) -> tuple[Ignore, ...]:
    """Read the ``[[verify.ignore]]`` tables of a TOML file; other tables are nobody's business here.

    :param known: the ids of all checks.
    :raises UsageError: if it is no TOML, or an entry lacks ids, paths or a reason.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{origin}: no TOML: {error}") from None
    verify = document.get("verify", {})
    rows = verify.get("ignore", []) if isinstance(verify, dict) else None
    if not isinstance(rows, list):
        raise _wrong(origin, "verify.ignore is no list of tables")
    return tuple(
        _ignore(row, f"{origin}: [[verify.ignore]] {number}", known) for number, row in enumerate(rows, 1)
    )


def _ignore(row: Any, origin: str, known: Collection[str]) -> Ignore:
    if not isinstance(row, dict) or row.keys() - _KEYS:
        raise _wrong(origin, f"the keys are ids, paths and reason, not {', '.join(sorted(row)) or 'none'}")
    reason = row.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise _wrong(origin, "it has no reason")
    ids, paths = _texts(row.get("ids")), _texts(row.get("paths"))
    if not ids or not paths:
        raise _wrong(origin, "ids and paths are lists of strings, with at least one each")
    for check in ids:
        if not any(name.startswith(check) for name in known):
            raise _wrong(origin, f"no check is called {check!r}")
    for path in paths:
        if not path.startswith(("/", "*")):
            raise _wrong(origin, f"{path!r} begins neither with / nor with *, so it never matches")
    return Ignore(ids=ids, paths=paths, reason=reason.strip())


def _texts(value: Any) -> tuple[str, ...]:
    """Return a list of strings that are not empty; nothing for anything else."""
    sound = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return tuple(value) if sound else ()


def _wrong(origin: str, what: str) -> UsageError:
    hint = '[[verify.ignore]] ids = ["XP201"], paths = ["/usr/lib/libmpi*"], reason = "why this is fine"'
    return UsageError(f"{origin}: {what}", hint=hint)


def read_baseline(text: str, *, origin: str) -> frozenset[Key]:
    """Read a baseline. :raises UsageError: if it is none."""
    try:
        document = json.loads(text)
        if document["schema"] != _SCHEMA:
            raise UsageError(f"{origin}: a baseline of schema {document['schema']}, not {_SCHEMA}")
        return frozenset((row["check"], row["path"], row["found"]) for row in document["accepted"])
    except (ValueError, KeyError, TypeError, RecursionError):
        hint = "Write one with: crosspy verify IMAGE --write-baseline FILE"
        raise UsageError(f"{origin}: no baseline of crosspy verify", hint=hint) from None


def write_baseline(findings: Iterable[Finding]) -> str:
    """Return a baseline that accepts these findings; the same ones give the same text."""
    rows = [
        dict(zip(("check", "path", "found"), each, strict=True))
        for each in sorted({key(f) for f in findings})
    ]
    return json.dumps({"schema": _SCHEMA, "accepted": rows}, indent=1) + "\n"


def read_severities(texts: Sequence[str], known: Collection[str]) -> tuple[tuple[str, Severity], ...]:
    """Read ``XP204=error``. :raises UsageError:"""
    levels: Mapping[str, Severity] = {level.label: level for level in Severity}
    found = []
    for text in texts:
        check, _, level = text.partition("=")
        check = check.strip().upper()
        if level not in levels or not check or not any(name.startswith(check) for name in known):
            raise UsageError(
                f"--severity {text!r} is not of the form ID=LEVEL",
                hint="--severity XP204=error, warning or info",
            )
        found.append((check, levels[level]))
    return tuple(found)
