from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from image_files import DATA
from test_verify_runner import target

from crosspy.cli.main import main
from crosspy.verify.runner import RULES

BAD = "/usr/lib/python3.11/x.cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def crosspy(tmp_path, capsys):
    """Run ``crosspy verify`` with these words and return its exit code, stdout and stderr."""

    def call(*words: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
        code = main(["verify", *words], environ or {}, tmp_path)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_sound_image(crosspy, make_image):
    make_image()
    code, out, err = crosspy("image")
    assert code == 0
    lines = out.splitlines()
    assert (
        "aarch64 glibc Python 3.11 .cpython-311-aarch64-linux-gnu.so (inferred from /usr/bin/python3.11)"
        in lines[0]
    )
    assert ": 6 files, 5 ELF, 1 extension module, no findings, 0." in lines[-1]
    assert "--target" in err  # only inferred


def test_findings_are_lines_with_all_that_is_known(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    code, out, _ = crosspy("image")
    assert code == 1
    lines = [line for line in out.splitlines() if line.startswith(BAD)]
    assert len(lines) == 2
    assert "error XP101: built for another machine" in lines[0]
    assert lines[0].endswith("expected AArch64 64-bit little-endian; found x86-64 64-bit little-endian")
    assert "\n    fix XP101: Build" in out
    assert "expected .cpython-311-aarch64-linux-gnu.so or .abi3.so or .so" in lines[1]
    assert "2 errors, 0 warnings, 0 info" in out.splitlines()[-1]


def test_json_is_stable_and_complete(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    code, out, _ = crosspy("image", "--format", "json")
    assert code == 1
    assert crosspy("image", "--format", "json")[1] == out
    whole = json.loads(out)
    assert whole["schema"] == 1
    (image,) = whole["images"]
    assert image["counts"] == {
        "files": 7,
        "elf": 6,
        "extension_modules": 2,
        "error": 2,
        "warning": 0,
        "info": 0,
    }
    assert image["target"]["extension_suffixes"][0] == ".cpython-311-aarch64-linux-gnu.so"
    assert [finding["check"] for finding in image["findings"]] == ["XP101", "XP301"]
    keys = {"check", "severity", "path", "message", "expected", "found", "fix", "package", "fingerprint"}
    assert set(image["findings"][0]) == keys
    assert image["extension_modules"][-1] == BAD
    assert image["accepted"] == []


def test_report_in_a_file(crosspy, make_image, tmp_path):
    make_image()
    code, out, err = crosspy("image", "--format", "json", "-o", "report.json")
    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["images"][0]["counts"]["files"] == 6
    assert "6 files" in err
    assert [path.name for path in tmp_path.glob("report*")] == ["report.json"]
    assert crosspy("image", "-o", "no/such/report")[0] == 2


def test_target_from_a_description(crosspy, make_image, tmp_path):
    make_image("x86_64")
    (tmp_path / "target.json").write_text(target().to_json())
    code, out, err = crosspy("image", "--target", "target.json")
    assert code == 1
    assert "(from target.json)" in out
    assert "inferred" not in err


def test_target_from_an_environment(crosspy, make_image, tmp_path):
    make_image()
    (tmp_path / "env" / "crosspy").mkdir(parents=True)
    (tmp_path / "env" / "crosspy" / "target.json").write_text(target().to_json())
    code, out, _ = crosspy("image", "--env", "env")
    assert code == 0
    assert "(from env)" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no image to verify"),
        (("missing",), "No such file"),
        (("empty",), "not an image"),
        (("image", "--target", "missing.json"), "No such file"),
        (("image", "--target", "z80-linux-gnu"), "No such file"),
        (("image", "--exceptions", "missing.toml"), "No such file"),
        (("image", "--baseline", "missing.json"), "No such file"),
        (("image", "--severity", "XP101=awful"), "not of the form"),
        (("image", "-o", "x", "--format", "json", "--format", "sarif"), "two reports would go to x"),
        (("image", "--select", "XQ1"), "no check is called 'XQ1'"),
        (("--explain", "XP999"), "no check is called"),
    ],
)
def test_wrong_use(crosspy, make_image, tmp_path, words, message):
    make_image()
    (tmp_path / "empty").mkdir()
    code, out, err = crosspy(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert "hint:" in err


@pytest.mark.parametrize(("level", "expected"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_fail_on(crosspy, make_image, level, expected):
    make_image(files={"/opt/agent/probe": DATA / "x86_64" / "python"})  # a warning
    assert crosspy("image", "--fail-on", level)[0] == expected


def test_info_is_counted_and_shown_when_asked_for(crosspy, make_image):
    make_image(files={"/lib/firmware/dsp.elf": DATA / "armel" / "libc.so"})
    code, out, _ = crosspy("image")
    assert code == 0
    assert "dsp.elf" not in out
    assert "1 finding below warning not shown" in out
    assert "0 errors, 0 warnings, 1 info" in out
    assert "dsp.elf" in crosspy("image", "--verbose")[1]
    assert crosspy("image", "--fail-on", "info")[0] == 1


def test_several_images(crosspy, make_image):
    make_image()
    make_image("x86_64", name="other")
    code, out, _ = crosspy("image", "other")
    assert code == 0
    assert sum("6 files, 5 ELF" in line for line in out.splitlines()) == 2


def test_an_image_that_cannot_be_read_keeps_nobody_from_the_others(crosspy, make_image, tmp_path):
    make_image()
    (tmp_path / "empty").touch()
    code, out, err = crosspy("empty", "image")
    assert code == 2
    assert "6 files, 5 ELF" in out
    assert "empty: an empty file" in err
    code, out, err = crosspy("empty", "empty")
    assert (code, out) == (2, "")
    assert "none of the images" in err


def test_colour_only_when_asked(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    assert "\033[" not in crosspy("image")[1]
    assert "\033[31merror XP101" in crosspy("image", environ={"FORCE_COLOR": "1"})[1]


def test_names_cannot_forge_lines(crosspy, make_image):
    root = make_image()
    name = "x\nsummary: all is well\033[2J.cpython-311-x86_64-linux-gnu.so"
    (root / "usr" / "lib" / name).write_bytes((DATA / "aarch64" / "ext.so").read_bytes())
    (root / "usr" / "lib" / "y\udcff.abi3.so").write_bytes(b"")
    code, out, _ = crosspy("image")
    assert code == 1
    assert "\nsummary" not in out
    assert "\033" not in out
    assert "y\\xff.abi3.so" in out
    assert json.loads(crosspy("image", "--format", "json")[1])["images"][0]["counts"]["error"] == 2


def test_explain(crosspy):
    code, out, _ = crosspy("--explain", "xp301")
    assert code == 0
    assert out.startswith("XP301  extension suffix")
    for word in ("why", "fix", "see"):
        assert f"  {word}  " in out
    assert max(len(line) for line in out.splitlines()) <= 110


def test_every_explanation_is_whole(crosspy):
    for check in RULES:
        code, out, _ = crosspy("--explain", check)
        assert code == 0
        assert [word for word in ("why", "fix", "see") if f"\n  {word}  " not in out] == []


def test_help_lists_every_check(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"], {}, Path.cwd())
    out = capsys.readouterr().out
    for check in ("XP101", "XP113", "XP301", "examples:"):
        assert check in out


@pytest.mark.parametrize(
    ("words", "machine"),
    [
        (("--target", "aarch64-poky-linux"), None),
        (("--target", "aarch64-linux-gnu"), None),
        (("--target", "riscv64-linux-gnu"), "RISC-V"),
        (("--target", "aarch64-linux-musl"), "musl"),
    ],
)
def test_target_from_a_triplet(crosspy, make_image, words, machine):
    """What the triplet does not say, the suffixes above all, is what the image's own Python says, if it fits."""
    make_image()
    code, out, err = crosspy("image", *words)
    assert "warning" not in err
    assert f"(from {words[1]}" in out
    if machine is None:
        assert code == 0
        assert "; its Python inferred from /usr/bin/python3.11)" in out
    else:
        assert code == 1
        assert machine in out
        assert "; its Python" not in out


def test_target_from_a_buildroot_config(crosspy, make_image, tmp_path):
    make_image("x86_64")
    (tmp_path / ".config").write_text(
        'BR2_HAVE_DOT_CONFIG=y\nBR2_VERSION="2025.02"\nBR2_aarch64=y\nBR2_ARCH="aarch64"\nBR2_ENDIAN="LITTLE"\n'
    )
    code, out, _ = crosspy("image", "--buildroot-config", ".config")
    assert code == 1
    assert "expected AArch64" in out
    assert "(from .config)" in out


def test_target_from_sysconfigdata(crosspy, make_image, tmp_path):
    make_image("x86_64")
    name = "_sysconfigdata__linux_aarch64-linux-gnu.py"
    values = {
        "EXT_SUFFIX": ".cpython-311-aarch64-linux-gnu.so",
        "SOABI": "cpython-311-aarch64-linux-gnu",
        "MULTIARCH": "aarch64-linux-gnu",
        "HOST_GNU_TYPE": "aarch64-unknown-linux-gnu",
        "VERSION": "3.11",
        "SIZEOF_VOID_P": 8,
    }
    (tmp_path / name).write_text(f"build_time_vars = {values!r}\n")
    code, out, _ = crosspy("image", "--sysconfigdata", name)
    assert code == 1
    assert "expected AArch64" in out
    assert f"(from {name})" in out


def test_an_image_that_does_not_say_what_it_is_for(crosspy, make_image):
    root = make_image()
    (root / "usr" / "bin" / "python3.11").unlink()
    code, _, err = crosspy("image")
    assert code == 2
    assert "XP001: " in err
    assert "--target" in err


EXCEPTIONS = """
[[verify.ignore]]
ids = ["XP1", "XP301"]
paths = ["/usr/lib/*-linux-gnu.so"]
reason = "a helper for the build machine"

[[verify.ignore]]
ids = ["XP201"]
paths = ["/usr/lib/libmpi*"]
reason = "MPI brings its own"
"""


def test_exceptions_are_counted_and_stale_ones_told(crosspy, make_image, tmp_path):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    (tmp_path / "crosspy.toml").write_text(EXCEPTIONS)
    code, out, _ = crosspy("image", "--exceptions", "crosspy.toml")
    assert code == 0
    assert "0 errors, 1 warning, 0 info, 2 accepted" in out
    (line,) = [line for line in out.splitlines() if "XP003" in line and "fix" not in line]
    assert line.startswith("/usr/lib/libmpi*: warning XP003: exception that nothing needs, in crosspy.toml;")
    image = json.loads(crosspy("image", "--exceptions", "crosspy.toml", "--format", "json")[1])["images"][0]
    assert {(row["check"], row["reason"]) for row in image["accepted"]} == {
        ("XP101", "a helper for the build machine"),
        ("XP301", "a helper for the build machine"),
    }
    # Checks that were not applied say nothing about an exception.
    assert "XP003" not in crosspy("image", "--exceptions", "crosspy.toml", "--select", "XP1,XP003")[1]
    assert crosspy("image", "--exceptions", "crosspy.toml", "--fail-on", "warning")[0] == 1
    assert (
        crosspy("image", "--exceptions", "crosspy.toml", "--fail-on", "warning", "--ignore", "XP003")[0] == 0
    )


def test_an_exception_that_one_of_several_images_needs_is_not_stale(crosspy, make_image, tmp_path):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    make_image(name="other")
    (tmp_path / "crosspy.toml").write_text(EXCEPTIONS.partition('[[verify.ignore]]\nids = ["XP201')[0])
    code, out, _ = crosspy("image", "other", "--exceptions", "crosspy.toml")
    assert code == 0
    assert "XP003" not in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[verify.ignore]]\nids = ["XP1"]\npaths = ["/a"]\n', "it has no reason"),
        ('[[verify.ignore]]\nids = ["XP1"]\npaths = ["/a"]\nreason = " "\n', "it has no reason"),
        ('[[verify.ignore]]\nids = "XP1"\npaths = ["/a"]\nreason = "r"\n', "lists of strings"),
        ('[[verify.ignore]]\nids = ["XP1"]\nreason = "r"\n', "lists of strings"),
        ('[[verify.ignore]]\nids = ["XQ"]\npaths = ["/a"]\nreason = "r"\n', "no check is called 'XQ'"),
        ('[[verify.ignore]]\nids = ["XP1"]\npaths = ["a"]\nreason = "r"\n', "never matches"),
        ('[[verify.ignore]]\nid = ["XP1"]\n', "the keys are ids, paths and reason, not id"),
        ("[verify]\nignore = 1\n", "no list of tables"),
        ("verify = 1\n", "no list of tables"),
        ("[verify\n", "no TOML"),
    ],
)
def test_an_exceptions_file_that_is_wrong(crosspy, make_image, tmp_path, text, message):
    make_image()
    (tmp_path / "crosspy.toml").write_text(text)
    code, _, err = crosspy("image", "--exceptions", "crosspy.toml")
    assert code == 2
    assert message in err


def test_a_baseline_hides_what_was_there_before(crosspy, make_image, tmp_path):
    root = make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    code, out, _ = crosspy("image", "--write-baseline", "baseline.json")
    assert code == 0
    assert "no findings, 2 accepted" in out
    assert crosspy("image", "--baseline", "baseline.json")[0] == 0
    (root / "usr" / "lib" / "new.abi3.so").write_bytes(b"")
    code, out, _ = crosspy("image", "--baseline", "baseline.json")
    assert code == 1
    assert "1 error, 0 warnings, 0 info, 2 accepted" in out
    assert "of the baseline" not in out
    (root / BAD.lstrip("/")).unlink()
    assert (
        "note: 2 findings of the baseline no longer there"
        in crosspy("image", "--baseline", "baseline.json")[1]
    )
    assert "of the baseline" not in crosspy("image", "--baseline", "baseline.json", "--select", "XP2")[1]
    for text in ("{", "[]", '{"schema": 2, "accepted": []}', '{"schema": 1, "accepted": [1]}'):
        (tmp_path / "baseline.json").write_text(text)
        assert crosspy("image", "--baseline", "baseline.json")[0] == 2


def test_severities(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    assert crosspy("image", "--severity", "XP1=warning", "--severity", "xp301=info")[0] == 0
    code, out, _ = crosspy(
        "image", "--severity", "XP1=warning", "--severity", "XP101=error", "--ignore", "XP3"
    )
    assert code == 1
    assert "1 error, 0 warnings" in out


def test_several_forms_at_once(crosspy, make_image, tmp_path):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    code, out, err = crosspy(
        "image", "--format", "table", "--format", "sarif=verify.sarif", "--format", "junit=verify.xml"
    )
    assert code == 1
    assert "2 errors" in out
    assert "2 errors" not in err
    assert json.loads((tmp_path / "verify.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "verify.xml").read_text().startswith("<?xml")
    with pytest.raises(SystemExit):
        crosspy("image", "--format", "yaml")


def test_files_hold_no_clock_and_no_path_of_this_machine(crosspy, make_image, tmp_path, monkeypatch):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    epoch = {"SOURCE_DATE_EPOCH": "1700000000"}
    forms = ("table", "json", "sarif", "junit", "github")
    words = [f"--format={form}={form}.out" for form in forms]
    ticks = itertools.count(0, 1000)

    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks) ** 2))

    def all_of_them(environ: dict[str, str]) -> dict[str, str]:
        assert crosspy("image", *words, environ=environ)[0] == 1
        return {form: (tmp_path / f"{form}.out").read_text() for form in forms}

    first, second = all_of_them({}), all_of_them({})
    assert {form for form in forms if first[form] != second[form]} == {"junit"}
    assert not [form for form in forms if str(tmp_path) in first[form]]
    first = all_of_them(epoch)
    assert first == all_of_them(epoch)
    assert 'timestamp="2023-11-14T22:13:20"' in first["junit"]
    assert crosspy("image", *words, environ={"SOURCE_DATE_EPOCH": "soon"})[0] == 2


def test_findings_are_grouped_by_package(crosspy, make_image, tmp_path):
    other = "/usr/lib/python3.11/y.cpython-311-x86_64-linux-gnu.so"
    site = "/usr/lib/python3.11/site-packages"
    make_image(
        files={
            BAD: DATA / "x86_64" / "ext.so",
            other: DATA / "x86_64" / "ext.so",
            f"{site}/pkg/z.abi3.so": DATA / "x86_64" / "ext.so",
            f"{site}/pkg-1.2.dist-info/RECORD": b"pkg/z.abi3.so,,\npkg-1.2.dist-info/RECORD,,\n",
            "/lib64": "-> usr/lib",
            "/var/lib/dpkg/info/python3-x:arm64.list": f"/lib64{BAD.removeprefix('/usr/lib')}\n".encode(),
        }
    )
    (tmp_path / "list.txt").write_text(f"python-y,.{other}\nnonsense\n")
    _, out, _ = crosspy("image", "--packages", "list.txt")
    heads = [line for line in out.splitlines() if line.endswith((" finding", " findings"))]
    assert heads == [
        "pkg 1.2 (wheel): 1 finding",
        "python-y (Buildroot): 2 findings",
        "python3-x (dpkg): 2 findings",
    ]
