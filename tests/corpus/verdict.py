"""Whether a wheel is good: the same question for every flavour."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import Final

from corpus.flavours import Job, crosspy_env, native_python, store
from corpus.packages import HERE, read_lock
from corpus.workshop import Bed, Failure, Workshop, fresh
from crosspy.build.check import check_wheel
from crosspy.crossenv.layout import open_env
from crosspy.errors import CrosspyError

EXERCISE: Final = HERE / "exercise.py"
_NOT_ON_A_DEVICE: Final = frozenset(
    {"dist-packages", "games", "gcc", "gcc-cross", "include", "pkgconfig", "sbin", "share", "src", "var"}
)


def judge(shop: Workshop, job: Job, wheel: Path) -> None:
    """Look at the wheel, install it into an image, verify that, and use the package there.

    :raises Failure: ``wrong``, ``not installed``, ``not verified`` or ``import failed``.
    """
    if not job.package.pure and not elf_members(wheel):
        raise Failure("wrong", "no machine code in the wheel")
    if job.flavour == "native":
        _use_natively(shop, job, wheel)
    else:
        _use_on_target(shop, job, wheel)


def elf_members(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if archive.open(name).read(4) == b"\x7fELF"]


def _use_on_target(shop: Workshop, job: Job, wheel: Path) -> None:
    env = crosspy_env(shop, job.bed)
    try:
        check_wheel(wheel, open_env(env).target, prebuilt=True)
    except CrosspyError as error:
        raise Failure("wrong", str(error)) from None
    if foreign := _suffixes(wheel, job.bed):
        raise Failure("wrong", f"suffix of another machine: {', '.join(foreign)}")
    image = lay_image(shop, job)
    others = _dependencies(shop, job, wheel, env)
    words: list[str | Path] = ["install", env, "--root", image, "--no-deps", "--no-index", wheel, *others]
    shop.crosspy(job.log, *words, result="not installed")
    shop.crosspy(job.log, "verify", image, "--env", env, result="not verified")
    python = image / "usr" / "bin" / f"python{job.bed.python}"
    command: list[str | Path] = [job.bed.qemu, "-L", image, python, "-I", EXERCISE, job.package.name]
    environ = {"PATH": os.defpath, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    shop.run(job.log, [*command, job.package.exercise], environ, result="import failed", cwd=job.work)
    shutil.rmtree(image)


def _use_natively(shop: Workshop, job: Job, wheel: Path) -> None:
    """Dependencies are PyPI's wheels: this is about the build machine's build alone."""
    python = native_python(shop, job.bed)
    target = job.work / "target"
    words: list[str | Path] = [python, "-m", "pip", "install", "--target", target, "--prefer-binary"]
    if job.package.deps is not None:
        words += ["--no-deps", *job.package.deps]
    environ = shop.variables("native")
    shop.run(job.log, [*words, "-c", _constraints(job), wheel], environ, result="not installed")
    command: list[str | Path] = [python, EXERCISE, job.package.name, job.package.exercise]
    environ = {"PATH": os.defpath, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(target)}
    shop.run(job.log, command, environ, result="import failed", cwd=job.work)
    shutil.rmtree(target)


def _suffixes(wheel: Path, bed: Bed) -> list[str]:
    """Return extension modules whose suffix names another machine."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so") and ".cpython-" in name]
    machine = bed.triplet.partition("-")[0].replace("i686", "i386")
    return [name for name in names if f"-{machine}-linux-" not in name]


def lay_image(shop: Workshop, job: Job) -> Path:
    """Return a new tree of a device: hard links to the one that was made of the sysroot for all jobs."""
    template = shop.root / "images" / job.bed.name
    with shop.lock(str(template)):
        stamp = (job.bed.sysroot / ".stamp").read_text(encoding="utf-8")
        done = template.with_name(f"{template.name}.done")
        if not done.exists() or done.read_text(encoding="utf-8") != stamp:
            shutil.rmtree(template, ignore_errors=True)
            shutil.copytree(job.bed.sysroot, template, symlinks=True, ignore=_leave_out)
            done.write_text(stamp, encoding="utf-8")
    image = job.work / "image"
    shutil.rmtree(image, ignore_errors=True)
    shutil.copytree(template, image, symlinks=True, copy_function=os.link)
    return image


def _leave_out(directory: str, names: list[str]) -> set[str]:
    out = {name for name in names if name in _NOT_ON_A_DEVICE or name.endswith((".a", ".o", ".h"))}
    if Path(directory).name == "bin":
        out |= {name for name in names if not name.startswith(("python", "sh", "dash"))}
    return out


def _dependencies(shop: Workshop, job: Job, wheel: Path, env: Path) -> list[Path]:
    """Return what must be installed beside the wheel: crosspy's own wheels of the corpus, and pure ones."""
    if job.package.deps == () or not _has_requirements(wheel):
        return []
    name, version = wheel.name.split("-")[:2]
    directory = shop.root / "deps" / job.bed.name / f"{name}-{version}"
    with shop.lock(str(directory)):
        if not (directory / "done").exists():
            words: list[str | Path] = [
                "wheel",
                env,
                "-w",
                fresh(directory),
                "-c",
                _constraints(job),
            ]
            requirements = job.package.deps or [wheel]
            shop.crosspy(
                job.log,
                *words,
                "--find-links",
                store(shop, job.bed),
                *requirements,
                result="dependencies failed",
            )
            (directory / wheel.name).unlink(missing_ok=True)
            (directory / "done").touch()
    return sorted(directory.glob("*.whl"))


def _has_requirements(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode(errors="replace").splitlines()
    return any(line.startswith("Requires-Dist:") and "extra ==" not in line for line in lines)


def _constraints(job: Job) -> Path:
    """Pin what the package imports to what the corpus built; the rest is pip's choice."""
    lock = read_lock(job.bed.python)
    path = job.work / "constraints.txt"
    pins = [f"{need}=={lock[need].version}\n" for need in job.package.needs]
    path.write_text("".join(pins), encoding="utf-8")
    return path
