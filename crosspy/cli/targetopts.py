"""The options by which commands are told of a target."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Mapping, Sequence

from crosspy.cli.context import Context
from crosspy.describe import Request, Wanted, describe
from crosspy.describe.compiler import TOOL_VARIABLES, words
from crosspy.describe.sdk import read_sdk
from crosspy.errors import TargetDataError, UsageError
from crosspy.model.target import Target, from_json


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the target's facts are; ``[crossenv: X]`` names crossenv's option of the kind."""
    source = parser.add_argument_group("the target (one of these)")
    source.add_argument(
        "--sysroot",
        metavar="DIR",
        help="the staging sysroot: headers and libraries of the target [crossenv: --sysroot]",
    )
    source.add_argument(
        "target_python",
        metavar="TARGET_PYTHON",
        nargs="?",
        help="the target's Python: interpreter, prefix or build tree [crossenv: HOST_PYTHON]",
    )
    source.add_argument(
        "--sdk",
        metavar="FILE|DIR",
        help="environment-setup-* of an OpenEmbedded SDK: its sysroot, compilers, flags and PATH; read, not run; the SDK may "
        "have been moved. Or the directory of Buildroot's SDK (make sdk)",
    )
    facts = parser.add_argument_group("facts about the target, where the sysroot does not say them")
    facts.add_argument(
        "--sysconfigdata-file",
        metavar="FILE",
        help="the _sysconfigdata*.py to believe [crossenv: --sysconfigdata-file]",
    )
    facts.add_argument(
        "--config-var",
        metavar="K=V",
        action="append",
        default=[],
        help="replace a sysconfig variable [crossenv: --config-var]",
    )
    facts.add_argument(
        "--machine",
        metavar="NAME",
        default="",
        help="what uname -m says there, e.g. armv7l [crossenv: --machine]",
    )
    tools = parser.add_argument_group(
        "the toolchain (default: CC, CXX, AR ... of the environment, else what sysconfigdata names, else TRIPLET-gcc)"
    )
    tools.add_argument(
        "--cc",
        metavar="COMMAND",
        help="C compiler; several words make one argument: 'gcc -mcpu=x' [crossenv: --cc]",
    )
    tools.add_argument(
        "--cxx",
        metavar="COMMAND",
        help="C++ compiler, or no for none; default: the sibling of --cc [crossenv: --cxx]",
    )
    tools.add_argument("--ar", metavar="COMMAND", help="archiver [crossenv: --ar]")
    tools.add_argument(
        "--toolchain-prefix",
        metavar="PREFIX",
        default="",
        help="what stands before gcc, ar ...: aarch64-poky-linux- or /opt/tc/bin/arm-linux-",
    )
    tools.add_argument(
        "--relative-toolchain",
        action="store_true",
        help="accepted; compilers are always looked up on PATH by name first [crossenv: --relative-toolchain]",
    )


def with_sdk(args: argparse.Namespace, context: Context) -> Context:
    """Return ``context`` as if ``--sdk`` had been sourced, and let its sysroot be the target. :raises UsageError:"""
    if not args.sdk:
        return context
    if args.sysroot or args.target_python:
        raise UsageError("--sdk and a sysroot name two targets", hint="Give one of them.")
    sdk = read_sdk(context.path(args.sdk), context.environ)
    args.sysroot = sdk.sysroot
    return dataclasses.replace(context, environ={**context.environ, **sdk.variables})


def wanted_toolchain(args: argparse.Namespace, environ: Mapping[str, str]) -> Wanted:
    """Return what the command line, and behind it the environment, say of the toolchain."""
    cc = args.cc or ("" if args.toolchain_prefix else environ.get("CC", ""))
    cxx = args.cxx or ("" if args.toolchain_prefix or args.cc else environ.get("CXX", ""))
    tools = {
        tool: words(environ[name])
        for name, tool in TOOL_VARIABLES.items()
        if environ.get(name) and not args.toolchain_prefix
    }
    if args.ar:
        tools["ar"] = words(args.ar)
    return Wanted(cc=words(cc), cxx=words(cxx), tools=tools, prefix=args.toolchain_prefix)


def described(
    args: argparse.Namespace, context: Context, *, need_compiler: bool, version: str = ""
) -> Target:
    """Describe the target that the options name. :raises UsageError: if they name none."""
    if not (args.sysroot or args.target_python or args.sysconfigdata_file):
        raise UsageError(
            "no target named",
            hint="Give --sysroot DIR, --sdk FILE|DIR, a TARGET_PYTHON, or --target FILE where the command takes one.",
        )
    request = Request(
        sysroot=context.path(args.sysroot) if args.sysroot else None,
        python=context.path(args.target_python) if args.target_python else None,
        sysconfigdata=context.path(args.sysconfigdata_file) if args.sysconfigdata_file else None,
        version=version,
        uname=args.machine,
        wanted=wanted_toolchain(args, context.environ),
        # An option is what the user asks for; CC may be of a task whose sysroot has no compiler.
        need_compiler=need_compiler or bool(args.cc or args.toolchain_prefix),
        overrides=config_vars(args.config_var),
    )
    target = describe(request, env=context.environ)
    for warning in target.warnings:
        context.console.warning(warning)
    return target


def config_vars(texts: Sequence[str]) -> dict[str, str | int]:
    """Parse ``--config-var``; whole numbers become numbers, as sysconfigdata has them. :raises UsageError:"""
    found: dict[str, str | int] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--config-var {text!r} is not of the form NAME=VALUE")
        found[name] = (
            int(value)
            if re.fullmatch(r"-?\d+", value) and not name.startswith(("VERSION", "py_version"))
            else value
        )
    return found


def read_target(path: str, context: Context) -> Target:
    """Read a ``target.json``. :raises TargetDataError:"""
    try:
        text = context.path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetDataError(
            f"{path}: {error}", hint="Make it with: crosspy describe --sysroot DIR -o target.json"
        ) from None
    return from_json(text, origin=path)
