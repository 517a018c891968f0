"""``crosspy wheel``"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from crosspy.build.frontend import BuildOptions, build_wheels
from crosspy.cli.context import Context
from crosspy.cli.links import add_find_links, find_links
from crosspy.cli.variables import add_env, variables
from crosspy.crossenv.layout import CrossEnv, open_env
from crosspy.errors import UsageError

_EPILOG = """\
examples:
  crosspy wheel env -w wheels numpy pyyaml               from their source distributions
  crosspy wheel env -w wheels .                          a project of your own
  crosspy wheel env -w wheels -r requirements.txt --no-index --find-links sdists
  crosspy wheel env --policy auto ruff                   take a prebuilt wheel where it fits the target
  crosspy wheel env -w wheels --lock pylock.toml -f dl   all of a lock, without network
  crosspy wheel env --env PYCURL_SSL_LIBRARY=openssl pycurl    a variable that the package's build reads

policies:
  sdist   (default) packages with native code are built from source, pure wheels are taken as they are
  auto    a prebuilt manylinux or musllinux wheel is taken when it fits the target's C library and machine
  wheel   nothing is built

Build requirements run on the build machine and install natively; requirements are for the target. A build whose
compiler failed on an extension, or which left its extensions out, is an error, also where the package would go on
without: ask for the pure version by name, with --pure. The paths of the wheels are printed on stdout.

Of your variables, builds see compilers, flags and what configures Rust and compiler launchers; others by --env.

A build that fails ends with its cause and the next step (docs/reference/failures.md), and leaves its log.
"""


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``wheel`` shares with other commands that build."""
    group = parser.add_argument_group("what is chosen, and from where")
    group.add_argument(
        "-r", "--requirement", metavar="FILE", action="append", default=[], help="a requirements file"
    )
    group.add_argument(
        "-c", "--constraint", metavar="FILE", action="append", default=[], help="a constraints file"
    )
    group.add_argument(
        "--policy", choices=("sdist", "auto", "wheel"), default="sdist", help="see below (default: sdist)"
    )
    group.add_argument(
        "--no-index",
        action="store_true",
        help="no network: everything comes from --find-links and from paths",
    )
    add_find_links(group)
    group.add_argument(
        "--no-binary",
        metavar="NAMES",
        action="append",
        default=[],
        help="build these from source even if pure; :all:",
    )
    group.add_argument(
        "--crates",
        metavar="DIR",
        help="crates of Rust come from DIR, as crosspy crates or cargo vendor made it; no network for cargo",
    )
    group.add_argument("--no-deps", action="store_true", help="leave dependencies out")
    group.add_argument("--pre", action="store_true", help="take pre-releases too")
    group.add_argument("--require-hashes", action="store_true", help="every requirement must have a hash")
    group.add_argument(
        "--lock",
        metavar="FILE",
        help="build what this pylock.toml has, of its files in --find-links directories; REQ: names of some of it",
    )
    parser.add_argument(
        "--log", metavar="FILE", help="the build's log (default: of a failed build only, in ENV/crosspy/logs)"
    )
    parser.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        type=_jobs,
        default=0,
        help="processes at once, over all packages and compilers (default: the caller's jobserver, else the CPUs)",
    )
    add_env(parser)
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument(
        "--cache",
        metavar="DIR",
        default="",
        help="where built wheels are kept, and found again (default: CROSSPY_CACHE, else ~/.cache/crosspy/wheels)",
    )
    cache.add_argument("--no-cache", action="store_true", help="take no wheel from a cache, and keep none")


def build_options(args: argparse.Namespace, context: Context) -> BuildOptions:
    """Return the options that :func:`add_build_options` and ``wheel`` parsed; paths become absolute."""
    return BuildOptions(
        policy=args.policy,
        no_index=args.no_index,
        find_links=find_links(args, context),
        no_binary=tuple(args.no_binary),
        no_deps=args.no_deps,
        pre=args.pre,
        requirement_files=tuple(context.path(text) for text in args.requirement),
        constraints=tuple(context.path(text) for text in args.constraint),
        pure=tuple(name for text in getattr(args, "pure", ()) for name in text.split(",")),
        build_isolation=not getattr(args, "no_build_isolation", False),
        config_settings=tuple(getattr(args, "config_settings", ())),
        crates=context.path(args.crates) if args.crates else None,
        require_hashes=args.require_hashes,
        log=context.path(args.log) if args.log else None,
        jobs=args.jobs,
        variables=variables(args.variables, context.environ),
        cache=None if args.no_cache else cache_directory(args.cache, context),
    )


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def cache_directory(named: str, context: Context) -> Path | None:
    """Return the directory of the wheel cache: the one that is named, else CROSSPY_CACHE (empty: none), else the user's."""
    environ = context.environ
    if named or "CROSSPY_CACHE" in environ:
        chosen = named or environ["CROSSPY_CACHE"]
        return context.path(chosen) if chosen else None
    base = environ.get("XDG_CACHE_HOME") or (f"{environ['HOME']}/.cache" if environ.get("HOME") else "")
    return Path(base, "crosspy", "wheels") if base else None


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="a cross environment")
    parser.add_argument(
        "requirements", metavar="REQ", nargs="*", help="a requirement, project directory, sdist or wheel"
    )
    parser.add_argument(
        "-w", "--wheel-dir", metavar="DIR", default=".", help="where the wheels go (default: here)"
    )
    add_build_options(parser)
    group = parser.add_argument_group("how it is built")
    group.add_argument(
        "--pure", metavar="NAMES", action="append", default=[], help="accept these without their extensions"
    )
    group.add_argument(
        "--no-build-isolation", action="store_true", help="build with what build-pip installed"
    )
    group.add_argument(
        "-C",
        "--config-settings",
        metavar="K=V",
        action="append",
        default=[],
        help="a setting for the back end",
    )


def make_wheels(
    env: CrossEnv, words: Sequence[str], args: argparse.Namespace, context: Context, wheel_dir: Path
) -> list[Path]:
    """Make the wheels of what the command line names, with ``--lock`` of a lock."""
    options = build_options(args, context)
    if not args.lock:
        return build_wheels(
            env, words, options=options, console=context.console, environ=context.environ, wheel_dir=wheel_dir
        )
    if options.requirement_files or options.constraints or options.require_hashes or args.policy != "sdist":
        raise UsageError(
            "a lock has all versions, files and hashes already",
            hint="Leave out -r, -c, --require-hashes and --policy; they are options of crosspy lock.",
        )
    from crosspy.build.locked import build_locked  # noqa: PLC0415 -- imports what downloads: a tenth of the start without it

    return build_locked(
        env,
        context.path(args.lock),
        words,
        options=options,
        console=context.console,
        environ=context.environ,
        wheel_dir=wheel_dir,
    )


def run(args: argparse.Namespace, context: Context) -> int:
    env = open_env(context.path(args.env))
    started = time.monotonic()
    wheels = make_wheels(env, args.requirements, args, context, context.path(args.wheel_dir))
    context.console.step(
        f"{len(wheels)} wheel{'' if len(wheels) == 1 else 's'} in {time.monotonic() - started:.1f} s"
    )
    context.console.data("\n".join(str(wheel) for wheel in wheels))
    return 0
