"""``--env``: variables of builds, for all builds in an environment (``create``) or for those of one run."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

from crosspy.errors import UsageError


def add_env(parser: argparse.ArgumentParser) -> None:
    """Add the option to a command that builds."""
    parser.add_argument(
        "--env",
        metavar="K=V|K",
        dest="variables",
        action="append",
        default=[],
        help="a variable for these builds, as of crosspy create; a name alone: the caller's",
    )


def variables(
    texts: Sequence[str], environ: Mapping[str, str] | None = None
) -> tuple[tuple[str, str, str], ...]:
    """Parse ``--env`` into (name, operator, value), with crossenv's operators.

    :param environ: the caller's, of which a name alone is passed, with an empty operator: a build takes it where it has
        no such variable of its own, and would not take it away.
    :raises UsageError:
    """
    found = []
    for text in texts:
        if environ is not None and text.isidentifier():
            if text not in environ:
                raise UsageError(
                    f"--env {text}: it is not set", hint=f"Export it, or say --env {text}=VALUE."
                )
            found.append((text, "", environ[text]))
            continue
        match = re.fullmatch(r"([A-Za-z_]\w*)([+?:]?=)(.*)", text, re.DOTALL)
        if not match:
            raise UsageError(f"--env {text!r} is not of the form K=V, K+=V, K?=V or K:=V")
        found.append((match[1], match[2], match[3]))
    return tuple(found)
