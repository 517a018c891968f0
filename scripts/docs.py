"""Write the parts of docs/reference that the program knows better than a writer.

``python scripts/docs.py`` writes docs/reference/commands.md (from ``--help``) and docs/reference/verify-checks.md
(from what ``crosspy verify --explain`` says). ``--check`` writes nothing and fails if a file is not current.
Run it with the Python of ``make``: argparse words its help differently from one Python to the next.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from crosspy.cli.main import COMMANDS, command_parser, overview_parser
from crosspy.verify.runner import RULES

ROOT: Final = Path(__file__).resolve().parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"
MADE: Final = "<!-- Made by scripts/docs.py: change the program's own texts, then run it again. -->"
ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*m")
"""argparse paints its help from Python 3.14 on."""

_CHECKS_LEAD: Final = (
    "Also in the terminal: `crosspy verify --explain XP301`. Choose with `--select` and `--ignore`; both take whole "
    "ids and beginnings of them (`XP1`)."
)


def commands() -> str:
    """Return commands.md: every ``--help``."""
    links = ", ".join(f"[{name}](#crosspy-{name})" for name in COMMANDS)
    parts = ["# Commands", MADE, f"The text of each `--help`: {links}."]
    parts += ["## crosspy", fenced(overview_parser().format_help())]
    for name in COMMANDS:
        parts += [f"## crosspy {name}", fenced(command_parser(name).format_help())]
    return "\n\n".join(parts) + "\n"


def fenced(text: str) -> str:
    lines = [line.rstrip() for line in ESCAPES.sub("", text).strip().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def checks() -> str:
    """Return verify-checks.md: every check, why it matters and what to do."""
    parts = [
        "# Checks of crosspy verify",
        MADE,
        wrapped(_CHECKS_LEAD),
        "\n".join(["| check | what is wrong |", "|---|---|", *(checks_row(id_) for id_ in RULES)]),
    ]
    for rule in RULES.values():
        parts += [
            f"## {rule.id}",
            f"**{capital(rule.title)}.**",
            wrapped(f"Why: {rule.why}"),
            wrapped(f"Fix: {rule.fix}"),
        ]
        if rule.tier:
            parts.append(f"Only with `{rule.tier}`.")
        if rule.reference:
            parts.append(f"See: <{rule.reference}>")
    return "\n\n".join(parts) + "\n"


def checks_row(id_: str) -> str:
    return f"| [{id_}](#{id_.lower()}) | {RULES[id_].title} |"


def wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 110, break_long_words=False, break_on_hyphens=False))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def stale(texts: Mapping[Path, str]) -> list[Path]:
    """Return the files that do not hold their text."""
    return [
        path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is not current")
    args = parser.parse_args(argv)
    old = stale({REFERENCE / "commands.md": commands(), REFERENCE / "verify-checks.md": checks()})
    for path in old:
        name = path.relative_to(ROOT)
        if args.check:
            sys.stderr.write(f"docs: {name} is not current: python scripts/docs.py\n")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commands() if path.name == "commands.md" else checks(), encoding="utf-8")
        sys.stderr.write(f"docs: wrote {name}\n")
    return int(args.check and bool(old))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
