# One purpose: look for a header and a library in every way that builds do, and write down whose it finds.
import json
import os
import shlex
import subprocess
from pathlib import Path

from setuptools import setup

CC = shlex.split(os.environ["CC"])
MULTIARCH = "/usr/lib/x86_64-linux-gnu"


def run(*words):
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def included(*words):
    """Whose header does the compiler read? It defines WHERE."""
    text = run(*CC, "-E", "-dM", *words, "where.c")
    lines = [line for line in (text or "").splitlines() if "CROSSPYDECOY_WHERE" in line]
    return lines[0].split()[-1] if lines else None


def linked(*words):
    """Does the linker find a library that has the function? The name is what guards take for a test."""
    return (
        run(*CC, "-shared", "-fPIC", "-o", "_configtest.so", "_configtest.c", *words, "-Wl,-z,defs")
        is not None
    )


def native():
    """Does the compiler hear of this machine's processor?"""
    done = subprocess.run(
        [*CC, "-###", "-march=native", "-mtune=native", "-c", "where.c"],
        check=False,
        capture_output=True,
        text=True,
    )
    return "native" in done.stderr


Path("words").write_text(f"-I/usr/include/crosspy -L{MULTIARCH} -lcrosspydecoy\n")
seen = {
    "include": included(),
    "include_I": included("-I/usr/include"),
    "include_local": included("-I", "/usr/local/include"),
    "include_isystem": included("-isystem", "/usr/include"),
    "include_response": included("@words"),
    "link": linked("-lcrosspydecoy"),
    "link_L": linked("-L/usr/lib", f"-L{MULTIARCH}", "-L/usr/local/lib", "-lcrosspydecoy"),
    "link_static": linked("-Wl,-Bstatic", f"-L{MULTIARCH}", "-lcrosspydecoy", "-Wl,-Bdynamic"),
    "link_path": linked(f"{MULTIARCH}/libcrosspydecoy.so"),
    "link_archive": linked("/usr/local/lib/libcrosspydecoy.a"),
    "link_response": linked("@words"),
    "link_rpath": linked(
        f"-L{MULTIARCH}", f"-Wl,-rpath,{MULTIARCH}", f"-Wl,-rpath-link,{MULTIARCH}", "-lcrosspydecoy"
    ),
    "exists_header": os.path.exists("/usr/include/crosspydecoy.h"),
    "exists_library": os.path.exists(f"{MULTIARCH}/libcrosspydecoy.so"),
    "pkg_config": run("pkg-config", "--variable=where", "crosspydecoy"),
    "config": run("crosspydecoy-config", "--where"),
    "config_libs": run("crosspydecoy-config", "--libs"),
    "config_path": run("/usr/bin/crosspydecoy-config", "--where"),
    "config_shell": run("sh", "-c", "crosspydecoy-config --where"),
    "uname": [run("uname", "-m"), run("arch"), run("getconf", "LONG_BIT"), os.uname().machine],
    "cpu": [
        word
        for word in ("GenuineIntel", "AuthenticAMD", "flags", "sse2")
        if word in Path("/proc/cpuinfo").read_text() + (run("lscpu") or "")
    ],
    "native": native(),
}
run("cmake", "-G", "Ninja", "-S", ".", "-B", "out")
seen["cmake"] = dict(line.split("=") for line in Path("out/found").read_text().splitlines())
# In hexadecimal: paths of the sysroot are taken out of a wheel's text.
Path("decoyed.py").write_text(f"seen = {json.dumps(seen, sort_keys=True).encode().hex()!r}\n")
setup()
