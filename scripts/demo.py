"""``make demo``: build PyPI's source distributions for an arm64 image, install, verify and run them there.

Everything is done with the ``crosspy`` command, as its users do it. Wheels that a former run built with the
same cross environment are reused; the image is laid anew each time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NoReturn

EXERCISES: Final = Path(__file__).resolve().with_name("demo_exercises.py")
QEMU: Final = "qemu-aarch64-static"
PYTHON: Final = "usr/bin/python3.11"
TAIL_LINES: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the summary: a wheel, and what became of it on the target."""

    name: str
    version: str
    origin: str
    tag: str
    elf_files: int
    seconds: float | None
    reused: bool
    outcome: str = ""
    ok: bool = False


@dataclass(kw_only=True, slots=True)
class Demo:
    """The state of one run."""

    build: Path
    environ: Mapping[str, str]
    start: float = field(default_factory=time.monotonic)

    @property
    def logs(self) -> Path:
        return self.build / "logs"

    def say(self, text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self.start:7.1f} s] {text}\n")
        sys.stderr.flush()

    def fail(self, text: str) -> NoReturn:
        self.say(f"FAILED: {text}")
        sys.exit(1)

    def run(self, log_name: str, argv: Sequence[str | Path], *, may_fail: bool = False) -> int:
        """Run a command with its output in a log file; if it fails, show the end of that and stop."""
        log = self.logs / f"{log_name}.log"
        words = [str(word) for word in argv]
        with log.open("w", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(words)}\n")
            stream.flush()
            status = subprocess.run(
                words,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if status and not may_fail:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            sys.stderr.write("\n".join(lines[-TAIL_LINES:]) + "\n")
            self.fail(f"exit status {status}: {' '.join(words)} (all of it: {log})")
        return status

    def crosspy(self, log_name: str, *words: str | Path, may_fail: bool = False) -> int:
        return self.run(log_name, [sys.executable, "-m", "crosspy", *words], may_fail=may_fail)


def read_requirements(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def create_env(demo: Demo, sysroot: Path, build_python: str) -> tuple[Path, str]:
    """Make the cross environment, or take the one that is there; return it and the key of its inputs."""
    env = demo.build / "env"
    words: list[str | Path] = ["create", env, "--sysroot", sysroot, "--build-python", build_python]
    demo.say(f"crosspy create {env.name}: cross environment for {sysroot.name}")
    environment_exists = 7
    if demo.crosspy("create", *words, may_fail=True) == environment_exists:
        demo.crosspy("create", *words, "--clear")
    elif not (env / "crosspy" / "target.json").exists():
        demo.crosspy("create", *words)
    return env, (env / "crosspy" / "key").read_text(encoding="ascii").strip()


def build_wheels(demo: Demo, env: Path, key: str, requirements: Sequence[str]) -> list[Row]:
    """Build each requirement, with what it depends on, and describe the wheels."""
    wheels = demo.build / "wheels"
    wheels.mkdir(exist_ok=True)
    manifest = wheels / "built.json"
    built = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    rows: dict[str, Row] = {}
    for requirement in requirements:
        entry = built.get(requirement, {})
        reused = entry.get("key") == key and all((wheels / name).exists() for name in entry["files"])
        if reused:
            demo.say(f"crosspy wheel {requirement}: reused")
        else:
            demo.say(f"crosspy wheel {requirement} ...")
            entry = _build_one(demo, env, requirement, wheels)
            entry["key"] = key
            built[requirement] = entry
            manifest.write_text(json.dumps(built, indent=2, sort_keys=True) + "\n", encoding="utf-8")
            demo.say(f"crosspy wheel {requirement}: {', '.join(entry['files'])} in {entry['seconds']:.0f} s")
        wanted = _distribution(requirement.partition("==")[0])
        for name in entry["files"]:
            distribution = _distribution(name.split("-")[0])
            seconds = entry["seconds"] if distribution == wanted else None
            row = describe_wheel(wheels / name, seconds=seconds, reused=reused)
            if distribution == wanted and (not row.elf_files or "manylinux" in row.tag):
                demo.fail(f"{name} was not compiled here: {row.elf_files} ELF files, tag {row.tag}")
            if distribution not in rows or seconds is not None:
                rows[distribution] = row
    return [rows[name] for name in sorted(rows)]


def _build_one(demo: Demo, env: Path, requirement: str, wheels: Path) -> dict[str, Any]:
    scratch = demo.build / "wheels.new"
    shutil.rmtree(scratch, ignore_errors=True)
    began = time.monotonic()
    demo.crosspy(f"wheel-{requirement}", "wheel", env, "-w", scratch, requirement)
    seconds = time.monotonic() - began
    files = sorted(path.name for path in scratch.glob("*.whl"))
    for name in files:
        (scratch / name).replace(wheels / name)
    shutil.rmtree(scratch)
    return {"files": files, "seconds": round(seconds, 1)}


def _distribution(name: str) -> str:
    return name.lower().replace("-", "_")


def describe_wheel(path: Path, *, seconds: float | None, reused: bool) -> Row:
    name, version, *_, python, abi, platform = path.stem.split("-")
    with zipfile.ZipFile(path) as archive:
        elf_files = 0
        for member in archive.infolist():
            with archive.open(member) as stream:
                elf_files += stream.read(4) == b"\x7fELF"
    return Row(
        name=name,
        version=version,
        origin="sdist" if elf_files else "wheel",
        tag=f"{python}-{abi}-{platform}",
        elf_files=elf_files,
        seconds=seconds,
        reused=reused,
    )


def lay_image(demo: Demo, template: Path) -> Path:
    """Copy the runtime tree, as an image build would: packages are installed into a copy."""
    image = demo.build / "image"
    demo.say(f"image: a fresh copy of {template.name}")
    shutil.rmtree(image, ignore_errors=True)
    demo.run("image", ["cp", "-a", "--reflink=auto", template, image])
    (image / ".stamp").unlink()
    return image


def exercise(demo: Demo, image: Path, row: Row) -> Row:
    """Import and use one package with the target's Python."""
    argv = [QEMU, "-L", str(image), str(image / PYTHON), "-I", str(EXERCISES), row.name.lower()]
    environ = {"PATH": demo.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    began = time.monotonic()
    done = subprocess.run(
        argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    took = time.monotonic() - began
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    outcome = lines[-1] if lines else f"exit status {done.returncode}"
    demo.say(f"{QEMU}: {row.name} {'ok' if done.returncode == 0 else 'FAILED'} in {took:.1f} s: {outcome}")
    if done.returncode:
        sys.stderr.write(done.stderr)
    return replace(row, outcome=outcome, ok=done.returncode == 0)


def summary(rows: Sequence[Row]) -> str:
    table = [("package", "version", "from", "wheel tag", "ELF", "import", "build")]
    for row in rows:
        took = "-" if row.seconds is None else f"{row.seconds:.0f} s" + (" (reused)" if row.reused else "")
        table.append(
            (
                row.name,
                row.version,
                row.origin,
                row.tag,
                str(row.elf_files),
                "ok" if row.ok else "FAILED",
                took,
            )
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, required=True, help="where everything is made")
    parser.add_argument("--sysroot", type=Path, required=True)
    parser.add_argument(
        "--image", type=Path, required=True, help="the tree of a device, without Python packages"
    )
    parser.add_argument("--build-python", required=True)
    parser.add_argument("--requirements", type=Path, required=True)
    args = parser.parse_args(argv)
    demo = Demo(build=args.build.resolve(), environ=environ)
    demo.logs.mkdir(parents=True, exist_ok=True)

    env, key = create_env(demo, args.sysroot.resolve(), args.build_python)
    rows = build_wheels(demo, env, key, read_requirements(args.requirements))
    image = lay_image(demo, args.image.resolve())
    wheels = [next((demo.build / "wheels").glob(f"{row.name}-{row.version}-*{row.tag}.whl")) for row in rows]
    demo.say(f"crosspy install: {len(wheels)} wheels into {image}")
    demo.crosspy("install", "install", env, "--root", image, *wheels)
    demo.say("crosspy verify")
    demo.crosspy("verify", "verify", image, "--env", env)
    rows = [exercise(demo, image, row) for row in rows]
    sys.stdout.write(f"\n{summary(rows)}\n\n")
    sys.stdout.flush()
    if not all(row.ok for row in rows):
        demo.fail(f"not imported on the target: {', '.join(row.name for row in rows if not row.ok)}")
    demo.say(f"all {len(rows)} packages were built for, installed in and run by {image}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
