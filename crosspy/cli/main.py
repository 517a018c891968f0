"""``crosspy``: parse the command line, run one command, report its failure, exit."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Final, NoReturn

from crosspy import __version__
from crosspy.cli.context import Context
from crosspy.console import Console, wants_colour
from crosspy.errors import CrosspyError

# In the order of a user's work; imported one by one, so that no command pays for another's imports.
COMMANDS: Final = {
    "describe": "say everything that is known of a target, each fact with its source",
    "create": "make a cross environment from a sysroot",
    "env": "print a cross environment's variables as export lines",
    "lock": "choose versions for the target, and for what builds them; write pylock.toml",
    "fetch": "download all that a lock names, and check it",
    "recipe": "write a recipe for one package: Yocto's or Buildroot's",
    "crates": "get the crates of Rust packages once, for builds without network",
    "wheel": "build wheels for the target",
    "install": "install packages into an image tree, as the target will see them",
    "requires": "say what a project needs to be built, or installed packages need to run",
    "cache": "list the wheels that were built before, and remove old ones",
    "sbom": "write a bill of materials of an image or a lock: CycloneDX or SPDX",
    "verify": "prove that an image's programs and extension modules fit the target",
}

_COMMON: Final = ("-v", "--verbose", "-q", "--quiet")
"""The options of every command, which may stand before its name, too."""

_EPILOG = """\
the usual way, from a staging sysroot to a proven image:

  crosspy create build/env --sysroot build/staging
  crosspy wheel build/env -w build/wheels numpy pyyaml
  crosspy install build/env --root build/image build/wheels/*.whl
  crosspy verify build/image

exit codes:
  0 all is well                5 missing, broken or wrong compiler
  1 verify found errors        6 build and target Python differ in X.Y
  2 wrong use                  7 the environment cannot be written or used
  3 unusable target data       8 a package did not build as it should
  4 contradicting target data  9 a wheel was refused
  10 a lock is damaged, stale, or for another target
  11 a file could not be got, is not what the lock says, or is no safe archive
  12 no versions fit           130 interrupted
  70 a defect of crosspy itself
"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with descriptions as written, and wide enough for examples."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=110)


def common_parser() -> argparse.ArgumentParser:
    """Return the options that every command shares."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-v", "--verbose", action="store_true", help="tell details on stderr")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell warnings and errors only")
    return parser


def overview_parser() -> argparse.ArgumentParser:
    """Return the parser of ``crosspy`` itself: the list of commands, and nothing of theirs."""
    parser = argparse.ArgumentParser(
        prog="crosspy",
        description="Cross-compile Python packages for embedded Linux, and prove that they load there.",
        epilog=_EPILOG,
        parents=[common_parser()],
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"crosspy {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary)
    return parser


def command_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command; only this command's module is imported for it."""
    summary = COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=f"crosspy {name}",
        description=summary[0].upper() + summary[1:] + ".",
        parents=[common_parser()],
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    import_module(f"crosspy.cli.{name}").configure(parser)
    return parser


def main(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> int:
    """Run one command line and return its exit code; errors that crosspy knows are printed here."""
    common = list(takewhile(_COMMON.__contains__, argv))
    name, *words = argv[len(common) :] or [""]
    if name not in COMMANDS:
        overview_parser().parse_args(argv)
        return 2
    # Intermixed: `crosspy wheel ENV -w DIR REQ` has an option between its positionals.
    args = command_parser(name).parse_intermixed_args([*common, *words])
    console = Console(colour=wants_colour(environ, sys.stderr), quiet=args.quiet, verbose=args.verbose)
    context = Context(environ=environ, console=console, cwd=cwd)
    try:
        code: int = import_module(f"crosspy.cli.{name}").run(args, context)
    except CrosspyError as error:
        console.error(error.message, error.hint)
        return error.exit_code
    return code


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(143)


def entry() -> NoReturn:
    """Be the ``crosspy`` program."""
    # What is half done is undone by the same finally clauses that serve an interrupt.
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = main(sys.argv[1:], dict(os.environ), Path.cwd())
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = 130
    except BrokenPipeError:
        # The reader of stdout went away (crosspy env | head): die of it quietly, as other programs do.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        raise
    except Exception:  # noqa: BLE001 -- the last resort, with an exit code that no command uses
        traceback.print_exc()
        sys.stderr.write("error: this is a defect of crosspy; please report it with the lines above\n")
        code = CrosspyError.exit_code
    sys.exit(code)
