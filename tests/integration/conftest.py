"""Real targets: a sysroot, a cross compiler, QEMU, and a build Python of the same X.Y.

``make test`` makes the sysroots and names their directory in CROSSPY_SYSROOTS; then something that is missing
is a failure. Without that variable these tests are skipped, each by its name. A directory for one of the
optional targets (``make sysroot-s390x``) adds that target to the required ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import beds
import pytest

from crosspy.crossenv.layout import CrossEnv, open_env

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class TargetBed:
    """One target to test on."""

    name: str
    sysroot: Path
    build_python: Path
    """Of this machine, with the target's X.Y."""
    triplet: str
    """Of the cross compiler."""
    qemu: str
    """Absolute path of the emulator."""
    python: str
    """Path of the target's interpreter in the sysroot, absolute on this machine."""
    version: str

    def command(self, *args: str | Path) -> list[str]:
        """Return the command line that starts the target's Python with ``args``."""
        return [self.qemu, "-L", str(self.sysroot), self.python, *map(str, args)]

    def run_target(
        self,
        *args: str | Path,
        root: Path | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run the target's Python under QEMU; ``root``: from another tree than the sysroot, such as an image."""
        command = self.command(*args)
        if root:
            command[2:4] = [str(root), str(root / Path(self.python).relative_to(self.sysroot))]
        return run(command, env=env, check=check)


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command; a failure shows all of its output."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(
            f"exit status {done.returncode}: {' '.join(words)}\n{done.stdout}\n{done.stderr}", pytrace=False
        )
    return done


_ROWS = beds.REQUIRED | beds.OPTIONAL


def sysroots() -> Path | None:
    named = os.environ.get("CROSSPY_SYSROOTS")
    return Path(named).absolute() if named else None


def target_names() -> list[str]:
    """Return the targets of this run: the required ones, and the optional ones that are there."""
    base = sysroots()
    return [*beds.REQUIRED, *(name for name in beds.OPTIONAL if base and (base / name / ".stamp").exists())]


def find_bed(name: str) -> TargetBed:
    base = sysroots()
    if base is None:
        pytest.skip(f"no target {name}: CROSSPY_SYSROOTS is not set (make test sets it)")
    triplet, qemu, version, build_python = _ROWS[name]
    emulator = shutil.which(f"qemu-{qemu}-static")
    bed = TargetBed(
        name=name,
        sysroot=base / name,
        build_python=base / build_python,
        triplet=triplet,
        qemu=emulator or "",
        python=str(base / name / "usr" / "bin" / f"python{version}"),
        version=version,
    )
    missing = [str(path) for path in (Path(bed.python), bed.build_python) if not path.exists()]
    missing += [f"{triplet}-{tool}" for tool in ("gcc", "g++") if not shutil.which(f"{triplet}-{tool}")]
    missing += [] if emulator else [f"qemu-{qemu}-static"]
    if missing:
        pytest.fail(
            f"target {name}: CROSSPY_SYSROOTS is set, but these are missing: {', '.join(missing)}",
            pytrace=False,
        )
    return bed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bed" in metafunc.fixturenames:
        metafunc.parametrize("bed", target_names(), indirect=True, scope="session")


@pytest.fixture(scope="session")
def bed(request: pytest.FixtureRequest) -> TargetBed:
    """Each target of this run, one after the other."""
    return find_bed(request.param)


@pytest.fixture(scope="session")
def armhf() -> TargetBed:
    """The 32-bit one."""
    return find_bed("armhf")


@pytest.fixture(scope="session")
def arm64() -> TargetBed:
    """The one target, for tests that need no more than one."""
    return find_bed("arm64")


@pytest.fixture(scope="session")
def crosspy() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the ``crosspy`` command; keywords: env, cwd, check."""

    def call(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        return run([sys.executable, "-m", "crosspy", *words], **options)  # type: ignore[arg-type]

    return call


@pytest.fixture(scope="session")
def make_crossenv(
    crosspy: Callable[..., subprocess.CompletedProcess[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[TargetBed], CrossEnv]:
    """Return a function that gives a target's cross environment, made once in a session: do not change it."""
    made: dict[str, CrossEnv] = {}

    def make(bed: TargetBed) -> CrossEnv:
        if bed.name not in made:
            root = tmp_path_factory.mktemp(f"env-{bed.name}") / "env"
            crosspy("create", root, "--sysroot", bed.sysroot, "--build-python", bed.build_python)
            made[bed.name] = open_env(root)
        return made[bed.name]

    return make


@pytest.fixture(scope="session")
def crossenv(bed: TargetBed, make_crossenv: Callable[[TargetBed], CrossEnv]) -> CrossEnv:
    """The cross environment of ``bed``."""
    return make_crossenv(bed)


@pytest.fixture(scope="session")
def arm64_env(arm64: TargetBed, make_crossenv: Callable[[TargetBed], CrossEnv]) -> CrossEnv:
    return make_crossenv(arm64)
