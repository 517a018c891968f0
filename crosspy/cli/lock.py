"""``crosspy lock``"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from crosspy.build.frontend import BuildOptions
from crosspy.build.lock import make_locks
from crosspy.build.lockfile import Selection
from crosspy.build.wishes import Wishes, read_wishes
from crosspy.cli.context import Context, replace_file
from crosspy.cli.links import add_find_links, find_links
from crosspy.cli.variables import add_env, variables
from crosspy.crossenv.layout import open_env
from crosspy.model.lock import build_lock_name, to_toml

_EPILOG: Final = """\
examples:
  crosspy lock env -r requirements.txt                    writes pylock.toml and pylock.build.toml
  crosspy lock env pyproject.toml -o pylock.app.toml      the dependencies of a project
  crosspy lock env uv.lock                                what another tool has locked, for this target
  crosspy lock env --policy auto numpy flask

pip resolves as the target. The lock is PEP 751's: versions, addresses, sha256 and sizes of what the target gets, one
file for each distribution, as the policy says (crosspy wheel --help). pylock.build.toml beside it has the build
requirements of each source distribution, for this machine: one dependency group for each. The index is that of your
pip configuration. Then:

  crosspy fetch --lock pylock.toml -d dl
  crosspy install env --root image --lock pylock.toml -f dl

uv.lock, pdm.lock, poetry.lock and Pipfile.lock are exported by their own tools, which have to be there.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="a cross environment")
    parser.add_argument(
        "what",
        metavar="REQ",
        nargs="*",
        help="a requirement, pyproject.toml, or a lock file: pylock.toml, uv.lock, pdm.lock, poetry.lock, Pipfile.lock",
    )
    parser.add_argument(
        "-r",
        "--requirement",
        metavar="FILE",
        action="append",
        default=[],
        help="a requirements file, or one of those",
    )
    parser.add_argument(
        "-c", "--constraint", metavar="FILE", action="append", default=[], help="a constraints file"
    )
    parser.add_argument(
        "--extra",
        metavar="NAME",
        action="append",
        default=[],
        help="of a pyproject.toml or lock, with its extra NAME",
    )
    parser.add_argument(
        "--group",
        metavar="NAME",
        action="append",
        default=[],
        help="with the dependency group NAME (PEP 735)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="pylock.toml", help="pylock.toml, or pylock.NAME.toml"
    )
    parser.add_argument(
        "--policy",
        choices=("sdist", "auto", "wheel"),
        default="sdist",
        help="as of crosspy wheel (default: sdist)",
    )
    parser.add_argument("--no-index", action="store_true", help="no network: --find-links has everything")
    add_find_links(parser)
    parser.add_argument("--pre", action="store_true", help="take pre-releases too")
    add_env(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    env = open_env(context.path(args.env))
    output = context.path(args.output)
    build_output = output.with_name(build_lock_name(output.name))
    with tempfile.TemporaryDirectory(prefix="crosspy-wishes-") as scratch:
        wishes: Wishes = read_wishes(
            args.what,
            [context.path(text) for text in args.requirement],
            selection=Selection(
                extras=frozenset(map(canonicalize_name, args.extra)),
                groups=frozenset(map(canonicalize_name, args.group)),
            ),
            target=env.target,
            cwd=context.cwd,
            scratch=Path(scratch),
            environ=context.environ,
        )
        locks = make_locks(
            env,
            wishes.requirements,
            options=BuildOptions(
                policy=args.policy,
                no_index=args.no_index,
                find_links=find_links(args, context),
                pre=args.pre,
                variables=variables(args.variables, context.environ),
                no_deps=wishes.complete,
                requirement_files=wishes.files,
                constraints=tuple(context.path(text) for text in args.constraint),
            ),
            console=context.console,
            environ=context.environ,
            directory=output.parent,
        )
    # The build machine's first: a lock without its second half is never seen.
    if locks.build:
        replace_file(build_output, to_toml(locks.build))
    replace_file(output, to_toml(locks.target))
    if not locks.build:
        build_output.unlink(missing_ok=True)
    sdists = sum(1 for one in locks.target.packages if one.sdist)
    context.console.step(
        f"{output.name}: {len(locks.target.packages)} distributions, {sdists} to build"
        + (f"; {build_output.name}: {len(locks.build.packages)} for their builds" if locks.build else "")
    )
    return 0
