"""The ways to build a wheel that the corpus compares. Each leaves one wheel in the job's directory."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corpus.packages import Package, build_system
from corpus.workshop import Bed, Failure, Workshop, fresh

CROSSENV: Final = "crossenv==1.6.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One package, to be built for one target in one way."""

    package: Package
    bed: Bed
    flavour: str
    sdist: Path
    work: Path
    """Emptied before the job: ``out`` gets the wheel."""
    log: Path

    @property
    def out(self) -> Path:
        return self.work / "out"


def native(shop: Workshop, job: Job) -> None:
    """pip and the build machine's Python: what crosspy has to be as good as."""
    python = native_python(shop, job.bed)
    shop.run(job.log, _pip_wheel(python, job), shop.variables("native"), result="build failed")


def crosspy(shop: Workshop, job: Job) -> None:
    """``crosspy wheel``, and nothing else."""
    env = crosspy_env(shop, job.bed)
    shop.crosspy(job.log, *_crosspy_wheel(shop, env, job), result="build failed")


def crosspy_again(shop: Workshop, job: Job) -> None:
    """The same once more: at another time, in an environment and a temporary directory of other names."""
    env = crosspy_env(shop, job.bed, name="somewhere-else")
    other = fresh(job.work / "temporary-files-of-the-second-build")
    environ = {**shop.variables("crosspy-again"), "TMPDIR": str(other)}
    shop.crosspy(job.log, *_crosspy_wheel(shop, env, job), result="build failed", env=environ)


def _crosspy_wheel(shop: Workshop, env: Path, job: Job) -> list[str | Path]:
    words: list[str | Path] = ["wheel", env, "--no-cache", "--no-deps", "-w", job.out]
    if job.package.needs:
        # The target's copy of a build requirement (numpy): the one that the corpus built, not one more.
        words += ["--find-links", store(shop, job.bed)]
    return [*words, *_settings(job), job.sdist]


def _settings(job: Job) -> list[str]:
    return [word for setting in job.package.settings for word in ("--config-settings", setting)]


def store(shop: Workshop, bed: Bed) -> Path:
    """Return the directory of crosspy's good wheels for a target."""
    directory = shop.root / "wheels" / bed.name
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def crossenv(shop: Workshop, job: Job) -> None:
    """crossenv as it is created, and ``pip wheel``."""
    env = _crossenv_env(shop, job.bed, shop.root / "env" / f"crossenv-{job.bed.name}", job.log)
    shop.run(
        job.log,
        _pip_wheel(env / "bin" / "cross-python", job),
        shop.variables("crossenv"),
        result="build failed",
    )


def crossenv_helped(shop: Workshop, job: Job) -> None:
    """The way of crossenv's README: build requirements by hand, no isolation, pkg-config told of the sysroot."""
    env = _crossenv_env(shop, job.bed, job.work / "env", job.log)
    environ = {**shop.variables("crossenv"), **_pkg_config(job.bed)}
    _, requires = build_system(job.sdist)
    shop.run(
        job.log,
        [env / "bin" / "build-pip", "install", "--upgrade", "setuptools", "wheel", *requires],
        environ,
        result="build failed",
    )
    words = [*_pip_wheel(env / "bin" / "cross-python", job), "--no-build-isolation"]
    shop.run(job.log, words, environ, result="build failed")
    shutil.rmtree(env)


def envvars(shop: Workshop, job: Job) -> None:
    """Buildroot's way: the build machine's Python, told by variables that it is the target's."""
    venv = job.work / "venv"
    environ = shop.variables("envvars")
    _make_venv(shop, job.bed, venv, job.log, environ)
    _, requires = build_system(job.sdist)
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--upgrade"]
    shop.run(
        job.log, [*pip, "pip", "setuptools", "wheel", "build", *requires], environ, result="build failed"
    )
    environ |= _buildroot_variables(shop, job, venv)
    words = [*_pip_wheel(venv / "bin" / "python", job), "--no-build-isolation"]
    shop.run(job.log, words, environ, result="build failed")
    shutil.rmtree(venv)


FLAVOURS: Final[dict[str, Callable[[Workshop, Job], None]]] = {
    "native": native,
    "crosspy": crosspy,
    "crosspy-again": crosspy_again,
    "crossenv": crossenv,
    "crossenv-helped": crossenv_helped,
    "envvars": envvars,
}


def _pip_wheel(python: Path, job: Job) -> list[str | Path]:
    return [python, "-m", "pip", "wheel", "--no-deps", "-w", job.out, *_settings(job), job.sdist]


def native_python(shop: Workshop, bed: Bed) -> Path:
    """Return the Python of a virtual environment of the build machine, with a current pip."""
    venv = shop.root / "env" / f"native-{bed.python}"
    with shop.lock(str(venv)):
        if not (venv / "done").exists():
            _make_venv(
                shop, bed, fresh(venv), shop.root / "logs" / f"{venv.name}.log", shop.variables("native")
            )
            (venv / "done").touch()
    return venv / "bin" / "python"


def _make_venv(shop: Workshop, bed: Bed, venv: Path, log: Path, environ: dict[str, str]) -> None:
    """Make a virtual environment with the current pip, which our own brings: for ``python -m pip``.

    Debian's ensurepip looks for its wheels in ``/usr/share``, and a build Python of another Debian is not there.
    """
    shop.run(log, [bed.build_python, "-m", "venv", "--without-pip", venv], environ, result="set-up failed")
    packages = venv / "lib" / f"python{bed.python}" / "site-packages"
    words: list[str | Path] = [sys.executable, "-m", "pip", "install", "--target", packages, "pip"]
    shop.run(log, words, environ, result="set-up failed")


def crosspy_env(shop: Workshop, bed: Bed, name: str = "crosspy") -> Path:
    """Return the cross environment of a target; a changed crosspy makes it anew."""
    env = shop.root / "env" / f"{name}-{bed.name}"
    with shop.lock(str(env)):
        key = f"{shop.code} {bed.sysroot}"
        done = env.with_name(f"{env.name}.done")
        if not done.exists() or done.read_text(encoding="utf-8") != key:
            log = shop.root / "logs" / f"{env.name}.log"
            words: list[str | Path] = [
                "create",
                env,
                "--sysroot",
                bed.sysroot,
                "--build-python",
                bed.build_python,
                "--clear",
            ]
            shop.crosspy(log, *words, result="set-up failed")
            done.write_text(key, encoding="utf-8")
    return env


def code_state() -> str:
    """Return a digest of crosspy's own code: a result of another state may be different now."""
    package = Path(__file__).resolve().parents[2] / "crosspy"
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _toolchain(shop: Workshop, bed: Bed) -> dict[str, str]:
    """Return compilers of one word each: crossenv drops every word of CC after the first."""
    directory = shop.root / "toolchain" / bed.name
    with shop.lock(str(directory)):
        directory.mkdir(parents=True, exist_ok=True)
        for tool in ("gcc", "g++", "gfortran"):
            wrapper = directory / f"{bed.triplet}-{tool}"
            text = f'#!/bin/sh\nexec /usr/bin/{wrapper.name} --sysroot={bed.sysroot} "$@"\n'
            if not wrapper.exists():
                wrapper.write_text(text, encoding="utf-8")
                wrapper.chmod(0o755)
    return {tool: str(directory / f"{bed.triplet}-{tool}") for tool in ("gcc", "g++", "gfortran")}


def _crossenv_env(shop: Workshop, bed: Bed, env: Path, log: Path) -> Path:
    peer = shop.root / "env" / f"peer-{bed.python}"
    environ = shop.variables("crossenv")
    with shop.lock(str(peer)):
        if not (peer / "done").exists():
            _make_venv(shop, bed, fresh(peer), log, environ)
            shop.run(
                log,
                [peer / "bin" / "python", "-m", "pip", "install", CROSSENV],
                environ,
                result="set-up failed",
            )
            (peer / "done").touch()
    with shop.lock(str(env)):
        if not (env / "done").exists():
            tools = _toolchain(shop, bed)
            words: list[str | Path] = [peer / "bin" / "python", "-m", "crossenv"]
            words += ["--cc", tools["gcc"], "--cxx", tools["g++"], "--sysroot", bed.sysroot]
            target = bed.sysroot / "usr" / "bin" / f"python{bed.python}"
            shop.run(log, [*words, target, fresh(env)], environ, result="set-up failed")
            (env / "done").touch()
    return env


def _pkg_config(bed: Bed) -> dict[str, str]:
    multiarch = next(path.name for path in (bed.sysroot / "usr" / "lib").glob("*-linux-gnu*"))
    directories = (f"usr/lib/{multiarch}/pkgconfig", "usr/lib/pkgconfig", "usr/share/pkgconfig")
    return {
        "PKG_CONFIG_SYSROOT_DIR": str(bed.sysroot),
        "PKG_CONFIG_LIBDIR": ":".join(str(bed.sysroot / directory) for directory in directories),
    }


def _buildroot_variables(shop: Workshop, job: Job, venv: Path) -> dict[str, str]:
    bed = job.bed
    data = next((bed.sysroot / "usr" / "lib" / f"python{bed.python}").glob("_sysconfigdata_*linux*.py"))
    directory = fresh(job.work / "sysconfigdata")
    # What Buildroot's staging tree has: the paths are those of the build machine.
    text = data.read_text(encoding="utf-8")
    for path in ("/usr/include", "/usr/lib"):
        text = text.replace(f"'{path}", f"'{bed.sysroot}{path}").replace(
            f"-I{path}", f"-I{bed.sysroot}{path}"
        )
    (directory / data.name).write_text(text, encoding="utf-8")
    suffix = next(line for line in text.splitlines() if "'EXT_SUFFIX'" in line).split("'")[3]
    tools = _toolchain(shop, bed)
    flags = shop.flags
    binutils = {
        variable: f"{bed.triplet}-{tool}"
        for variable, tool in (("AR", "ar"), ("NM", "nm"), ("RANLIB", "ranlib"), ("STRIP", "strip"))
    }
    return {
        "_PYTHON_HOST_PLATFORM": f"linux-{_uname(bed)}",
        "_PYTHON_PROJECT_BASE": str(bed.sysroot / "usr"),
        "_PYTHON_SYSCONFIGDATA_NAME": data.stem,
        "PYTHONPATH": str(directory),
        "PYTHONNOUSERSITE": "1",
        "SETUPTOOLS_EXT_SUFFIX": suffix,
        "CC": tools["gcc"],
        "CXX": tools["g++"],
        "FC": tools["gfortran"],
        "LDSHARED": f"{tools['gcc']} -shared",
        "CFLAGS": f"{flags} -I{bed.sysroot}/usr/include/python{bed.python}",
        "CXXFLAGS": f"{flags} -I{bed.sysroot}/usr/include/python{bed.python}",
        "PATH": f"{venv / 'bin'}:{shop.variables('envvars')['PATH']}",
        **binutils,
        **_pkg_config(bed),
    }


def _uname(bed: Bed) -> str:
    names = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l", "armel": "armv5tel", "i386": "i686"}
    return names.get(bed.name, bed.name)


def compare(first: Path, second: Path) -> str:
    """Return which members of two wheels differ; empty if the files are the same, byte by byte."""
    if first.read_bytes() == second.read_bytes():
        return ""
    if first.name != second.name:
        return f"names: {first.name} and {second.name}"
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as two:
        ours, theirs = ({info.filename: info for info in archive.infolist()} for archive in (one, two))
        names = [name for name in ours.keys() | theirs.keys() if name not in ours or name not in theirs]
        names += [name for name in ours.keys() & theirs.keys() if one.read(name) != two.read(name)]
        if names:
            plain = [name for name in names if not name.endswith("/RECORD")]
            return f"members: {', '.join(sorted(plain or names)[:6])}"
        times = [name for name in ours if ours[name].date_time != theirs[name].date_time]
        return f"times of members: {', '.join(sorted(times)[:3])}" if times else "order or modes of members"


def backend_of(sdist: Path) -> str:
    return build_system(sdist)[0]


def built(job: Job) -> Path:
    """Return the wheel of a finished job.

    :raises Failure: there is none, or more than one.
    """
    wheels = sorted(job.out.glob("*.whl"))
    if len(wheels) != 1:
        raise Failure("wrong", f"wheels: {json.dumps([wheel.name for wheel in wheels])}")
    return wheels[0]
