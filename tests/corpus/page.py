"""docs/corpus.md, from the results: no number in it comes from elsewhere."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from corpus.packages import Package
from corpus.results import Result
from corpus.workshop import native_target

_LEAD: Final = """\
# The corpus

Made by `make corpus`; change nothing here by hand. Packages that people put on boards, each built from its source
distribution, installed into an image (`crosspy install`), verified (`crosspy verify`), imported and exercised under
QEMU by the target's own Python. What a package needs is found, or it is a failure here: none has settings of its own, but
those that its native build needs here as well (`settings` in `tests/corpus/packages.toml`: matplotlib's).

| flavour | how it is built |
|---|---|
| native | `pip wheel` and the build machine's Python, once for each X.Y; a package counts only if that works |
| crosspy | `crosspy wheel ENV SDIST`; where it needs others of the corpus, `--find-links` to their wheels |
| crosspy-again | the same in another environment, at another time: must be the same wheel, byte by byte |
| crossenv | crossenv 1.6.2 as it is created, `pip wheel SDIST` |
| crossenv-helped | its README's way: build requirements by `build-pip`, no isolation, `PKG_CONFIG_*` set |
| envvars | Buildroot's way: the build machine's Python, variables, build requirements installed by hand |

All flavours build the same file, the newest that supports the target's Python when the lock was made
(`tests/corpus/lock-X.Y.txt`). One check judges all: tags, machine and suffix of the wheel, then image, verification
and the exercise of `tests/corpus/packages.toml`.

```console
$ make corpus                                                   # arm64, crosspy: what has no result yet
$ make sysroot-armhf-corpus; make corpus C="--target arm64,armhf --tier small"
$ make corpus C="--target arm64 --only numpy,lxml --flavour crosspy,native"
$ make corpus C="--again --only numpy"                          # although there is a result
$ make corpus C="--target s390x --sample"                       # some of each kind
$ make corpus C="--page"                                        # this page alone
```

The results are kept in `tests/corpus/results/`, each with its date and, of crosspy's, the commit; a run adds its own.
"""


def page(packages: Mapping[str, Package], results: Iterable[Result], flavours: Sequence[str]) -> str:
    """Return the page; a native result is shown with every target of its X.Y that the package was tried for."""
    found = [result for result in results if result.package in packages]
    targets = sorted({result.target for result in found}, key=lambda name: (name != "arm64", name))
    tried = {(result.target, result.package) for result in found}
    found += [
        dataclasses.replace(result, target=target)
        for target in targets
        for result in found
        if result.flavour == "native"
        and native_target(target) == result.target != target
        and (target, result.package) in tried
    ]
    parts = [_LEAD, _when(found), _summary(found, targets, flavours)]
    ours = [(result.date, result.commit) for result in found if result.code]
    newest = max(ours, default=("", ""))[1]
    parts += [_target(packages, found, target, flavours, newest) for target in targets]
    return "\n".join(parts)


def _when(results: Sequence[Result]) -> str:
    states = Counter(result.commit for result in results if result.code)
    flags = sorted({f"`{result.flags}`" for result in results})
    dates = sorted(result.date for result in results)
    if not results:
        return "Nothing has been run.\n"
    commits = ", ".join(f"{commit} ({count})" for commit, count in states.most_common())
    return (
        f"Run from {dates[0][:10]} to {dates[-1][:10]} with {', '.join(flags)} for C, C++ and Fortran, and cargo without optimisation. Commits of crosspy, with "
        f"the number of its results: {commits}. Seconds are of the build alone, on a machine busy with other work: "
        "they compare to nothing.\n"
    )


def _summary(results: Sequence[Result], targets: Sequence[str], flavours: Sequence[str]) -> str:
    """Good of those tried, and good of those tried whose native build works (with the same X.Y)."""
    lines = [
        "## Score",
        "",
        "Good / tried; in brackets only packages whose native build is good.",
        "",
        f"| target | {' | '.join(flavours)} |",
        f"|---|{'---|' * len(flavours)}",
    ]
    for target in targets:
        native = native_ok(results, target)
        cells = []
        for flavour in flavours:
            tried = [result for result in results if (result.target, result.flavour) == (target, flavour)]
            fair = [result for result in tried if result.package in native]
            cell = f"{sum(map(_good, tried))} / {len(tried)}"
            if flavour != "native":
                cell += f" ({sum(map(_good, fair))} / {len(fair)})"
            cells.append(cell if tried else "")
        lines.append(f"| {target} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def native_ok(results: Iterable[Result], target: str) -> set[str]:
    wanted = ("native", target)
    return {result.package for result in results if (result.flavour, result.target) == wanted and result.ok}


def _good(result: Result) -> bool:
    return result.ok


def _target(
    packages: Mapping[str, Package],
    results: Sequence[Result],
    target: str,
    flavours: Sequence[str],
    newest: str,
) -> str:
    mine = {(result.package, result.flavour): result for result in results if result.target == target}
    shown = [flavour for flavour in flavours if any(key[1] == flavour for key in mine)]
    lines = [
        f"## {target}",
        "",
        f"| package | version | back end | {' | '.join(shown)} |",
        f"|---|---|---|{'---|' * len(shown)}",
    ]
    for name in packages:
        row = [mine.get((name, flavour)) for flavour in shown]
        known = next((result for result in row if result), None)
        if known:
            cells = [_cell(result, known.version) for result in row]
            lines.append(f"| {name} | {known.version} | {known.backend} | {' | '.join(cells)} |")
    missing = [name for name in packages if not any(key[0] == name for key in mine)]
    excluded = {name: packages[name].exclude[target] for name in missing if target in packages[name].exclude}
    lines += ["", *(f"- {name} is left out: {reason}" for name, reason in excluded.items())]
    if not_run := [name for name in missing if name not in excluded]:
        lines += [f"- not run: {', '.join(not_run)}"]
    lines += _older(mine.values(), order=list(packages), newest=newest)
    bad = [result for result in mine.values() if not result.ok]
    order = list(packages)
    bad.sort(key=lambda result: (list(flavours).index(result.flavour), order.index(result.package)))
    if bad:
        lines += ["", "| flavour | package | step | cause |", "|---|---|---|---|"]
        lines += [f"| {r.flavour} | {r.package} | {r.result} | {_code(r.cause)} |" for r in bad]
    return "\n".join(lines) + "\n"


def _older(results: Iterable[Result], order: Sequence[str], newest: str) -> list[str]:
    """Name what another crosspy built than the newest that anything was built by."""
    groups = defaultdict(list)
    for result in results:
        if result.code and result.commit != newest:
            groups[result.flavour, result.commit, result.date[:10]].append(result.package)
    return [
        f"- {flavour} of {commit}, {date}: {', '.join(sorted(names, key=order.index))}"
        for (flavour, commit, date), names in sorted(groups.items())
    ]


def _cell(result: Result | None, version: str) -> str:
    if result is None:
        return ""
    other = "" if result.version == version else f" ({result.version})"
    return f"ok{other}, {result.seconds:.0f} s" if result.ok else f"**{result.result}**{other}"


def _code(text: str) -> str:
    cleaned = text.replace("|", "\\|").replace("`", "'")
    return f"`{cleaned}`"
