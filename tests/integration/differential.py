"""Hold the verdict of ``crosspy verify`` on each extension module against what the target's own interpreter does.

``python tests/integration/differential.py NAME=SYSROOT,QEMU,PYTHON ...`` prints the table of docs/verify-truth.md.
Each round takes the files of the sysroot's image, plants faults in some of its modules and libraries, and asks both
sides about every module: the interpreter, under QEMU, by loading it; verify by reading.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crosspy.model.finding import Severity
from crosspy.verify.infer import infer
from crosspy.verify.loading import loading_of
from crosspy.verify.runner import verify
from crosspy.verify.tree import survey

HERE = Path(__file__).resolve().parent
PROBE = HERE / "differential_probe.py"
PARTS = ("bin", "etc", "lib", "lib64", "usr/bin", "usr/lib", "usr/lib64")
_DROP = re.compile(r".*\.(?:a|o|pyc|h|txt|la)|gcc|cmake|pkgconfig|test|__pycache__")


# ------------------------------------------------------------------------------------------------------ the image


def copy(sysroot: Path, image: Path) -> None:
    """Make a tree of hard links to what of a sysroot an image would have. Files of it are replaced, never changed."""
    for part in PARTS:
        source = sysroot / part
        if source.is_symlink():
            (image / part).parent.mkdir(parents=True, exist_ok=True)
            (image / part).symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, image / part, symlinks=True, ignore=_ignored, copy_function=link)


@contextmanager
def beside(sysroot: Path) -> Iterator[Path]:
    """Give a temporary directory on the file system of the sysroot: hard links do not leave it."""
    with tempfile.TemporaryDirectory(dir=sysroot.resolve().parent, prefix=".differential-") as scratch:
        yield Path(scratch)


def _ignored(_: str, names: list[str]) -> set[str]:
    return {name for name in names if _DROP.fullmatch(name)}


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


# ----------------------------------------------------------------------------------------------------- the faults


def no_file(path: Path, rng: random.Random) -> None:
    """Remove it: a package that the image lacks."""
    path.unlink()


def cut_off(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    replace(path, content[: len(content) * rng.randrange(1, 9) // 10])


def empty(path: Path, rng: random.Random) -> None:
    replace(path, b"")


def lfs_pointer(path: Path, rng: random.Random) -> None:
    replace(path, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def linker_script(path: Path, rng: random.Random) -> None:
    replace(path, b"INPUT(libz.so.1)\n")


def other_machine(path: Path, rng: random.Random) -> None:
    foreign = HERE.parent / "data" / "elf" / rng.choice(("s390x", "mips64el", "i686")) / "ext.so"
    replace(path, foreign.read_bytes())


def other_suffix(path: Path, rng: random.Random) -> None:
    stem, _, _ = path.name.partition(".")
    suffix = rng.choice(
        (".cpython-311-x86_64-linux-gnu.so", ".cpython-38-mips-linux-gnu.so", ".cpython-39.so")
    )
    path.rename(path.with_name(stem + suffix))


def other_name(path: Path, rng: random.Random) -> None:
    """A module that was renamed has no PyInit function of its new name."""
    path.rename(path.with_name("renamed_" + path.name))


def newer_libc(path: Path, rng: random.Random) -> None:
    """Want a version of the C library's symbols that it does not have."""
    _rename(path, rb"\0(GLIBC_2\.)(\d\d)\0", lambda found: found[1] + b"97")


def other_symbol(path: Path, rng: random.Random) -> None:
    """Want a function of Python's C API that this Python does not have."""
    _rename(path, rb"\0(Py[A-Z][A-Za-z]+_[A-Za-z]{4,})(?=\0)", lambda found: found[1][:-2] + b"Qq")


def other_soname(path: Path, rng: random.Random) -> None:
    """Need another library than the image has."""
    _rename(path, rb"\0(lib(?!c\.so)[a-z]+)\.so\.(\d)(?=\0)", lambda found: found[1] + b".so.Q")


def _rename(path: Path, pattern: bytes, new: Callable[[re.Match[bytes]], bytes]) -> None:
    content = path.read_bytes()
    found = re.search(pattern, content)
    if found:
        changed = content[: found.start(1)] + new(found) + content[found.start(1) + len(new(found)) :]
        replace(path, changed)


MODULE_FAULTS = (
    cut_off,
    empty,
    lfs_pointer,
    linker_script,
    other_machine,
    other_suffix,
    other_name,
    newer_libc,
    other_symbol,
    other_soname,
)
LIBRARY_FAULTS = (no_file, no_file, cut_off, empty, other_machine, newer_libc)
# A warning, since the file may be meant as a library; imported as a module it fails.
_FATAL = {"XP305"}
# Without these the interpreter itself does not start, and there is nobody to ask.
_VITAL = re.compile(
    r"(?:ld-|libc\.|libm\.|libpthread|libdl|libz\.|libexpat|libutil|librt|libpython|libgcc_s).*"
)


def plant(image: Path, rng: random.Random, count: int) -> None:
    """Plant ``count`` faults in extension modules, and half as many in libraries that they need."""
    surveyed = survey(image)
    loading = loading_of(surveyed, infer(surveyed))
    modules = sorted(loading.modules)
    needed = {path for _, loaded in loading.modules.values() for path in loaded.files} - set(modules)
    libraries = sorted(path for path in needed if not _VITAL.match(path.rpartition("/")[2]))
    chosen = [(path, rng.choice(MODULE_FAULTS)) for path in rng.sample(modules, min(count, len(modules)))]
    chosen += [
        (path, rng.choice(LIBRARY_FAULTS)) for path in rng.sample(libraries, min(count // 2, len(libraries)))
    ]
    for path, fault in chosen:
        fault(image / path.lstrip("/"), rng)


# ------------------------------------------------------------------------------------------------- the two answers


@dataclass(kw_only=True)
class Score:
    """How often both sides said the same of a module, and where they did not."""

    load: int = 0
    fail: int = 0
    wrong: dict[str, tuple[str, str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return self.load + self.fail + len(self.wrong)


def truth(image: Path, qemu: str, python: str, paths: list[str]) -> dict[str, str]:
    """Ask the target's interpreter about the modules at these paths of the image."""
    asked = {str(image) + path: path for path in paths}
    done = subprocess.run(
        [*qemu.split(), "-L", str(image), str(image) + python, "-I", "-S", str(PROBE)],
        input="".join(f"{path}\n" for path in asked),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        sys.exit(f"the target's interpreter: {done.stderr}")
    answers = (line.split("\t", 1) for line in done.stdout.splitlines())
    return {asked[path]: said for path, said in answers}


def verdicts(image: Path) -> Iterator[tuple[str, str]]:
    """Yield ``(module, check)`` as verify says it: the first error of the module or of what it loads; empty if none."""
    result = verify(image)
    errors = {
        finding.path: finding.check
        for finding in result.findings
        if finding.severity is Severity.ERROR or finding.check in _FATAL
    }
    surveyed = survey(image)
    loading = loading_of(surveyed, result.expectation)
    for path in result.modules:
        loaded = loading.modules[path][1].files if path in loading.modules else (path,)
        yield path, next((errors[file] for file in loaded if file in errors), "")


def compare(image: Path, qemu: str, python: str, score: Score, name: str) -> None:
    """Ask both sides about each extension module of an image."""
    # A library that ctypes or cffi loads may be named as a module: nobody imports it (pycryptodome's).
    said = {
        path: check
        for path, check in verdicts(image)
        if check or re.search(rb"\0_?Py[A-Z]\w*\0", (image / path.lstrip("/")).read_bytes())
    }
    real = truth(image, qemu, python, list(said))
    for path, check in said.items():
        loads = real[path] == "loads"
        if loads is not (not check):
            score.wrong[f"{name} {path}"] = (check or "loads", real[path])
        elif loads:
            score.load += 1
        else:
            score.fail += 1
            score.reasons[check] += 1


def score(
    sysroot: Path,
    qemu: str,
    python: str,
    *,
    rounds: int,
    faults: int,
    scratch: Path,
    wheels: Path | None = None,
) -> Score:
    """Compare a sound image, and then ``rounds`` with ``faults`` in modules each.

    :param python: the interpreter's path in the image.
    :param wheels: a directory of unpacked packages to add.
    """
    result = Score()
    for number in range(rounds + 1):
        image = scratch / f"image-{number}"
        copy(sysroot, image)
        if wheels:
            shutil.copytree(
                wheels, image / "usr/lib/python3/dist-packages", dirs_exist_ok=True, copy_function=link
            )
        if number:
            plant(image, random.Random(f"{sysroot.name} {number}"), faults)
        compare(image, qemu, python, result, f"round {number}:")
        shutil.rmtree(image)
    return result


PAGE = """\
# Is what verify says true?

For every extension module of an image, `crosspy verify` says by reading whether it loads. The target's own
interpreter says it by doing: under QEMU, each module in a process of its own. Both are asked about the same images:
the files of a test sysroot, first as they are, then {rounds} times with faults planted in {faults} of its modules and
in {libraries} of the libraries that these need. With `+wheels`, packages of PyPI as pip installs them are in the image.

`make differential` writes this page. A smaller run is a part of `make test`.

{table}

{reasons}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="+", metavar="NAME=SYSROOT,QEMU,PYTHON[,WHEELS]")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--faults", type=int, default=16)
    parser.add_argument("-o", "--output", type=Path, help="the page to write")
    args = parser.parse_args()
    rows = ["| target | asked | both: it loads | both: it does not | different |", "|---|---|---|---|---|"]
    reasons: Counter[str] = Counter()
    wrong: list[str] = []
    for text in args.targets:
        name, _, rest = text.partition("=")
        sysroot, qemu, python, *wheels = rest.split(",")
        with beside(Path(sysroot)) as scratch:
            found = score(
                Path(sysroot).resolve(),
                qemu,
                python,
                rounds=args.rounds,
                faults=args.faults,
                scratch=scratch,
                wheels=Path(wheels[0]).resolve() if wheels else None,
            )
        rows.append(f"| {name} | {found.asked:,} | {found.load:,} | {found.fail:,} | {len(found.wrong)} |")
        print(rows[-1], flush=True)
        reasons += found.reasons
        wrong += [
            f"- {name}, {place}: verify: {verdict}; interpreter: {real}"
            for place, (verdict, real) in found.wrong.items()
        ]
    told = ", ".join(f"{check} {count:,}" for check, count in sorted(reasons.items()))
    page = PAGE.format(
        rounds=args.rounds,
        faults=args.faults,
        libraries=args.faults // 2,
        table="\n".join(rows),
        reasons="\n".join([f"What verify said of the modules that do not load: {told}.", *wrong]),
    )
    if args.output:
        args.output.write_text(page, encoding="utf-8")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
