"""``crosspy verify``: prove that an image's files fit its target."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from crosspy import __version__
from crosspy.cli.context import Context, replace_file
from crosspy.cli.install import source_date
from crosspy.console import Console, wants_colour
from crosspy.crossenv.layout import open_env
from crosspy.describe import Request, describe
from crosspy.describe.buildroot import read_config
from crosspy.errors import CrosspyError, UsageError
from crosspy.model.finding import Severity
from crosspy.model.target import from_json
from crosspy.report import github, json, junit, sarif, table
from crosspy.report.document import CheckText, ImageReport, plural, summary
from crosspy.verify.exceptions import (
    Exceptions,
    Ignore,
    Judged,
    Key,
    judge,
    key,
    read_baseline,
    read_ignores,
    read_severities,
    stale,
    write_baseline,
)
from crosspy.verify.expectation import Expectation, Options, from_target, from_triplet
from crosspy.verify.runner import RULES, Result, choose, explain, verify

_FORMS: Final = ("table", "json", "sarif", "junit", "github")
_HOME: Final = "https://github.com/crosspy/crosspy"
_NEVER: Final = "never"

_EPILOG: Final = """\
examples:

  crosspy verify build/image                          what the image's own Python says it is for
  crosspy verify build/image --env build/env          what it was built for: also finds an image that is
                                                      wrong from top to bottom; use this in CI
  crosspy verify output/target --target target.json   the same, from crosspy describe -o target.json
  crosspy verify deploy/image.squashfs --target aarch64-linux-gnu
  crosspy verify build/image --env build/env --format table --format sarif=verify.sarif --format junit=verify.xml
  crosspy verify build/image --exceptions crosspy.toml --fail-on warning --ignore XP304
  crosspy verify --explain XP301                      what a check means, and what to do about it

checks:

{checks}

Info findings are counted, and shown with --verbose. Nothing of the image is run, and nothing outside it is
read: links are followed with / meaning the image.

exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong use, no image, or no target to compare with,
70 a defect of crosspy
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
    group = parser.add_argument_group(
        "what the image is for (one of these; default: what its own Python says)"
    )
    what = group.add_mutually_exclusive_group()
    what.add_argument(
        "--target",
        metavar="FILE|TRIPLET",
        help="a target.json of crosspy describe, or a GNU triplet: aarch64-linux-gnu",
    )
    what.add_argument("--env", metavar="ENV", help="the target of a cross environment")
    what.add_argument("--sysconfigdata", metavar="FILE", help="a _sysconfigdata*.py of the target's Python")
    what.add_argument("--buildroot-config", metavar="FILE", help="Buildroot's .config")
    group = parser.add_argument_group("what is known of the device, and checks that are off otherwise")
    group.add_argument(
        "--cpu",
        metavar="NAME",
        default="",
        help="its processor as for GCC: armv6, cortex-a7, rv64gc, x86-64-v2, mips32r2; finds code for newer ones",
    )
    group.add_argument(
        "--page-size",
        metavar="BYTES",
        type=_page_size,
        default=0,
        help="size of its kernel's pages: 4096 (what is assumed), 16384, 65536",
    )
    group.add_argument(
        "--imports", action="store_true", help="look for what Python files import (XP601); reads all of them"
    )
    group.add_argument(
        "--buildpaths",
        action="store_true",
        help="look for paths of the build machine (XP602); reads every file",
    )
    group.add_argument(
        "--build-path",
        metavar="DIR",
        action="append",
        default=[],
        help="the same, for this directory instead of the usual ones",
    )
    group = parser.add_argument_group("which checks, and what of their findings counts")
    group.add_argument(
        "--select", metavar="IDS", action="append", default=[], help="apply these checks only: XP1,XP301"
    )
    group.add_argument("--ignore", metavar="IDS", action="append", default=[], help="leave these checks out")
    group.add_argument(
        "--severity",
        metavar="ID=LEVEL",
        action="append",
        default=[],
        help="another severity for a check, or for all whose ids begin so: XP204=error",
    )
    group.add_argument(
        "--exceptions",
        metavar="FILE",
        help="a TOML file of [[verify.ignore]]: ids, paths and a reason for each",
    )
    group.add_argument("--baseline", metavar="FILE", help="findings that were there before, and do not count")
    group.add_argument(
        "--write-baseline",
        metavar="FILE",
        help="write the findings to FILE for --baseline, and fail for none",
    )
    group.add_argument(
        "--fail-on",
        choices=(*(level.label for level in sorted(Severity, reverse=True)), _NEVER),
        default=Severity.ERROR.label,
        help="least severity that makes the exit code 1 (error)",
    )
    group = parser.add_argument_group("the report")
    group.add_argument(
        "--format",
        metavar="FORM[=FILE]",
        type=_form,
        action="append",
        help=f"form of the report: {', '.join(_FORMS)} (table); once for each form that is wanted, with the file it "
        "goes to",
    )
    group.add_argument(
        "-o", "--output", metavar="FILE", help="where a report without a file of its own goes (stdout)"
    )
    group.add_argument(
        "--packages",
        metavar="FILE",
        help="Buildroot's build/packages-file-list.txt, to name packages; those of wheels, opkg and dpkg are known",
    )
    parser.add_argument("--explain", metavar="ID", help="say what a check means and how to fix it, and stop")


def _page_size(text: str) -> int:
    match = re.fullmatch(r"(\d+)(k?)", text.lower())
    size = int(match[1]) * (1024 if match[2] else 1) if match else 0
    if size < 1024 or size & (size - 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no page size: 4096, 16384, 64k")
    return size


def _options(args: argparse.Namespace) -> Options:
    tiers = {"--imports"} if args.imports else set()
    if args.buildpaths or args.build_path:
        tiers.add("--buildpaths")
    return Options(
        cpu=args.cpu,
        page_size=args.page_size,
        tiers=frozenset(tiers),
        build_paths=tuple(path.rstrip("/") for path in args.build_path),
    )


def _form(text: str) -> tuple[str, str]:
    form, _, file = text.partition("=")
    if form not in _FORMS:
        raise argparse.ArgumentTypeError(f"{form!r} is none of {', '.join(_FORMS)}")
    return form, file


def run(args: argparse.Namespace, context: Context) -> int:
    """Verify each image and report. :returns: 1 if there are findings that matter, else 0."""
    if args.explain:
        context.console.data(_explanation(args.explain))
        return 0
    _check_files(args)
    if not args.images:
        raise UsageError("no image to verify", hint="crosspy verify IMAGE; see crosspy verify --help")
    asked = _asked(args, context)
    exceptions = _exceptions(args, context)
    looked, failure = _verify_all(args.images, asked, context)
    if args.write_baseline:
        found = [finding for each in looked for finding in each.result.findings]
        replace_file(context.path(args.write_baseline), write_baseline(found))
        exceptions = replace(exceptions, baseline=frozenset(map(key, found)))
    applied = choose(asked.select, asked.ignore, asked.options.tiers)
    reports = _reports(looked, exceptions, applied, whole=failure is None)
    least = None if args.fail_on == _NEVER else Severity[args.fail_on.upper()]
    _write(reports, least, args, context)
    if failure is not None:
        return failure.exit_code
    return int(
        least is not None
        and any(finding.severity >= least for report in reports for finding in report.findings)
    )


def _check_files(args: argparse.Namespace) -> None:
    files = [file or args.output for _, file in args.format or []]
    twice = {file for file in files if file and files.count(file) > 1}
    if twice:
        raise UsageError(
            f"two reports would go to {min(twice)}",
            hint="--format sarif=verify.sarif --format junit=verify.xml",
        )


def _target(args: argparse.Namespace, context: Context) -> Expectation | None:
    if args.env:
        return from_target(open_env(context.path(args.env)).target, source=f"from {args.env}")
    if args.sysconfigdata:
        request = Request(sysconfigdata=context.path(args.sysconfigdata))
        return from_target(describe(request, env=context.environ), source=f"from {args.sysconfigdata}")
    if args.buildroot_config:
        return _of_buildroot(args.buildroot_config, context)
    if not args.target:
        return None
    if "/" not in args.target and not context.path(args.target).exists():
        stated = from_triplet(args.target, source=f"from {args.target}")
        if stated is not None and "-" in args.target:
            return stated
    hint = "Name a triplet (aarch64-linux-gnu), or a file of: crosspy describe --sysroot DIR -o target.json"
    text = _read(args.target, context, hint=hint)
    return from_target(from_json(text, origin=str(context.path(args.target))), source=f"from {args.target}")


def _of_buildroot(name: str, context: Context) -> Expectation:
    config = read_config(context.path(name))
    return Expectation(machine=config.machine, abi=config.abi, libc=config.libc, source=f"from {name}")


def _exceptions(args: argparse.Namespace, context: Context) -> Exceptions:
    ignores: tuple[Ignore, ...] = ()
    if args.exceptions:
        ignores = read_ignores(_read(args.exceptions, context), origin=args.exceptions, known=RULES)
    baseline = frozenset[Key]()
    if args.baseline:
        hint = f"Write it with: crosspy verify IMAGE --write-baseline {args.baseline}"
        baseline = read_baseline(_read(args.baseline, context, hint=hint), origin=args.baseline)
    severities = read_severities(args.severity, RULES)
    return Exceptions(ignores=ignores, baseline=baseline, severities=severities, origin=args.exceptions or "")


def _read(name: str, context: Context, *, hint: str = "Name a file that can be read.") -> str:
    path = context.path(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"{path}: {reason}", hint=hint) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is asked of every image of the run."""

    target: Expectation | None
    select: Sequence[str]
    ignore: Sequence[str]
    options: Options
    packages: str


def _asked(args: argparse.Namespace, context: Context) -> _Asked:
    return _Asked(
        target=_target(args, context),
        select=_ids(args.select),
        ignore=_ids(args.ignore),
        options=_options(args),
        packages=_read(args.packages, context) if args.packages else "",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looked:
    """An image that was looked at; ``name`` is what the user called it."""

    name: str
    result: Result
    seconds: float


def _verify_all(
    names: Sequence[str], asked: _Asked, context: Context
) -> tuple[list[_Looked], CrosspyError | None]:
    """Verify each image; one that cannot be looked at does not keep the others from it. :raises CrosspyError: if none can."""
    looked = []
    failure = None
    for name in names:
        try:
            looked.append(_verify_one(name, asked, context))
        except CrosspyError as error:
            if len(names) == 1:
                raise
            context.console.error(error.message, error.hint)
            failure = failure or error
    if failure is not None and not looked:
        raise UsageError("none of the images could be looked at", hint="See above for each.")
    return looked, failure


def _verify_one(name: str, asked: _Asked, context: Context) -> _Looked:
    path = context.path(name)
    started = time.monotonic()
    with context.console.progress(name) as progress:
        result = verify(
            path,
            asked.target,
            select=asked.select,
            ignore=asked.ignore,
            options=asked.options,
            packages=asked.packages,
            progress=progress,
        )
    if asked.target is None:
        context.console.warning(
            f"{path}: its target is only {result.expectation.source}; name it with --target or --env, "
            "or an image that is wrong as a whole passes"
        )
    return _Looked(name=name, result=result, seconds=time.monotonic() - started)


def _ids(texts: list[str]) -> list[str]:
    return [word.strip().upper() for text in texts for word in text.split(",")]


def _reports(
    looked: Sequence[_Looked], exceptions: Exceptions, applied: Collection[str], *, whole: bool
) -> list[ImageReport]:
    """Judge the findings. What no image needed of the exceptions is told once, if all images were looked at."""
    judged = [judge(each.result.findings, exceptions) for each in looked]
    reports = [_report(*both) for both in zip(looked, judged, strict=True)]
    if not whole:
        return reports
    used = {ignore for each in judged for ignore in each.used}
    unused = [finding for finding in stale(exceptions, used, applied) if finding.check in applied]
    accepted = {key(finding) for each in judged for finding, _ in each.accepted}
    gone = sum(row[0] in applied and row not in accepted for row in exceptions.baseline)
    notes = (f"{plural(gone, 'finding')} of the baseline no longer there: write it anew",) if gone else ()
    last = reports[-1]
    reports[-1] = replace(last, findings=(*last.findings, *unused), notes=(*last.notes, *notes))
    return reports


def _report(looked: _Looked, judged: Judged) -> ImageReport:
    result = looked.result
    return ImageReport(
        image=looked.name,
        target=result.expectation.describe(),
        source=result.expectation.source,
        facts=_facts(result.expectation),
        findings=judged.findings,
        accepted=judged.accepted,
        owners=result.owners,
        files=result.counts.files,
        elf=result.counts.elf,
        modules=result.modules,
        seconds=looked.seconds,
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


def _write(
    reports: list[ImageReport], fail_at: Severity | None, args: argparse.Namespace, context: Context
) -> None:
    """Write each form that is asked for; the summaries are seen whatever happens to the reports.

    The same image gives the same file: how long it took is told to people, and to JUnit, which wants a time, unless
    SOURCE_DATE_EPOCH is there to give one.
    """
    epoch = source_date(context) if context.environ.get("SOURCE_DATE_EPOCH") else None
    when = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
    timeless = [replace(report, seconds=None) for report in reports]
    told = False
    for form, own_file in args.format or [("table", "")]:
        file = own_file or args.output
        timed = epoch is None if form == "junit" else not file and form != "sarif"
        shown = reports if timed else timeless
        text = _rendered(form, shown, fail_at, args, context, when=when, to_terminal=not file)
        if file:
            replace_file(context.path(file), text)
        else:
            context.console.data(text)
            told |= form in {"table", "github"}
    if not told:
        for report in reports:
            context.console.step(summary(report))


def _rendered(
    form: str,
    reports: list[ImageReport],
    fail_at: Severity | None,
    args: argparse.Namespace,
    context: Context,
    *,
    when: datetime,
    to_terminal: bool,
) -> str:
    checks = [
        CheckText(id=rule.id, title=rule.title, why=rule.why, fix=rule.fix, reference=rule.reference)
        for rule in RULES.values()
    ]
    least = Severity.INFO if args.verbose or fail_at is Severity.INFO else Severity.WARNING
    if form == "json":
        return json.render(reports, version=__version__)
    if form == "sarif":
        return sarif.render(reports, checks, version=__version__, home=_HOME)
    if form == "junit":
        return junit.render(reports, fail_at=fail_at, when=when)
    if form == "github":
        return github.render(reports, least=least)
    colour = to_terminal and wants_colour(context.environ, sys.stdout)
    paint = Console(colour=colour).paint
    return "\n".join(table.render(report, least=least, paint=paint) for report in reports)


def _explanation(check_id: str) -> str:
    rule = explain(check_id)
    width = 100
    lines = [f"{rule.id}  {rule.title}", ""]
    for name, text in (("why", rule.why), ("fix", rule.fix)):
        lines += textwrap.wrap(text, width, initial_indent=f"  {name}  ", subsequent_indent="       ")
    if rule.reference:
        lines.append(f"  see  {rule.reference}")
    return "\n".join(lines)
