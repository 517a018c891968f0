"""``crosspy describe``"""

from __future__ import annotations

import argparse
import dataclasses

from crosspy.cli.context import Context, replace_file
from crosspy.cli.targetopts import add_target_options, described, with_sdk
from crosspy.describe.buildroot import check_config, read_config
from crosspy.errors import UsageError
from crosspy.model.machine import elf_machine_name
from crosspy.model.target import Target

_EPILOG = """\
examples:
  crosspy describe --buildroot output                        Buildroot's staging tree, compared with its .config
  crosspy describe --sysroot recipe-sysroot -o target.json   keep it for other commands
  crosspy describe --sysroot sysroot --json | jq .libc       for machines
  crosspy describe build/cpython-aarch64/python              a Python build tree

Nothing of the target is executed: sysconfigdata is parsed as a literal, ELF files are read. What contradicts itself
is an error that names both sides.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    add_target_options(parser)
    parser.add_argument(
        "--buildroot",
        metavar="DIR",
        help="Buildroot's output directory: its staging tree is the sysroot, and must be what its .config says (needs "
        "kconfiglib: the extra crosspy[buildroot])",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", metavar="FILE", help="write target.json, which every command takes with --target"
    )
    output.add_argument("--json", action="store_true", help="print the JSON on stdout instead of the table")


def run(args: argparse.Namespace, context: Context) -> int:
    context = with_sdk(args, context)
    target = _of_buildroot(args, context) if args.buildroot else described(args, context, need_compiler=False)
    if args.output:
        replace_file(context.path(args.output), target.to_json())
        context.console.step(f"wrote {args.output}")
    if args.json:
        context.console.data(target.to_json())
    elif not args.output:
        context.console.data(table(target))
    return 0


def _of_buildroot(args: argparse.Namespace, context: Context) -> Target:
    """Describe what Buildroot built, and hold it against what it was asked for. :raises ContradictionError:"""
    output = context.path(args.buildroot)
    config = read_config(output / ".config")
    if not (args.sysroot or args.target_python or args.sysconfigdata_file):
        # The link "staging" appears at the end of Buildroot's build.
        trees = [
            path for path in (output / "staging", *sorted(output.glob("host/*/sysroot"))) if path.is_dir()
        ]
        if not trees:
            raise UsageError(
                f"{output} has no staging tree yet", hint="Build the target's Python first: make python3"
            )
        args.sysroot = str(trees[0].resolve())
    target = described(args, context, need_compiler=False)
    sources = check_config(config, target)
    return dataclasses.replace(target, sources={**target.sources, **sources})


def table(target: Target) -> str:
    """Return the facts that people ask for, one a line, each with its source."""
    python, machine, toolchain = target.python, target.machine, target.toolchain
    rows: list[tuple[str, str, str]] = [
        ("sysroot", target.sysroot or "none", "buildroot"),
        (
            "machine",
            f"{machine.name}: {machine.bits}-bit {machine.byteorder}-endian {elf_machine_name(machine.elf_machine)}",
            "machine",
        ),
        ("triplet", target.triplet, "machine"),
        ("uname -m", target.uname, "uname"),
        *((f"ABI {key}", value, f"abi.{key}") for key, value in sorted(target.abi.items())),
        ("libc", f"{target.libc.kind} {target.libc.version}".rstrip(), "libc.version"),
        ("loader", target.libc.interpreter or "not known", "libc.kind"),
        ("Python", python.full_version, "python.full_version"),
        ("platform", python.platform, "uname"),
        ("SOABI", python.soabi, "python.config_vars"),
        ("suffixes", " ".join(python.extension_suffixes), "python.extension_suffixes"),
        ("prefix", python.prefix, "python.config_vars"),
        ("headers", python.include, "python.config_vars"),
        (
            "packages in",
            "dist-packages (Debian)" if python.debian_layout else "site-packages",
            "python.schemes",
        ),
        (
            "sizes",
            " ".join(f"{name.replace(' ', '-')}={c.size}" for name, c in sorted(target.types.items())),
            "types",
        ),
    ]
    if toolchain:
        rows += [
            ("compiler", " ".join(toolchain.cc), "toolchain"),
            ("C++", " ".join(toolchain.cxx) or "none", "toolchain"),
            ("version", f"{toolchain.family} {toolchain.version} for {toolchain.triplet}", "toolchain"),
        ]
    width = max(len(row[0]) for row in rows)
    value = max(len(row[1]) for row in rows if len(row[1]) < 60)
    lines = [
        f"{name:<{width}}  {text:<{value}}  {target.sources.get(source, '')}".rstrip()
        for name, text, source in rows
    ]
    return "\n".join(lines)
