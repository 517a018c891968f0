"""What is built: packages.toml, and the one version and source distribution of each that all flavours build."""

from __future__ import annotations

import hashlib
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
TIERS: Final = ("small", "large", "heavy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One table of packages.toml, whose head says what each field means."""

    name: str
    requirement: str
    path: str = ""
    tier: str = "small"
    rust: bool = False
    pure: bool = False
    sample: bool = False
    needs: tuple[str, ...] = ()
    deps: tuple[str, ...] | None = None
    libraries: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    exclude: Mapping[str, str]
    """Target to the reason why the package is not for it."""
    exercise: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The source distribution of a package, as the lock of an X.Y names it."""

    version: str
    filename: str
    sha256: str


def load() -> dict[str, Package]:
    """Return the packages in the order of packages.toml."""
    tables: dict[str, dict[str, Any]] = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))
    packages = {}
    for name, table in tables.items():
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        values = {"requirement": name, "exclude": {}, **values}
        packages[name] = Package(name=name, **values)
        if missing := [need for need in packages[name].needs if need not in packages]:
            raise ValueError(f"packages.toml: {name} needs {', '.join(missing)}, which must come before it")
    return packages


def lock_file(python: str) -> Path:
    return HERE / f"lock-{python}.txt"


def read_lock(python: str) -> dict[str, Source]:
    """Return what was resolved for Python X.Y: a line ``name==version  # file  --hash=sha256:...`` each."""
    sources = {}
    for line in lock_file(python).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin, sha256, filename = line.replace("--hash=sha256:", "").replace("# ", "").split()
            name, version = pin.split("==")
            sources[name] = Source(version=version, filename=filename, sha256=sha256)
    return sources


def write_lock(python: str, packages: Iterable[Package]) -> None:
    """Ask the index for the newest source distribution of each package that supports Python X.Y."""
    lines = [f"# Python {python}: made by make corpus C=--lock"]
    with _Index(python) as index:
        for package in (package for package in packages if not package.path):
            version, link = index.find(package.requirement)
            lines.append(f"{package.name}=={version} --hash=sha256:{link.hash} # {link.filename}")
    lock_file(python).write_text("\n".join(lines) + "\n", encoding="utf-8")


def fetch(python: str, name: str, source: Source, directory: Path) -> Path:
    """Return the source distribution, downloaded once and checked against the lock."""
    path = directory / source.filename
    if not path.exists():
        with _Index(python) as index:
            _, link = index.find(f"{name}=={source.version}")
            content = index.get(link)
        if (found := hashlib.sha256(content).hexdigest()) != source.sha256:
            raise ValueError(f"{source.filename}: sha256 is {found}, the lock says {source.sha256}")
        directory.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        new.replace(path)
    return path


def pack(package: Package, directory: Path) -> Source:
    """Make the source distribution of a project of this repository."""
    project = ROOT / package.path
    version = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    source = Source(version=version, filename=f"{package.name}-{version}.tar.gz", sha256="")
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(directory / source.filename, "w:gz") as archive:
        archive.add(project, arcname=f"{package.name}-{version}")
    return source


class _Index:
    """The index that pip is configured for.

    ``pip download`` would run each package's back end, which for some means to build it; so pip's own
    finder is asked. It is the pip of the virtual environment that ``make`` made.
    """

    def __init__(self, python: str) -> None:
        from pip._internal.cli.cmdoptions import make_target_python
        from pip._internal.commands.download import DownloadCommand

        self._command = DownloadCommand("download", "")
        words = ["--no-binary", ":all:", "--no-deps", "--python-version", python]
        self._options, _ = self._command.parse_args(words)
        self._target_python = make_target_python(self._options)

    def __enter__(self) -> Self:
        self._context = self._command.main_context()
        self._context.__enter__()
        self._session = self._command.get_default_session(self._options)
        self._finder = self._command._build_package_finder(
            options=self._options,
            session=self._session,
            target_python=self._target_python,
            ignore_requires_python=False,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)

    def find(self, requirement: str) -> tuple[str, Any]:
        """Return version and link of the newest source distribution."""
        from packaging.requirements import Requirement
        from pip._vendor.packaging.specifiers import SpecifierSet

        parsed = Requirement(requirement)
        best = self._finder.find_best_candidate(
            parsed.name, SpecifierSet(str(parsed.specifier))
        ).best_candidate
        if best is None:
            raise ValueError(f"{requirement}: no source distribution for this Python")
        return str(best.version), best.link

    def get(self, link: Any) -> bytes:
        response = self._session.get(link.url_without_fragment, headers={"Accept-Encoding": "identity"})
        response.raise_for_status()
        content: bytes = response.content
        return content


def build_system(sdist: Path) -> tuple[str, Sequence[str]]:
    """Return the name of the back end and ``build-system.requires``."""
    text = _member(sdist, "pyproject.toml")
    table = tomllib.loads(text).get("build-system", {}) if text else {}
    backend = table.get("build-backend", "setuptools").partition(".")[0].partition(":")[0]
    if table.get("backend-path"):
        backend = f"{backend} (its own)"
    return backend, table.get("requires", ["setuptools", "wheel"])


def _member(sdist: Path, name: str) -> str:
    """Return the text of a file in the top directory of an archive; empty without one."""
    if sdist.suffix == ".zip":
        with zipfile.ZipFile(sdist) as archive:
            found = [
                item for item in archive.namelist() if item.count("/") == 1 and item.endswith(f"/{name}")
            ]
            return archive.read(found[0]).decode() if found else ""
    with tarfile.open(sdist) as tar:
        for member in tar:
            if member.isfile() and member.name.count("/") == 1 and member.name.endswith(f"/{name}"):
                stream = tar.extractfile(member)
                return stream.read().decode() if stream else ""
    return ""
