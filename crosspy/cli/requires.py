"""``crosspy requires``: what a project needs to be built, or what installed packages need to run."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from crosspy import process
from crosspy.build.requirements import unmet_requirements
from crosspy.cli.context import Context
from crosspy.cli.links import add_find_links
from crosspy.cli.variables import add_env, variables
from crosspy.crossenv.layout import CrossEnv, open_env
from crosspy.errors import UsageError
from crosspy.install.image import open_image
from crosspy.install.installed import find_distributions
from crosspy.install.needs import imports_below, read_manifest, split_packages
from crosspy.install.requirements import missing_requirements
from crosspy.install.scheme import clean_prefix, site_directories, target_scheme

_EPILOG: Final = """\
examples:
  crosspy requires env .                        build requirements that build-pip still has to install
  crosspy requires env . --find-links sdists    the same, with the files that meet them
  crosspy requires env --root image             what the packages in an image import and require
  crosspy requires env --root image --split meta/recipes-devtools/python/python3/python3-manifest.json

stdout is JSON. Of a project: a list of {"requirement", "name", "found", "file"}, empty when nothing is missing; for
builds without isolation. Of an image: {"modules", "optional_modules"}, the imports from the standard library, with
--split {"packages", "optional_packages"}; and "distributions", a list of {"requirement", "needed_by", "found"} that the
image lacks. An import whose absence is caught is optional; imports of files in "tests" directories do not count.
"""

_STDLIB: Final = """
import json, sys
print(json.dumps(sorted(set(sys.stdlib_module_names) - set(sys.builtin_module_names))))
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("env", metavar="ENV", help="a cross environment")
    parser.add_argument(
        "project", metavar="PROJECT", nargs="?", help="directory of a project that is to be built"
    )
    add_find_links(parser)
    add_env(parser)
    parser.add_argument("--root", metavar="ROOTFS", help="an image tree, or a part of one")
    parser.add_argument(
        "--prefix", metavar="DIR", default="", help="of the packages in it (default: the target's)"
    )
    parser.add_argument(
        "--split", metavar="FILE", help="OE-core's python3-manifest.json: which package has which module"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    env = open_env(context.path(args.env))
    if bool(args.project) == bool(args.root):
        raise UsageError("name a PROJECT or a --root, one of them", hint="See crosspy requires --help")
    answer: Any
    if args.project:
        links = [context.path(text) for text in args.find_links]
        said = variables(args.variables, context.environ)
        answer = [
            asdict(one)
            for one in unmet_requirements(
                env, context.path(args.project), links, environ=context.environ, variables=said
            )
        ]
    else:
        answer = _needs(
            env, context.path(args.root), args.prefix, context.path(args.split) if args.split else None
        )
    context.console.data(json.dumps(answer, indent=2))
    return 0


def _needs(env: CrossEnv, root: Path, prefix: str, manifest: Path | None) -> dict[str, object]:
    image = open_image(root)
    python = env.target.python
    scheme = target_scheme(python, clean_prefix(prefix or python.prefix or "/usr"))
    present = find_distributions(image, site_directories(python, scheme))
    lacking = missing_requirements(env.target, installed=present, present=(), extras={})
    imports = imports_below(image.root)
    done = process.run([str(env.build_python), "-I", "-c", _STDLIB], env={"PATH": "/usr/bin:/bin"})
    known = frozenset(json.loads(done.stdout)) - set(python.builtin_modules)
    distributions = [asdict(one) for one in lacking]
    if manifest is None:
        return {
            "modules": sorted(name for name in imports.needed if name.partition(".")[0] in known),
            "optional_modules": sorted(name for name in imports.optional if name.partition(".")[0] in known),
            "distributions": distributions,
        }
    split = read_manifest(manifest)
    packages = split_packages(imports.needed, split, known)
    return {
        "packages": sorted(packages),
        "optional_packages": sorted(split_packages(imports.optional, split, known) - packages),
        "distributions": distributions,
    }
