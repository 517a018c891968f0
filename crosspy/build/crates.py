"""The crates of Rust projects, in a directory, so that cargo needs no network when it builds them.

``cargo vendor`` does the work: it downloads what ``Cargo.lock`` names and checks the checksums that are in it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crosspy import process
from crosspy.build import sdist
from crosspy.console import Console
from crosspy.errors import BuildFailedError, UsageError
from crosspy.model.lock import Crate

REPLACEMENT: Final = "crosspy-crates"
"""What cargo calls the directory, in place of each source that its crates came from."""


def fetch_crates(
    sources: Sequence[Path], directory: Path, *, environ: Mapping[str, str], console: Console
) -> list[str]:
    """Put the crates of each source into ``directory``, beside those that it has; return their names, sorted.

    :param sources: sdists (``.tar.gz``, ``.zip``) and project directories, which are not changed. One without Rust
        needs nothing, nor does one that brings its crates itself.
    :param environ: what cargo runs with.
    :raises UsageError: if a source is neither.
    :raises BuildFailedError: if a ``Cargo.lock`` is missing, stale or damaged, or cargo fails; ``directory`` is then
        as it was.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Beside their place: one rename for each.
        with tempfile.TemporaryDirectory(prefix=".crates-", dir=directory) as name:
            return _fetch(sources, directory, Path(name), environ=environ, console=console)
    except OSError as error:
        raise UsageError(f"cannot write crates to {directory}: {error.strerror or error}") from None


def _fetch(
    sources: Sequence[Path], directory: Path, scratch: Path, *, environ: Mapping[str, str], console: Console
) -> list[str]:
    locks: dict[Path, tuple[Path, set[Crate]]] = {}
    for number, source in enumerate(sources):
        tree = scratch / "sources" / str(number)
        _unpack(source, tree)
        found = _workspaces(source, tree)
        locks |= {root: (source, _packages(root / "Cargo.lock", source)) for root in found}
        console.note(f"{source.name}: {len(found)} Cargo.lock")
    if not locks:
        return []
    config = _vendor(list(locks), scratch, environ)
    for root, (source, before) in locks.items():
        added = _packages(root / "Cargo.lock", source) - before
        if added:
            raise BuildFailedError(
                f"{source}: its Cargo.lock is stale: it does not name {', '.join(sorted(f'{p.name} {p.version}' for p in added))}, which its "
                "Cargo.toml asks for",
                hint="The project has to update it (cargo update --workspace): else every build may use other crates.",
            )
    return _place(scratch / "vendor", directory, config)


def _unpack(source: Path, tree: Path) -> None:
    """Put the regular files of a source below ``tree``. :raises UsageError: if it cannot be read."""
    try:
        if source.is_dir():
            shutil.copytree(
                source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "target", "__pycache__")
            )
        else:
            for name, read in sdist.files(source):
                path = tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read())
    except (OSError, shutil.Error) as error:
        raise UsageError(
            f"cannot read {source}: {error}",
            hint="Name source distributions (.tar.gz, .zip) and project directories.",
        ) from None


def _workspaces(source: Path, tree: Path) -> list[Path]:
    """Return the directories with a ``Cargo.lock``; none where nothing is to be fetched."""
    manifests = _files(tree, "Cargo.toml")
    if not manifests or any(_replaces_sources(path) for path in _files(tree, "config.toml", "config")):
        return []
    locks = [path.parent for path in _files(tree, "Cargo.lock") if (path.parent / "Cargo.toml").is_file()]
    if not locks:
        raise BuildFailedError(
            f"{source} has a Cargo.toml and no Cargo.lock: every build of it may use other crates",
            hint="Ask the project to ship it. Or unpack the source, run cargo generate-lockfile beside Cargo.toml, and name the "
            "directory.",
        )
    return locks


def _files(tree: Path, *names: str) -> list[Path]:
    """Return the files of these names, not those of crates that the source brings."""
    found = []
    for base, directories, files in os.walk(tree):
        if ".cargo-checksum.json" in files:
            directories.clear()
            continue
        directories.sort()
        found += [Path(base, name) for name in names if name in files]
    return found


def _replaces_sources(path: Path) -> bool:
    # As cargo.py, which is not to add a second replacement.
    return path.parent.name == ".cargo" and bool(
        re.search(r"^\s*replace-with\s*=", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    )


def _packages(lock: Path, source: Path) -> set[Crate]:
    try:
        return set(locked_crates(lock.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BuildFailedError(
            f"{source}: its Cargo.lock is damaged: {error}", hint="Get the source anew."
        ) from None


def locked_crates(text: str) -> list[Crate]:
    """Return the crates that a ``Cargo.lock`` names, those without a source left out: they are the project's own.

    :raises ValueError: if it is damaged.
    """
    try:
        return sorted(
            Crate(
                name=str(one["name"]),
                version=str(one["version"]),
                source=str(one["source"]),
                sha256=str(one.get("checksum", "")),
            )
            for one in tomllib.loads(text).get("package", [])
            if "source" in one
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _vendor(roots: Sequence[Path], scratch: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Run ``cargo vendor`` into ``scratch/vendor``; return the ``source`` table that it wants in cargo's configuration."""
    first, *others = (str(root / "Cargo.toml") for root in roots)
    words = ["vendor", "--versioned-dirs", "--manifest-path", first]
    words += [word for other in others for word in ("--sync", other)]
    program = environ.get("CARGO", "") or "cargo"
    env = {name: value for name, value in environ.items() if name not in {"CARGO", "CARGO_BUILD_TARGET"}}
    try:
        # Not in the source's directory: its .cargo/config.toml may name programs to run.
        done = process.run([program, *words, str(scratch / "vendor")], env=env, cwd=scratch)
    except FileNotFoundError:
        raise BuildFailedError(
            f"no {program} on PATH: cargo fetches crates",
            hint="Install Rust, or name it: CARGO=/path/to/cargo",
        ) from None
    if not done.ok:
        raise BuildFailedError(
            f"cargo could not fetch the crates (exit status {done.status}):\n{done.stderr.strip()}",
            hint="Look at its last lines; CARGO_HOME's config.toml, CARGO_HTTP_* and https_proxy tell it of your network.",
        )
    sources: dict[str, Any] = tomllib.loads(done.stdout).get("source", {})
    return {name: table for name, table in sources.items() if name not in {"crates-io", "vendored-sources"}}


def _place(vendor: Path, directory: Path, config: Mapping[str, Any]) -> list[str]:
    """Move the crates to their directory, each at once, when all of them fit what is there."""
    crates = sorted(path for path in vendor.iterdir() if path.is_dir()) if vendor.is_dir() else []
    new = [crate for crate in crates if not (directory / crate.name).exists()]
    for crate in (crate for crate in crates if crate not in new):
        if _checksum(crate) != _checksum(directory / crate.name):
            raise BuildFailedError(
                f"{directory / crate.name} is another {crate.name} than the one that was fetched",
                hint="Name another directory, or remove that crate from it.",
            )
    for crate in new:
        crate.rename(directory / crate.name)
    _write_config(directory / "config.toml", config)
    return [crate.name for crate in crates]


def _checksum(crate: Path) -> object:
    try:
        return json.loads((crate / ".cargo-checksum.json").read_bytes())["package"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_config(path: Path, sources: Mapping[str, Any]) -> None:
    """Note the sources beside crates.io (git, other registries) that the directory stands for."""
    known = tomllib.loads(path.read_text(encoding="utf-8")).get("source", {}) if path.is_file() else {}
    merged = {**known, **sources}
    if not merged:
        return
    text = "# Made by crosspy: which sources this directory of crates stands for.\n"
    for name, table in sorted(merged.items()):
        text += f"\n[source.{json.dumps(name)}]\n" + _lines({**table, "replace-with": REPLACEMENT}.items())
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _lines(items: Iterable[tuple[str, Any]]) -> str:
    # A TOML basic string is written as JSON's.
    return "".join(f"{key} = {json.dumps(str(value))}\n" for key, value in items)
