"""cross-expose: let packages of the build layer count as installed for the target.

An import finds them anyway; pip, and a setup.py that asks for an installed distribution, go by metadata. As crossenv
1.6 does it: a distribution without files, whose metadata are the real one's.
"""

import argparse
import os
import re
import shutil
import sys

from . import ROOT, facts

LAYER = os.path.join(ROOT, "build", *facts.LIBRARY)
LIBRARY = os.path.join(ROOT, *facts.LIBRARY)
INSTALLER = "cross-expose"


def _name(directory: str) -> str:
    return re.sub(r"[-_.]+", "-", directory.rpartition(".dist-info")[0].rpartition("-")[0]).lower()


def _distributions(path: str) -> dict[str, str]:
    entries = sorted(os.listdir(path)) if os.path.isdir(path) else []
    return {_name(entry): entry for entry in entries if entry.endswith(".dist-info")}


def _exposed() -> dict[str, str]:
    found = {}
    for name, entry in _distributions(LIBRARY).items():
        try:
            with open(os.path.join(LIBRARY, entry, "INSTALLER"), encoding="utf-8") as file:
                if file.read().strip() == INSTALLER:
                    found[name] = entry
        except OSError:
            continue
    return found


def _expose(name: str, entry: str) -> None:
    path = os.path.join(LIBRARY, entry)
    os.makedirs(path, exist_ok=True)
    shutil.copyfile(os.path.join(LAYER, entry, "METADATA"), os.path.join(path, "METADATA"))
    for file, text in (
        ("INSTALLER", INSTALLER + "\n"),
        ("RECORD", "".join(f"{entry}/{f},,\n" for f in ("METADATA", "INSTALLER", "RECORD"))),
    ):
        with open(os.path.join(path, file), "w", encoding="utf-8") as stream:
            stream.write(text)
    sys.stdout.write(f"{name}: exposed\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="cross-expose",
        description="Let packages of build-pip count as installed for the target. :all: means all of them.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("-l", "--list", action="store_true", help="list what is exposed")
    parser.add_argument("-u", "--unexpose", action="store_true", help="take it back")
    options = parser.parse_args(arguments)
    if options.list or not options.names:
        sys.stdout.write("".join(f"{name}\n" for name in sorted(_exposed())))
        return 0
    known = _exposed() if options.unexpose else _distributions(LAYER)
    names = (
        sorted(known)
        if ":all:" in options.names
        else [re.sub(r"[-_.]+", "-", name).lower() for name in options.names]
    )
    missing = [name for name in names if name not in known]
    if missing:
        where = "exposed" if options.unexpose else "installed with build-pip"
        sys.stderr.write(f"cross-expose: error: not {where}: {', '.join(missing)}\n")
        return 1
    for name in names:
        if options.unexpose:
            shutil.rmtree(os.path.join(LIBRARY, known[name]))
            sys.stdout.write(f"{name}: no longer exposed\n")
        elif name in _distributions(LIBRARY) and name not in _exposed():
            sys.stdout.write(f"{name}: installed for the target already\n")
        else:
            _expose(name, known[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
