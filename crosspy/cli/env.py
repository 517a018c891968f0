"""``crosspy env``"""

from __future__ import annotations

import argparse
import json
import shlex

from crosspy.cli.context import Context
from crosspy.crossenv.layout import open_env, read_variables

_EPILOG = """\
examples:
  eval "$(crosspy env build/env)"; ./configure && make
  crosspy env --json build/env
  crosspy env --make build/env > cross.mk        lines for a Makefile to include
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="a cross environment")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as a JSON object")
    form.add_argument("--make", action="store_true", help="as Makefile lines")


def run(args: argparse.Namespace, context: Context) -> int:
    env = open_env(context.path(args.env))
    variables, changes = read_variables(env)
    variables["PYTHON_CROSSENV"] = "1"
    for name, operator, value in changes:
        current = variables.get(name, context.environ.get(name, ""))
        variables[name] = changed(current, operator, value)
    path = [str(env.root / "bin"), str(env.tools)]
    if args.json:
        context.console.data(json.dumps({**variables, "PATH": path}, indent=2, sort_keys=True))
    elif args.make:
        lines = [f"export {name} := {_for_make(value)}" for name, value in sorted(variables.items())]
        context.console.data("\n".join([*lines, f"export PATH := {_for_make(':'.join(path))}:$(PATH)"]))
    else:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
        context.console.data("\n".join([*lines, f'export PATH={shlex.quote(":".join(path))}:"$PATH"']))
    return 0


def changed(current: str, operator: str, value: str) -> str:
    """Apply one operator of ``crosspy create --env``: ``=`` sets, ``+=`` appends, ``?=`` keeps, ``:=`` adds to a path."""
    if operator == "+=":
        return current + value
    if operator == ":=":
        return ":".join(part for part in (current, value) if part)
    return current if operator == "?=" and current else value


def _for_make(value: str) -> str:
    return value.replace("$", "$$").replace("#", r"\#")
