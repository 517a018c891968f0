"""``crosspy verify``: prove that an image's files fit its target."""

from __future__ import annotations

import argparse
import sys
import textwrap
import time
from typing import Final

from crosspy import __version__
from crosspy.cli.context import Context, replace_file
from crosspy.console import Console, wants_colour
from crosspy.crossenv.layout import open_env
from crosspy.errors import UsageError
from crosspy.model.finding import Severity
from crosspy.model.target import Target, from_json
from crosspy.report import json as json_report
from crosspy.report import table
from crosspy.report.document import ImageReport
from crosspy.verify.expectation import Expectation
from crosspy.verify.runner import RULES, Result, explain, verify

_NEVER: Final = "never"

_EPILOG: Final = """\
examples:

  crosspy verify build/image                          what the image's own Python says it is for
  crosspy verify build/image --env build/env          what it was built for: also finds an image that is
                                                      wrong from top to bottom; use this in CI
  crosspy verify output/target --target target.json   the same, from crosspy describe -o target.json
  crosspy verify build/image --format json -o verify.json
  crosspy verify build/image --fail-on warning --ignore XP304
  crosspy verify --explain XP301                      what a check means, and what to do about it

checks:

{checks}

Info findings are counted, and shown with --verbose. Nothing of the image is run, and nothing outside it is
read: links are followed with / meaning the image.

exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong use, no image, or no target to compare with
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.epilog = _EPILOG.format(checks="\n".join(f"  {rule.id}  {rule.title}" for rule in RULES.values()))
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        help="root of an image tree (the directory of usr/); or a tar or cpio archive, a squashfs or ext2/3/4 file, "
        "a disk image with one of them, compressed or not; a wheel; an ELF file",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--target", metavar="FILE", help="what the image is for: a target.json of crosspy describe"
    )
    what.add_argument("--env", metavar="ENV", help="what the image is for: the target of a cross environment")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="form of the report (table)"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE instead of stdout")
    parser.add_argument(
        "--select", metavar="IDS", action="append", default=[], help="apply these checks only: XP1,XP301"
    )
    parser.add_argument("--ignore", metavar="IDS", action="append", default=[], help="leave these checks out")
    parser.add_argument(
        "--fail-on",
        choices=(*(level.label for level in sorted(Severity, reverse=True)), _NEVER),
        default=Severity.ERROR.label,
        help="least severity that makes the exit code 1 (error)",
    )
    parser.add_argument("--explain", metavar="ID", help="say what a check means and how to fix it, and stop")


def run(args: argparse.Namespace, context: Context) -> int:
    """Verify each image and report. :returns: 1 if there are findings that matter, else 0."""
    if args.explain:
        context.console.data(_explanation(args.explain))
        return 0
    if not args.images:
        raise UsageError("no image to verify", hint="crosspy verify IMAGE; see crosspy verify --help")
    target, source = _target(args, context)
    reports = [_verify_one(text, args, context, target, source) for text in args.images]
    _write(reports, args, context)
    if args.fail_on == _NEVER:
        return 0
    least = Severity[args.fail_on.upper()]
    return int(any(finding.severity >= least for report in reports for finding in report.findings))


def _target(args: argparse.Namespace, context: Context) -> tuple[Target | None, str]:
    if args.env:
        return open_env(context.path(args.env)).target, f"from {args.env}"
    if not args.target:
        return None, ""
    path = context.path(args.target)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        hint = "Make it with: crosspy describe --sysroot DIR -o target.json"
        raise UsageError(f"{path}: {reason}", hint=hint) from None
    return from_json(text, origin=str(path)), f"from {args.target}"


def _verify_one(
    text: str, args: argparse.Namespace, context: Context, target: Target | None, source: str
) -> ImageReport:
    root = context.path(text)
    started = time.monotonic()
    result = verify(root, target, source=source, select=_ids(args.select), ignore=_ids(args.ignore))
    seconds = time.monotonic() - started
    if target is None:
        context.console.warning(
            f"{root}: its target is only {result.expectation.source}; name it with --target or --env, "
            "or an image that is wrong as a whole passes"
        )
    return _report(result, seconds)


def _ids(texts: list[str]) -> list[str]:
    return [word.strip().upper() for text in texts for word in text.split(",")]


def _report(result: Result, seconds: float) -> ImageReport:
    counts = result.counts
    return ImageReport(
        image=str(result.root),
        target=result.expectation.describe(),
        source=result.expectation.source,
        facts=_facts(result.expectation),
        findings=result.findings,
        files=counts.files,
        elf=counts.elf,
        extension_modules=counts.extension_modules,
        seconds=seconds,
        notes=result.notes,
    )


def _facts(expectation: Expectation) -> dict[str, object]:
    return {
        "machine": expectation.machine.name,
        "bits": expectation.machine.bits,
        "byteorder": expectation.machine.byteorder,
        "abi": dict(sorted(expectation.abi.items())),
        "libc": expectation.libc,
        "interpreter": expectation.interpreter,
        "python": expectation.python,
        "extension_suffixes": list(expectation.extension_suffixes),
    }


def _write(reports: list[ImageReport], args: argparse.Namespace, context: Context) -> None:
    colour = args.output is None and wants_colour(context.environ, sys.stdout)
    if args.format == "json":
        text = json_report.render(reports, version=__version__)
    else:
        shown = args.verbose or args.fail_on == Severity.INFO.label
        least = Severity.INFO if shown else Severity.WARNING
        paint = Console(colour=colour).paint
        text = "\n".join(table.render(report, least=least, paint=paint) for report in reports)
    if args.output is None:
        context.console.data(text)
    else:
        replace_file(context.path(args.output), text)
    if args.output is not None or args.format == "json":
        for report in reports:
            context.console.step(table.summary(report))


def _explanation(check_id: str) -> str:
    rule = explain(check_id)
    width = 100
    lines = [f"{rule.id}  {rule.title}", ""]
    for name, text in (("why", rule.why), ("fix", rule.fix)):
        lines += textwrap.wrap(text, width, initial_indent=f"  {name}  ", subsequent_indent="       ")
    if rule.reference:
        lines.append(f"  see  {rule.reference}")
    return "\n".join(lines)
