"""From a lock to an image, proven on real packages: make lock-proof.

requirements/lock-proof.txt is locked for arm64, fetched, and built in a network namespace without any interface; twice,
the second time without a cache: the wheels have to be the same bytes. They are installed into an image, and imported
there under QEMU. Then one version is changed: one package is built, the others come from the cache.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = ["unshare", "--net"]
CHANGED = ("wrapt==2.5.2", "wrapt==2.5.1")
MODULES = (
    "flask aiohttp aiohttp._http_parser requests rich jsonschema yaml._yaml psutil _cffi_backend msgpack._cmsgpack wrapt "
    "websockets.speedups simplejson._speedups greenlet tornado.speedups paho.mqtt.client serial dateutil httpx "
    "prometheus_client bitarray._bitarray rpds multidict._multidict frozenlist._frozenlist propcache._helpers_c "
    "yarl._quoting_c markupsafe._speedups"
)
IMPORT = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(n) for n in sys.argv[2:]]"


def run(*words: str | Path, offline: bool = False) -> str:
    argv = [*(OFFLINE if offline else []), *map(str, words)]
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stderr[-4000:]}")
    print(
        f"{time.monotonic() - began:6.0f} s  {' '.join(Path(word).name for word in argv[:9])} ...", flush=True
    )
    return done.stdout + done.stderr


def crosspy(*words: str | Path, offline: bool = False) -> str:
    return run(sys.executable, "-m", "crosspy", *words, offline=offline)


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


def check(what: str, *, holds: bool) -> None:
    print(f"{'ok' if holds else 'NOT SO'}: {what}", flush=True)
    if not holds:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, required=True, help="where everything goes")
    parser.add_argument("--sysroot", type=Path, required=True, help="of arm64")
    parser.add_argument("--build-python", type=Path, required=True)
    parser.add_argument("--rust", type=Path, required=True, help="the toolchain of make rust")
    args = parser.parse_args()
    # Nobody measures the result's speed here.
    os.environ |= {
        "CFLAGS": "-O0 -g0",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        "CARGO_PROFILE_RELEASE_LTO": "off",
    }
    os.environ["PATH"] = f"{args.rust.absolute()}/usr/bin:{os.environ['PATH']}"
    build = args.build.absolute()
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    env, lock, files = build / "env", build / "pylock.toml", build / "dl"
    wanted = build / "requirements.txt"
    shutil.copyfile(ROOT / "requirements" / "lock-proof.txt", wanted)

    crosspy("create", env, "--sysroot", args.sysroot, "--build-python", args.build_python)
    crosspy("lock", env, "-r", wanted, "-o", lock)
    crosspy("fetch", "--lock", lock, "-d", files)
    words = ["--lock", lock, "--no-index", "-f", files, "-j2"]
    crosspy("wheel", env, "-w", build / "first", *words, "--cache", build / "cache", offline=True)
    crosspy("wheel", env, "-w", build / "second", *words, "--no-cache", offline=True)
    first = digests(build / "first")
    native = [name for name in first if "linux_aarch64" in name]
    check(
        f"{len(first)} distributions, {len(native)} of them native",
        holds=len(first) >= 40 and len(native) >= 10,
    )
    check("both builds made the same bytes", holds=first == digests(build / "second"))

    (build / "image").mkdir()
    crosspy("install", env, "--root", build / "image", *words, "--cache", build / "cache", offline=True)
    (info,) = (build / "image").rglob("flask-*.dist-info")
    python = next(args.sysroot.glob("usr/bin/python3.[0-9]*[0-9]"))
    qemu = ["qemu-aarch64-static", "-L", args.sysroot, python]
    run(*qemu, "-c", IMPORT, info.parent, *MODULES.split())
    check("all of them are imported on the target", holds=True)

    wanted.write_text(wanted.read_text().replace(*CHANGED))
    crosspy("lock", env, "-r", wanted, "-o", lock)
    crosspy("fetch", "--lock", lock, "-d", files)
    said = crosspy(
        "wheel", "-v", env, "-w", build / "third", *words, "--cache", build / "cache", offline=True
    )
    built = set(re.findall(r"crosspy: (\S+): (?:not in the cache|in the cache, but)", said))
    check(f"one changed version, one build: {', '.join(sorted(built))}", holds=len(built) == 1)
    third = digests(build / "third")
    check("the others are the same bytes", holds=len(third.items() ^ first.items()) == 2)


if __name__ == "__main__":
    main()
