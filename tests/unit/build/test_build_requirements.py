"""What a project's build needs, and what of it is there."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest
from sample_targets import make_target, put

from crosspy.build.requirements import Unmet, build_requirements, unmet_requirements
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import BuildFailedError


def project(tmp_path: Path, text: str) -> Path:
    return put(tmp_path / "project", {"pyproject.toml": text})


def environment(tmp_path: Path, back_end: str = "echo '[]'", **distributions: str) -> CrossEnv:
    """Return an environment whose build Python has these distributions and no others, and what its back end does."""
    library = tmp_path / "library"
    library.mkdir()
    for name, version in distributions.items():
        put(library / f"{name}-{version}.dist-info", {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"})  # fmt: skip
    env = CrossEnv(root=tmp_path / "env", target=make_target())
    put(
        env.build_python.parent,
        {"python": f'#!/bin/sh\nPYTHONPATH={library} exec {sys.executable} -S "$@"\n'},
    )
    env.build_python.chmod(0o755)
    put(env.python.parent, {"python": f"#!/bin/sh\n{back_end}\n"})
    env.python.chmod(0o755)
    return env


def test_a_projects_own_table_says_what_it_needs(tmp_path: Path) -> None:
    assert build_requirements(project(tmp_path, '[build-system]\nrequires = ["a>=1", "b"]\n')) == (
        "a>=1",
        "b",
    )


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[build-system]\n"])
def test_without_a_table_it_is_setuptools(tmp_path: Path, text: str) -> None:
    assert build_requirements(project(tmp_path, text)) == ("setuptools>=40.8.0",)


def test_a_setup_py_alone_is_a_project(tmp_path: Path) -> None:
    assert build_requirements(put(tmp_path, {"setup.py": ""})) == ("setuptools>=40.8.0",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[build-system\n", "cannot be read"),
        ("[build-system]\nrequires = 'a'\n", "no list"),
        ("[build-system]\nrequires = [1]\n", "no list"),
        ("build-system = 3\n", "no list"),
    ],
)
def test_a_broken_pyproject_is_one_error_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BuildFailedError, match=said) as caught:
        build_requirements(project(tmp_path, text))
    assert "pyproject.toml" in caught.value.message
    assert caught.value.hint


def test_bytes_that_are_no_text_are_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(BuildFailedError, match="cannot be read"):
        build_requirements(put(tmp_path, {"pyproject.toml": b"\xff\xfe\x00"}))


def test_an_empty_directory_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(BuildFailedError, match="no Python project"):
        build_requirements(tmp_path)


def test_what_is_there_is_not_asked_for(tmp_path: Path) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["Flit_Core>=3", "cython"]\n')
    env = environment(tmp_path, flit_core="3.12.0")
    assert unmet_requirements(env, tree, [], environ={}) == [Unmet(requirement="cython", name="cython")]


def test_another_version_is_told(tmp_path: Path) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["cython<3.1"]\n')
    assert unmet_requirements(environment(tmp_path, cython="3.2.4"), tree, [], environ={}) == [
        Unmet(requirement="cython<3.1", name="cython", found="3.2.4")
    ]


def test_markers_are_the_targets(tmp_path: Path) -> None:
    tree = project(
        tmp_path,
        "[build-system]\nrequires = [\"a; platform_machine == 'aarch64'\", \"b; platform_machine == 'riscv64'\"]\n",
    )
    assert [one.name for one in unmet_requirements(environment(tmp_path), tree, [], environ={})] == ["a"]


def wheel(*needed: str) -> bytes:
    """A wheel that needs others to run."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        lines = "".join(f"Requires-Dist: {one}\n" for one in needed)
        archive.writestr("x/_vendor/y-1.dist-info/METADATA", "Requires-Dist: of-another\n")
        archive.writestr("x-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{lines}")
    return file.getvalue()


def test_what_a_file_needs_itself_is_asked_for_with_it(tmp_path: Path) -> None:
    """A newer meson-python than the layers have: Meson, of which nothing else spoke, and a newer pyproject-metadata."""
    tree = project(tmp_path, '[build-system]\nrequires = ["meson-python>=0.18"]\n')
    needed = (
        "meson>=1.2.3; python_version >= '3'",
        "pyproject-metadata>=0.9",
        "there",
        "win; os_name == 'nt'",
        "x; extra == 'test'",
    )
    links = put(
        tmp_path / "links",
        {
            "meson_python-0.19.0-py3-none-any.whl": wheel(*needed),
            "pyproject_metadata-0.11.0-py3-none-any.whl": wheel("deeper", "meson-python"),
        },
    )
    env = environment(tmp_path, meson_python="0.15", pyproject_metadata="0.7.1", there="1")
    found = unmet_requirements(env, tree, [links], environ={})
    assert {one.name: Path(one.file).name for one in found} == {
        "meson-python": "meson_python-0.19.0-py3-none-any.whl",
        "pyproject-metadata": "pyproject_metadata-0.11.0-py3-none-any.whl",
        "meson": "",
        "deeper": "",
    }


def test_files_that_meet_a_requirement_are_found(tmp_path: Path) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["scikit-build-core>=0.10"]\n')
    links = put(
        tmp_path / "links",
        {
            "scikit_build_core-0.9.tar.gz": "",
            "scikit_build_core-0.11.6-py3-none-any.whl": wheel("packaging>=23"),
            "README": "",
            "x.whl": "",
        },
    )
    env = environment(tmp_path, packaging="24")
    [one] = unmet_requirements(env, tree, [links, tmp_path / "nowhere"], environ={})
    assert one.file == str(links / "scikit_build_core-0.11.6-py3-none-any.whl")


def test_a_newer_file_of_what_is_there_is_used_unless_the_project_does_not_want_it(tmp_path: Path) -> None:
    """setuptools of scarthgap and another one beside it: each checks with the trove-classifiers that there are."""
    tree = project(tmp_path, '[build-system]\nrequires = ["setuptools>=69", "cython<3.1"]\n')
    names = ("setuptools-69.0", "setuptools-82.0.1", "trove_classifiers-2026.1", "trove_classifiers-2025.1")
    names += ("cython-3.2.4", "packaging-23.2", "absent-1", "wheel-x.y")
    links = put(tmp_path / "links", {f"{name}-py3-none-any.whl": wheel() for name in names})
    env = environment(
        tmp_path, "exit 1", setuptools="69.1.1", cython="3.0.8", trove_classifiers="2024.2", packaging="26.0"
    )
    found = unmet_requirements(env, tree, [links], environ={})
    assert [(one.requirement, one.name, one.found) for one in found] == [
        ("setuptools==82.0.1", "setuptools", "69.1.1"),
        ("trove-classifiers==2026.1", "trove-classifiers", "2024.2"),
    ]
    assert [Path(one.file).name for one in found] == [
        "setuptools-82.0.1-py3-none-any.whl",
        "trove_classifiers-2026.1-py3-none-any.whl",
    ]


def test_a_requirement_that_nobody_can_read_is_an_error(tmp_path: Path) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["a >> 1"]\n')
    with pytest.raises(BuildFailedError, match="is no requirement"):
        unmet_requirements(environment(tmp_path), tree, [], environ={})


@pytest.mark.parametrize(
    ("back_end", "asked"),
    [
        ('echo \'["ninja>=1.8", "flit-core"]\'', ["ninja>=1.8"]),
        ("echo no json", []),
        ("echo '{}'", []),
        ("exit 1", []),
    ],
)
def test_the_back_end_is_asked_for_more(tmp_path: Path, back_end: str, asked: list[str]) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["flit-core"]\n')
    env = environment(tmp_path, back_end, flit_core="3.12.0")
    assert [one.requirement for one in unmet_requirements(env, tree, [], environ={})] == asked


def test_the_back_end_is_not_asked_before_it_is_there(tmp_path: Path) -> None:
    tree = project(tmp_path, '[build-system]\nrequires = ["meson-python"]\n')
    env = environment(tmp_path, "echo '[\"ninja\"]'")
    assert [one.name for one in unmet_requirements(env, tree, [], environ={})] == ["meson-python"]


@pytest.mark.parametrize(("asked", "unmet"), [("ninja>=1.8", []), ("ninja>=2", ["1.13.0"]), ("cmake", [""])])
def test_a_program_on_path_is_what_its_distribution_would_bring(
    tmp_path: Path, asked: str, unmet: list[str]
) -> None:
    program = put(tmp_path / "native", {"ninja": "#!/bin/sh\necho 1.13.0\n", "cmake": "#!/bin/sh\nexit 1\n"})
    for path in program.iterdir():
        path.chmod(0o755)
    tree = project(tmp_path, f'[build-system]\nrequires = ["{asked}"]\n')
    found = unmet_requirements(environment(tmp_path), tree, [], environ={"PATH": f"{program}:/bin"})
    assert [one.found for one in found] == unmet
