"""Wheels for the target: pip resolves, downloads and calls the back ends; cross-python makes it all cross-compile."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from crosspy import process
from crosspy.build.ahead import Ahead, build_ahead, constraints, named_requirements
from crosspy.build.check import check_wheel
from crosspy.build.digests import Digests, of_texts
from crosspy.build.downloads import download_options, download_variables
from crosspy.build.evidence import read_failures, read_warnings
from crosspy.build.explain import explain
from crosspy.build.jobserver import Jobserver, jobserver
from crosspy.build.log import BuildLog, open_log
from crosspy.build.missing import sysroot_of
from crosspy.build.situation import situation
from crosspy.console import Console
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import BuildFailedError, EnvironmentDirError, UsageError
from crosspy.model.tags import marker_environment

Policy = Literal["sdist", "wheel", "auto"]

_PASSED: Final = frozenset({
    "HOME", "PATH", "LANG", "TERM", "TMPDIR", "USER", "LOGNAME", "XDG_CACHE_HOME", "SOURCE_DATE_EPOCH", "MAKEFLAGS",
    "http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "LD_LIBRARY_PATH",
    "CC", "CXX", "AR", "NM", "RANLIB", "STRIP", "LD", "OBJCOPY", "OBJDUMP", "READELF", "FC",
    "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "FFLAGS", "CMAKE_ARGS", "CMAKE_BUILD_PARALLEL_LEVEL", "CMAKE_POLICY_VERSION_MINIMUM",
    "CROSSPY_KEEP", "CROSSPY_LAUNCHER", "CROSSPY_METADATA", "BUILD_CC", "BUILD_CXX", "BUILD_CFLAGS", "BUILD_CXXFLAGS", "BUILD_CPPFLAGS", "BUILD_LDFLAGS", "BUILD_AR",
    "CC_FOR_BUILD", "CXX_FOR_BUILD", "CFLAGS_FOR_BUILD", "LDFLAGS_FOR_BUILD",
})  # fmt: skip
"""Variables of the caller that a build may see; all others stay outside."""

_PASSED_RUST: Final = re.compile(
    r"RUSTC|RUSTFLAGS|RUSTC_((WORKSPACE_)?WRAPPER|BOOTSTRAP)|RUST_TARGET_PATH|RUST_BACKTRACE|RUSTUP_\w+|SCCACHE_\w+"
    r"|CARGO|CARGO_(HOME|TARGET_DIR|ENCODED_RUSTFLAGS|(BUILD|HOST|HTTP|NET|PROFILE|REGISTR(Y|IES)|TARGET|TERM|UNSTABLE)_\w+)"
    # Buildroot's, for targets of the build machine's kind.
    r"|__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS"
)
"""The same for Rust: its programs, flags, and what configures cargo (the Cargo book, "Environment Variables")."""
_PASSED_PREFIXES: Final = ("CCACHE_", "SCCACHE_", "DISTCC_", "ICECC_")
"""Those of compiler launchers, too."""

_WITHHELD: Final = re.compile(
    r"(?!(PIP|PYTHON|CROSSPY|VIRTUAL|CONDA|SSH|XDG|DBUS|SUDO|LC|LS)_)[A-Z][A-Z0-9]*(_[A-Z0-9]+)+"
)
"""Variables that may be meant for a build: not pip's, Python's, or the session's, and of a name that is no plain word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """How to choose, get and build. The fields are the options of ``crosspy wheel``."""

    policy: Policy = "sdist"
    no_index: bool = False
    find_links: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    no_deps: bool = False
    pre: bool = False
    requirement_files: tuple[Path, ...] = ()
    constraints: tuple[Path, ...] = ()
    pure: tuple[str, ...] = ()
    """Distributions whose pure-Python version is wanted although they have extensions; ``:all:``."""
    build_isolation: bool = True
    config_settings: tuple[str, ...] = ()
    crates: Path | None = None
    """A directory of crates: cargo takes them from there, and uses no network."""
    require_hashes: bool = False
    build_constraints: Path | None = None
    """Versions of build requirements, of those that are isolated."""
    log: Path | None = None
    """Where the log goes, and stays; otherwise that of a failure stays, in the environment."""
    cache: Path | None = None
    """Directory of the wheel cache; None: nothing is taken from one, or kept."""
    variables: tuple[tuple[str, str, str], ...] = ()
    """Variables of these builds: (name, operator, value), as ``create --env`` has them."""
    jobs: int = 0
    """How many processes may work at once; 0: as the caller's jobserver says, else as there are CPUs."""


def build_wheels(
    env: CrossEnv,
    requirements: Sequence[str],
    *,
    options: BuildOptions,
    console: Console,
    environ: Mapping[str, str],
    wheel_dir: Path,
) -> list[Path]:
    """Make a wheel of each requirement, and of what they depend on, in ``wheel_dir``; return the wheels' paths, sorted.

    :param requirements: PEP 508 requirements, project directories, sdists or wheels.
    :param environ: the caller's environment; a build sees a chosen part of it.
    :raises BuildFailedError: if one did not build, or built something else than it should have.
    :raises WheelRefusedError: if a wheel does not fit the target; none is left in ``wheel_dir`` then.
    """
    if not requirements and not options.requirement_files:
        raise UsageError("nothing to build", hint="Name requirements, project directories, or -r FILE.")
    check_pip(env)
    if options.crates and not options.crates.is_dir():
        raise UsageError(
            f"no directory of crates: {options.crates}", hint="Make it with: crosspy crates SDIST... -d DIR"
        )
    with _scratch() as scratch, jobserver(options.jobs, environ, scratch) as server:
        made = scratch / "wheels"
        evidence = scratch / "evidence"
        evidence.mkdir()
        variables = build_environment(env, options, environ)
        variables |= server.variables(scratch / "tools", variables["PATH"])
        variables |= cache_variables(env, options, variables, scratch=scratch, console=console)
        downloads = (
            [] if options.no_index else download_options(env.build_python, {**environ, "CROSSPY_ENV": "off"})
        )
        variables |= download_variables(downloads)
        variables |= {"CROSSPY_EVIDENCE": str(evidence), "TMPDIR": str(scratch / "tmp")}
        pip = [str(env.python), "-m", "pip", "wheel", *downloads, "--wheel-dir"]
        argv = [*pip, str(made), *pip_options(options, console)]
        argv += [separate(requirement, scratch) for requirement in requirements]
        with open_log(options.log, env.root / "crosspy" / "logs") as log:
            words = named_requirements(
                requirements, options.requirement_files, marker_environment(env.target)
            )
            if server.jobs > 1 and len(words) > 1:
                _build_ahead(env, words, pip, options, console, variables=variables, server=server, log=log)
            console.note("running: " + shlex.join(argv))
            status = process.stream(argv, env=variables, copy=log.file)
            for text in read_warnings(evidence):
                console.warning(text)
            if status:
                raise _failed(env, log, evidence, status, _reproducer(env, requirements, options))
        wheels = sorted(made.glob("*.whl"))
        for wheel in wheels:
            check_wheel(wheel, env.target, prebuilt=options.policy != "sdist")
        return placed(wheels, wheel_dir)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make a directory for a run, of a name that the next run will have, too: paths are part of what ccache hashes."""
    for number in range(10_000):
        scratch = Path(tempfile.gettempdir()).absolute() / f"crosspy-wheel-{number}"
        try:
            scratch.mkdir(mode=0o700)
            break
        except FileExistsError:
            continue  # that of a run at the same time
        except OSError as error:
            raise UsageError(f"cannot make {scratch}: {error.strerror}", hint="Set TMPDIR.") from None
    try:
        (scratch / "tmp").mkdir()
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _build_ahead(
    env: CrossEnv,
    words: Sequence[str],
    pip: Sequence[str],
    options: BuildOptions,
    console: Console,
    *,
    variables: Mapping[str, str],
    server: Jobserver,
    log: BuildLog,
) -> None:
    scratch = Path(variables["CROSSPY_RUN"]).parent
    versions = scratch / "constraints.txt"
    versions.write_text(constraints(words), encoding="utf-8")
    alone = dataclasses.replace(
        options,
        no_deps=True,
        require_hashes=False,
        requirement_files=(),
        constraints=(*options.constraints, versions),
    )
    build_ahead(
        [separate(word, scratch) for word in words],
        Ahead(
            command=lambda directory: [*pip, str(directory), *pip_options(alone, console)],
            variables=variables,
            markers=marker_environment(env.target),
            scratch=scratch,
            with_dependencies=not options.no_deps,
            jobserver=server,
            console=console,
            log=log.file,
        ),
    )


def _failed(env: CrossEnv, log: BuildLog, evidence: Path, status: int, reproducer: str) -> BuildFailedError:
    """Return the error that says why, and keep in the log what is about to be removed."""
    failures = read_failures(evidence)
    found = explain(log.text(), failures, sysroot_of(env.target))
    log.append(failures)
    known = any(one.reasons for one in found)
    return BuildFailedError(
        "\n".join(
            [*(one.message() for one in found), *([] if known else [f"(exit status {status} of pip)"])]
        ),
        hint="\n".join(
            [
                *dict.fromkeys(one.hint() for one in found),
                f"The whole log: {log.path}",
                f"To try again: {reproducer}",
            ]
        ),
    )


def _reproducer(env: CrossEnv, requirements: Sequence[str], options: BuildOptions) -> str:
    """Return a line to paste into a shell that does the same with pip itself, in the environment."""
    words = [str(env.root / "bin" / "pip"), "wheel", "-v", *pip_options(options, Console()), *requirements]
    said = f"CROSSPY_VARIABLES={shlex.quote(json.dumps(options.variables))} " if options.variables else ""
    return f"CROSSPY_POLICY={options.policy} PIP_CONFIG_FILE=/dev/null {said}{shlex.join(words)}"


def check_pip(env: CrossEnv) -> None:
    if not (env.root / "bin" / "pip").exists():
        raise EnvironmentDirError(
            f"{env.root} was made without pip, which resolves and downloads",
            hint=f"Make it anew with pip: crosspy create --clear {env.root} ...",
        )


def separate(requirement: str, scratch: Path) -> str:
    """Copy a project directory: pip builds in place, and what one target's build leaves there, another's would use."""
    path = Path(requirement)
    if not path.is_dir() or not ({"pyproject.toml", "setup.py"} & {entry.name for entry in path.iterdir()}):
        return requirement
    # A directory of its own for each: two projects may have one name.
    scratch.mkdir(parents=True, exist_ok=True)
    number = len(list(scratch.glob("project-*")))
    copy = scratch / f"project-{number}" / path.resolve().name
    try:
        shutil.copytree(path, copy, symlinks=True, ignore=_left_by_builds(path))
    except (OSError, shutil.Error) as error:
        raise BuildFailedError(f"cannot copy the project {path}: {error}") from None
    return str(copy)


def _left_by_builds(project: Path) -> Callable[[str, list[str]], set[str]]:
    """Return what to leave out of a copy: at the top of a project, what builds and virtual environments leave there."""

    def ignored(directory: str, names: list[str]) -> set[str]:
        if Path(directory) != project:
            return {name for name in names if name == "__pycache__"}
        left = {
            name
            for name in names
            if name in {"__pycache__", ".venv", ".tox", ".nox"} or name.endswith(".egg-info")
        }
        if "build" in names and _is_left_by_setuptools(project / "build"):
            left.add("build")
        return left

    return ignored


def _is_left_by_setuptools(directory: Path) -> bool:
    """Say whether a ``build`` directory is what ``setup.py build`` leaves, and not a package of that name."""
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    return "__init__.py" not in names and any(
        re.fullmatch(r"lib|(lib|temp|bdist)\..+|scripts-.+", name) for name in names
    )


def build_environment(env: CrossEnv, options: BuildOptions, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that pip and the builds get: none of the user's pip or Python settings."""
    variables = {
        name: value
        for name, value in environ.items()
        if name in _PASSED or _PASSED_RUST.fullmatch(name) or name.startswith(_PASSED_PREFIXES)
    }
    path = variables.get("PATH", os.defpath)
    variables |= {
        "PATH": f"{env.root / 'bin'}{os.pathsep}{path}",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "LC_ALL": "C.UTF-8",
        "CROSSPY_POLICY": options.policy,
    }
    variables.setdefault("SOURCE_DATE_EPOCH", "315532800")
    if options.crates:
        variables["CROSSPY_CRATES"] = str(options.crates)
    if options.crates or options.no_index:
        variables["CARGO_NET_OFFLINE"] = "true"
    if options.build_constraints:
        variables["CROSSPY_BUILD_CONSTRAINTS"] = str(options.build_constraints)
    if options.pure:
        variables["CROSSPY_PURE"] = ",".join(options.pure)
    said = {name for name, _, _ in options.variables}
    withheld = [name for name in environ if _WITHHELD.fullmatch(name) and name not in said.union(variables)]
    if withheld:
        variables["CROSSPY_WITHHELD"] = " ".join(sorted(withheld))
    if options.variables:
        variables["CROSSPY_VARIABLES"] = json.dumps(options.variables)
    return variables


def cache_variables(
    env: CrossEnv, options: BuildOptions, variables: Mapping[str, str], *, scratch: Path, console: Console
) -> dict[str, str]:
    """Return the variables that tell pip in the environment of the wheel cache (crosspy/shims/wheelcache.py).

    Without a cache, what is built in this run serves this run, from ``scratch``.
    """
    run = scratch / "run"
    run.mkdir(parents=True)
    # In one run, the situation does not change: nothing need be known of it.
    parts = {} if options.build_isolation else {"build layer": ""}
    if options.cache:
        parts = situation(env, variables, _digests(env, variables), isolated=options.build_isolation)
    (run / "situation.json").write_text(json.dumps(parts, indent=1, sort_keys=True), encoding="utf-8")
    cache = options.cache or scratch / "cache"
    console.note(f"wheel cache: {options.cache or 'none'}")
    verbose = {"CROSSPY_VERBOSE": "1"} if console.verbose and options.cache else {}
    return {"CROSSPY_RUN": str(run), "CROSSPY_CACHE": str(cache), **verbose}


def _digests(env: CrossEnv, variables: Mapping[str, str]) -> Digests:
    """Return what this machine remembers of the files of a sysroot and its compiler."""
    base = variables.get("XDG_CACHE_HOME") or (f"{home}/.cache" if (home := variables.get("HOME")) else "")
    name = of_texts([env.target.sysroot])[:16]
    return Digests(memo=Path(base, "crosspy", "digests", f"{name}.json") if base else None)


def pip_options(options: BuildOptions, console: Console) -> list[str]:
    """Return ``pip wheel``'s options for these choices."""
    words = ["--progress-bar", "off", "--no-color"]
    words += ["-v"] if console.verbose else ["--quiet"] if console.quiet else []
    words += ["--no-index"] if options.no_index else []
    words += ["--no-deps"] if options.no_deps else []
    words += ["--pre"] if options.pre else []
    words += ["--require-hashes"] if options.require_hashes else []
    words += [] if options.build_isolation else ["--no-build-isolation"]
    if options.policy == "wheel":
        words += ["--only-binary", ":all:"]
    for name, values in (
        ("--find-links", options.find_links),
        ("--no-binary", options.no_binary),
        ("--requirement", options.requirement_files),
        ("--constraint", options.constraints),
        ("--config-settings", options.config_settings),
    ):
        for value in values:
            words += [name, str(value)]
    return words


def placed(wheels: Sequence[Path], wheel_dir: Path) -> list[Path]:
    """Move the wheels to their directory, each at once."""
    placed: list[Path] = []
    try:
        wheel_dir.mkdir(parents=True, exist_ok=True)
        for wheel in wheels:
            temporary = wheel_dir / f".{wheel.name}.tmp"
            shutil.copyfile(wheel, temporary)
            placed.append(temporary.replace(wheel_dir / wheel.name))
    except OSError as error:
        raise UsageError(f"cannot write wheels to {wheel_dir}: {error.strerror}") from None
    return placed
