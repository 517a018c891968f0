"""A process that runs a build: a PEP 517 hook or a ``setup.py``.

It gets the variables that compilers, CMake, autoconf, pkg-config and cargo read, and a watch over what it makes.
Other processes started from cross-python get none of this.
"""

import os
import re
import shlex
import shutil
import sys

from . import NESTED, ROOT, TOOLS, build_layer, buildfacts

# One whose path has blanks, quotes or wildcards stays where it is.
_PREFIX_MAP = re.compile(r"(?<!\S)-f(?:canon|debug|file|macro|profile)-prefix-map=[^\s'\"\\*?[]+(?!\S)")


def prepare(argv: list[str]) -> None:
    """Set the build's environment variables, from the command line ``argv`` on."""
    environ = os.environ
    if environ.get("CROSSPY_BUILD") != ROOT:
        _take_compilers_of_the_caller(environ)
        _take_rust_of_the_caller(environ)
        for name in buildfacts.BUILD_UNSET:
            environ.pop(name, None)
        for name, value in buildfacts.BUILD_ENV.items():
            environ[name] = value.replace("{ROOT}", ROOT)
        for name, operator, value in (*buildfacts.USER_ENV, *of_the_run(environ)):
            _set_user_variable(environ, name, operator, value.replace("{ROOT}", ROOT))
        _take_rust_of_the_caller(environ)
        _take_prefix_maps(environ)
        for name, value in buildfacts.BUILD_DEFAULTS.items():
            environ.setdefault(name, value)
        _take_launcher(environ)
        environ["CROSSPY_BUILD"] = ROOT
    # Modes of files in a wheel come from the build tree: they must not depend on who builds.
    os.umask(0o022)
    environ["CROSSPY_PYTHON"] = sys.executable
    environ["CROSSPY_SOURCE"] = os.getcwd()
    environ["CROSSPY_ISOLATED"] = _isolated_root()
    _see_build_tools(environ)
    _prepare_rust(environ)
    if not environ["CROSSPY_ISOLATED"]:
        _note_build_layer()
    from . import answers, guard, hints, programs, view, withheld

    withheld.tell(environ, environ["CROSSPY_SOURCE"])
    hints.apply(environ, argv)
    guard.watch(argv)
    answers.install(environ)
    programs.install()
    view.install()


def _note_build_layer() -> None:
    """Let the launchers know the target's builds of what is installed for the build machine, and its programs know that."""
    from . import consolescripts, facts, twins

    layers = [os.path.join(ROOT, "build", *facts.LIBRARY), *facts.PACKAGES]
    try:
        if build_layer():
            _show_build_layer()
        twins.note_layer(layers)
        consolescripts.note(layers)
    except OSError as error:
        sys.stderr.write(f"crosspy: warning: {error}: the target's packages are not compiled against\n")


def _show_build_layer() -> None:
    """Let Python programs of the build machine see the build layer, by a ``sitecustomize`` (sitelayer.py)."""
    place = os.path.join(ROOT, "crosspy", "layer")
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if place not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([*paths, place])


def _take_prefix_maps(environ: "os._Environ[str]") -> None:
    """Move ``-ffile-prefix-map`` and its like from the flags to the launchers, which give them to the compilers.

    They hold paths of the build machine, and some packages keep the flags they were built with: NumPy's ``__config__.py``.
    """
    maps: dict[str, None] = {}
    for name in ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "LDFLAGS"):
        flags = environ.get(name, "")
        if found := _PREFIX_MAP.findall(flags):
            maps |= dict.fromkeys(found)
            environ[name] = " ".join(_PREFIX_MAP.sub("", flags).split())
    environ["CROSSPY_PREFIX_MAPS"] = " ".join(maps)


def _take_launcher(environ: "os._Environ[str]") -> None:
    """Let one program run the compilers: the one that our launchers know, not CMake's beside it."""
    if environ.get("CROSSPY_LAUNCHER", buildfacts.LAUNCHER):
        for language in ("C", "CXX", "Fortran", "OBJC", "ASM"):
            environ.pop(f"CMAKE_{language}_COMPILER_LAUNCHER", None)


def of_the_run(environ: "os._Environ[str]") -> list[list[str]]:
    """Return the ``--env`` of crosspy wheel and install: name, operator and value of each."""
    said = environ.get("CROSSPY_VARIABLES")
    if not said:
        return []
    import json

    found: list[list[str]] = json.loads(said)
    return found


def _set_user_variable(environ: "os._Environ[str]", name: str, operator: str, value: str) -> None:
    """Apply one ``--env``; the operators are crossenv's."""
    if not operator and name in buildfacts.BUILD_UNSET:
        return
    if operator == "=" or (operator in {"", "?="} and name not in environ):
        environ[name] = value
    elif operator == "+=":
        environ[name] = environ.get(name, "") + value
    elif operator == ":=":
        environ[name] = os.pathsep.join(part for part in (environ.get(name), value) if part)


def _take_compilers_of_the_caller(environ: "os._Environ[str]") -> None:
    """Let ``CC`` and its like of the caller override the environment's, as Yocto and Buildroot export them.

    The launchers stay in front of them: they keep the build machine's headers and libraries out. A command is made
    absolute, on a PATH without the launchers: theirs are the very names that it may have.
    """
    for name, launcher in buildfacts.LAUNCHERS.items():
        command = environ.get(name, "")
        if not command or command == launcher or command.split()[0].startswith(TOOLS):
            continue
        words = _resolved(command)
        if words is None or (name in {"CC", "CXX"} and not _makes_target_code(words)):
            sys.stderr.write(
                f"crosspy: warning: {name}={command!r} of the environment is not a tool for {buildfacts.TRIPLET}; "
                f"the one of the cross environment is used\n"
            )
            continue
        environ[f"CROSSPY_{name}"] = shlex.join(words)


_BEFORE_COMPILERS = frozenset({"ccache", "sccache", "icecc", "distcc"})


def _resolved(command: str) -> list[str] | None:
    """Return the words of a command, its programs absolute; None if they cannot be found."""
    path = os.pathsep.join(
        part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part != TOOLS
    )
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    for index, word in enumerate(words):
        program = shutil.which(word, path=path)
        if program is None:
            return None
        words[index] = program
        if os.path.basename(word) not in _BEFORE_COMPILERS:
            break
    return words


def _makes_target_code(words: list[str]) -> bool:
    import subprocess

    try:
        done = subprocess.run(
            [*words, "-dumpmachine"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    cpu = done.stdout.decode("ascii", "replace").strip().partition("-")[0]
    if buildfacts.CPU.startswith("arm"):
        return cpu.startswith("arm")
    return cpu == buildfacts.CPU or cpu in buildfacts.CPU_ALIASES


def _isolated_root() -> str:
    """Return the directory of the isolated build environment, whose random name must not reach what is built."""
    if NESTED:
        return sys.prefix
    for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if "pip-build-env-" in entry:
            return os.path.dirname(entry)
    return ""


def _see_build_tools(environ: "os._Environ[str]") -> None:
    """Put the programs of the build layer (``build-pip install cmake``) behind those of an isolated environment."""
    layer = os.path.join(ROOT, "build", "bin")
    path = environ.get("PATH", os.defpath).split(os.pathsep)
    if environ["CROSSPY_ISOLATED"] == "" and layer not in path and os.path.isdir(layer):
        at = path.index(TOOLS) + 1 if TOOLS in path else 0
        # Meson's own program would run outside of cross-python, where nobody names the cross file.
        own = [os.path.join(ROOT, "crosspy", "layer", "bin")] if _has_meson() else []
        programs = os.path.join(ROOT, "crosspy", "layer", "programs")  # consolescripts.py
        environ["PATH"] = os.pathsep.join([*path[:at], *own, layer, *path[at:], programs])
    if "CC_FOR_BUILD" not in environ:
        for name, candidates in (
            ("CC_FOR_BUILD", ("gcc", "cc", "clang")),
            ("CXX_FOR_BUILD", ("g++", "c++", "clang++")),
        ):
            found = next((word for word in candidates if shutil.which(word)), None)
            if found:
                environ[name] = found


def _has_meson() -> bool:
    from . import facts

    places = (os.path.join(ROOT, "build", *facts.LIBRARY), *facts.PACKAGES)
    return any(os.path.isdir(os.path.join(place, "mesonbuild")) for place in places)


def _take_rust_of_the_caller(environ: "os._Environ[str]") -> None:
    """Let ``RUSTC`` and ``CARGO`` of the caller, or of ``--env``, be what the launchers start."""
    for name in ("RUSTC", "CARGO"):
        command = environ.get(name, "")
        if command and not command.startswith(TOOLS):
            words = _resolved(command)
            environ[f"CROSSPY_{name}"] = words[0] if words else command
            environ[name] = os.path.join(TOOLS, name.lower())


def _prepare_rust(environ: "os._Environ[str]") -> None:
    """Set what is the build machine's in a build with cargo, and name the paths that no code may hold."""
    for compiler in ("CC", "CXX"):
        # BUILD_CC and its like are Yocto's; CC_FOR_BUILD is GNU's.
        native = environ.get(f"BUILD_{compiler}") or environ.get(f"{compiler}_FOR_BUILD")
        if native:
            environ.setdefault(f"HOST_{compiler}", native.strip())
        flags = f"HOST_{compiler.replace('CC', 'C')}FLAGS"
        if flags in environ:
            environ[flags] = environ[flags] or environ.get(flags.replace("HOST", "BUILD"), "")
    places = ((environ["CROSSPY_ISOLATED"], "/build-env"), (environ["CROSSPY_SOURCE"], "."))
    environ["CROSSPY_RUST_MAPS"] = "\n".join(f"{place}={name}" for place, name in places if place)
