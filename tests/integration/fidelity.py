"""Ask the target's own Python (under QEMU) and cross-python the same questions, and compare.

``python tests/integration/fidelity.py NAME=SYSROOT,QEMU,BUILD_PYTHON ...`` prints the score per target as a table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROBE = Path(__file__).with_name("fidelity_probe.py")

REASONS = {
    # The one difference by design, and where it shows.
    r"os\.uname|platform\.(node|uname)\(\)": "the node name is `build`, as crossenv documents",
    r"platform\.(platform|processor)\(\)|platform\.platform\(terse\)": "QEMU's user mode and the build machine answer for a kernel that is neither's",
    # Variables that say which compiler is used, and with what.
    r"sysconfig\.get_config_var\((CC|CXX|AR|LDSHARED|BLDSHARED|LDCXXSHARED|LINKCC|MAINCC|RANLIB|NM|READELF)\)": "the compiler of this environment",
    r"sysconfig\.get_config_var\((\w*C(PP)?FLAGS\w*|\w*LDFLAGS\w*)\)": "cleaned of directories of the machine that built the target's Python",
    # What belongs to the interpreter that really runs.
    r"sysconfig\.get_config_var\((srcdir|projectbase|userbase)\)": "a directory of the interpreter that runs",
    r"sysconfig\.get_config_var\((installed_base|installed_platbase|base|platbase|prefix|exec_prefix)\)": "a directory of the interpreter that runs",
    r"sysconfig\.get_(path\(platstdlib\))": "a directory of the interpreter that runs",
    r"sys\.copyright": "text of the interpreter's patch release",
}
"""Why a question may be answered differently, by pattern; a difference without a reason is a defect."""


@dataclass(frozen=True, kw_only=True)
class Score:
    asked: int
    same: int
    explained: dict[str, tuple[str, str, str]]
    wrong: dict[str, tuple[str, str]]


def reference(sysroot: Path, qemu: str, python: Path, scratch: Path, packaging: Path) -> dict[str, str]:
    """Ask the target's Python, in a virtual environment that it made itself: that is what cross-python stands for.

    :param qemu: the emulator; options behind it choose another processor (armel: ``-cpu arm926``).
    """
    venv = scratch / "env"
    run = [*qemu.split(), "-L", str(sysroot)]
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(scratch)}
    subprocess.run([*run, str(python), "-m", "venv", "--without-pip", str(venv)], check=True, env=environ)
    answer = subprocess.run(
        [*run, str(venv / "bin" / "python"), str(PROBE), str(packaging)],
        check=True,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    return normalised(json.loads(answer.stdout), {str(venv): "<env>", str(sysroot): ""})


def crossed(env: Path, sysroot: Path, scratch: Path, packaging: Path) -> dict[str, str]:
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(scratch)}
    answer = subprocess.run(
        [str(env / "bin" / "python"), str(PROBE), str(packaging)],
        check=True,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    return normalised(json.loads(answer.stdout), {str(env): "<env>", str(sysroot): ""})


def normalised(answers: dict[str, str], roots: dict[str, str]) -> dict[str, str]:
    for root, short in sorted(roots.items(), key=lambda item: -len(item[0])):
        answers = {name: value.replace(root, short) for name, value in answers.items()}
    return answers


def compare(true: dict[str, str], ours: dict[str, str]) -> Score:
    explained, wrong, same = {}, {}, 0
    for name in sorted(true.keys() | ours.keys()):
        one, two = true.get(name, "(no answer)"), ours.get(name, "(no answer)")
        if one == two:
            same += 1
            continue
        reason = next((text for pattern, text in REASONS.items() if re.fullmatch(pattern, name)), None)
        if reason:
            explained[name] = (one, two, reason)
        else:
            wrong[name] = (one, two)
    return Score(asked=len(true.keys() | ours.keys()), same=same, explained=explained, wrong=wrong)


def packaging_directory() -> Path:
    import packaging

    return Path(packaging.__file__).parent.parent


def target_python(sysroot: Path) -> Path:
    return min(sysroot.glob("usr/bin/python3.[0-9]*[0-9]"))


def score(sysroot: Path, qemu: str, build_python: Path, *, env: Path | None = None) -> Score:
    """Compare one target; without ``env``, an environment is made for it."""
    with tempfile.TemporaryDirectory(prefix="fidelity-") as name:
        scratch = Path(name)
        if env is None:
            env = scratch / "cross"
            argv = [
                sys.executable,
                "-m",
                "crosspy",
                "create",
                "-q",
                str(env),
                "--sysroot",
                str(sysroot),
                "--build-python",
                str(build_python),
            ]
            subprocess.run(argv, check=True)
        packaging = packaging_directory()
        true = reference(sysroot, qemu, target_python(sysroot), scratch, packaging)
        return compare(true, crossed(env, sysroot, scratch, packaging))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="+", metavar="NAME=SYSROOT,QEMU,BUILD_PYTHON")
    parser.add_argument("-v", "--verbose", action="store_true", help="list every difference, with its reason")
    args = parser.parse_args()
    rows, details, failed = [], [], False
    for text in args.targets:
        name, _, rest = text.partition("=")
        sysroot, qemu, python = rest.split(",")
        result = score(Path(sysroot), qemu, Path(python))
        failed = failed or bool(result.wrong)
        rows.append(
            f"| {name} | {result.asked} | {result.same} | {len(result.explained)} | {len(result.wrong)} |"
        )
        for question, (one, two) in result.wrong.items():
            details.append(f"{name}: {question}: WRONG\n    target: {one[:300]}\n    cross:  {two[:300]}")
        if args.verbose:
            for question, (one, two, reason) in result.explained.items():
                details.append(
                    f"{name}: {question}: {reason}\n    target: {one[:200]}\n    cross:  {two[:200]}"
                )
    print("| target | asked | same | different, for a reason | wrong |\n|---|---|---|---|---|")
    print("\n".join(rows))
    if details:
        print("\n" + "\n".join(details))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
