"""Why a build failed: its output and what its processes left, held against the table of causes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from crosspy.build import missing
from crosspy.build.causes import CAUSES, THINGS, Cause, Place, Reason
from crosspy.build.evidence import Failure
from crosspy.build.missing import Sysroot

_BOX: Final = re.compile(
    r"^(?P<indent> *)\u00d7 (?P<title>.*)\n(?: *│.*\n)*(?P=indent)╰─> \[\d+ lines? of output\]\n"
    r"(?P<body>(?:.*\n)*?)(?P=indent) {4}\[end of output\]$",
    re.MULTILINE,
)
"""What pip shows of a process that failed, in a frame that it draws."""

_LINES: Final = 300
"""How many lines before the end of a build's output can tell why it ended."""

_COMMAND_FAILED: Final = re.compile(
    r"command '?\S+'? failed|Command '?\[|ninja: build stopped|make(\[\d+\])?: \*\*\*|returned non-zero exit status|"
    r"CompileError|LinkError|CalledProcessError|linking with|an extension is missing",
    re.IGNORECASE,
)
"""How the end of the output reads if a compiler run is what ended the build."""

_LOOK_INTO_LOG: Final = re.compile(
    r"compiler cannot create executables|cannot compile programs|See [`']config\.log|Could not invoke sanity check"
)

_LACKS_OWN_FILE: Final = re.compile(
    r"cannot find (?!-l)\S+: No such file or directory|error: \S+\.(o|a|so): No such file or directory"
)
"""How a linker complains of what the build was to make before, and did not."""

_TELLING: Final = re.compile(
    r"error|fail|not found|cannot|could not|unable|no such|denied|exception", re.IGNORECASE
)

_CMAKE_ERROR: Final = re.compile(r"^CMake Error.*(?:\n[ \t]+\S.*)*", re.MULTILINE)

_DISTRIBUTIONS: Final = {
    "Cython": "cython", "skbuild": "scikit-build", "skbuild_conan": "scikit-build", "yaml": "pyyaml", "mesonpy": "meson-python",
    "pkg_resources": "'setuptools<81'", "distutils": "setuptools", "_cffi_backend": "cffi", "git": "gitpython", "PIL": "pillow",
    "jinja2": "jinja2", "mako": "mako", "scikit_build_core": "scikit-build-core", "sklearn": "scikit-learn",
}  # fmt: skip
"""Of modules whose distribution has another name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why one project was not built: the most fundamental reason first, or the lines that tell most."""

    subject: str
    """The project, or the empty text where it was not known or pip itself failed."""
    reasons: tuple[Reason, ...]
    lines: tuple[str, ...] = ()

    def message(self, failed: str = "the wheels were not made") -> str:
        """Return it as the message of an error; ``failed`` is what that says where no project is named."""
        subject = f"{self.subject} was not built" if self.subject else failed
        if not self.reasons:
            shown = "".join(f"\n    {line}" for line in self.lines)
            return f"{subject}; the cause is none that crosspy knows{':' if shown else ''}{shown}"
        first, *others = self.reasons
        return f"{subject} [{first.id}]: {first.says}" + "".join(
            f"\nalso [{one.id}]: {one.says}" for one in others
        )

    def hint(self) -> str:
        """Return what to do, a line for each reason."""
        steps = dict.fromkeys(reason.step for reason in self.reasons)
        return "\n".join(steps) or "Look for the first error in the log."


def explain(output: str, failures: Sequence[Failure], sysroot: Sysroot) -> list[Explanation]:
    """Return an explanation for each project that was not built; at least one.

    :param output: all that pip printed.
    :param failures: what the processes left that failed, in their order.
    """
    output = _plain(output)
    boxes = [(match["title"], textwrap.dedent(match["body"])) for match in _BOX.finditer(output)]
    requirements = [body for title, body in boxes if "build dependencies" in title]
    bodies = [body for title, body in boxes if "build dependencies" not in title]
    own = _BOX.sub("", output)
    if failures and not bodies:
        bodies = [own]  # pip -v shows the output as it comes, and no frame
    found = [
        _explain_one(failure, {"output": body or "", "pip": own}, sysroot)
        for failure, body in zip_longest(reversed(failures), reversed(bodies))
    ]
    if not found:
        found = [_explain_one(None, {"requirements": "\n".join(requirements), "pip": own}, sysroot)]
    return _distinct(found)


def _plain(text: str) -> str:
    """Return text without colours and other control sequences: Meson asks compilers for them, pipe or not."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)


def _distinct(found: Sequence[Explanation]) -> list[Explanation]:
    """Return explanations in the order of what happened, each once; what has no known cause only if nothing has."""
    told = [one for one in reversed(found) if one.reasons] or list(found[:1])
    return list(dict.fromkeys(told))


def _explain_one(failure: Failure | None, texts: Mapping[Place, str], sysroot: Sysroot) -> Explanation:
    passages = {place: _end(text) for place, text in texts.items()}
    output = texts.get("output", "")
    if output:
        compiler, rest = _at_compiler(failure, output)
        compiler, rest = _ends(compiler), _ends(rest) if compiler else _end(rest)
        logs = _logs(failure, passages["output"])
        passages |= {"compiler": f"{compiler}\n{logs}", "output": f"{rest}\n{logs}"}
    return Explanation(
        subject=failure.name if failure else "",
        reasons=tuple(_recognised(passages, sysroot)),
        lines=_telling(texts.get("output") or texts.get("requirements") or texts["pip"]),
    )


def _telling(text: str) -> tuple[str, ...]:
    """Return the last few lines that speak of a failure."""
    text = _end(text, 80)
    said = _CMAKE_ERROR.findall(text)
    lines = dict.fromkeys(map(str.strip, said[0].splitlines() if said else text.splitlines()))
    return tuple(line for line in lines if said or _TELLING.search(line))[-6:]


def _end(text: str, count: int = _LINES) -> str:
    return "\n".join(text.splitlines()[-count:])


def _ends(text: str) -> str:
    """Return the first lines, where a compiler says what is wrong, and the last ones, where a build does."""
    lines = text.splitlines()
    return "\n".join(lines if len(lines) <= 2 * _LINES else [*lines[:_LINES], *lines[-_LINES:]])


def _at_compiler(failure: Failure | None, output: str) -> tuple[str, str]:
    """Return what the compiler said that ended the build, and the output from there on.

    A build that ends so went on after whatever it said before: that was harmless, unless it is why a file of its own is not
    there to be linked. Nothing, and all of the output, if it was no compiler that ended it.
    """
    for command in reversed(failure.commands if failure else ()):
        stderr = _plain(command.stderr)
        first = next((line for line in stderr.splitlines() if "error" in line), stderr.partition("\n")[0])
        if first and first in output:
            return stderr, output if _LACKS_OWN_FILE.search(stderr) else output[output.rindex(first) :]
    if not (failure and failure.commands) and _COMMAND_FAILED.search(_end(output, 60)):
        return output, output
    return "", output


def _logs(failure: Failure | None, output: str) -> str:
    """Return the part of configure's or Meson's log that the output only points to."""
    if failure is None or not _LOOK_INTO_LOG.search(output):
        return ""
    return "\n".join(_relevant(_plain(text)) for _, text in failure.logs)


def _relevant(log: str) -> str:
    """Return the last lines of a log; of config.log those before its error, as it ends with pages of variables."""
    errors = list(re.finditer(r"^configure:\d+: error: .*$", log, re.MULTILINE))
    return _end(log[: errors[-1].end()] if errors else log, 60)


def _recognised(passages: Mapping[Place, str], sysroot: Sysroot) -> list[Reason]:
    found: dict[tuple[str, str], Reason] = {}
    for cause in CAUSES:
        told = [_reason(cause, match, sysroot) for match in _matches(cause, passages)]
        # Where a build tried several names, one that is known tells more than the last.
        best = next((one for one in told if one and one.known), next(filter(None, told), None))
        if best and not _told_already(cause, found.values()):
            found.setdefault((best.id, best.about or best.says), best)
    return list(found.values())[:3]


def _told_already(cause: Cause, found: Iterable[Reason]) -> bool:
    return any("*" in cause.unless or reason.id in cause.unless for reason in found)


def _matches(cause: Cause, passages: Mapping[Place, str]) -> list[re.Match[str]]:
    """Return where a cause shows: what a compiler said first, as the rest follows from it; elsewhere what came last."""
    found = [
        (match.start() if place == "compiler" else -match.start(), match)
        for place in cause.where
        for pattern in cause.patterns
        for match in re.finditer(pattern, passages.get(place, ""), re.MULTILINE)
    ]
    return [match for _, match in sorted(found, key=lambda pair: pair[0])]


def _reason(cause: Cause, match: re.Match[str], sysroot: Sysroot) -> Reason | None:
    fields = {name: _on_one_line(text) for name, text in match.groupdict().items() if text}
    for thing in THINGS:
        if thing in fields:
            if thing == "program" and _was_linked(fields[thing], match.string):
                return _ran_own_program(fields[thing])
            return missing.judge(thing, fields[thing], sysroot)
    if "module_name" in fields:
        top = fields["module_name"].partition(".")[0]
        fields["distribution"] = _DISTRIBUTIONS.get(top, top.replace("_", "-"))
    return Reason(id=cause.id, says=cause.says.format_map(fields), step=cause.step.format_map(fields))


def _on_one_line(text: str) -> str:
    return "; ".join(" ".join(line.split()) for line in text.strip().splitlines())


def _was_linked(program: str, output: str) -> bool:
    """Say whether the build made the program that it did not find.

    In a cross build without an emulator CMake leaves the name of an executable of the project as it is in a command.
    """
    return bool(
        re.search(rf"(Linking \w+ executable|-o) (\S*/)?{re.escape(program)}(\s|$)", output, re.MULTILINE)
    )


def _ran_own_program(program: str) -> Reason:
    return Reason(
        id="ran-target-program",
        says=f"the build runs the program {program}, which it has made for the target, on the build machine",
        step="Name an emulator (crosspy create --emulator COMMAND), or give the build one that was made for the build machine: "
        "many projects have an option for it.",
        about=program,
    )
