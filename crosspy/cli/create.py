"""``crosspy create``"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from importlib import resources

from crosspy import process
from crosspy.cli.context import Context
from crosspy.cli.targetopts import add_target_options, described, read_target, with_sdk
from crosspy.cli.variables import variables
from crosspy.crossenv import buildpython, emulator
from crosspy.crossenv.create import Options, create
from crosspy.errors import UsageError
from crosspy.model.hint import Hint, parse_hints
from crosspy.model.target import Target
from crosspy.toolfiles.environ import FLAGS
from crosspy.toolfiles.rust import checked_name

_EPILOG = """\
examples:
  crosspy create env --sysroot recipe-sysroot --build-python recipe-sysroot-native/usr/bin/python3-native/python3
  crosspy create env --sysroot output/staging --build-python output/host/bin/python3
  crosspy create env --sdk /opt/poky/environment-setup-cortexa57-poky-linux
  CC="arm-poky-linux-gnueabi-gcc -mfpu=neon --sysroot=..." CFLAGS=-O2 crosspy create env --sysroot ...
  crosspy create env --target target.json
  . env/bin/activate; pip install numpy

The build Python and the target's must have the same X.Y; the patch release may differ. Creating the same environment
again does nothing; from other inputs it needs --clear.

what cross-python answers for the target can be left to the build machine, at any start, by CROSSPY_KEEP, a
comma-separated list of: words (sys.maxsize, struct, ctypes, hash_info, int_info), byteorder, thread_info, version,
executable, machine (uname, lscpu ... in a build). CROSSPY_ENV=off starts it without any pretence.

crossenv's other options: --cross-prefix is the same; --manylinux is --platform-tag; -v is the same.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="the directory to make [crossenv: ENV_DIR]")
    add_target_options(parser)
    parser.add_argument(
        "--target", metavar="FILE", help="a target.json of crosspy describe, instead of a sysroot"
    )
    python = parser.add_argument_group("the environment")
    python.add_argument(
        "--build-python",
        metavar="PYTHON",
        default="",
        help="Python of the build machine, of the target's X.Y (default: from PATH) [crossenv: the Python that runs it]",
    )
    python.add_argument(
        "--pip",
        metavar="WHEEL|DIR",
        default="",
        help="pip to use (default: the build Python's, else ensurepip's)",
    )
    python.add_argument("--without-pip", action="store_true", help="no pip at all [crossenv: --without-pip]")
    python.add_argument(
        "--without-cross-pip",
        action="store_true",
        help="pip for the build layer only [crossenv: --without-cross-pip]",
    )
    python.add_argument(
        "--system-site-packages",
        action="store_true",
        help="build-python, and builds without isolation, see its system's packages [crossenv: --system-site-packages]",
    )
    python.add_argument(
        "--cross-prefix",
        metavar="DIR",
        default="",
        help="where pip installs for the target (default: in ENV) [crossenv: --cross-prefix]",
    )
    python.add_argument(
        "--prompt", metavar="TEXT", default="", help="name of the environment (default: of its directory)"
    )
    clear = python.add_mutually_exclusive_group()
    for flag, what in (
        ("--clear", "all of an existing environment"),
        ("--clear-both", "the same as --clear"),
        ("--clear-cross", "the target's packages, and keep the build layer"),
        ("--clear-build", "the build layer, and keep the target's packages"),
    ):
        value = {"--clear": "all", "--clear-both": "all", "--clear-cross": "cross", "--clear-build": "build"}[
            flag
        ]
        clear.add_argument(
            flag,
            dest="clear",
            action="store_const",
            const=value,
            default="",
            help=f"make anew, removing {what} [crossenv: {flag}]",
        )
    build = parser.add_argument_group("builds in it")
    build.add_argument(
        "--env", dest="variables", metavar="K=V", action="append", default=[],
        help="variable for builds: K=V sets, K+=V appends, K?=V sets if unset, K:=V appends to a PATH-like [crossenv: --env]",
    )  # fmt: skip
    build.add_argument(
        "--emulator", metavar="COMMAND", default="",
        help="runs programs of the target that a build asks to run, e.g. qemu-aarch64-static; a qemu-user gets -L SYSROOT. It "
        "is tried once, now (default: none, and none is needed)",
    )  # fmt: skip
    build.add_argument(
        "--hints", metavar="FILE", action="append", default=[],
        help="what builds of certain packages are told, in TOML; may be repeated, later ones win",
    )  # fmt: skip
    build.add_argument(
        "--rust-target",
        metavar="TRIPLE|FILE",
        default="",
        help="what cargo is to build for: a triple, or rustc's target specification in JSON (default: CARGO_BUILD_TARGET of "
        "the environment, else Rust's own name of the target)",
    )
    build.add_argument(
        "--launcher", metavar="COMMAND", default="",
        help="a program that runs the compilers: ccache, sccache, distcc, icecc; CROSSPY_LAUNCHER overrides it in a build",
    )  # fmt: skip
    build.add_argument(
        "--platform-tag", "--manylinux", metavar="TAG", action="append", default=[],
        help="accept these manylinux tags alone, e.g. manylinux_2_17 (default: what the target's C library is fit for, when "
        "--policy admits prebuilt wheels) [crossenv: --platform-tag, --manylinux]",
    )  # fmt: skip


def run(args: argparse.Namespace, context: Context) -> int:
    context = with_sdk(args, context)
    build = buildpython.probe(args.build_python, env=context.environ) if args.build_python else None
    if args.target:
        if args.sysroot or args.target_python:
            raise UsageError("--target and a sysroot name two targets", hint="Give one of them.")
        target = read_target(args.target, context)
        if target.toolchain is None:
            raise UsageError(
                f"{args.target} describes no toolchain",
                hint="Describe it with the compiler on PATH, or with --cc.",
            )
    else:
        target = described(args, context, need_compiler=True, version=build.version if build else "")
    build = build or buildpython.find("", target.python.version, env=context.environ)
    buildpython.check_same(build, target.python)
    options = Options(
        pip="" if args.without_pip else buildpython.pip_directory(build, args.pip, env=context.environ),
        cross_pip=not args.without_cross_pip,
        clear=args.clear,
        system_site_packages=args.system_site_packages,
        user_env=variables(args.variables),
        flags={name: context.environ[name] for name in FLAGS if context.environ.get(name)},
        platform_tags=platform_tags(args.platform_tag, target.uname) if args.platform_tag else None,
        cross_prefix=str(context.path(args.cross_prefix)) if args.cross_prefix else "",
        rust_target=_rust_target(args, context, target),
        prompt=args.prompt,
        launcher=launcher(args.launcher, context.environ),
        emulator=emulator.command(args.emulator, target, path=context.environ.get("PATH", os.defpath))
        if args.emulator
        else (),
        hints=read_hints(args.hints, context),
    )
    env, reused = create(context.path(args.env), target, build, options)
    did = "is there already, from the same inputs" if reused else "made"
    context.console.step(
        f"{args.env} {did}: Python {target.python.full_version} for {target.triplet}, run by {build.executable}"
    )
    context.console.note(f"enter it with: . {env.root}/bin/activate")
    return 0


def _rust_target(args: argparse.Namespace, context: Context, target: Target) -> str:
    """Return what ``--rust-target``, and behind it CARGO_BUILD_TARGET, ask for. :raises UsageError:"""
    asked = args.rust_target or context.environ.get("CARGO_BUILD_TARGET", "")
    origin = "--rust-target" if args.rust_target else "CARGO_BUILD_TARGET"
    spec = ""
    if asked.endswith(".json"):
        path = context.path(asked)
        try:
            spec = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"{origin} {asked}: {error.strerror}") from None
        asked = str(path)
    return checked_name(asked, spec, target, origin=origin) if asked else ""


def launcher(text: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of ``--launcher``. :raises UsageError: if they are none, or the program is not on PATH."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--launcher {text!r}: {error}") from None
    if words and process.find_program(words[0], path=environ.get("PATH", "")) is None:
        raise UsageError(
            f"--launcher: {words[0]!r} is not on PATH", hint="Install it, or leave the option out."
        )
    return words


def read_hints(names: Sequence[str], context: Context) -> tuple[Hint, ...]:
    """Return crosspy's own hints and those of the named files, in the order in which they are applied. :raises UsageError:"""
    own = resources.files("crosspy").joinpath("data", "hints.toml").read_text(encoding="utf-8")
    found = [*parse_hints(own, origin="crosspy's hints.toml")]
    for name in names:
        try:
            text = context.path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--hints {name}: {getattr(error, 'strerror', None) or error}") from None
        found += parse_hints(text, origin=name)
    return tuple(found)


def platform_tags(texts: Sequence[str], uname: str) -> tuple[str, ...]:
    """Return platform tags with the architecture behind them, as wheels have them."""
    legacy = {
        "manylinux1": "manylinux_2_5",
        "manylinux2010": "manylinux_2_12",
        "manylinux2014": "manylinux_2_17",
    }
    full = []
    for text in texts:
        name = text.removesuffix(f"_{uname}")
        full.append(f"{legacy.get(name, name)}_{uname}")
    return tuple(full)
