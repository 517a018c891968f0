"""The classes, parsed by BitBake's own parser and run by its own task code, without OE-core.

PyPI's bitbake-setup ships all of ``bb`` that one process needs. ``mini`` stands for OE-core; a ``crosspy`` that answers
from files stands for the command, whose own tests are elsewhere. What only workers can do is in test_build.py.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]

REPORTS: list[tuple[str, str]] = []


def _stubs() -> None:
    """Stand in for the parts of BitBake that its PyPI package leaves out, and for OE-core's oe.qa."""
    for name, attributes in {
        "hashserv": {"is_valid_unihash": lambda _value: True, "create_client": None, "create_server": None},
        "hashserv.client": {},
        "prserv": {},
        "prserv.serv": {
            "PRServiceConfigError": type("PRServiceConfigError", (Exception,), {}),
            "auto_start": lambda _d: None,
            "auto_shutdown": lambda: None,
        },
        "oe": {},
        "oe.qa": {"handle_error": _handle_error, "exit_if_errors": _exit_if_errors},
        "oe.utils": {
            "parallel_make_argument": lambda d, form: form % int(d.getVar("PARALLEL_MAKE").split()[1])
        },
    }.items():
        module = sys.modules[name] = types.ModuleType(name)
        vars(module).update(attributes)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def _handle_error(name: str, text: str, d: Any) -> None:
    kinds = {kind: d.getVar(f"{kind}_QA").split() for kind in ("ERROR", "WARN")}
    assert name in kinds["ERROR"] + kinds["WARN"], name
    REPORTS.append((name, text))
    if name in kinds["ERROR"]:
        d.setVar("QA_ERRORS_FOUND", "True")


def _exit_if_errors(d: Any) -> None:
    import bb

    if d.getVar("QA_ERRORS_FOUND") == "True":
        bb.fatal("Fatal QA errors were found, failing task.")


class Bed:
    """A build directory of BitBake, and the answers that ``crosspy`` gives in it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        shutil.copytree(HERE / "mini", top / "mini")
        shutil.copytree(HERE / "mini" / "conf", top / "conf")
        (top / "checkout").mkdir()
        for name in ("classes", "meta-crosspy", "pyproject.toml", "LICENSE", "crosspy"):
            (top / "checkout" / name).symlink_to(CHECKOUT / name)
        program = top / "bin" / "crosspy"
        program.parent.mkdir()
        program.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{top}/calls\n"
            f"[ ! -e {top}/fail.$1 ] || {{ cat {top}/fail.$1 >&2; exit 8; }}\n"
            f'[ "$1" != requires ] || case "$*" in *--root*) set -- needs ;; esac\n'
            f'for word; do case $word in json=*|sarif=*) cat {top}/answer.$1 >"${{word#*=}}" ;; esac; done\n'
            f"cat {top}/answer.$1 2>/dev/null || echo '{{}}'\n"
        )
        program.chmod(0o755)

    def answer(self, command: str, data: Any) -> None:
        (self.top / f"answer.{command}").write_text(json.dumps(data))

    def calls(self) -> list[str]:
        path = self.top / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def recipe(self, name: str = "mini/recipes/gadget/gadget_2.0.bb", extra: str = "") -> Any:
        from bb.cookerdata import CookerConfiguration, CookerDataBuilder

        path = self.top / name
        if extra:
            path.write_text(path.read_text() + extra)
        configuration = CookerConfiguration()
        configuration.env = {"PATH": os.environ["PATH"]}
        builder = CookerDataBuilder(configuration, False)
        builder.parseBaseConfiguration()
        d = builder.parseRecipe(str(path), [], "")
        for directory in ("T", "D", "PKGDEST", "WORKDIR_PKGDATA", "IMAGE_ROOTFS", "IMGDEPLOYDIR"):
            Path(d.getVar(directory)).mkdir(parents=True, exist_ok=True)
        return d

    def run(self, d: Any, task: str) -> None:
        import bb

        d.setVar("BB_CURRENTTASK", task.removeprefix("do_"))
        bb.build.exec_func(task, d)


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bed:
    monkeypatch.chdir(tmp_path)
    REPORTS.clear()
    _stubs()
    import bb.build
    import bb.utils

    bb.utils._context["oe"] = sys.modules["oe"]
    logging.getLogger("BitBake").setLevel(logging.ERROR)
    return Bed(tmp_path)


def package(d: Any, name: str, file: str = "usr/lib/python3.14/site-packages/gadget.py") -> Path:
    path = Path(d.getVar("PKGDEST"), name, file)
    path.parent.mkdir(parents=True)
    path.write_text("import json\n")
    return path


NEEDS = {"packages": ["json"], "optional_packages": ["xml"], "distributions": []}


def test_a_recipe_of_the_inherit_line_has_its_tasks(bed: Bed) -> None:
    d = bed.recipe()
    bed.run(d, "do_compile")
    bed.run(d, "do_configure")
    wheel, create = bed.calls()[:2]
    assert wheel.startswith(
        f"wheel {bed.top}/tmp/work/gadget/crosspy/env --jobs 3 --no-index --no-build-isolation "
    )
    assert "-C setup-args=-Dblas=none" in wheel
    assert wheel.endswith("/tmp/work/gadget/sources/gadget-2.0")
    assert "--sysroot" in create
    assert "python3-crosspy-native" in d.getVar("DEPENDS")


def test_what_a_recipe_exports_reaches_its_build(bed: Bed) -> None:
    d = bed.recipe(
        extra='export GADGET_SSL = "open ssl"\nGADGET_MODE[export] = "1"\nGADGET_MODE = "fast"\nexport UNSET\nPLAIN = "x"\n'
    )
    bed.answer("requires", [])
    bed.run(d, "crosspy_check_requires")
    bed.run(d, "do_compile")
    bed.run(d, "do_install")
    for call in bed.calls():
        assert re.findall(r"--env (\w+)", call) == ["GADGET_MODE", "GADGET_SSL"]
    assert [call.partition(" ")[0] for call in bed.calls()] == ["requires", "wheel", "install"]


def test_another_value_of_what_a_recipe_exports_is_another_build(bed: Bed) -> None:
    import bb.data

    def inputs(extra: str) -> tuple[Any, Any]:
        d = bed.recipe(extra=extra)
        _, deps, values = bb.data.generate_dependencies(d, set())
        return deps["do_compile"], {name: values[name] for name in deps["do_compile"]}

    first, second = (inputs(f'export GADGET_SSL = "{value}"\n') for value in ("one", "two"))
    assert first[0] == second[0]
    assert [name for name in first[1] if first[1][name] != second[1][name]] == ["GADGET_SSL"]


def test_no_function_of_the_class_names_a_work_directory_in_its_hash_inputs(bed: Bed) -> None:
    d = bed.recipe()
    for function in ("crosspy_do_configure", "crosspy_do_compile", "crosspy_do_install", "crosspy_run"):
        assert str(bed.top) not in d.getVar(function, False), function


def test_where_layers_are_is_in_no_task_hash(bed: Bed) -> None:
    import bb.data

    d = bed.recipe()
    _, dependencies, _ = bb.data.generate_dependencies(d, set())
    assert "CROSSPY_PROJECT" in dependencies["crosspy_install_requires"]
    assert not [name for name, names in dependencies.items() if "crosspy" in name and "BBLAYERS" in names]


@pytest.mark.parametrize(
    ("unmet", "line"),
    [
        ({"requirement": "cython>=3", "name": "cython"}, 'CROSSPY_BUILD_REQUIRES += "cython-VERSION.tar.gz" (or a wheel) and SRC_URI[cython.sha256sum] = "..."'),
        ({"requirement": "hatch-vcs", "name": "hatch-vcs"}, 'DEPENDS += "python3-hatch-vcs-native"'),
        ({"requirement": "Ephem>4", "name": "ephem"}, 'DEPENDS += "python3-pyephem-native"'),
    ],
)  # fmt: skip
def test_a_missing_build_requirement_ends_with_the_line_to_add(
    bed: Bed, unmet: dict[str, str], line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = bed.top / "mini" / "recipes-x" / "python" / "python3-hatch-vcs_1.0.bb"
    recipe.parent.mkdir(parents=True)
    recipe.touch()
    (recipe.parent / "python3-pyephem_4.1.bb").write_text('PYPI_PACKAGE = "ephem"\n')
    bed.answer("requires", [{"found": "", "file": "", **unmet}])
    d = bed.recipe()
    d.setVar("PYPI_SRC_URI", "https://example.org/packages/source/g/gadget/gadget-2.0.tar.gz")
    message = fatal(bed, d, "crosspy_check_requires")
    assert message.endswith(line)
    assert unmet["requirement"] in message


def test_a_build_requirement_is_fetched_by_the_name_of_its_file(bed: Bed) -> None:
    d = bed.recipe(
        extra='PYPI_SRC_URI = "https://example.org/packages/source/g/gadget/gadget-2.0.tar.gz"\n'
        'CROSSPY_BUILD_REQUIRES = "scikit_build_core-0.11.6-py3-none-any.whl Some.Thing-1.0rc1.tar.gz"\n'
    )
    index = "https://example.org/packages"
    wheel = f"{index}/py3/s/scikit-build-core/scikit_build_core-0.11.6-py3-none-any.whl"
    sdist = f"{index}/source/s/some-thing/Some.Thing-1.0rc1.tar.gz"
    assert d.getVar("SRC_URI").split() == [
        f"{wheel};name=scikit-build-core;unpack=0",
        f"{sdist};name=some-thing;unpack=0",
    ]


def test_crates_in_src_uri_bring_rust(bed: Bed) -> None:
    (bed.top / "mini/classes/rust-common.bbclass").write_text(
        'RUST_HOST_SYS = "aarch64-x-linux-gnu"\nRUSTLIB_DEP = "libstd-rs"\n'
    )
    assert "32bit-time" not in (bed.recipe().getVar("INSANE_SKIP") or "")
    d = bed.recipe(extra='SRC_URI += "crate://crates.io/libc/0.2.174"\n')
    assert "32bit-time" in d.getVar("INSANE_SKIP").split()
    assert {"cargo-native", "rust-native", "libstd-rs"} <= set(d.getVar("DEPENDS").split())
    bed.run(d, "do_configure")
    bed.run(d, "do_compile")
    create, wheel = bed.calls()[0], bed.calls()[-1]
    assert create.endswith("--rust-target aarch64-x-linux-gnu")
    assert f"--crates {d.getVar('UNPACKDIR')}/cargo_home/bitbake" in wheel


def test_a_source_that_brings_its_crates_says_so_and_has_rust(
    bed: Bed, capfd: pytest.CaptureFixture[str]
) -> None:
    """orjson: no crate is in SRC_URI."""
    import bb.process

    (bed.top / "fail.wheel").write_text("error: x was not built [no-rust]: there is no Rust compiler\n")
    with pytest.raises(bb.process.ExecutionError):
        bed.run(bed.recipe(), "do_compile")
    assert 'In the recipe: CROSSPY_RUST = "1"\n' in capfd.readouterr().out
    (bed.top / "fail.wheel").unlink()
    d = bed.recipe(extra='CROSSPY_RUST = "1"\n')
    assert {"cargo-native", "rust-native", "libstd-rs"} <= set(d.getVar("DEPENDS").split())
    bed.run(d, "do_configure")
    bed.run(d, "do_compile")
    create, wheel = bed.calls()[-2:]
    assert create.endswith("--rust-target aarch64-gadget-linux-gnu")
    assert "--crates" not in wheel


def test_programs_of_native_recipes_see_what_src_uri_brings_to_build_with(bed: Bed) -> None:
    """cython3 of a -native recipe, and NumPy's .pxd from CROSSPY_BUILD_REQUIRES."""
    bed.run(bed.recipe(), "do_configure")
    wheel = "numpy-2.4.3-cp314-cp314-manylinux_2_28_x86_64.whl"
    d = bed.recipe(
        extra='PYPI_SRC_URI = "https://example.org/packages/source/g/gadget/gadget-2.0.tar.gz"\n'
        f'CROSSPY_BUILD_REQUIRES = "{wheel}"\n'
    )
    bed.run(d, "do_configure")
    without, create = bed.calls()[0], next(call for call in bed.calls() if "PYTHONPATH" in call)
    layer = f"{d.getVar('CROSSPY_ENV')}/build/lib/{d.getVar('PYTHON_DIR')}/site-packages"
    assert f"--env PYTHONPATH={layer} " in f"{create} "
    assert "PYTHONPATH" not in without


def fatal(bed: Bed, d: Any, function: str) -> str:
    """Run a function that must fail, and return its one error."""
    import bb

    records: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record.getMessage())

    logger = logging.getLogger("BitBake")
    handler = Handler(logging.ERROR)
    logger.addHandler(handler)
    try:
        with pytest.raises(bb.BBHandledException):
            bed.run(d, function)
    finally:
        logger.removeHandler(handler)
    assert len(records) == 1, records
    return records[0]


def test_a_version_that_the_layers_do_not_have_is_a_warning_with_a_name(bed: Bed) -> None:
    bed.answer("requires", [{"requirement": "cython<3.1", "name": "cython", "found": "3.2.4", "file": ""}])
    bed.run(bed.recipe(), "crosspy_check_requires")
    [(name, text)] = REPORTS
    assert name == "crosspy-build-requires"
    assert "cython<3.1" in text
    assert "3.2.4" in text
    assert 'SRC_URI[cython.sha256sum] = "..."' in text


def test_a_build_that_fails_with_another_version_names_it(
    bed: Bed, capfd: pytest.CaptureFixture[str]
) -> None:
    """setuptools 69 of scarthgap, and a licence as setuptools 77 reads it."""
    import bb.process

    bed.answer(
        "requires", [{"requirement": "setuptools>=77", "name": "setuptools", "found": "69.1.1", "file": ""}]
    )
    d = bed.recipe(extra='INSANE_SKIP += "crosspy-build-requires"\n')
    bed.run(d, "crosspy_check_requires")
    assert REPORTS == []
    (bed.top / "fail.wheel").write_text("error: x was not built: why\nhint: do y\n")
    with pytest.raises(bb.process.ExecutionError):
        bed.run(d, "do_compile")
    [error] = re.findall(r"^ERROR: crosspy wheel failed: .*\n.*\n.*", capfd.readouterr().out, re.MULTILINE)
    assert (
        "hint: do y\npyproject.toml asks for setuptools>=77 to build, and the layers have setuptools 69.1.1"
        in error
    )
    assert 'SRC_URI += "https://.../setuptools-VERSION.tar.gz' in error


def test_the_commands_own_message_is_the_error(bed: Bed) -> None:
    (bed.top / "fail.requires").write_text("error: pyproject.toml cannot be read: Expected '=' (at line 2)\n")
    assert "Expected '=' (at line 2)" in fatal(bed, bed.recipe(), "crosspy_check_requires")


def test_the_last_error_of_a_build_is_the_tasks(bed: Bed, capfd: pytest.CaptureFixture[str]) -> None:
    import bb.process

    said = "error: metadata-generation-failed\nnote: not pip\nerror: x was not built [network]: why\nhint: do y\n"
    (bed.top / "fail.wheel").write_text(f"{said}The whole log: /somewhere\n")
    with pytest.raises(bb.process.ExecutionError):
        bed.run(bed.recipe(), "do_compile")
    error = "ERROR: crosspy wheel failed: error: x was not built [network]: why\nhint: do y\n"
    _, found, rest = capfd.readouterr().out.partition(error)
    # BitBake's own line, from another process, comes in time or not.
    assert (found, rest.replace("WARNING: exit code 1 from a shell command.\n", "")) == (error, "")


def test_split_packages_of_the_standard_library_are_run_time_dependencies(bed: Bed) -> None:
    d = bed.recipe()
    package(d, "gadget")
    bed.answer("needs", NEEDS)
    bed.run(d, "crosspy_rdepends")
    assert "python3-json" in d.getVar("RDEPENDS:gadget").split()
    assert d.getVar("RRECOMMENDS:gadget").split() == ["python3-xml"]


def test_a_distribution_that_is_required_is_found_or_asked_for(bed: Bed) -> None:
    d = bed.recipe(
        extra='RDEPENDS:${PN} += "python3-attrs python3-dateutil python3-pyephem"\nCROSSPY_RDEPENDS_IGNORE = "colorama"\n'
    )
    package(d, "gadget")
    known = Path(d.getVar("WORKDIR_PKGDATA"), "runtime-reverse", "python3-typing-extensions")
    known.parent.mkdir(parents=True)
    known.touch()
    known.with_name("python3-zopeinterface").touch()
    layer = bed.top / "mini" / "recipes-x" / "python"
    layer.mkdir(parents=True)
    (layer / "python3-pyephem_4.1.bb").write_text('PYPI_PACKAGE = "ephem"\n')
    requirements = (
        "attrs>=20",
        "Typing_Extensions",
        "colorama",
        "Click>=8",
        "python-dateutil",
        "zope.interface",
        "ephem",
    )
    bed.answer(
        "needs",
        {
            **NEEDS,
            "distributions": [{"requirement": r, "needed_by": "gadget", "found": ""} for r in requirements],
        },
    )
    bed.run(d, "crosspy_rdepends")
    assert {"python3-typing-extensions", "python3-zopeinterface"} <= set(d.getVar("RDEPENDS:gadget").split())
    [(name, text)] = REPORTS
    assert name == "crosspy-rdepends"
    assert 'RDEPENDS:${PN} += "python3-click"' in text


def finding(**changes: str) -> dict[str, Any]:
    one = {
        "check": "XP301",
        "severity": "error",
        "path": "/a.so",
        "message": "wrong",
        "expected": "x",
        "found": "y",
        "fix": "Do.",
    }
    return {"images": [{"findings": [{**one, **changes}]}]}  # fmt: skip


def test_findings_are_reported_under_their_own_names(bed: Bed) -> None:
    d = bed.recipe()
    package(d, "gadget")
    bed.answer("verify", finding())
    check(bed, d)
    assert [name for name, _ in REPORTS] == ["XP301"]
    assert d.getVar("QA_ERRORS_FOUND") == "True"


@pytest.mark.parametrize(
    ("line", "reported", "failed"),
    [
        ('INSANE_SKIP:${PN} = "XP301"\n', [], None),
        ('WARN_QA:append = " XP301"\n', ["XP301"], None),
        ('INSANE_SKIP:other = "XP301"\n', ["XP301"], "True"),
    ],
)
def test_insane_skip_and_warn_qa_decide(bed: Bed, line: str, reported: list[str], failed: str | None) -> None:
    d = bed.recipe(extra=line)
    package(d, "gadget")
    bed.answer("verify", finding())
    check(bed, d)
    assert [name for name, _ in REPORTS] == reported
    assert d.getVar("QA_ERRORS_FOUND") == failed


def test_the_target_is_described_once_for_all_packages(bed: Bed) -> None:
    d = bed.recipe()
    package(d, "gadget")
    bed.answer("verify", {"images": [{"findings": []}]})
    check(bed, d)
    check(bed, d)
    assert [call.split()[0] for call in bed.calls()] == ["describe", "verify", "verify"]


def test_a_package_is_verified_as_older_series_call_it(bed: Bed) -> None:
    """scarthgap's insane.bbclass gives a third argument."""
    d = bed.recipe()
    package(d, "gadget")
    bed.answer("verify", finding())
    check(bed, d, "'gadget', d, {}")
    assert [name for name, _ in REPORTS] == ["XP301"]


def check(bed: Bed, d: Any, arguments: str = "'gadget', d") -> None:
    import bb

    bb.utils.better_exec(
        bb.utils.better_compile(f"package_qa_check_crosspy({arguments})", "check", "check"),
        {"d": d},
        None,
        False,
    )


def test_an_image_with_errors_fails_and_has_its_report(bed: Bed) -> None:
    bed.answer("verify", finding())
    d = bed.recipe("mini/recipes/gadget/gadget-image_1.0.bb")
    fatal(bed, d, "crosspy_verify_image")
    for form in ("json", "sarif"):
        report = Path(d.getVar("IMGDEPLOYDIR"), f"gadget.crosspy.{form}")
        assert json.loads(report.read_text()) == finding()
    assert REPORTS[0][0] == "crosspy-image"


def test_an_image_without_findings_passes(bed: Bed) -> None:
    bed.answer("verify", {"images": [{"findings": []}]})
    bed.run(bed.recipe("mini/recipes/gadget/gadget-image_1.0.bb"), "crosspy_verify_image")
    assert REPORTS == []


def test_an_image_of_a_multilib_is_held_against_its_own_python(bed: Bed) -> None:
    d = bed.recipe("mini/recipes/gadget/gadget-image_1.0.bb", 'MLPREFIX = "lib32-"\n')
    needed = d.getVarFlag("do_image_qa", "depends").split()
    assert {"lib32-python3:do_populate_sysroot", "virtual/lib32-libc:do_populate_sysroot"} <= set(needed)
    assert "python3-crosspy-native:do_populate_sysroot" in needed


def test_the_recipe_of_crosspy_has_the_version_of_the_checkout(bed: Bed) -> None:
    d = bed.recipe("checkout/meta-crosspy/recipes-devtools/python/python3-crosspy.bb")
    assert f'version = "{d.getVar("PV")}"' in (CHECKOUT / "pyproject.toml").read_text()


def test_functions_that_are_called_in_quotes_are_named(bed: Bed) -> None:
    """BitBake 2.8 leaves them out of a task's script otherwise; newer ones see them."""
    d = bed.recipe()
    calls = {
        (function, called)
        for function in d.keys()  # noqa: SIM118 -- a data store is no mapping
        if function.startswith("crosspy_") and d.getVarFlag(function, "func")
        for called in re.findall(r'"[^"\n]*\$\((crosspy_\w+)', d.getVar(function, False))
    }
    assert calls
    assert all(called in (d.getVarFlag(name, "vardeps") or "").split() for name, called in calls)


@pytest.mark.parametrize("name", ["crosspy.bbclass", "crosspy-image.bbclass"])
def test_every_variable_is_documented(name: str) -> None:
    text = (CHECKOUT / "classes" / name).read_text()
    variables = set(re.findall(r"^(CROSSPY_\w+) \??\??=", text, re.MULTILINE))
    documented = set(re.findall(r"^(CROSSPY_\w+)\[doc\]", text, re.MULTILINE))
    assert variables - documented <= {"CROSSPY_OFFLINE", "CROSSPY_EXPORTS_OF_OTHERS"}
    assert documented <= variables
