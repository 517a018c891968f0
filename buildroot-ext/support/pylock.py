#!/usr/bin/env python3
"""What Buildroot's makefiles ask of a lock file that `crosspy lock` made (PEP 751).

packages LOCK DL MAKEFILE       write one package for each distribution below package/, and a makefile beside it with all
sources LOCK DL DIR             link the lock file's own sources into DIR, and unpack its crates into DIR/crates
names LOCK SITE RECORD          print what is to be built: all but what other packages installed
stale NAMES RECORD              print the names of what was installed earlier and is not to be any more
record NAMES RECORD             note what was installed now
crates DIR CRATE...             unpack crates into DIR as cargo vendor does
lacking PREFIX NAME...          fail if build requirements but NAMEs are not met; stdin is what crosspy requires printed
"""

import email
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

OPTION = "BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS"
CRATES = "https://static.crates.io/crates/{name}/{name}-{version}.crate"
LICENSE_NAME = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)[^/]*", re.IGNORECASE)


def fail(text):
    sys.exit(f"{OPTION}: {text}")


def normal(name):
    """Return a project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# What may stand in a makefile and in a file name.
WORD = re.compile(r"\w[\w.+!-]{0,250}", re.ASCII)
ADDRESS = re.compile(r"[a-z+]+://[^\s$#\\`'\"]+")
HASH = re.compile(r"[0-9a-f]{64}")


class Artifact:
    """One file of a lock file: of which distribution it is, where it comes from, its hash, its crates.

    Whatever is wrong with it is a ValueError, KeyError, TypeError or AttributeError.
    """

    def __init__(self, lock, package, *, is_native):
        self.name, self.version = normal(package["name"]), str(package.get("version", ""))
        self.is_native = is_native
        files = [*([package["sdist"]] if "sdist" in package else []), *package.get("wheels", [])]
        if len(files) != 1:
            raise ValueError(f"it has {len(files)} files, crosspy lock writes one")
        (file,) = files
        self.url = file.get("url") or "file://" + str((lock.parent / file.get("path", "")).resolve())
        self.file = self.url.rpartition("/")[2]
        self.sha256 = file.get("hashes", {}).get("sha256", "")
        words = [self.name, self.version, self.file]
        self.crates = package.get("tool", {}).get("crosspy", {}).get("crates", [])
        for crate in self.crates:
            words += [crate["name"], crate["version"]]
        wrong = [word for word in words if not WORD.fullmatch(word)]
        wrong += [self.url] if not ADDRESS.fullmatch(self.url) else []
        if wrong:
            raise ValueError(f"{wrong[0][:100]!r} is no name, version or address")
        if not all(HASH.fullmatch(one) for one in [self.sha256, *(one["sha256"] for one in self.crates)]):
            raise ValueError("it has no sha256, or a crate has none")

    @property
    def package(self):
        """Name of Buildroot's package. Build requirements may be there in several versions, and are host packages."""
        version = re.sub("[^0-9a-z]+", "-", self.version.lower())
        return f"python-crosspy-{self.name}" + (f"-{version}" if self.is_native else "")


def load(path):
    """Return a lock file's content; each of its packages has a name and tables where tables belong."""
    try:
        import tomllib
    except ImportError:
        fail("reading a lock file takes Python 3.11 or newer on the build machine")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{path} is no lock file: {error}")
    found = data.get("packages")
    if not isinstance(found, list) or not all(
        isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("sdist", {}), dict)
        and isinstance(one.get("wheels", []), list)
        for one in found
    ):
        fail(f"{path} is no lock file: it has no packages, or they have no name")
    return data


def artifacts(lock, *, is_native):
    found = []
    for package in load(lock)["packages"]:
        try:
            found.append(Artifact(lock, package, is_native=is_native))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            why = f"it has no {error}" if isinstance(error, KeyError) else error
            fail(f"{lock}: {package['name'][:100]}: {why}. Make the lock file anew, with crosspy lock")
    return found


def read(lock):
    """Return the artifacts of a lock file, and those of the build requirements that belong to it."""
    lock = Path(lock)
    found = artifacts(lock, is_native=False)
    # What crosspy lock writes beside pylock.toml, or pylock.NAME.toml.
    name = lock.name.removesuffix(".toml")
    beside = lock.with_name("pylock.build.toml" if name == "pylock" else f"{name}-build.toml")
    if beside.exists():
        found += artifacts(beside, is_native=True)
    if not any(one.is_native for one in found) and any(not one.file.endswith(".whl") for one in found):
        fail(f"{lock} does not say what its sources need to be built: make it with crosspy lock")
    unique = {(one.package, one.file): one for one in found}
    return list(unique.values())


# ------------------------------------------------------------------------------------------- packages of Buildroot


def members(path):
    """Return the archive's files as {path below its first directory, or in the wheel: reader}."""
    if path.name.endswith((".whl", ".zip")):
        archive = zipfile.ZipFile(path)
        strip = 0 if path.name.endswith(".whl") else 1
        return {"/".join(n.split("/")[strip:]): lambda n=n: archive.read(n) for n in archive.namelist()}
    archive = tarfile.open(path)  # noqa: SIM115 -- read until the program ends
    return {
        "/".join(m.name.split("/")[1:]): lambda m=m: archive.extractfile(m).read()
        for m in archive.getmembers()
        if m.isfile()
    }


def licences(path):
    """Return what an archive says of its licence, and {file: sha256} of the texts."""
    try:
        files = members(path)
        is_wheel = path.name.endswith(".whl")
        info = next(
            (n for n in files if re.fullmatch(r"[^/]+\.dist-info/METADATA" if is_wheel else "PKG-INFO", n)),
            "",
        )
        about = email.message_from_bytes(files[info]()) if info else {}
        named = about.get_all("License-File", []) if info else []
        base = info.rpartition("/")[0]
        places = [
            f"{base}/licenses/{n}" if f"{base}/licenses/{n}" in files else f"{base}/{n}".lstrip("/")
            for n in named
        ]
        places = [n for n in places if n in files and " " not in n]
        places = places or [
            n for n in files if LICENSE_NAME.fullmatch(n.removeprefix(f"{base}/").removeprefix("licenses/"))
        ]
        text = about.get("License-Expression") or ", ".join(
            c.rpartition(" :: ")[2]
            for c in (about.get_all("Classifier", []) if info else [])
            if c.startswith("License ::")
        )
        text = text or (about.get("License") or "").split("\n")[0]
        return [
            text.strip() or "unknown",
            {n: hashlib.sha256(files[n]()).hexdigest() for n in sorted(places)},
        ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, tarfile.TarError):
        return ["unknown", {}]  # Buildroot itself tells of a damaged download


def packages(lock, downloads, makefile):
    found = read(lock)
    makefile = Path(makefile)
    makefile.parent.mkdir(parents=True, exist_ok=True)
    memory = makefile.with_name("licences.json")
    known = json.loads(memory.read_text()) if memory.exists() else {}
    for one in found:
        path = Path(downloads, one.file)
        if one.file not in known and path.exists():
            known[one.file] = licences(path)
    tree = makefile.with_name("package")
    for one in found:
        licence, texts = known.get(one.file, ["unknown until make source", {}])
        lines = [(one.sha256, one.file)]
        lines += [(crate["sha256"], f"{crate['name']}-{crate['version']}.crate") for crate in one.crates]
        lines += [(digest, name) for name, digest in texts.items()]
        directory = tree / one.package
        directory.mkdir(parents=True, exist_ok=True)
        replace(directory / f"{one.package}.mk", stanza(one, licence, texts))
        replace(
            directory / f"{one.package}.hash",
            "".join(f"sha256  {digest}  {name}\n" for digest, name in lines),
        )
    wanted = [one.package for one in found]
    for stale in tree.iterdir():
        if stale.name not in wanted:
            shutil.rmtree(stale)
    replace(memory, json.dumps(known, indent=1, sort_keys=True))
    replace(
        makefile,
        "".join(f"include {tree}/{name}/{name}.mk\n" for name in wanted)
        + "PYTHON_CROSSPY_DISTRIBUTIONS = "
        + " ".join(f"host-{one.package}" if one.is_native else one.package for one in found)
        + "\n",
    )


def replace(path, text):
    """Write a file that another make may be reading, unless it is the same."""
    if path.exists() and path.read_text() == text:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


def stanza(one, licence, texts):
    """Return the package of one distribution: it is downloaded and unpacked, and nothing else."""
    upper = ("host-" * one.is_native + one.package).replace("-", "_").upper()
    site, _, _ = one.url.rpartition("/")
    quoted = licence.replace("$", "$$").replace("#", r"\#").replace('"', "'")
    lines = {
        "VERSION": one.version,
        "SOURCE": one.file,
        "SITE": site,
        "DL_SUBDIR": "python-crosspy",
        "LICENSE": quoted,
        "LICENSE_FILES": " ".join(texts),
        "ADD_TOOLCHAIN_DEPENDENCY": "NO",
        "ADD_SKELETON_DEPENDENCY": "NO",
        "ADD_CCACHE_DEPENDENCY": "NO",
        "EXTRA_DOWNLOADS": " ".join(CRATES.format_map(crate) for crate in one.crates),
    }
    if one.file.endswith((".whl", ".zip")):
        strip = "" if one.file.endswith(".whl") else " && mv $(@D)/*/* $(@D)/"
        lines["EXTRACT_CMDS"] = f"unzip -q -o -d $(@D) $({upper}_DL_DIR)/{one.file}{strip}"
    rule = "#" * 80
    return (
        f"{rule}\n#\n# {one.package}\n#\n{rule}\n\n"
        + "".join(f"{upper}_{key} = {value}".rstrip() + "\n" for key, value in lines.items() if value)
        + f"\n$(eval $({'host-' * one.is_native}generic-package))\n"
        # Behind that: a dependency must be selected by something, but this is no package to build.
        + f"{upper}_KCONFIG_VAR = BR2_PACKAGE_PYTHON_CROSSPY\n"
    )


# -------------------------------------------------------------------------------------------- sources of one list


def sources(lock, downloads, directory):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for one in read(lock):
        link = directory / one.file
        link.unlink(missing_ok=True)
        link.symlink_to(Path(downloads, one.file))
        for crate in one.crates:
            vendor(
                Path(downloads, f"{crate['name']}-{crate['version']}.crate"),
                crate["sha256"],
                directory / "crates",
            )


def crates(directory, *paths):
    Path(directory).mkdir(parents=True, exist_ok=True)
    for path in map(Path, paths):
        vendor(path, hashlib.sha256(path.read_bytes()).hexdigest(), Path(directory))


def vendor(path, sha256, directory):
    """Unpack a crate as cargo vendor does (Cargo's directory sources: a checksum file for each)."""
    goal = directory / path.stem
    if goal.exists():
        return
    directory.mkdir(exist_ok=True)
    unpacked = path.parent / "crates" / goal.name  # by crosspy fetch, when the list was resolved
    if not path.exists() and unpacked.is_dir():
        goal.symlink_to(unpacked)
        return
    with tarfile.open(path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(directory, filter="data")
        else:
            archive.extractall(directory)
    (goal / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": sha256}))


# ----------------------------------------------------------------------------------------- what is installed, and by whom


def names(lock, site, record):
    own = recorded(record)
    present = {}
    for info in sorted(Path(site).glob("*.dist-info")) + sorted(Path(site).glob("*.egg-info")):
        name, _, version = info.stem.partition("-")
        present[normal(name)] = version
    for one in read(lock):
        if one.is_native:
            continue
        there = present.get(one.name)
        if there is None or one.name in own:
            print(one.name)
        elif there != one.version:
            fail(
                f"{lock} has {one.name} {one.version}, but Buildroot's own package installed {there}. "
                f"Disable BR2_PACKAGE_PYTHON_{one.name.upper().replace('-', '_')}, or lock {one.name}=={there}: "
                "make python-crosspy-lock, if it was a list"
            )


def recorded(record):
    path = Path(record)
    return set(path.read_text().split()) if path.exists() else set()


def listed(file):
    return set(Path(file).read_text().split())


def stale(file, record):
    print(",".join(sorted(recorded(record) - listed(file))))


def record(file, record):
    # Names stay: an output tree that is finalised later may still hold them.
    replace(Path(record), "\n".join(sorted(recorded(record) | listed(file))) + "\n")


def lacking(prefix, *without):
    try:
        found = json.load(sys.stdin)
    except ValueError:
        return  # crosspy requires has said why
    skipped = set(map(normal, without))
    found = [one for one in found if normal(one["name"]) not in skipped]
    for one in found:
        if one["found"]:
            print(f"crosspy: {prefix}: {one['requirement']} wanted, {one['found']} taken", file=sys.stderr)
    if absent := [one["name"] for one in found if not one["found"]]:
        sys.exit(
            f"crosspy: it is built with {', '.join(absent)}: add host packages of these to {prefix}_DEPENDENCIES, "
            f"or, if it builds without, their names to {prefix}_WITHOUT"
        )


if __name__ == "__main__":
    known = (packages, sources, names, stale, record, crates, lacking)
    commands = {command.__name__: command for command in known}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
