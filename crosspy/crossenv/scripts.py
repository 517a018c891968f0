"""The programs in an environment's ``bin``: shell scripts that find their own place, so that it can be moved."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from crosspy.crossenv.activate import SHELL

_PYTHON: Final = """\
#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/{interpreter}" "$0" "$@"
' '''
{program}
"""
"""A file that is a shell script and a Python program: the first line of it starts the second (as uv's relocatable ones)."""

_PIP: Final = "import sys\nfrom pip._internal.cli.main import main\n\nsys.exit(main())"
_EXPOSE: Final = "import sys\nfrom _crosspy.expose import main\n\nsys.exit(main())"

_BUILD_PYTHON: Final = """\
#!/bin/sh
# The build machine's own Python, without the target's compilers and flags.
here=$(dirname -- "$(realpath -- "$0")")
unset CC CXX CPP AR LD NM RANLIB STRIP FC CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PYTHON_CROSSENV CROSSPY_BUILD
unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR CMAKE_TOOLCHAIN_FILE CONFIG_SITE CARGO_BUILD_TARGET LOG_COMPILER
unset PYO3_CROSS PYO3_CROSS_LIB_DIR PYO3_CROSS_PYTHON_VERSION
# OpenEmbedded exports the build machine's own as BUILD_CC and so on.
for name in CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS AR; do
    eval "value=\\${BUILD_$name-}"
    [ -z "$value" ] || export "$name=$value"
done
CROSSPY_ENV=off; export CROSSPY_ENV
exec "$here/../build/bin/python" "$@"
"""

_BUILD_PIP: Final = """\
#!/bin/sh
exec "$(dirname -- "$(realpath -- "$0")")/build-python" -m pip "$@"
"""


_MESON_MAIN: Final = "import sys\nfrom mesonbuild.mesonmain import main\n\nsys.exit(main())"
MESON: Final = _PYTHON.format(interpreter="../../../bin/python", program=_MESON_MAIN)
"""``crosspy/layer/bin/meson``: Meson of the build layer or the system, run by cross-python, where it gets the cross file."""

_PROGRAM_MAIN: Final = "import sys\nfrom _crosspy.consolescripts import run\n\nsys.exit(run(sys.argv[0]))"
PROGRAM: Final = _PYTHON.format(interpreter="../../bin/python", program=_PROGRAM_MAIN)
"""``crosspy/layer/program``: what the links in ``crosspy/layer/programs`` name (crosspy/shims/consolescripts.py)."""

_SYSTEMS_MESON: Final = "from _crosspy.meson import run_systems\n\nrun_systems()"
SYSTEMS_MESON: Final = _PYTHON.format(interpreter="../../bin/python", program=_SYSTEMS_MESON)
"""``crosspy/answers/meson``: the system's Meson, where a build starts it and does not require it; with the cross file."""


def all_scripts(version: str, *, root: Path, cross_pip: bool, build_pip: bool) -> dict[str, str]:
    """Return the text of each script, by name. ``root`` is for shells that cannot tell ``activate`` where it is."""
    cross = _PYTHON.format(interpreter="python", program=_PIP)
    found = {
        "build-python": _BUILD_PYTHON,
        "cross-expose": _PYTHON.format(interpreter="python", program=_EXPOSE),
        "activate": SHELL.replace("@root@", shlex.quote(str(root))),
    }
    if cross_pip:
        found.update(dict.fromkeys(("pip", "pip3", f"pip{version}", "cross-pip"), cross))
    if build_pip:
        found["build-pip"] = _BUILD_PIP
    return found
