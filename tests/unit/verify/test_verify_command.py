from __future__ import annotations

import json
from pathlib import Path

import pytest
from image_files import DATA
from test_verify_runner import target

from crosspy.cli.main import main

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
    assert ": 5 files, 5 ELF, 1 extension module, no findings, 0." in lines[-1]
    assert "--target" in err  # only inferred


def test_findings_are_lines_with_all_that_is_known(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    code, out, _ = crosspy("image")
    assert code == 1
    lines = [line for line in out.splitlines() if line.startswith(BAD)]
    assert len(lines) == 2
    assert "error XP101: built for another machine" in lines[0]
    assert "expected AArch64 64-bit little-endian; found x86-64 64-bit little-endian; fix: Build" in lines[0]
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
        "files": 6,
        "elf": 6,
        "extension_modules": 2,
        "error": 2,
        "warning": 0,
        "info": 0,
    }
    assert image["target"]["extension_suffixes"][0] == ".cpython-311-aarch64-linux-gnu.so"
    assert [finding["check"] for finding in image["findings"]] == ["XP101", "XP301"]
    assert set(image["findings"][0]) == {"check", "severity", "path", "message", "expected", "found", "fix"}


def test_report_in_a_file(crosspy, make_image, tmp_path):
    make_image()
    code, out, err = crosspy("image", "--format", "json", "-o", "report.json")
    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["images"][0]["counts"]["files"] == 5
    assert "5 files" in err
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
    assert sum("5 files, 5 ELF" in line for line in out.splitlines()) == 2


def test_colour_only_when_asked(crosspy, make_image):
    make_image(files={BAD: DATA / "x86_64" / "ext.so"})
    assert "\033[" not in crosspy("image")[1]
    assert "\033[31merror" in crosspy("image", environ={"FORCE_COLOR": "1"})[1]


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


def test_help_lists_every_check(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"], {}, Path.cwd())
    out = capsys.readouterr().out
    for check in ("XP101", "XP113", "XP301", "examples:"):
        assert check in out
