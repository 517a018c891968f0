# One purpose: a build that asks programs of the target, in the ways that builds do.
import ctypes
import ctypes.util
import json
import os
import shlex
import subprocess
import sys
import tempfile

from setuptools import setup


def compiled_and_run():
    subprocess.run([*shlex.split(os.environ["CC"]), "-o", "probe", "probe.c"], check=True)
    try:
        return subprocess.run(["./probe"], check=False).returncode
    except OSError as error:
        return str(error)


def called():
    """Return what functions of a library say: one that is computed, and one that takes and gives a text."""
    library = ctypes.CDLL(ctypes.util.find_library("z"))
    library.crc32.restype = ctypes.c_ulong
    library.zError.restype = ctypes.c_char_p
    try:
        return [library.crc32(0, b"asked", 5), library.zError(-2).decode()]
    except OSError as error:
        return str(error)


def answered(*words):
    """Return what a build tool prints behind ANSWER, or the names that CMake asks for."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        return sorted({line.split()[0] for line in lines if line.startswith("   ")})
    return next(line.split()[-1] for line in lines if "ANSWER" in line)


MESON = "import sys; sys.argv = ['meson', 'setup', sys.argv[1]]; import mesonbuild.mesonmain as m; sys.exit(m.main())"

# What a configure script does with its site file, and then with a test that would have to run.
CONFIGURE = """
host_alias= build_alias= cross_compiling=no
for site in $CONFIG_SITE; do . "$site"; done
echo "$cross_compiling ${ac_cv_func_malloc_0_nonnull-} ${ac_cv_asking-}"
"""

answers = {
    "run": compiled_and_run(),
    "called": called(),
    "configure": subprocess.run(
        ["sh", "-c", CONFIGURE], check=True, capture_output=True, text=True
    ).stdout.split(),
    "env": os.environ.get("ASKING"),
    "cmake": answered("cmake", "-G", "Ninja", "-S", ".", "-B", tempfile.mkdtemp()),
    "meson": answered(sys.executable, "-c", MESON, tempfile.mkdtemp()),
    "log_compiler": subprocess.run([os.environ["LOG_COMPILER"], "./probe"], check=False).returncode,
}
with open("asking.py", "w") as file:
    file.write("answers = " + repr(json.dumps(answers, sort_keys=True)) + "\n")
setup()
