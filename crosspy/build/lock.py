"""Requirements into a lock: pip resolves, in cross-python as the target, natively for build requirements.

pip's report (``--dry-run --report``) has the versions, addresses and hashes. While it resolves, it looks into source
distributions, and the shims tell what those ask to be built with (shims/asked.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename

from crosspy import process
from crosspy.build.contents import Contents, read_contents
from crosspy.build.downloads import download_options, download_variables
from crosspy.build.explain import explain
from crosspy.build.frontend import BuildOptions, build_environment, check_pip, pip_options
from crosspy.build.lockfile import Locks
from crosspy.build.log import open_log
from crosspy.build.missing import sysroot_of
from crosspy.build.transport import Transport, content_length, download, shown, transport_of
from crosspy.console import Console
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import BuildFailedError, ResolveError
from crosspy.model.lock import Artifact, Crate, Lock, Package, group_of
from crosspy.model.tags import marker_environment

_IDENTITY: Final = ("implementation_name", "platform_machine", "python_version", "sys_platform")
"""What a lock says of its machine; which files fit is a matter of their tags."""
_COMPILERS: Final = frozenset({"CC", "CXX", "AR", "LD", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """What the steps of one run share. ``directory`` is where the lock will be, from which its paths are."""

    env: CrossEnv
    options: BuildOptions
    downloads: Sequence[str]
    console: Console
    environ: Mapping[str, str]
    directory: Path
    scratch: Path
    transport: Transport

    @property
    def files(self) -> Path:
        """Where what is downloaded goes."""
        return self.scratch / "files"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sdist:
    """What is known of a source distribution once it is looked into."""

    artifact: Artifact
    requires: tuple[str, ...]
    crates: tuple[Crate, ...]


def make_locks(
    env: CrossEnv,
    requirements: Sequence[str],
    *,
    options: BuildOptions,
    console: Console,
    environ: Mapping[str, str],
    directory: Path,
) -> Locks:
    """Resolve requirements for the target of ``env``, and what their source distributions need for their build.

    :param requirements: PEP 508 requirements; files of them are in ``options``.
    :param directory: where the lock will be: local files are named by their path from there.
    :raises ResolveError: if no versions fit, one is yanked, or comes from where nothing can be locked.
    :raises FetchError: if a source distribution cannot be downloaded.
    """
    check_pip(env)
    downloads = (
        [] if options.no_index else download_options(env.build_python, {**environ, "CROSSPY_ENV": "off"})
    )
    with tempfile.TemporaryDirectory(prefix="crosspy-lock-") as name:
        job = _Job(
            env=env,
            options=options,
            downloads=downloads,
            console=console,
            environ=environ,
            directory=directory,
            scratch=Path(name),
            transport=transport_of(environ, downloads),
        )
        return _locks(job, requirements)


def _locks(job: _Job, requirements: Sequence[str]) -> Locks:
    job.console.step(f"resolving for {job.env.target.machine.name}, Python {job.env.target.python.version}")
    report = _for_target(job, requirements)
    asked = _asked(job.scratch / "asked")
    packages = _packages(report, job)
    sources = _look_into([one for one in packages if one.sdist], asked, job)
    packages = [_completed(one, sources) for one in packages]
    target = Lock(
        packages=tuple(packages),
        environments=(_environment(marker_environment(job.env.target)),),
        requires_python=f"=={job.env.target.python.version}.*",
        policy=job.options.policy,
        # Of another tool's lock, nobody says what it was made for.
        requested=() if job.options.no_deps else tuple(sorted(_requested(report))),
    )
    return Locks(target=target, build=_build_lock(target, sources, job) if sources else None)


def _requested(report: Mapping[str, Any]) -> Iterator[str]:
    for entry in report["install"]:
        if entry.get("requested"):
            extras = sorted(entry.get("requested_extras", ()))
            name = canonicalize_name(str(entry["metadata"]["name"]))
            yield f"{name}[{','.join(extras)}]" if extras else name


def _environment(markers: Mapping[str, str]) -> str:
    return " and ".join(f"{name} == '{markers[name]}'" for name in _IDENTITY)


# ------------------------------------------------------------------------------------------------------------ pip


def _for_target(job: _Job, requirements: Sequence[str]) -> dict[str, Any]:
    env, options = job.env, job.options
    report = job.scratch / "report.json"
    argv = [
        str(env.python),
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--report",
        str(report),
    ]
    argv += [*job.downloads, *pip_options(options, job.console), *requirements]
    variables = build_environment(env, options, job.environ)
    variables |= download_variables(job.downloads)
    variables |= {"CROSSPY_ASKED": str(job.scratch / "asked")}
    with open_log(options.log, env.root / "crosspy" / "logs") as log:
        status = process.stream(argv, env=variables, copy=log.file)
        if status:
            found = explain(log.text(), [], sysroot_of(env.target))
            known = any(one.reasons for one in found)
            raise ResolveError(
                "\n".join(
                    [
                        *(one.message("nothing was locked") for one in found),
                        *([] if known else [f"(exit status {status} of pip)"]),
                    ]
                ),
                hint="\n".join([*dict.fromkeys(one.hint() for one in found), f"The whole log: {log.path}"]),
            )
        _refuse_yanked(log.text())
    return _report(report)


def _refuse_yanked(text: str) -> None:
    """Look for pip's warning: its report tells of yanked files from pip 23.1 on only. :raises ResolveError:"""
    found = re.search(r"is a yanked version: '([^']+)' candidate \(version ([^ )]+)", text)
    if found:
        raise ResolveError(
            f"{found[1]} {found[2]} is yanked: its authors took it back from the index",
            hint="Ask for another version of it.",
        )


def _natively(job: _Job, words: Sequence[str], preferred: Sequence[Package]) -> dict[str, Any]:
    """Resolve requirements for the build machine; the target's versions are preferred, so that a package on both is one."""
    report = job.scratch / "build-report.json"
    versions = job.scratch / "preferred.txt"
    versions.write_text("".join(f"{one.name}=={one.version}\n" for one in preferred), encoding="utf-8")
    argv = [str(job.env.build_python), "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    argv += ["--progress-bar", "off", "--report", str(report), *job.downloads]
    argv += ["--no-index"] if job.options.no_index else []
    argv += [word for link in job.options.find_links for word in ("--find-links", link)]
    variables = build_environment(job.env, job.options, job.environ)
    variables = {name: value for name, value in variables.items() if name not in _COMPILERS}
    variables |= download_variables(job.downloads)
    variables |= {"CROSSPY_ENV": "off", "PATH": job.environ.get("PATH", os.defpath)}
    for constraints in (["--constraint", str(versions)], []):
        done = process.run([*argv, *constraints, "--", *words], env=variables, merge=True)
        if done.ok:
            return _report(report)
    raise ResolveError(
        f"pip cannot resolve the build requirements {', '.join(words)}, for the build machine:\n{done.stdout.strip()[-2000:]}",
        hint="They are what the back ends ask for: name versions of your packages that can be built with what there is.",
    )


def _report(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ResolveError(
            f"pip made no report: {error}", hint="crosspy lock needs pip 22.2 or later in the build Python."
        ) from None
    return report


def _asked(path: Path) -> dict[str, set[str]]:
    """Return what each source distribution asked for, by its address."""
    found: dict[str, set[str]] = {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in map(json.loads, lines):
        found.setdefault(_address(line["source"]), set()).update(line["asked"])
    return found


def _address(url: str) -> str:
    return unquote(shown(url).partition("#")[0])


# ------------------------------------------------------------------------------------------------ what it chose


def _packages(report: Mapping[str, Any], job: _Job) -> list[Package]:
    """Return what pip chose, wheels complete; of source distributions, size and crates are not known yet."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return sorted(
            pool.map(lambda entry: _package(entry, job), report["install"]),
            key=lambda one: (one.name, one.version),
        )


def _package(entry: Mapping[str, Any], job: _Job) -> Package:
    metadata, info = entry["metadata"], entry["download_info"]
    name, version = canonicalize_name(str(metadata["name"])), str(metadata["version"])
    url = str(info["url"])
    if "archive_info" not in info:
        raise ResolveError(
            f"{name} {version} comes from {shown(url)}, which has no hash: nothing says what it will be tomorrow",
            hint="Make a source distribution of it, put that into a directory, and name it with --find-links.",
        )
    if entry.get("is_yanked"):
        raise ResolveError(
            f"{name} {version} is yanked: its authors took it back from the index",
            hint="Ask for another version of it.",
        )
    archive = info["archive_info"]
    sha256 = str(archive.get("hashes", {}).get("sha256", "")) or str(archive.get("hash", "")).removeprefix(
        "sha256="
    )
    artifact = _artifact(_file_name(url, name, version), url, sha256, job)
    return Package(
        name=name,
        version=version,
        requires_python=str(metadata.get("requires_python") or ""),
        sdist=None if artifact.is_wheel else artifact,
        wheels=(artifact,) if artifact.is_wheel else (),
    )


def _file_name(url: str, name: str, version: str) -> str:
    """Return the last part of a URL, if it says what the file is; else ``NAME-VERSION`` and its ending."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    if last.endswith(".whl"):
        return last
    try:
        if canonicalize_name(parse_sdist_filename(last)[0]) == name:
            return last
    except (InvalidSdistFilename, ValueError):
        pass
    ending = re.search(r"(\.tar)?\.\w+$", last)
    return f"{name.replace('-', '_')}-{version}{ending[0] if ending else '.tar.gz'}"


def _artifact(name: str, url: str, sha256: str, job: _Job) -> Artifact:
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = os.path.relpath(unquote(parts.path), job.directory)
        found = Artifact(name=name, path=path, sha256=sha256)
        return _complete(found, job)
    found = Artifact(name=name, url=shown(url).partition("#")[0], sha256=sha256)
    if not name.endswith(".whl"):
        return found  # it is going to be looked into
    if not sha256:
        return _complete(found, job)
    return Artifact(name=name, url=found.url, sha256=sha256, size=content_length(found.url, job.transport))


def _complete(artifact: Artifact, job: _Job) -> Artifact:
    """Get a file, and return it with size and hash; it stays in the scratch directory."""
    job.files.mkdir(exist_ok=True)
    if not (job.files / artifact.name).exists():
        download(artifact, job.files, base=job.directory, transport=job.transport)
    with (job.files / artifact.name).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return replace(artifact, sha256=sha256, size=size)


# -------------------------------------------------------------------------------------------- source distributions


def _look_into(packages: Sequence[Package], asked: Mapping[str, set[str]], job: _Job) -> dict[str, _Sdist]:
    """Download source distributions and return what each says of itself, by its file name."""
    found: dict[str, _Sdist] = {}
    with ThreadPoolExecutor(max_workers=6) as pool:
        sdists = [one.sdist for one in packages if one.sdist]
        for before, artifact in zip(sdists, pool.map(lambda one: _complete(one, job), sdists), strict=True):
            told = asked.get(_address(before.url or (job.directory / before.path).resolve().as_uri()))
            requires, crates = _contents(job.files / artifact.name, told, job.console)
            found[artifact.name] = _Sdist(artifact=artifact, requires=requires, crates=crates)
    return found


def _contents(
    path: Path, told: set[str] | None, console: Console
) -> tuple[tuple[str, ...], tuple[Crate, ...]]:
    """Return the build requirements, those that pip was told where it asked, and the crates of a Rust project."""
    try:
        contents = read_contents(path)
    except BuildFailedError as error:
        raise ResolveError(str(error), hint="Ask for another version of it.") from None
    requires = _stated(contents, path.name) if told is None else tuple(sorted(told))
    if contents.leaves_crates_open(requires):
        console.warning(
            f"{path.name} is built with Rust and has no Cargo.lock: no crates of it are locked, and its build wants the network"
        )
    return requires, contents.crates_for(requires)


def _stated(contents: Contents, name: str) -> tuple[str, ...]:
    try:
        return tuple(sorted({str(Requirement(str(text))) for text in contents.build_requires}))
    except InvalidRequirement as error:
        raise ResolveError(
            f"{name}: its pyproject.toml has no usable build-system: {error}",
            hint="Ask for another version of it.",
        ) from None


def _completed(package: Package, sources: Mapping[str, _Sdist]) -> Package:
    if package.sdist is None:
        return package
    source = sources[package.sdist.name]
    return replace(package, sdist=source.artifact, crates=source.crates)


def _build_lock(target: Lock, sources: Mapping[str, _Sdist], job: _Job) -> Lock:
    """Lock what each source distribution is built with: those of the target, then those of the build machine itself."""
    job.console.step(f"resolving what {len(sources)} source distributions are built with, for this machine")
    resolved: dict[tuple[str, ...], list[Package]] = {}
    groups: dict[Artifact, tuple[Package, set[str]]] = {}
    waiting = [(one, one.sdist) for one in target.packages if one.sdist]
    known = dict(sources)
    names: list[str] = []
    markers: Mapping[str, str] = {}
    while waiting:
        package, artifact = waiting.pop(0)
        group, words = group_of(package), known[artifact.name].requires
        names.append(group)
        if words not in resolved:
            report = _natively(job, words, target.packages) if words else {"install": []}
            markers = report.get("environment", markers)
            resolved[words] = _packages(report, job)
            news = [one for one in resolved[words] if one.sdist and one.sdist.name not in known]
            known |= _look_into(news, {}, job)
            resolved[words] = [_completed(one, known) for one in resolved[words]]
            waiting += [
                (one, one.sdist) for one in resolved[words] if one.sdist and group_of(one) not in names
            ]
        for one in resolved[words]:
            groups.setdefault(one.artifacts[0], (one, set()))[1].add(group)
    return Lock(
        packages=tuple(replace(one, groups=tuple(sorted(wanted))) for one, wanted in groups.values()),
        environments=(_environment(markers),) if markers else (),
        requires_python=target.requires_python,
        groups=tuple(sorted(set(names))),
    )
