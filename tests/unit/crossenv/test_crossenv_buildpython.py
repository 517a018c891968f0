"""The build machine's Python: asked, chosen, refused; and where its pip comes from."""

from __future__ import annotations

import os
import sys
import sysconfig
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sample_targets import NATIVE, make_python

from crosspy.crossenv import buildpython
from crosspy.errors import CrosspyError, EnvironmentDirError, UsageError, VersionMismatchError

ENV = {"PATH": os.environ["PATH"]}


def fake(script, name: str = "python3", **changes) -> Path:
    """Write a program that answers the probe as a Python would."""
    values = {
        "version": "3.99",
        "full_version": "3.99.1",
        "name": "cpython",
        "executable": "/opt/py/bin/python3",
        "platlibdir": "lib",
        "prefix": "/opt/py",
        "abiflags": "",
        "magic": b"\xa7\r\r\n",
        "stdlib": "/opt/py/lib/python3.99",
        "pip": "",
        "packages": [],
        "include": "/opt/python/include/python3.99",
        "cross": False,
        "multiarch": "",
    }
    text = repr(values | changes)
    return script(name, f"cat <<'END'\n{text}\nEND")


def test_this_python():
    found = buildpython.probe(sys.executable, env=ENV)
    assert found.version == NATIVE
    assert found.full_version == "{}.{}.{}".format(*sys.version_info)
    assert found.executable == Path(getattr(sys, "_base_executable", sys.executable))
    assert (found.stdlib / "os.py").is_file()
    assert found.library == ("lib", f"python{NATIVE}{'t' if 't' in sys.abiflags else ''}", "site-packages")
    assert found.include == sysconfig.get_path("include")


def test_the_answer_ignores_the_users_settings(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no')\n")
    noise = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nonexistent", "CROSSPY_KEEP": "words"}
    assert buildpython.probe(sys.executable, env=ENV | noise) == buildpython.probe(sys.executable, env=ENV)


def test_a_cross_python_is_asked_as_what_it_is(shared_env):
    assert buildpython.probe(str(shared_env().python), env=ENV).executable == Path(
        getattr(sys, "_base_executable", sys.executable)
    )


def test_free_threaded(script):
    found = buildpython.probe(str(fake(script, abiflags="t")), env=ENV)
    assert found.library == ("lib", "python3.99t", "site-packages")


@pytest.mark.parametrize("command", ["/no/such/python", "no-such-python", "/tmp", ""])
def test_not_there(command):
    with pytest.raises(UsageError, match="no build Python") as caught:
        buildpython.probe(command, env=ENV)
    assert "--build-python" in caught.value.hint


def test_of_another_machine(tmp_path):
    foreign = tmp_path / "python3"
    # A machine that nobody emulates: with QEMU in binfmt_misc, others would run.
    foreign.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + (3).to_bytes(2, "little") + b"\xf0\xfe" + bytes(44))
    foreign.chmod(0o755)
    with pytest.raises(UsageError, match=r"cannot run .* on this machine") as caught:
        buildpython.probe(str(foreign), env=ENV)
    assert "TARGET_PYTHON" in caught.value.hint


def test_that_fails(script):
    with pytest.raises(UsageError, match="does not run: no stdlib"):
        buildpython.probe(str(script("python3", "echo no stdlib >&2; exit 1")), env=ENV)


def test_that_is_not_cpython(script):
    path = fake(script)
    path.write_text(path.read_text().replace("'cpython'", "'pypy'"))
    with pytest.raises(UsageError, match="is pypy, not CPython"):
        buildpython.probe(str(path), env=ENV)


# Which one.


def path_of(*directories: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join([*map(str, directories), "/usr/bin", "/bin"])}


def test_the_named_one_wins(script, tmp_path):
    named = fake(script, "mine", full_version="3.99.7")
    assert buildpython.find(str(named), "3.99", env=ENV).full_version == "3.99.7"


def test_the_named_one_is_not_judged_here(script):
    named = fake(script, "mine", version="3.98")
    assert buildpython.find(str(named), "3.99", env=ENV).version == "3.98"


@pytest.mark.parametrize("name", ["python3.99", "python3"])
def test_from_path(script, tmp_path, name):
    fake(script, name)
    assert buildpython.find("", "3.99", env=path_of(tmp_path / "bin")).version == "3.99"


def test_one_of_another_version_is_passed_over(script, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    path = fake(script, version="3.98")
    first.mkdir()
    path.rename(first / "python3")
    path = fake(script)
    second.mkdir()
    path.rename(second / "python3")
    assert buildpython.find("", "3.99", env=path_of(first, second)).version == "3.99"


def test_a_shim_of_a_version_manager_is_passed_over(script, tmp_path):
    script(
        "python3.99",
        "echo 'pyenv: python3.99: command not found' >&2; exit 127",
        directory=tmp_path / "shims",
    )
    fake(script, "python3.99")
    assert buildpython.find("", "3.99", env=path_of(tmp_path / "shims", tmp_path / "bin")).version == "3.99"


def test_none_on_path(script, tmp_path):
    fake(script, version="3.98")
    with pytest.raises(VersionMismatchError, match=r"the target has Python 3\.97") as caught:
        buildpython.find("", "3.97", env={"PATH": f"{tmp_path / 'bin'}:/bin"})
    assert str(tmp_path / "bin/python3") in caught.value.message
    assert "--build-python" in caught.value.hint
    assert caught.value.exit_code == 6


def test_an_empty_path():
    with pytest.raises(VersionMismatchError, match="tried: none"):
        buildpython.find("", "3.99", env={"PATH": "/nonexistent"})


@pytest.mark.parametrize(("version", "fits"), [(NATIVE, True), ("3.99", False), ("3.1", False)])
def test_the_same_version(build_python, version, fits):
    target = make_python(version=version)
    if fits:
        buildpython.check_same(build_python, target)
        return
    with pytest.raises(VersionMismatchError, match=r"X\.Y must be the same") as caught:
        buildpython.check_same(build_python, target)
    assert version in caught.value.message
    assert build_python.full_version in caught.value.message


def test_another_patch_release_is_the_same(build_python):
    buildpython.check_same(build_python, make_python(full_version=f"{NATIVE}.99"))


# pip


def pip_wheel(
    directory: Path,
    name: str = "pip-99.0-py3-none-any.whl",
    *,
    members: tuple[str, ...] = ("pip/__init__.py",),
) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(directory / name, "w") as archive:
        for member in members:
            archive.writestr(member, f"# {name}\n")
        archive.writestr("pip-99.0.dist-info/METADATA", "")
    return directory / name


@pytest.fixture
def cached(tmp_path):
    return {**ENV, "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def bare(build_python, tmp_path):
    """A Python without pip."""
    return replace(build_python, pip="", stdlib=tmp_path / "stdlib", prefix=tmp_path / "prefix")


def test_its_own_pip(build_python, tmp_path, cached):
    own = tmp_path / "site/pip"
    own.mkdir(parents=True)
    (own / "__pip-runner__.py").write_text("")
    assert buildpython.pip_directory(replace(build_python, pip=str(own)), "", env=cached) == str(
        tmp_path / "site"
    )


def test_an_old_pip_of_its_own_is_not_taken(bare, tmp_path, cached):
    """Before 22.2, a build environment's pip was told apart in another way."""
    (tmp_path / "site/pip").mkdir(parents=True)
    pip_wheel(bare.stdlib / "ensurepip/_bundled")
    found = buildpython.pip_directory(replace(bare, pip=str(tmp_path / "site/pip")), "", env=cached)
    assert found.startswith(cached["XDG_CACHE_HOME"])


@pytest.mark.parametrize("place", ["stdlib/ensurepip/_bundled", "prefix/share/python-wheels"])
def test_from_a_wheel_of_ensurepip(bare, tmp_path, cached, place):
    pip_wheel(tmp_path / place)
    found = Path(buildpython.pip_directory(bare, "", env=cached))
    assert found.is_relative_to(tmp_path / "cache/crosspy")
    assert [path.name for path in found.iterdir()] == ["pip"]
    assert buildpython.pip_directory(bare, "", env=cached) == str(found)
    assert [path.name for path in found.parent.iterdir()] == [found.name]


def test_a_named_wheel(bare, tmp_path, cached):
    found = Path(buildpython.pip_directory(bare, str(pip_wheel(tmp_path)), env=cached))
    assert (found / "pip/__init__.py").read_text() == "# pip-99.0-py3-none-any.whl\n"


def test_two_wheels_of_one_name_are_kept_apart(bare, tmp_path, cached):
    first = buildpython.pip_directory(bare, str(pip_wheel(tmp_path / "a")), env=cached)
    other = pip_wheel(tmp_path / "b", members=("pip/__init__.py", "pip/new.py"))
    assert buildpython.pip_directory(bare, str(other), env=cached) != first


def test_a_named_directory(bare, tmp_path, cached):
    (tmp_path / "src/pip").mkdir(parents=True)
    (tmp_path / "src/pip/__init__.py").write_text("")
    assert buildpython.pip_directory(bare, str(tmp_path / "src"), env=cached) == str(tmp_path / "src")


@pytest.mark.parametrize("name", ["absent.whl", "directory"])
def test_no_pip_in_what_is_named(bare, tmp_path, cached, name):
    (tmp_path / "directory").mkdir()
    with pytest.raises(UsageError, match="no pip in"):
        buildpython.pip_directory(bare, str(tmp_path / name), env=cached)


@pytest.mark.parametrize("contents", [b"", b"not a zip file", b"PK\3\4 cut off"])
def test_a_broken_wheel(bare, tmp_path, cached, contents):
    (tmp_path / "pip.whl").write_bytes(contents)
    with pytest.raises(CrosspyError, match=r"pip\.whl"):
        buildpython.pip_directory(bare, str(tmp_path / "pip.whl"), env=cached)
    cache = tmp_path / "cache/crosspy"
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_wheel_cannot_write_elsewhere(bare, tmp_path, cached):
    wheel = pip_wheel(tmp_path, members=("pip/__init__.py", "pip/../../../evil.py", "/evil2.py", "evil3.py"))
    buildpython.pip_directory(bare, str(wheel), env=cached)
    assert not [
        path for path in tmp_path.rglob("evil*") if not path.is_relative_to(tmp_path / "cache/crosspy")
    ]
    assert not list(tmp_path.rglob("evil[23].py"))


def test_a_cache_that_cannot_be_written(bare, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentDirError, match="cannot unpack") as caught:
        buildpython.pip_directory(
            bare, str(pip_wheel(tmp_path)), env={"XDG_CACHE_HOME": str(tmp_path / "file")}
        )
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_no_pip_anywhere(bare, cached, monkeypatch):
    real = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda self, pattern: iter(()) if str(self).startswith("/usr/") else real(self, pattern)
    )
    with pytest.raises(UsageError, match="has no pip, and no ensurepip") as caught:
        buildpython.pip_directory(bare, "", env=cached)
    assert "--without-pip" in caught.value.hint


@pytest.mark.parametrize("command", ["/bin/echo", "/bin/true", "/bin/cat"])
def test_a_program_that_is_no_python(command):
    with pytest.raises(UsageError):
        buildpython.probe(command, env=ENV)


@pytest.mark.parametrize("command", ["/bin/echo", "/bin/true"])
def test_a_program_on_path_that_is_no_python_is_passed_over(tmp_path, command):
    (tmp_path / "python3").symlink_to(command)
    with pytest.raises(CrosspyError, match="tried"):
        buildpython.find("", "3.99", env={"PATH": str(tmp_path)})


def test_a_wheel_of_something_else_is_no_pip(tmp_path):
    python = buildpython.probe(sys.executable, env=ENV)
    with zipfile.ZipFile(tmp_path / "wheel.whl", "w") as archive:
        archive.writestr("wheel/__init__.py", "")
    with pytest.raises(CrosspyError, match="no pip"):
        buildpython.pip_directory(python, str(tmp_path / "wheel.whl"), env={"XDG_CACHE_HOME": str(tmp_path)})
    assert not (tmp_path / "crosspy").exists() or list((tmp_path / "crosspy").iterdir()) == []


def test_a_file_that_is_no_wheel_is_wrong_use(bare, tmp_path, cached):
    (tmp_path / "pip.whl").write_bytes(b"not a zip file")
    with pytest.raises(UsageError, match=r"no pip in .*pip\.whl") as caught:
        buildpython.pip_directory(bare, str(tmp_path / "pip.whl"), env=cached)
    assert "--pip" in caught.value.hint


def test_a_wheel_with_damaged_contents(bare, tmp_path, cached):
    path = tmp_path / "pip.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pip/__init__.py", "x = 1\n" * 500)
    damaged = bytearray(path.read_bytes())
    damaged[45:60] = b"\xff" * 15
    path.write_bytes(damaged)
    with pytest.raises(UsageError, match="no pip in"):
        buildpython.pip_directory(bare, str(path), env=cached)
    assert list((tmp_path / "cache/crosspy").iterdir()) == []


def test_a_build_python_that_never_answers(tmp_path, monkeypatch):
    def never(argv, **_):
        raise buildpython.process.TimeoutExpired(argv, 60)

    monkeypatch.setattr(buildpython.process, "run", never)
    with pytest.raises(UsageError, match="did not answer"):
        buildpython.probe(sys.executable, env=ENV)
