"""Make a cross environment: all of it beside its place, then one rename."""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import importlib.util
import json
import os
import py_compile
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from crosspy import __version__, process
from crosspy.crossenv import activate, emulator, links, scripts
from crosspy.crossenv.buildpython import BuildPython
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import EnvironmentDirError
from crosspy.model.hint import Hint
from crosspy.model.python import ConfigValue
from crosspy.model.target import Target
from crosspy.toolfiles import (
    answers,
    autoconf,
    cmake,
    environ,
    facts,
    hints,
    launchers,
    meson,
    rust,
    sysconfig,
)

SHIMS: Final = Path(__file__).resolve().parent.parent / "shims"
TOOLFILES: Final = SHIMS.with_name("toolfiles")

Clear = Literal["", "all", "cross", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a user chooses for an environment, beside target and build Python. See ``crosspy create --help``."""

    pip: str = ""
    """Directory that holds the pip package; empty: no pip."""
    cross_pip: bool = True
    clear: Clear = ""
    system_site_packages: bool = False
    user_env: Sequence[tuple[str, str, str]] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    platform_tags: Sequence[str] | None = None
    cross_prefix: str = ""
    emulator: tuple[str, ...] = ()
    """The command that runs programs of the target; empty: none does."""
    hints: Sequence[Hint] = ()
    rust_target: str = ""
    """A triple, or the absolute path of a target specification; empty: Rust's own name of the target."""
    launcher: Sequence[str] = ()
    """The command that runs compilers: ccache, distcc ...; empty: they run by themselves."""
    prompt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """What is worked out once for all files of an environment."""

    target_json: str
    key: str
    variables: Mapping[str, ConfigValue]


def create(root: Path, target: Target, python: BuildPython, options: Options) -> tuple[CrossEnv, bool]:
    """Make the environment at ``root``; return it, and whether it was there already, the same.

    Two processes that make the same one end with one that is whole: the second finds the first one's.

    :raises EnvironmentDirError: if it cannot be written, is something else, or was made from other inputs.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 -- a link to an environment stays a link
    place = _place(root)
    target_json = target.to_json()
    key = _key(target_json, python, options)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place.parent):
            _remove_leftovers(place)
            if _reusable(place, key, options):
                return CrossEnv(root=root, target=target), True
            _check_place(place, options)
            _make(
                place,
                target,
                python,
                options,
                _Made(target_json=target_json, key=key, variables=sysconfig.cross_variables(target)),
            )
    except OSError as error:
        raise EnvironmentDirError(
            f"cannot write the environment {root}: {error.strerror or error}"
            + (f" ({error.filename})" if error.filename else ""),
            hint="Choose a directory that you may write, on a file system with room and with symbolic links.",
        ) from None
    return CrossEnv(root=root, target=target), False


def _key(target_json: str, python: BuildPython, options: Options) -> str:
    """Return a digest of all that an environment is made from: target, build Python, options, and the code that writes it."""
    digest = hashlib.sha256()
    chosen = (
        python,
        options.pip,
        options.cross_pip,
        options.system_site_packages,
        tuple(options.user_env),
        tuple(sorted(options.flags.items())),
        options.platform_tags,
        options.cross_prefix,
        options.rust_target,
        options.prompt,
        options.emulator,
        tuple(options.hints),
        tuple(options.launcher),
        __version__,
    )
    digest.update(repr(chosen).encode())
    digest.update(target_json.encode())
    for path in (*sorted(SHIMS.glob("*.py")), *sorted(TOOLFILES.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """Hold the lock of a directory: one creation in it at a time, and no lock file left behind."""
    handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF}:
                raise
        yield
    finally:
        os.close(handle)


def _prefix(root: Path) -> str:
    return f".{root.name}.crosspy-"


def _leftovers(root: Path) -> list[Path]:
    return sorted(root.parent.glob(glob.escape(_prefix(root)) + "*"))


def _place(root: Path) -> Path:
    """Return the directory that a link names, also while a killed creation left its environment aside."""
    if not root.is_symlink():
        return root
    place = Path(os.path.realpath(root))  # resolve() raises on a loop
    return place if place.is_dir() or any(path.name.endswith(_ASIDE) for path in _leftovers(place)) else root


def _remove_leftovers(root: Path) -> None:
    """Remove what a killed creation left, put back what it left aside; nobody is at it, for the lock is ours."""
    if not _vacant(root) and not _is_environment(root):
        return  # nothing is made there, and what lies beside it may be the only copy
    for path in _leftovers(root):
        if path.name.endswith(_ASIDE) and _is_environment(path):
            _settle(root, path.with_name(path.name.removesuffix(_ASIDE)), path)
    for path in _leftovers(root):
        shutil.rmtree(path, ignore_errors=True)


_ASIDE: Final = ".old"
"""What the old environment's name ends with while the new one takes its place; it is whole as long as it has it."""

_OURS: Final = "_crosspy"
"""What every name begins with that creation writes into site-packages."""


def _vacant(root: Path) -> bool:
    return not os.path.lexists(root) or (root.is_dir() and not root.is_symlink() and not any(root.iterdir()))


def _is_environment(root: Path) -> bool:
    return (root / "crosspy" / "target.json").is_file()


def _reusable(root: Path, key: str, options: Options) -> bool:
    if options.clear or not _is_environment(root):
        return False
    try:
        known = (root / "crosspy" / "key").read_text(encoding="ascii").strip()
        return known == key and (root / "bin" / "python").exists()
    except OSError:
        return False


def _check_place(root: Path, options: Options) -> None:
    if not root.exists() and not root.is_symlink():
        return
    if not root.is_dir():
        raise EnvironmentDirError(f"{root} is there and is not a directory", hint="Name another directory.")
    if not any(root.iterdir()):
        return
    if not _is_environment(root):
        raise EnvironmentDirError(
            f"{root} is not empty and not a cross environment; it was left alone",
            hint="Name another directory, or remove it yourself.",
        )
    if not options.clear:
        raise EnvironmentDirError(
            f"{root} is a cross environment already, made from other inputs",
            hint=f"Make it anew: crosspy create --clear {root} ...",
        )


def _make(root: Path, target: Target, python: BuildPython, options: Options, made: _Made) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=_prefix(root), dir=root.parent))
    try:
        scratch.chmod(0o777 & ~_umask())
        _fill(scratch, root, target, python, options, made=made)
        if _is_environment(root):
            _swap(root, scratch, python, options)
        else:
            scratch.rename(root)
    finally:
        # Interrupted twice, an environment may still lie aside, and parts of it in scratch: for the next run.
        if not os.path.lexists(_aside(scratch)):
            shutil.rmtree(scratch, ignore_errors=True)


def _aside(scratch: Path) -> Path:
    return scratch.with_name(scratch.name + _ASIDE)


def _swap(root: Path, scratch: Path, python: BuildPython, options: Options) -> None:
    """Put the new environment in the place of the old one; whatever interrupts it, one of the two is there.

    The old one is in ``scratch`` afterwards.
    """
    aside = _aside(scratch)
    try:
        root.rename(aside)
        for old, new in _kept_parts(aside, scratch, python, options):
            old.rename(new)
        scratch.rename(root)
        aside.rename(scratch)
    except BaseException:
        if os.path.lexists(aside):
            _settle(root, scratch, aside)
        raise


def _settle(root: Path, scratch: Path, aside: Path) -> None:
    """End an interrupted swap: where the new environment is not in place, the old one is put back, with its parts."""
    if not _vacant(root):
        shutil.rmtree(scratch, ignore_errors=True)
        aside.rename(scratch)  # from here on it may be half removed
        return
    packages = (
        path for path in scratch.glob("lib/python*/site-packages/*") if not path.name.startswith(_OURS)
    )
    for part in (scratch / "build", *packages):
        place = aside / part.relative_to(scratch)
        if os.path.lexists(part) and not os.path.lexists(place):
            part.rename(place)
    aside.rename(root)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _kept_parts(old: Path, new: Path, python: BuildPython, options: Options) -> list[tuple[Path, Path]]:
    """Return what ``--clear-cross`` and ``--clear-build`` do not clear, and its place in the new environment."""
    if options.clear == "cross" and (old / "build").is_dir():
        shutil.rmtree(new / "build")
        return [(old / "build", new / "build")]
    if options.clear == "build":
        packages, place = old.joinpath(*python.library), new.joinpath(*python.library)
        found = sorted(packages.iterdir()) if packages.is_dir() else []
        return [(path, place / path.name) for path in found if not path.name.startswith(_OURS)]
    return []


def _fill(
    scratch: Path, root: Path, target: Target, python: BuildPython, options: Options, *, made: _Made
) -> None:
    """Write a complete environment into ``scratch``; ``root`` is where it will be."""
    library = scratch.joinpath(*python.library)
    _write_venv(scratch, python, prompt=options.prompt or root.name, system=False)
    if target.python.platlibdir != "lib":
        # sysconfig's platlib follows the target, site-packages the build Python: let them be one.
        (scratch / target.python.platlibdir).symlink_to("lib")
    choices = facts.Choices(
        library=python.library,
        pip=options.pip if options.cross_pip else "",
        user_env=options.user_env,
        flags=options.flags,
        platform_tags=options.platform_tags,
        cross_prefix=options.cross_prefix,
        launcher=options.launcher,
        emulator=bool(options.emulator),
        hints=options.hints,
        functions=_data("functions.toml"),
        rust_target=options.rust_target,
        packages=python.packages if options.system_site_packages else (),
    )
    (scratch / "bin" / "cross-python").symlink_to("python")
    shims = library / "_crosspy"
    _write_shims(shims, target, choices, made)
    _write(library / "_crosspy.pth", activate.PTH)
    _write(library / "_crosspy.start", activate.START)
    if options.cross_prefix:
        prefix = Path(options.cross_prefix).joinpath(*python.library)
        prefix.mkdir(parents=True, exist_ok=True)
        _write(library / "_crosspy_prefix.pth", f"{prefix}\n")
    _write_build_layer(scratch / "build", python, options)
    _write_tools(scratch / "crosspy", target, python, options, made=made)
    layer = scratch / "crosspy" / "layer"
    (layer / "bin").mkdir(parents=True)
    shutil.copyfile(SHIMS / "sitelayer.py", layer / "sitecustomize.py")
    _write(layer / "bin" / "meson", scripts.MESON, mode=0o755)
    _write(layer / "program", scripts.PROGRAM, mode=0o755)
    for name, text in scripts.all_scripts(
        python.version,
        root=root,
        cross_pip=bool(options.pip) and options.cross_pip,
        build_pip=bool(options.pip),
    ).items():
        _write(scratch / "bin" / name, text, mode=0o644 if name == "activate" else 0o755)
    _compile([shims, scratch.joinpath("build", *python.library)], scratch, root, python)


def _write_venv(prefix: Path, python: BuildPython, *, prompt: str, system: bool) -> None:
    """Write a virtual environment as PEP 405 has it; ``venv`` itself would start an interpreter for it."""
    binaries = prefix / "bin"
    binaries.mkdir(parents=True)
    prefix.joinpath(*python.library).mkdir(parents=True)
    (binaries / "python").symlink_to(python.executable)
    for name in ("python3", f"python{python.version}"):
        (binaries / name).symlink_to("python")
    _write(
        prefix / "pyvenv.cfg",
        f"home = {python.executable.parent}\n"
        f"include-system-site-packages = {'true' if system else 'false'}\n"
        f"version = {python.full_version}\n"
        f"executable = {python.executable}\n"
        f"prompt = {prompt!r}\n",
    )


def _write_shims(shims: Path, target: Target, choices: facts.Choices, made: _Made) -> None:
    shims.mkdir()
    for path in sorted(SHIMS.glob("*.py")):
        if path.name not in {"buildlayer.py", "sitelayer.py"}:
            shutil.copyfile(path, shims / path.name)
    _write(shims / "facts.py", facts.facts_module(target, choices))
    _write(shims / "buildfacts.py", facts.build_facts_module(target, choices))
    _write(shims / "sysconfigdata.py", sysconfig.sysconfigdata_module(made.variables))


def _write_build_layer(prefix: Path, python: BuildPython, options: Options) -> None:
    _write_venv(prefix, python, prompt="build", system=options.system_site_packages)
    library = prefix.joinpath(*python.library)
    shutil.copyfile(SHIMS / "buildlayer.py", library / "_crosspy_build.py")
    shutil.copyfile(SHIMS / "archives.py", library / "_crosspy_build_archives.py")
    _write(library / "_crosspy_build_facts.py", f"PIP = {options.pip!r}\n")
    _write(library / "_crosspy_build.pth", "import _crosspy_build\n")
    _write(library / "_crosspy_build.start", "_crosspy_build:activate\n")


def _write_tools(
    directory: Path, target: Target, python: BuildPython, options: Options, *, made: _Made
) -> None:
    tools = directory / "tools"
    tools.mkdir(parents=True)
    farm = links.absolute_links(target)
    links.write(directory / "links", farm)
    link_dirs = sorted({str(Path(name).parent) for name in farm if not name.endswith(".pc")})
    if target.toolchain is not None:
        for name, text in launchers.launchers(
            target,
            target.toolchain,
            link_dirs,
            os.path.realpath(target.sysroot) if target.sysroot else "",
            before=options.launcher,
            native_include=python.include,
        ).items():
            _write(tools / name, text, mode=0o755)
        if target.toolchain.specs:
            (directory / launchers.SPECS).parent.mkdir()
            _write(directory / launchers.SPECS, target.toolchain.specs)
        for name, text in rust.rust_launchers(target, python.library, options.rust_target).items():
            _write(tools / name, text, mode=0o755)
    _write(tools / "skip-target-test", launchers.SKIP_TEST, mode=0o755)
    _write_answers(directory, target, made)
    emulated = bool(options.emulator)
    if emulated:
        _write(tools / "run-target", launchers.run_target(options.emulator), mode=0o755)
        emulator.check(tools, target, options.emulator)
    (directory / "hints").mkdir()
    for name, text in hints.hint_files(options.hints, target).items():
        _write(directory / "hints" / name, text)
    _write(directory / "target.json", made.target_json)
    _write(directory / "variables.json", json.dumps(_variables(target, options), indent=2) + "\n")
    _write(directory / "key", made.key + "\n")
    (directory / "python.elf").write_bytes(facts.python_header(target))
    _write(directory / "cross.ini", meson.cross_file(target, emulator=emulated))
    toolchain = cmake.toolchain_file(target, emulator=emulated, hints=bool(options.hints))
    _write(directory / "toolchain.cmake", toolchain)
    _write(directory / "findpython.cmake", cmake.FIND_PYTHON)
    _write(directory / "config.site", autoconf.config_site(target, hints=bool(options.hints)))
    _write(directory / "build.cmake", "# For code of the build machine: CMake's own choice.\n")
    _write_pyo3(directory / "pyo3", target, made)


def _write_pyo3(prefix: Path, target: Target, made: _Made) -> None:
    """Write what PyO3 reads of a prefix of the target; build scripts look for the headers in it, too."""
    python = target.python
    library, include = (
        prefix / place / f"python{python.version}{python.abiflags}" for place in ("lib", "include")
    )
    library.mkdir(parents=True)
    name = f"_sysconfigdata__linux_{python.multiarch or target.machine.name}.py"
    _write(library / name, sysconfig.literal_module(made.variables))
    include.parent.mkdir()
    include.symlink_to(sysconfig.in_sysroot(python.include, target.sysroot))


def _write_answers(directory: Path, target: Target, made: _Made) -> None:
    """Write the programs that answer for the target; those in ``tools`` whether or not the build machine has such."""
    table = _data("config-scripts.toml")
    place, tools = directory / "answers", directory / "tools"
    place.mkdir()
    _write(place / "config-script", answers.config_script(target, table), mode=0o755)
    _write(place / "python-config", answers.python_config(target, made.variables), mode=0o755)
    _write(place / "meson", scripts.SYSTEMS_MESON, mode=0o755)
    for name, text in answers.distribution_programs(target).items():
        _write(place / name, text, mode=0o755)
    for name, text in answers.machine_programs(target).items():
        _write(tools / name, text, mode=0o755)
    modules = [path.stem for name in meson.pkg_config_dirs(target) for path in Path(name).glob("*.pc")]
    programs = (
        [path.name for path in Path(target.sysroot, "usr/bin").glob("*[-_]config")] if target.sysroot else []
    )
    for name in answers.config_names(programs, modules if target.sysroot else [], table):
        (tools / name).symlink_to("../answers/config-script")
    for name in answers.python_config_names(target):
        (tools / name).symlink_to("../answers/python-config")
    _write(directory / "cpuinfo", answers.cpuinfo())


def _data(name: str) -> dict[str, Any]:
    """Return a table that comes with crosspy."""
    return tomllib.loads(resources.files("crosspy").joinpath("data", name).read_text(encoding="utf-8"))


def _variables(target: Target, options: Options) -> dict[str, object]:
    """Return what ``crosspy env`` prints, ``{ROOT}`` for the environment, and ``--env``'s changes to it."""
    return {
        "variables": {
            **environ.build_variables(target, options.rust_target, emulator=bool(options.emulator)),
            **dict(sorted(options.flags.items())),
        },
        "changes": [list(change) for change in options.user_env],
    }


def _write(path: Path, text: str, *, mode: int | None = None) -> None:
    path.write_text(text, encoding="utf-8")
    if mode is not None:
        path.chmod(mode)


_AT_START: Final = frozenset({
    "__init__", "facts", "version", "hooks", "config", "machine", "buildfacts", "sizes",
    "_crosspy_build", "_crosspy_build_archives", "_crosspy_build_facts", "archives",
})  # fmt: skip

_COMPILER: Final = """
import py_compile, sys
m = py_compile.PycInvalidationMode.UNCHECKED_HASH
for file, shown in zip(sys.argv[1::2], sys.argv[2::2]):
    py_compile.compile(file, dfile=shown, doraise=True, invalidation_mode=m)
"""


def _compile(directories: Sequence[Path], scratch: Path, root: Path, python: BuildPython) -> None:
    """Compile what every start reads, so that a read-only environment starts as fast.

    The rest is compiled by its first user, as any module is. The files name their final place.
    """
    files = [
        path for directory in directories for path in sorted(directory.glob("*.py")) if path.stem in _AT_START
    ]
    shown = [str(root / path.relative_to(scratch)) for path in files]
    if python.magic == importlib.util.MAGIC_NUMBER:
        for path, name in zip(files, shown, strict=True):
            py_compile.compile(
                str(path),
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        return
    pairs = [word for pair in zip(map(str, files), shown, strict=True) for word in pair]
    process.run([str(python.executable), "-I", "-S", "-c", _COMPILER, *pairs], env={"PATH": os.defpath})
