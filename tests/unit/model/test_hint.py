"""Hints files: what is read of them, and what is refused."""

from __future__ import annotations

import pytest

from crosspy.errors import UsageError
from crosspy.model.hint import parse_hints

GOOD = """
[[hint]]
package = "My_Package"
version = ">=1,<2"
reason = "it runs a program"
link = "https://example.org/1"
env = { A = "{SYSROOT}/usr", B = "CROSS={CROSS_COMPILE} {OTHER}" }
configure = { ac_cv_x = "yes", ac_cv_sizeof_y = 4 }
cmake = { X = true, Y_EXITCODE = 0, "Z::dir" = "/x" }
meson = { longdouble_format = "IEEE_QUAD_LE", flags = ["-a", "{SYSROOT}"], can = true, n = 3 }
config-settings = { setup-args = ["-Da=b", "-Dc=d"], one = "two" }
"""
HEAD = '[[hint]]\npackage = "p"\nreason = "r"\nlink = "https://x/y"\n'


def test_a_hint_is_read():
    (hint,) = parse_hints(GOOD.replace('"Z::dir"', "Z_dir"), origin="f")
    assert (hint.package, hint.version, hint.origin) == ("my-package", ">=1,<2", "f, hint 1")
    assert hint.filled(sysroot="/s", cross_compile="arm-linux-") == {
        "env": {"A": "/s/usr", "B": "CROSS=arm-linux- {OTHER}"},
        "configure": {"ac_cv_sizeof_y": "4", "ac_cv_x": "yes"},
        "cmake": {"X": "ON", "Y_EXITCODE": "0", "Z_dir": "/x"},
        "meson": {"can": True, "flags": ("-a", "/s"), "longdouble_format": "IEEE_QUAD_LE", "n": 3},
        "config_settings": {"one": "two", "setup-args": ("-Da=b", "-Dc=d")},
    }


def test_an_empty_file_has_none():
    assert parse_hints("# nothing\n", origin="f") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[hint]", "not TOML"),
        ("[hint]\npackage = 'p'", "hint is not a list of tables"),
        ("hint = 3", "hint is not a list of tables"),
        ("[[hints]]\n", "unknown key 'hints'"),
        ('[[hint]]\npackage = "p"\nenv.A = "b"', "hint 1: reason is missing; hint 1: link is missing"),
        (HEAD.replace('"r"', '" "') + 'env.A = "b"', "reason is not a line"),
        (HEAD.replace("https://x/y", "see the wiki") + 'env.A = "b"', "link 'see the wiki' is not a URL"),
        (HEAD.replace('"p"', '"p*"') + 'env.A = "b"', "package 'p*' is not a name"),
        (HEAD.replace('"p"', '"p q"') + 'env.A = "b"', "package 'p q' is not a name"),
        (HEAD.replace('"p"', "3") + 'env.A = "b"', "package is not a line of text"),
        (HEAD, "it tells nothing"),
        (HEAD + "env = {}", "it tells nothing"),
        (HEAD + "env.A = 3", "env: the value of A"),
        (HEAD + 'env.A = "b\\nc"', "env: the value of A"),
        (HEAD + 'env."A B" = "c"', "env: 'A B' is not a name"),
        (HEAD + 'env = "A=b"', "env is not a table"),
        (HEAD + "configure.ac_cv_x = true", "configure: the value of ac_cv_x"),
        (HEAD + 'configure."ac_cv_$(x)" = "y"', "is not a name that it can set"),
        (HEAD + 'cmake."A)" = "b"', "is not a name that it can set"),
        (HEAD + "cmake.A = 1.5", "cmake: the value of A"),
        (HEAD + "meson.a = [1, 2]", "meson: the value of a"),
        (HEAD + "config-settings.a = 1", "config-settings: the value of a"),
        (HEAD + 'version = "1.2"\nenv.A = "b"', "version '1.2' is not a specifier"),
        (HEAD + 'version = 3\nenv.A = "b"', "version 3 is not a specifier"),
        (HEAD + 'enviroment.A = "b"', "unknown key 'enviroment' (known: package, reason"),
    ],
)
def test_what_is_wrong_is_said_in_one_message(text, said):
    with pytest.raises(UsageError) as caught:
        parse_hints(text, origin="my.toml")
    assert caught.value.message.startswith("my.toml: ")
    assert said in caught.value.message
    assert "\n" not in caught.value.message.partition("not TOML")[0]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        parse_hints('[[hint]]\npackage = "p"\n[[hint]]\nx = 1\n', origin="f")
    assert {"hint 1: reason is missing", "hint 2: unknown key 'x'", "hint 2: package is missing"} <= {
        part.partition(" (")[0] for part in caught.value.message.removeprefix("f: ").split("; ")
    }
