"""``_sysconfigdata*.py`` is data of somebody else: read as a literal, and never run."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_targets import config_vars, sysconfigdata

from crosspy.describe.sysconfigdata import Sysconfigdata, check_agreement, parse
from crosspy.errors import ContradictionError, TargetDataError


@pytest.fixture
def parse_text(tmp_path: Path):
    def call(text: str | bytes, name: str = "_sysconfigdata__linux_x.py") -> Sysconfigdata:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return parse(path)

    return call


def test_a_literal(parse_text):
    data = parse_text(sysconfigdata(config_vars()))
    assert data.variables == config_vars()
    assert data.version == "3.11"
    assert data.text("SIZEOF_VOID_P") == "8"
    assert data.number("SIZEOF_VOID_P") == 8
    assert data.text("no such") == ""
    assert data.number("no such") is None
    assert data.number("SOABI") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"""A docstring."""\nbuild_time_vars = {"A": "x"}', "x"),
        ("# -*- coding: latin-1 -*-\nbuild_time_vars = {'A': '\xe9'}".encode("latin-1"), "é"),
        ("build_time_vars = {'A': 'one '\n      'two'}", "one two"),
        ("build_time_vars = {'A': -1}", -1),
        ("build_time_vars = {'A': ''}", ""),
        ("build_time_vars = {'A': 'x'}\r\n", "x"),
        ("\ufeffbuild_time_vars = {'A': 'x'}", "x"),
        ("build_time_vars = {'A': 1, 'A': 2}", 2),
    ],
)
def test_forms_of_a_literal(parse_text, text, value):
    assert parse_text(text).variables == {"A": value}


def test_numbers_that_are_text(parse_text):
    data = parse_text("build_time_vars = {'A': '8', 'B': '-8', 'C': '', 'D': '8 '}")
    assert [data.number(name) for name in "ABCD"] == [8, None, None, None]


def test_the_version_of_old_files(parse_text):
    assert parse_text("build_time_vars = {'py_version_short': '3.11'}").version == "3.11"
    assert parse_text("build_time_vars = {}").version == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import pathlib\npathlib.Path(MARKER).touch()\nbuild_time_vars = {}", 1),
        ("build_time_vars = {}\nopen(MARKER, 'w')", 2),
        ("build_time_vars = {\n 'A': 'x',\n 'B': open(MARKER, 'w'),\n}", 3),
        ('build_time_vars = {\n "A": f"{open(MARKER, chr(119))}"}', 2),
        ("build_time_vars = {\n\n 'A': (lambda: open(MARKER, 'w'))()}", 3),
        ("build_time_vars = {open(MARKER, 'w'): 'A'}", 1),
        ("build_time_vars = {'A': [open(MARKER, 'w') for _ in 'x']}", 1),
        ("build_time_vars = {'A': 'x'.join(['a'])}", 1),
        ("build_time_vars = {'A': 'x' + 'y'}", 1),
        ("build_time_vars = {'A': 'x' * 1000000000}", 1),
        ("build_time_vars = {'A': NAME}", 1),
        ("build_time_vars = {**{'A': open(MARKER, 'w')}}", 1),
        ("build_time_vars = dict(A=open(MARKER, 'w'))", 1),
        ("build_time_vars = {k: open(MARKER, 'w') for k in 'A'}", 1),
        ("\ndef build_time_vars():\n    open(MARKER, 'w')", 2),
        ("\n\nclass build_time_vars(open(MARKER, 'w')): pass", 3),
        ("if open(MARKER, 'w'):\n    build_time_vars = {}", 1),
        ("build_time_vars: open(MARKER, 'w') = {}", 1),
        ("build_time_vars = other = {}", 1),
        ("build_time_vars, other = {}, open(MARKER, 'w')", 1),
        ("build_time_vars = {}\nbuild_time_vars['A'] = open(MARKER, 'w')", 2),
        ("build_time_vars = {}\nbuild_time_vars |= {'A': open(MARKER, 'w')}", 2),
        ("build_time_vars = {'A': 1}\nbuild_time_vars = {'A': 2}", 2),
        ("other = {}", 1),
        ('f"{open(MARKER, chr(119))}"\nbuild_time_vars = {}', 1),
    ],
)
def test_code_is_refused_with_its_line_and_not_run(parse_text, tmp_path, text, line):
    marker = tmp_path / "executed"
    with pytest.raises(TargetDataError, match=rf"_sysconfigdata__linux_x\.py, line {line}: code ") as caught:
        parse_text(text.replace("MARKER", repr(str(marker))))
    assert "never runs it" in caught.value.message
    assert "--sysconfigdata-file" in caught.value.hint
    assert not marker.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no `build_time_vars = "),
        ('"""Only a docstring."""', "no `build_time_vars = "),
        ("build_time_vars = {", "not a Python file"),
        ("build_time_vars = {'A': \xff}".encode("latin-1"), "not a Python file"),
        (b"build_time_vars = {'A': '\xff'}", "not a Python file"),
        (b"# coding: no-such-codec\nbuild_time_vars = {}", "not a Python file"),
        (b"build_time_vars = {'A': '\0'}", "not a Python file"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "not a Python file"),
        ("build_time_vars = {'A': " + "(" * 5000 + ")" * 5000 + "}", "not a Python file"),
        ("build_time_vars = {'A': " + "9" * 5000 + "}", "not a Python file"),
        ("build_time_vars = ['A']", "code where only a literal"),
        ("build_time_vars = 'A'", "code where only a literal"),
        ("build_time_vars = {1: 'A'}", r"build_time_vars\[1\] is neither"),
        ("build_time_vars = {None: 'A'}", r"build_time_vars\[None\] is neither"),
        ("build_time_vars = {b'A': 'A'}", r"build_time_vars\[b'A'\] is neither"),
        ("build_time_vars = {'A': None}", r"build_time_vars\['A'\] is neither"),
        ("build_time_vars = {'A': 1.5}", r"build_time_vars\['A'\] is neither"),
        ("build_time_vars = {'A': b'x'}", r"build_time_vars\['A'\] is neither"),
        ("build_time_vars = {'A': ['x']}", r"build_time_vars\['A'\] is neither"),
        ("build_time_vars = {'A': {'B': 'x'}}", r"build_time_vars\['A'\] is neither"),
        ("build_time_vars = {['A']: 'x'}", "code inside build_time_vars"),
    ],
)
def test_not_such_a_file(parse_text, text, said):
    with pytest.raises(TargetDataError, match=said) as caught:
        parse_text(text)
    assert "_sysconfigdata__linux_x.py" in caught.value.message


@pytest.mark.parametrize("depth", [90, 200, 1000, 20000])
@pytest.mark.parametrize("form", ["{'A': %s}", "[%s]", "-%s", "'x' + %s"])
def test_deep_nesting_ends_in_an_error(parse_text, form, depth):
    before, _, after = form.partition("%s")
    with pytest.raises(TargetDataError):
        parse_text(f"build_time_vars = {{'A': {before * depth}1.0{after * depth}}}")


def test_too_large(parse_text):
    with pytest.raises(TargetDataError, match="more than 4194304 bytes"):
        parse_text("build_time_vars = {'A': 'x'}\n" + "#" * (4 << 20))


def test_compiled(parse_text):
    with pytest.raises(TargetDataError, match="compiled code is not read") as caught:
        parse_text(b"\xa7\r\r\n", "_sysconfigdata__linux_x.cpython-311.pyc")
    assert "output/staging" in caught.value.hint


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["absent", "a directory"])
def test_unreadable(tmp_path, make):
    path = tmp_path / "_sysconfigdata__linux_x.py"
    make(path)
    with pytest.raises(TargetDataError, match=str(path)):
        parse(path)


def data(name: str, **changes) -> Sysconfigdata:
    return Sysconfigdata(path=Path(name), variables=config_vars(**changes))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOABI", "cpython-311-x86_64-linux-gnu"),
        ("EXT_SUFFIX", ".so"),
        ("MULTIARCH", "arm-linux-gnueabihf"),
        ("HOST_GNU_TYPE", "aarch64-poky-linux"),
        ("VERSION", "3.12"),
        ("ABIFLAGS", "t"),
        ("SIZEOF_LONG", 4),
        ("SIZEOF_TIME_T", 4),
    ],
)
def test_a_contradiction_names_both_files_and_the_variable(name, value):
    second = data("two.py")
    second.variables[name] = value
    with pytest.raises(ContradictionError, match=rf"(?s)about {name}:.*one\.py: .*two\.py: {value!r}"):
        check_agreement(data("one.py"), second)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"CC": "gcc --sysroot=/a", "CFLAGS": "-O3", "prefix": "/opt"},
        {"INCLUDEPY": "/b/recipe-sysroot/usr/include/python3.11", "LIBDIR": "/b/recipe-sysroot/usr/lib"},
        {"SIZEOF_NEW_THING": 3, "srcdir": "."},
    ],
)
def test_paths_flags_and_what_one_side_lacks_may_differ(changes):
    check_agreement(data("one.py"), data("two.py", **changes))
    check_agreement(data("two.py", **changes), data("one.py"))
