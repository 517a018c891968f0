"""Wheels that were built before, under the same circumstances, are taken instead of being built again.

``crosspy wheel`` names the directory of the cache (``CROSSPY_CACHE``) and one of this run (``CROSSPY_RUN``), where
``situation.json`` holds what decides a result beside the sources (crosspy/build/situation.py). pip asks its own cache
of wheels before it looks into a source distribution; here it gets the answer of this one. Without ``crosspy wheel``
nothing is cached: pip's own key knows neither compilers nor sysroots.

An entry is a directory, made complete beside its place and renamed, so that no reader needs a lock, on NFS either::

    CACHE/wheels/AB/ABCDEF.../              sha256 of the source distribution, or of a project directory's files
    CACHE/wheels/AB/ABCDEF.../0123.../      sha256 of entry.json's "made_with"
        entry.json                          made_with, wheel (its name), sha256 (its content)
        NAME-VERSION-....whl

``made_with`` has the source, the situation, the settings of this package, the build requirements with what was installed for
them, the twins (twins.py) and rustc. Whether the same would be installed now, a native pip says, once for each set of
requirements in a run; its answer holds ten minutes.
"""

import contextlib
import copy
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from types import ModuleType

from . import buildreqs
from .guard import is_pure_wanted, normalized

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Link(Protocol):
        """What is used of pip's."""

        url: str
        filename: str
        file_path: str
        is_file: bool
        is_wheel: bool
        is_vcs: bool
        hash_name: str | None
        hash: str | None
        subdirectory_fragment: str | None

        def is_existing_dir(self) -> bool: ...


INDEX_OPTIONS = frozenset({
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--cert", "--client-cert", "--proxy",
    "--timeout", "--retries", "--keyring-provider",
})  # fmt: skip
"""pip's options that say where packages are, and have a value."""

REQUIREMENTS = "crosspy-requirements.json"
"""In an isolated build environment: what was asked to be installed there, and what was."""

ANSWER_LIFETIME = 600
"""Seconds for which an answer about build requirements holds: so long PyPI lets its own pages be kept (max-age)."""

_settings: "object" = None
_sources: dict[str, str] = {}
_rust: "list[str]" = []


def apply(module: ModuleType) -> None:
    if module.__name__ == "pip._internal.cache":
        cache = module.WheelCache
        cache.get_path_for_link = cache.get_ephem_path_for_link
        entry_class = module.CacheEntry

        def get_cache_entry(
            _self: object, link: "Link", package_name: "str | None", **_tags: object
        ) -> object:
            return _answer(link, package_name or "", entry_class)

        cache.get_cache_entry = get_cache_entry
    elif module.__name__ == "pip._internal.wheel_builder":
        build_one = module._build_one

        def build_and_store(req: "Any", *args: object, **options: object) -> object:
            return _build(req, lambda: build_one(req, *args, **options))

        module._build_one = build_and_store  # type: ignore[attr-defined]  # this pip's
    else:
        candidate = module.LinkCandidate
        init = candidate.__init__

        def remember_settings(
            self: object, link: "Link", template: "Any", *args: object, **options: object
        ) -> None:
            global _settings
            _settings = getattr(template, "config_settings", None)
            init(self, link, template, *args, **options)

        candidate.__init__ = remember_settings
        make = module.make_install_req_from_link

        def make_of_named(link: "Link", template: "Any", *args: object, **options: "Any") -> object:
            return make(link, _named(template, link, options.get("source_link")), *args, **options)

        module.make_install_req_from_link = make_of_named  # type: ignore[attr-defined]  # this pip's


def _named(template: "Any", link: "Link", source: "Link | None") -> "Any":
    """Give what was asked for by its path alone the name of its wheel, which the cache had.

    pip 26.3 takes the wheel for the source otherwise, and refuses: "Cannot change the source link".
    """
    if template.req is not None or source is None or not link.is_wheel or source.is_wheel:
        return template
    from pip._vendor.packaging.requirements import Requirement

    named = copy.copy(template)
    named.req = Requirement(f"{link.filename.split('-')[0]} @ {source.url}")
    return named


# Around pip.


def _answer(link: "Any", name: str, entry_class: "Callable[..., Any]") -> object:
    """Return pip's ``CacheEntry`` for a source distribution, or None."""
    if "CROSSPY_RUN" not in os.environ or link.is_wheel:
        return None
    source = source_digest(link)
    if not source:
        return None
    found = find(source, _circumstances(_settings, name or _name_of(link)), link.filename)
    if found is None:
        return None
    from pip._internal.models.link import Link as PipLink
    from pip._internal.utils.direct_url_helpers import direct_url_from_link
    from pip._internal.utils.urls import path_to_url

    entry = entry_class(PipLink(path_to_url(found)), persistent=True)
    if link.is_file and not link.is_existing_dir() and not link.subdirectory_fragment:
        link = PipLink(
            f"{link.url_without_fragment}#sha256={source}"
        )  # what pip compares with a requirement's --hash
    entry.origin = direct_url_from_link(link, link_is_in_wheel_cache=True)
    return entry


def _build(req: "Any", build: "Callable[[], object]") -> object:
    """Let pip build one wheel, and keep it."""
    run = os.environ.get("CROSSPY_RUN")
    link = req.link
    source = source_digest(link) if run and link is not None and not req.editable else ""
    if not run or not source:
        return build()
    with _turn(os.path.join(run, "turns", source), req.name) as waited:
        failed = os.path.join(run, "failed", source)
        if os.path.exists(failed):
            sys.stderr.write(f"crosspy: {req.name} failed before, in this run: see above\n")
            return None
        found = find(source, _circumstances(req.config_settings, req.name), link.filename) if waited else None
        return found or _build_and_store(req, source, build, failed)


@contextlib.contextmanager
def _turn(path: str, name: str) -> "Iterator[bool]":
    """Let one pip of a run at a time build a source (NumPy is asked for by the user and, as a twin, by pandas).

    Says whether another one had to be waited for.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"crosspy: {name} is being built already, in this run: waiting for its wheel\n")
            fcntl.flock(file, fcntl.LOCK_EX)
            yield True
        else:
            yield False


def _build_and_store(req: "Any", source: str, build: "Callable[[], object]", failed: str) -> object:
    with tempfile.TemporaryDirectory(prefix="crosspy-record-") as directory:
        record = os.environ["CROSSPY_RECORD"] = os.path.join(directory, "record.json")
        wheel = build()
        del os.environ["CROSSPY_RECORD"]
        if not isinstance(wheel, str):
            _write(failed, "")
            return wheel
        try:
            with open(record, encoding="utf-8") as file:
                seen = json.load(file)
        except OSError:
            return wheel
    for one in seen["requirements"]:
        _remember(one["asked"], one["installed"])
    store({"source": source, **_circumstances(req.config_settings, req.name), **seen}, wheel)
    return wheel


def _name_of(link: "Link") -> str:
    return link.filename.rpartition("-")[0]


def _circumstances(settings: object, name: str) -> "dict[str, Any]":
    with open(os.path.join(os.environ["CROSSPY_RUN"], "situation.json"), encoding="utf-8") as file:
        situation: dict[str, Any] = json.load(file)
    return {
        "situation": situation,
        "config settings": json.dumps(settings or {}, sort_keys=True),
        "pure": is_pure_wanted(name),
    }


def source_digest(link: "Link") -> str:
    """Return the digest of what is to be built; empty for what cannot be known without a download."""
    if link.is_vcs:
        return ""
    if link.url not in _sources:
        digest = ""
        if link.is_file:
            digest = _tree_digest(link.file_path) if link.is_existing_dir() else _file_digest(link.file_path)
        elif link.hash_name == "sha256":
            digest = link.hash or ""
        if digest and link.subdirectory_fragment:
            digest = hashlib.sha256(f"{digest} {link.subdirectory_fragment}".encode()).hexdigest()
        _sources[link.url] = digest.lower()
    return _sources[link.url]


def _file_digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _tree_digest(directory: str) -> str:
    """Return a digest of the names, kinds, modes and contents below a project directory."""
    digest = hashlib.sha256()
    for base, names, files in os.walk(directory):
        names.sort()
        for name in sorted(files + [name for name in names if os.path.islink(os.path.join(base, name))]):
            path = os.path.join(base, name)
            kind = "l" if os.path.islink(path) else "x" if os.access(path, os.X_OK) else "f"
            content = os.readlink(path) if kind == "l" else _file_digest(path)
            digest.update(
                f"{kind}\0{os.path.relpath(path, directory)}\0{content}\0".encode("utf-8", "surrogateescape")
            )
    return digest.hexdigest()


# Entries.


def find(source: str, circumstances: "dict[str, Any]", title: str) -> str | None:
    """Return a copy of the wheel that was built of ``source`` under these circumstances, or None."""
    misses = []
    for entry in _entries(source):
        made_with = _read(entry)
        if made_with is None:
            continue
        differing = _differing(made_with, circumstances) or _outdated(made_with)
        if not differing:
            copy = _verified_copy(entry)
            if copy:
                _say(f"{title}: taken from the cache")
                return copy
            continue
        misses.append(differing)
    if misses:
        best = min(misses, key=lambda words: (len(words), words))
        _say(f"{title}: in the cache, but made with another: {', '.join(best)}")
    else:
        _say(f"{title}: not in the cache")
    return None


def _entries(source: str) -> list[str]:
    directory = os.path.join(os.environ["CROSSPY_CACHE"], "wheels", source[:2], source)
    try:
        return [
            os.path.join(directory, name)
            for name in sorted(os.listdir(directory))
            if not name.startswith(".")
        ]
    except OSError:
        return []


def _read(entry: str) -> "dict[str, Any] | None":
    """Return an entry's ``made_with``, if it is what the entry's name says."""
    try:
        with open(os.path.join(entry, "entry.json"), encoding="utf-8") as file:
            made_with: dict[str, Any] = json.load(file)["made_with"]
        source, name = entry.split(os.sep)[-2:]
        if _digest(made_with) == name and made_with["source"] == source:
            return made_with
        reason = "its record is not the one that it was made with"
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error)
    _discard(entry, reason)
    return None


def _verified_copy(entry: str) -> str | None:
    """Copy an entry's wheel to this run's directory, if it is as it was when it was stored."""
    try:
        with open(os.path.join(entry, "entry.json"), encoding="utf-8") as file:
            record = json.load(file)
        with open(os.path.join(entry, os.path.basename(record["wheel"])), "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != record["sha256"]:
            _discard(entry, "its wheel is not the one that was stored")
            return None
        directory = os.path.join(os.environ["CROSSPY_RUN"], "hits", os.path.basename(entry))
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, os.path.basename(record["wheel"]))
        _write(path, content)
        _note_entry(path, entry)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _discard(entry, str(error))
        return None
    with contextlib.suppress(OSError):  # another's cache may be readable only
        os.utime(entry)  # when it was of use: what `crosspy cache --prune` goes by
    return path


def _discard(entry: str, reason: str) -> None:
    if not os.path.isdir(entry):
        return  # somebody else's prune
    sys.stderr.write(f"crosspy: warning: damaged entry of the wheel cache, not used: {entry}: {reason}\n")
    shutil.rmtree(entry, ignore_errors=True)


def store(made_with: "dict[str, Any]", wheel: str) -> None:
    """Put a wheel into the cache; a cache that cannot be written is no reason to fail."""
    source = made_with["source"]
    place = os.path.join(os.environ["CROSSPY_CACHE"], "wheels", source[:2], source, _digest(made_with))
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(place))
        try:
            with open(wheel, "rb") as file:
                content = file.read()
            record = {
                "made_with": made_with,
                "wheel": os.path.basename(wheel),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            _write(os.path.join(scratch, os.path.basename(wheel)), content)
            _write(os.path.join(scratch, "entry.json"), json.dumps(record, indent=1, sort_keys=True) + "\n")
            mask = os.umask(0o022)
            os.umask(mask)
            os.chmod(scratch, 0o777 & ~mask)
            if not os.path.isdir(place):
                os.rename(scratch, place)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        _note_entry(wheel, place)
    except OSError as error:
        if not os.path.isdir(place):  # else another writer was first, with the same
            sys.stderr.write(f"crosspy: warning: cannot write the wheel cache: {error}\n")


def _digest(made_with: object) -> str:
    return hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()


def _write(path: str, content: "str | bytes") -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    os.replace(temporary, path)


def _note_entry(wheel: str, entry: str) -> None:
    """Remember in this run where a wheel's entry is, for those that are built against it."""
    name, version = os.path.basename(wheel).split("-")[:2]
    directory = os.path.join(os.environ["CROSSPY_CACHE"], "wheels")
    _write(_run_file("entries", f"{normalized(name)}-{version}"), os.path.relpath(entry, directory))


def noted_entry(name: str, version: str) -> str:
    """Return the entry of a wheel that this run built or found: a path below the cache; or an empty text."""
    try:
        with open(_run_file("entries", f"{normalized(name)}-{version}"), encoding="utf-8") as file:
            return file.read()
    except (OSError, KeyError):
        return ""


def _run_file(kind: str, name: str) -> str:
    return os.path.join(os.environ["CROSSPY_RUN"], kind, name)


def _say(text: str) -> None:
    if os.environ.get("CROSSPY_VERBOSE"):
        sys.stderr.write(f"crosspy: {text}\n")


# What decides whether an entry is of use.


def _differing(made_with: "dict[str, Any]", circumstances: "dict[str, Any]") -> list[str]:
    """Return the names of the parts of the key that are not the same."""
    was, now = made_with.get("situation", {}), circumstances["situation"]
    names = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    return names + [
        name for name in ("config settings", "pure") if made_with.get(name) != circumstances[name]
    ]


def _outdated(made_with: "dict[str, Any]") -> list[str]:
    """Return which of the things would be others now that are known only once a package is looked into."""
    for one in made_with["requirements"]:
        now = _resolved(one["asked"])
        if now is None:
            return ["build requirements (they cannot be resolved now)"]
        if now != one["installed"]:
            return [f"build requirement {word}" for word in sorted(set(now) - set(one["installed"]))] or [
                f"build requirement {word}" for word in sorted(set(one["installed"]) - set(now))
            ]
    if made_with["rust"] and made_with["rust"] != rust_version():
        return ["rustc"]
    from . import twins

    return [
        f"target's build of {name}"
        for name, was in made_with["twins"].items()
        if not twins.is_still(name, was)
    ]


def is_current(entry: str, situation: object) -> bool:
    """Say whether an entry, a path below the cache, is what a build would make now."""
    made_with = _read(os.path.join(os.environ["CROSSPY_CACHE"], "wheels", entry))
    return made_with is not None and made_with["situation"] == situation and not _outdated(made_with)


def current_situation() -> "dict[str, Any]":
    found: dict[str, Any] = _circumstances(None, "")["situation"]
    return found


def _remember(asked: list[str], installed: list[str]) -> None:
    text = json.dumps(installed)
    _write(_run_file("resolved", _digest(asked)), text)
    if memo := _memo(asked):
        with contextlib.suppress(OSError):  # another's cache may be readable only
            _write(memo, text)


def _resolved(asked: list[str]) -> list[str] | None:
    """Return what would be installed for build requirements now, as ``name==version``; None if that fails."""
    for path, lifetime in ((_run_file("resolved", _digest(asked)), 0), (_memo(asked), ANSWER_LIFETIME)):
        try:
            if not lifetime or 0 <= time.time() - os.stat(path).st_mtime < lifetime:
                with open(path, encoding="utf-8") as file:
                    known: list[str] = json.load(file)
                    return known
        except (OSError, ValueError):
            pass
    import pip

    runner = os.path.join(os.path.dirname(pip.__file__), "__pip-runner__.py")
    with tempfile.TemporaryDirectory(prefix="crosspy-resolve-") as directory:
        report = os.path.join(directory, "report.json")
        argv = [
            sys.executable,
            runner,
            "install",
            "--dry-run",
            "--ignore-installed",
            "--quiet",
            "--report",
            report,
        ]
        argv += [*download_options(sys.argv), "--", *asked]
        done = subprocess.run(
            argv,
            env=buildreqs.environment(),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            _say(done.stdout.decode("utf-8", "replace"))
            return None
        with open(report, encoding="utf-8") as file:
            found = [one["metadata"] for one in json.load(file)["install"]]
    installed = sorted(f"{normalized(one['name'])}=={one['version']}" for one in found)
    _remember(asked, installed)
    return installed


def _memo(asked: list[str]) -> str:
    """Return the file of what was resolved lately, by any run that asks the same places with the same directories.

    None (an empty text) where a lock has the versions: they are one run's.
    """
    if "CROSSPY_BUILD_CONSTRAINTS" in os.environ:
        return ""
    options = download_options(sys.argv)
    listings = [
        sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(place))
        for place in options
        if os.path.isdir(place)
    ]
    key = _digest([asked, options, listings, sys.version])
    return os.path.join(os.environ["CROSSPY_CACHE"], "resolved", key)


def download_options(words: list[str]) -> list[str]:
    """Return those of a pip's command line that say where packages come from, and which may."""
    options = []
    for index, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if word in {"--no-index", "--pre", "--prefer-binary"} or (equals and name in INDEX_OPTIONS):
            options.append(word)
        elif word in INDEX_OPTIONS and index + 1 < len(words):
            options += [word, words[index + 1]]
    return options


# What a build leaves for the entry.


def note_requirements(prefix: str, asked: list[str], library: str, twins: "dict[str, str]") -> None:
    """Write down in an isolated environment what was installed there, for :func:`record`."""
    names = os.listdir(library) if os.path.isdir(library) else []
    installed = sorted(_stated(os.path.join(library, name)) for name in names if name.endswith(".dist-info"))
    with open(os.path.join(prefix, REQUIREMENTS), "a", encoding="utf-8") as file:
        file.write(json.dumps({"asked": asked, "installed": installed, "twins": twins}) + "\n")


def _stated(dist_info: str) -> str:
    """Return ``name==version`` as a distribution's metadata spells the version, which is what pip reports."""
    name, _, version = os.path.basename(dist_info).removesuffix(".dist-info").partition("-")
    try:
        with open(os.path.join(dist_info, "METADATA"), encoding="utf-8", errors="replace") as file:
            version = next((line[8:].strip() for line in file if line.startswith("Version:")), version)
    except OSError:
        pass
    return f"{normalized(name)}=={version}"


def record() -> None:
    """Tell the pip that started this build what it was built with."""
    path = os.environ.get("CROSSPY_RECORD")
    isolated = os.environ.get("CROSSPY_ISOLATED")
    if not path or not (isolated or "build layer" in current_situation()):
        return
    requirements: list[dict[str, Any]] = []
    twins: dict[str, str] = {}
    for directory in ("", "overlay", "normal") if isolated else ():
        try:
            with open(os.path.join(isolated or "", directory, REQUIREMENTS), encoding="utf-8") as file:
                notes = [json.loads(line) for line in file]
        except OSError:
            continue
        for note in notes:
            twins.update(note.pop("twins"))
            requirements.append(note)
    has_rust = any("Cargo.toml" in files for _, _, files in os.walk(os.environ["CROSSPY_SOURCE"]))
    seen = {"requirements": requirements, "twins": twins, "rust": rust_version() if has_rust else ""}
    _write(path, json.dumps(seen))


def rust_version() -> str:
    """Return what rustc says of itself; empty without one."""
    if not _rust:
        try:
            done = subprocess.run(
                [os.environ.get("RUSTC") or "rustc", "-vV"],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,
            )
            _rust.append(done.stdout.decode("utf-8", "replace"))
        except OSError:
            _rust.append("")
    return _rust[0]
