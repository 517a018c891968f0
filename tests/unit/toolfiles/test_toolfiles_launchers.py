"""Compiler launchers, run for real around a compiler that tells what it was given."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sample_targets import make_target, make_toolchain

from crosspy.toolfiles.launchers import launcher_name, launchers, tool_prefix

COMPILER = r"""#!/bin/sh
# Arguments, each ended by a NUL; then the environment.
printf '%s\0' "$@" >"$TOLD"
env >"$TOLD.env"
printf '%s' "$SAYS" >&2
exit "${STATUS:-0}"
"""


@dataclass
class Bench:
    """A launcher, its compiler and a sysroot, below one directory."""

    base: Path
    sysroot: str = ""
    toolchain: dict[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    native_include: str = ""

    def __post_init__(self) -> None:
        self.base.mkdir(parents=True, exist_ok=True)
        self.cwd = self.base / "project"
        self.cwd.mkdir(exist_ok=True)
        self.sysroot = self.sysroot or f"{self.base}/sysroot"
        self.real = self.program("real-gcc")

    def program(self, name: str) -> Path:
        path = self.base / name
        path.write_text(COMPILER)
        path.chmod(0o755)
        return path

    def launcher(self, tool: str = "gcc") -> Path:
        values = {
            "cc": (str(self.real),),
            "cxx": (str(self.real), "-x", "c++"),
            "tools": {"ar": (str(self.real), "--plugin")},
        }
        target = make_target(sysroot=self.sysroot, toolchain=make_toolchain(**(values | self.toolchain)))
        assert target.toolchain is not None
        name = launcher_name(target, tool)
        path = self.base / "env" / "tools" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = launchers(
            target,
            target.toolchain,
            self.links,
            before=self.before,
            native_include=self.native_include,
        )
        path.write_text(texts[name])
        path.chmod(0o755)
        return path

    def start(self, *words: str, tool: str = "gcc", **env: str) -> subprocess.CompletedProcess[str]:
        self.told = self.base / "told"
        self.told.unlink(missing_ok=True)
        environ = {
            "PATH": os.environ["PATH"],
            "TOLD": str(self.told),
            "PWD": str(self.cwd),
            **self.env,
            **env,
        }
        launcher = str(self.launcher(tool))
        return subprocess.run(
            [launcher, *words], env=environ, cwd=self.cwd, capture_output=True, text=True, check=False
        )

    def heard(self) -> list[str]:
        """Return everything that the compiler was given."""
        return os.fsdecode(self.told.read_bytes()).split("\0")[:-1]

    def run(self, *words: str, tool: str = "gcc", **env: str) -> list[str]:
        """Return what the compiler was given of ``words``: neither what stands before them nor what comes after."""
        done = self.start("--begin", *words, "--end", tool=tool, **env)
        assert (done.returncode, done.stdout) == (0, "")
        heard = self.heard()
        return heard[heard.index("--begin") + 1 : heard.index("--end")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-I@native", "-I@target"),
        ("-I @native", "-I @target"),
        ("-isystem @native", "-isystem @target"),
        ("-isystem@native/internal", "-isystem@target/internal"),
        ("-I@nativet", "-I@nativet"),
        ("-o @native/x.o", "-o @native/x.o"),
    ],
)
def test_headers_of_the_build_python_are_the_targets(tmp_path, given, expected) -> None:
    """As pybind11-config of the build layer names them: with native headers first, sizes would be the build machine's."""
    bench = Bench(tmp_path / "b", native_include="/opt/native tools/include/python3.11")
    sysroot = f"{bench.sysroot}/usr/include/python3.11"
    words = [word.replace("@native", bench.native_include) for word in given.split()]
    assert bench.run(*words) == [
        word.replace("@native", bench.native_include).replace("@target", sysroot) for word in expected.split()
    ]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "b")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-I/usr/include", "-I@/usr/include"),
        ("-I/usr/include/libxml2", "-I@/usr/include/libxml2"),
        ("-I/usr/local/include/x", "-I@/usr/local/include/x"),
        ("-I /usr/include/libxml2", "-I @/usr/include/libxml2"),
        ("-isystem /usr/include", "-isystem @/usr/include"),
        ("-isystem /usr/include/x86_64-linux-gnu", "-isystem @/usr/include/aarch64-linux-gnu"),
        ("-iquote /usr/include/x", "-iquote @/usr/include/x"),
        ("-idirafter /usr/include", "-idirafter @/usr/include"),
        ("-L/usr/lib", "-L@/usr/lib"),
        ("-L/usr/lib/", "-L@/usr/lib/"),
        ("-L/lib", "-L@/lib"),
        ("-L/usr/lib64", "-L@/usr/lib64"),
        ("-L/usr/local/lib", "-L@/usr/local/lib"),
        ("-L/usr/lib/x86_64-linux-gnu", "-L@/usr/lib/aarch64-linux-gnu"),
        ("-L/usr/lib/x86_64-linux-gnu/hdf5/serial/", "-L@/usr/lib/aarch64-linux-gnu/hdf5/serial/"),
        ("-L/usr/lib/llvm-14/lib", "-L@/usr/lib/llvm-14/lib"),
        ("-I/usr/lib/x86_64-linux-gnu/glib-2.0/include", "-I@/usr/lib/aarch64-linux-gnu/glib-2.0/include"),
        ("-Wl,-rpath-link,/usr/lib/x86_64-linux-gnu", "-Wl,-rpath-link,@/usr/lib/aarch64-linux-gnu"),
        ("-Wl,-rpath,/usr/lib", "-Wl,-rpath,/usr/lib"),
        # A library by its path; none of that name in the sysroot: the linker says which it misses.
        ("/usr/lib/x86_64-linux-gnu/libz.so", "@/usr/lib/aarch64-linux-gnu/libz.so"),
        ("/usr/local/lib/libz.a -o /usr/lib/x.o", "@/usr/local/lib/libz.a -o /usr/lib/x.o"),
        ("-L/usr/lib/python3/dist-packages/x/lib", "-L/usr/lib/python3/dist-packages/x/lib"),
        ("-I /usr/local/lib/python3.11/site-packages/x", "-I /usr/local/lib/python3.11/site-packages/x"),
        ("-L /usr/lib/x86_64-linux-gnu", "-L @/usr/lib/aarch64-linux-gnu"),
        ("-L/lib/x86_64-linux-gnu", "-L@/lib/aarch64-linux-gnu"),
        # The sysroot's own directories.
        ("-I@/usr/include", "-I@/usr/include"),
        ("-I @/usr/include", "-I @/usr/include"),
        ("-L@/usr/lib", "-L@/usr/lib"),
        ("-L @/usr/lib", "-L @/usr/lib"),
        ("-isystem @/usr/include", "-isystem @/usr/include"),
        ("@/usr/lib/libz.a", "@/usr/lib/libz.a"),
        ("--sysroot=@", "--sysroot=@"),
        # Of the project, and of build requirements.
        ("-I. -Iinclude -I ../x", "-I. -Iinclude -I ../x"),
        ("-I/usr/includes", "-I/usr/includes"),
        ("-I/home/me/usr/include", "-I/home/me/usr/include"),
        ("-I/tmp/pip-build-env-x/overlay/numpy/include", "-I/tmp/pip-build-env-x/overlay/numpy/include"),
        ("-L/opt/lib -L build/lib", "-L/opt/lib -L build/lib"),
        ("/usr/include/x.c", "/usr/include/x.c"),
        ("-o /usr/include/x.o", "-o /usr/include/x.o"),
        ("-DINC=-I/usr/include", "-DINC=-I/usr/include"),
        # Where the target looks for libraries: the sysroot is its root.
        ("-Wl,-rpath,@/usr/lib/x", "-Wl,-rpath,/usr/lib/x"),
        ("-Wl,-rpath,$ORIGIN/x:@/usr/lib/y:@/opt/z:XX", "-Wl,-rpath,$ORIGIN/x:/usr/lib/y:/opt/z:XX"),
        ("-Wl,--enable-new-dtags,-rpath,@/usr/lib/x", "-Wl,--enable-new-dtags,-rpath,/usr/lib/x"),
        ("-Wl,-rpath -Wl,@/usr/lib/x @/usr/lib/y.a", "-Wl,-rpath -Wl,/usr/lib/x @/usr/lib/y.a"),
        ("-Wl,-rpath-link,@/usr/lib", "-Wl,-rpath-link,@/usr/lib"),
        # Processors.
        ("-march=native -O2", "-O2"),
        ("-mtune=native", ""),
        ("-mcpu=native x.c", "x.c"),
        ("-march=armv8-a -mtune=cortex-a57", "-march=armv8-a -mtune=cortex-a57"),
        ("-march=nativeish", "-march=nativeish"),
        # Order, and repetition.
        ("-lz -I/usr/include -lz -L/usr/lib -lz", "-lz -I@/usr/include -lz -L@/usr/lib -lz"),
        ("-I /usr/include -I /usr/include/x -L /usr/lib", "-I @/usr/include -I @/usr/include/x -L @/usr/lib"),
        ("-c x.c -I", "-c x.c -I"),
        ("", ""),
    ],
)
def test_directories_of_the_build_machine_become_the_sysroots(bench, given, expected):
    words = given.replace("@", bench.sysroot).split()
    assert bench.run(*words) == expected.replace("@", bench.sysroot).split()


ODD = [
    "a b",
    "-DX='a b'",
    '-DX="a b"',
    '-DX=\\"q\\"',
    "$HOME",
    "${PATH}",
    "`id`",
    "$(id)",
    "*",
    "a\nb",
    "trailing\n",
    "\t",
    "",
    "-",
    "--",
    "-n",
    "-e",
    "\\",
    "\\n",
    "é\udcff",
    "a;b&c|d>e",
    "!x",
    "[",
    "%s",
]


def test_a_library_is_found_where_the_sysroot_has_it(bench):
    usr = Path(bench.sysroot, "usr/lib/aarch64-linux-gnu")
    usr.mkdir(parents=True)
    (usr / "liba.so").touch()
    assert bench.run("/usr/local/lib/liba.so", "/lib/libb.so.1") == [
        f"{usr}/liba.so",
        f"{bench.sysroot}/lib/libb.so.1",
    ]
    links = bench.base / "env/links/usr/lib/aarch64-linux-gnu"
    links.mkdir(parents=True)
    (links / "liba.so").touch()
    (word,) = bench.run("/usr/lib/x86_64-linux-gnu/liba.so")
    assert Path(word).resolve() == (links / "liba.so").resolve()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("/opt/tc/lib/gcc/aarch64-linux-gnu/13/", "/opt/tc/lib/gcc/aarch64-linux-gnu/13/libgomp.so"),
        ("", "@/usr/lib/gcc/x86_64-linux-gnu/12/libgomp.so"),
        ("/usr/lib/x86_64-linux-gnu/", "@/usr/lib/gcc/x86_64-linux-gnu/12/libgomp.so"),
    ],
)
def test_the_compilers_own_library_is_the_one_that_it_names(bench, answer, expected):
    """CMake's FindOpenMP links libgomp by its path; a library of the build machine is no compiler's own."""
    bench.real.write_text(
        f'#!/bin/sh\ncase $1 in -print-file-name=*) echo "{answer}${{1#*=}}"; exit ;; esac\n{COMPILER}'
    )
    words = bench.run("-shared", "/usr/lib/gcc/x86_64-linux-gnu/12/libgomp.so")
    assert words == ["-shared", expected.replace("@", bench.sysroot)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-I/usr/include/x -O2", "-I@/usr/include/x -O2"),
        ("-I /usr/include", "-I @/usr/include"),
        ('"-L/usr/lib/x86_64-linux-gnu"\n-lz', '"-L@/usr/lib/aarch64-linux-gnu"\n-lz'),
        (
            "/usr/lib/x86_64-linux-gnu/libz.so -L/usr/lib64",
            "@/usr/lib/aarch64-linux-gnu/libz.so -L@/usr/lib64",
        ),
        ("-march=native -I/usr/lib/python3/dist-packages/x", " -I/usr/lib/python3/dist-packages/x"),
        ("-L@/usr/lib -I/usr/includes -L/lib", "-L@/usr/lib -I/usr/includes -L@/lib"),
    ],
)
def test_response_files_are_mapped(bench, given, expected):
    (bench.cwd / "words").write_text(given.replace("@", bench.sysroot))
    # The copy is gone when the compiler has ended: this one keeps what it was.
    bench.real.write_text(COMPILER.replace("exit", 'cat "${2#@}" >"$TOLD.read"; exit'))
    assert bench.start("@words", STATUS="3").returncode == 3
    assert not Path(bench.heard()[1].removeprefix("@")).exists()
    assert Path(f"{bench.told}.read").read_text() == expected.replace("@", bench.sysroot)


def test_a_response_file_without_system_directories_stays_itself(bench):
    (bench.cwd / "words").write_text("-Ix -Lbuild/usr/lib\n")
    assert bench.run("@words", "@missing", "@") == ["@words", "@missing", "@"]


def test_odd_arguments_arrive_as_they_are(bench):
    assert bench.run(*ODD) == ODD


@pytest.mark.parametrize("word", ODD)
def test_an_odd_argument_behind_a_directory_option(bench, word):
    assert bench.run("-I", word, "-L", "x") == ["-I", word, "-L", "x"]


def test_many_arguments(bench):
    words = [f"file-{number}.o" for number in range(1000)]
    assert bench.run(*words) == words


def test_an_odd_argument_with_a_compiler_of_the_caller(bench):
    assert bench.run(*ODD, CROSSPY_CC=f"{bench.real} -mcpu=x") == ODD


@pytest.mark.parametrize("name", ["a b", "a;b", "(x)", "#x", "*?[a]", "é"])
def test_places_with_odd_names(tmp_path, name):
    bench = Bench(tmp_path / name)
    assert bench.run("-I/usr/include", "x y") == [f"-I{bench.sysroot}/usr/include", "x y"]
    assert f"--sysroot={bench.sysroot}" in bench.heard()


def test_what_is_added(bench):
    bench.toolchain = {
        "c_includes": ("/tc/include", f"{bench.sysroot}/usr/include"),
        "library_dirs": (f"{bench.sysroot}/usr/lib",),
    }
    bench.start("x.c")
    assert bench.heard() == [
        f"--sysroot={bench.sysroot}",
        "x.c",
        *("-nostdinc", "-isystem", "/tc/include", "-isystem", f"{bench.sysroot}/usr/include"),
        f"-L{bench.sysroot}/usr/lib",
        f"-ffile-prefix-map={bench.sysroot}=",
        f"-ffile-prefix-map={bench.cwd}=.",
    ]


def test_directories_beside_the_launcher(bench):
    bench.links = ("usr/lib/aarch64-linux-gnu", "usr/include")
    bench.start("x.c")
    beside = f"{bench.base}/env/tools/../links"
    heard = bench.heard()
    assert f"-L{beside}/usr/lib/aarch64-linux-gnu" in heard
    assert heard[heard.index("-idirafter") + 1] == f"{beside}/usr/include"


def test_specs_beside_the_launcher(bench):
    bench.toolchain = {"specs": "*link:\n\n\n"}
    bench.start("x.c")
    assert f"-B{bench.base}/env/tools/../gcc/" in bench.heard()


def test_symbols_stay_for_whoever_packages_them(bench):
    words = ("-s", "-shared", "-Wl,-s", "-o", "x.so", "-Wl,--strip-all", "x.o", "-s")
    assert bench.run(*words) == list(words)
    for flag in ("-s", "-Wl,-s", "-Wl,--strip-all", "-Wl,--strip-debug"):
        assert bench.run("-shared", flag, "x.o", CROSSPY_UNSTRIPPED="yes") == ["-shared", "x.o"]
    bench.start("x.o", "-s", CROSSPY_UNSTRIPPED="yes")
    assert "-s" not in bench.heard()


def test_a_build_that_calls_strip_strips_nothing(tmp_path):
    """pybind11_add_module of CMake does, in a command of its own."""
    target = make_target(toolchain=make_toolchain(tools={"strip": ("/bin/echo", "stripped")}))
    strip = tmp_path / "strip"
    strip.write_text(launchers(target, target.toolchain)["aarch64-linux-gnu-strip"])
    module = tmp_path / "x.so"
    module.write_text("symbols")

    def said(*words, **environ):
        return subprocess.run(["sh", strip, *words], env=environ, cwd=tmp_path, check=True, capture_output=True, text=True).stdout  # fmt: skip

    assert said("x.so") == "stripped x.so\n"
    for words in (["x.so"], ["-K", "x", "x.so", "-o", "y.so"], ["-oz.so", "--strip-all", "x.so"]):
        assert said(*words, CROSSPY_UNSTRIPPED="yes", PATH="/usr/bin:/bin") == ""
    assert {path.name: path.read_text() for path in tmp_path.glob("*.so")} == dict.fromkeys(
        ["x.so", "y.so", "z.so"], "symbols"
    )


def test_without_a_sysroot(bench):
    bench.sysroot = "/"
    assert bench.run("-I/usr/include", "-L/usr/lib", "-march=native", "x.c") == [
        "-I/usr/include",
        "-L/usr/lib",
        "x.c",
    ]
    assert not any("--sysroot" in word for word in bench.heard())


def test_build_paths_stay_out_of_debug_information(bench):
    bench.start("x.c", CROSSPY_SOURCE="/src/p", CROSSPY_ISOLATED="/tmp/pip-build-env-x")
    mapped = [word for word in bench.heard() if word.startswith("-ffile-prefix-map=")]
    assert mapped == [
        f"-ffile-prefix-map={bench.sysroot}=",
        "-ffile-prefix-map=/src/p=.",
        f"-ffile-prefix-map={bench.cwd}=.",
        "-ffile-prefix-map=/tmp/pip-build-env-x=/build-env",
    ]


def test_the_callers_prefix_maps_come_before_our_own(bench):
    bench.start(
        "x.c",
        CROSSPY_SOURCE="/src/p",
        CROSSPY_PREFIX_MAPS="-ffile-prefix-map=/w=/usr/src -fmacro-prefix-map=/v=",
    )
    heard = bench.heard()
    first = heard.index("-ffile-prefix-map=/w=/usr/src")
    assert heard[first + 1] == "-fmacro-prefix-map=/v="
    assert first < heard.index("x.c") < heard.index("-ffile-prefix-map=/src/p=.")


def test_the_working_directory_is_mapped_once(bench):
    bench.start("x.c", CROSSPY_SOURCE=str(bench.cwd))
    assert bench.heard().count(f"-ffile-prefix-map={bench.cwd}=.") == 1


MISLEADING = (
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "LIBRARY_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
)


def test_variables_that_mislead_compilers_are_unset(bench):
    bench.start("x.c", **dict.fromkeys(MISLEADING, "/usr/x"), LC_ALL="de_DE.UTF-8", OTHER="kept")
    environ = (bench.base / "told.env").read_text().splitlines()
    assert not [line for line in environ if line.split("=")[0] in MISLEADING]
    assert {"LC_ALL=C", "OTHER=kept"} <= set(environ)


def test_words_of_the_compiler(bench):
    bench.toolchain = {"cc": (str(bench.real), "-mcpu=x", "-DA=b c", "")}
    bench.start("x.c")
    assert bench.heard()[:5] == ["-mcpu=x", "-DA=b c", "", f"--sysroot={bench.sysroot}", "x.c"]


def test_cxx(bench):
    bench.start("x.cc", tool="g++")
    assert bench.heard()[:4] == ["-x", "c++", f"--sysroot={bench.sysroot}", "x.cc"]


def test_a_compiler_of_the_caller(bench):
    other = bench.program("other gcc")
    assert bench.run(
        "-I/usr/include", CROSSPY_CC=f"{shlex.quote(str(other))} -mfpu=neon '-DX=a b' -DY=\\\"q\\\""
    )
    assert bench.heard()[:4] == ["-mfpu=neon", "-DX=a b", '-DY="q"', f"--sysroot={bench.sysroot}"]


def test_a_cxx_compiler_of_the_caller_is_not_the_c_compiler(bench):
    bench.start("x.c", CROSSPY_CXX="/nonexistent")
    assert bench.told.exists()


def test_other_tools(bench):
    bench.start("rcs", "a b", "-I/usr/include", tool="ar")
    assert bench.heard() == ["--plugin", "rcs", "a b", "-I/usr/include"]
    bench.start("rcs", *ODD, tool="ar", CROSSPY_AR=f"{bench.real} -x 'y z'")
    assert bench.heard() == ["-x", "y z", "rcs", *ODD]


@pytest.mark.parametrize("status", [0, 1, 4, 127])
def test_status_and_messages_pass(bench, status):
    done = bench.start("x.c", STATUS=str(status), SAYS="x.c:1: error: no\n")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "x.c:1: error: no\n")


@pytest.mark.parametrize(("status", "end"), [(0, "done"), (1, "failed"), (4, "failed")])
def test_a_build_that_asks_for_a_record_gets_one(bench, tmp_path, status, end):
    log = tmp_path / "log of it"
    log.mkdir()
    done = bench.start("-c", "a b.c", STATUS=str(status), SAYS="warning: hm\n", CROSSPY_BUILD_LOG=str(log))
    assert (done.returncode, done.stderr) == (status, "warning: hm\n")
    record = next(log.glob(f"*.{end}"))
    cwd, *words = record.read_text().split("\n")
    assert cwd == str(bench.cwd)
    assert words[:4] == [str(bench.real), f"--sysroot={bench.sysroot}", "-c", "a b.c"]
    assert (log / record.stem).read_text() == "warning: hm\n"
    assert len(list(log.glob("*.*"))) == 1


def test_a_record_that_nobody_can_write_harms_nothing(bench):
    done = bench.start("x.c", SAYS="", CROSSPY_BUILD_LOG=str(bench.base / "absent"))
    assert (done.returncode, done.stderr) == (0, "")


def test_two_runs_leave_two_records(bench, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    for _ in range(2):
        bench.start("x.c", CROSSPY_BUILD_LOG=str(log))
    assert len(list(log.glob("*.done"))) == 2


def test_a_compiler_that_was_removed(bench):
    bench.real.unlink()
    bench.toolchain = {"cc": (str(bench.base / "gone"),)}
    done = bench.start("x.c")
    assert done.returncode == 127
    assert "gone" in done.stderr


# Names.


@pytest.mark.parametrize(
    ("arch", "changes", "name"),
    [
        ("aarch64", {}, "aarch64-linux-gnu-gcc"),
        ("armhf", {}, "arm-linux-gnueabihf-gcc"),
        ("x86_64", {}, "x86_64-linux-gnu-gcc"),
        ("x86_64", {"toolchain": make_toolchain(native=True)}, "x86_64-crosspy-linux-gnu-gcc"),
        ("aarch64", {"toolchain": make_toolchain(native=True)}, "aarch64-crosspy-linux-gnu-gcc"),
        (
            "aarch64",
            {"python": {"multiarch": ""}, "toolchain": make_toolchain(triplet="aarch64-poky-linux")},
            "aarch64-poky-linux-gcc",
        ),
        ("aarch64", {"python": {"multiarch": ""}, "toolchain": None}, "aarch64-unknown-linux-gnu-gcc"),
    ],
)
def test_names(arch, changes, name):
    assert launcher_name(make_target(arch, **changes), "gcc") == name
    assert tool_prefix(make_target(arch, **changes)) == name.removesuffix("gcc")


def test_a_launcher_for_each_tool_that_exists():
    target = make_target()
    assert target.toolchain is not None
    names = {name.removeprefix("aarch64-linux-gnu-") for name in launchers(target, target.toolchain)}
    assert names == {"gcc", "g++", "ar", "nm", "ranlib", "strip", "ld"}
    no_cxx = make_toolchain(cxx=(), tools={"gfortran": ("/x/gfortran",)})
    texts = {name.rpartition("-")[2]: text for name, text in launchers(target, no_cxx).items()}
    assert texts.keys() == {"gcc", "g++", "gfortran"}  # another toolchain's g++ may be on PATH
    assert "there is no C++ compiler" in texts["g++"]


def test_texts_are_the_same_twice():
    target = make_target()
    assert target.toolchain is not None
    assert launchers(target, target.toolchain) == launchers(target, target.toolchain)


@pytest.mark.parametrize("name", ["it's", 'q"q', "a$HOME", "a`b", "a\\b"])
@pytest.mark.parametrize("override", [False, True])
def test_places_with_quotes(tmp_path, name, override):
    bench = Bench(tmp_path / name)
    env = {"CROSSPY_CC": str(Bench(tmp_path / "plain").real)} if override else {}
    assert bench.run("-I/usr/include", "x y", **env) == [f"-I{bench.sysroot}/usr/include", "x y"]
    assert f"--sysroot={bench.sysroot}" in bench.heard()


def test_a_library_of_a_build_requirement_is_the_targets(bench):
    """The native copy of the package loads its own; what is linked lies beside it, in target-packages."""
    library = bench.base / "iso" / "lib" / "python3.11"
    for directory, names in (
        ("site-packages/a/lib", ["libx.so", "libx.so.1", "libnative.so"]),
        ("target-packages/a/lib", ["libx.so", "libx.so.1"]),
        ("site-packages/a/include", ["x.h"]),
    ):
        (library / directory).mkdir(parents=True)
        for name in names:
            (library / directory / name).touch()
    native, target = f"{library}/site-packages/a", f"{library}/target-packages/a"
    for given, expected in (
        (f"-L{native}/lib -lx", f"-L{target}/lib -L{native}/lib -lx"),
        (f"-L {native}/lib -lx", f"-L {target}/lib -L {native}/lib -lx"),
        (f"x.o {native}/lib/libx.so", f"x.o {target}/lib/libx.so"),
        (f"{native}/lib/libx.so.1", f"{target}/lib/libx.so.1"),
        (f"{native}/lib/libnative.so", f"{native}/lib/libnative.so"),
        (f"-I{native}/include -L{native}/include", f"-I{native}/include -L{native}/include"),
        (f"-o {library}/site-packages/b.so x.o", f"-o {library}/site-packages/b.so x.o"),
    ):
        assert bench.run(*given.split()) == expected.split()


@pytest.fixture
def layer(bench):
    """A package of the build layer, whose target's build is in the sysroot; and the note that tells of it."""
    native = bench.base / "native" / "lib" / "python3" / "dist-packages"
    target = Path(bench.sysroot) / "usr" / "lib" / "python3.11" / "site-packages"
    for place in (native, target):
        (place / "p" / "include").mkdir(parents=True)
        (place / "p" / "lib").mkdir()
        (place / "p" / "lib" / "libp.a").touch()
    (native / "p" / "only_native").mkdir()
    note = bench.launcher("gcc").parent.parent / "target-packages" / "p"
    note.parent.mkdir()
    note.write_text(f"{target}\n")
    return native, target, note


@pytest.mark.parametrize("option", ["-I", "-I ", "-isystem", "-isystem ", "-iquote", "-L", "-L "])
def test_without_isolation_a_package_is_the_targets(bench, layer, option):
    native, target, _ = layer
    given = f"{option}{native}/p/include x.c".split()
    assert bench.run(*given) == f"{option}{target}/p/include x.c".split()
    assert f"-ffile-prefix-map={target}=/build-env" in bench.heard()
    assert bench.run(*given, CROSSPY_ISOLATED=str(bench.base)) == given


def test_without_isolation_a_relative_directory_and_a_library_are_the_targets(bench, layer):
    native, target, _ = layer
    for given, expected in (
        ("-I../../x/site-packages/p/include", f"-I{target}/p/include"),
        (f"x.o {native}/p/lib/libp.a", f"x.o {target}/p/lib/libp.a"),
        (f"-I{native}/p/only_native", f"-I{native}/p/only_native"),
        (f"-I{native}/other/include", f"-I{native}/other/include"),
    ):
        assert bench.run(*given.split()) == expected.split()


def test_a_package_without_the_targets_build_is_an_error_only_where_it_is_used(bench, layer):
    native, _, note = layer
    note.write_text("\ncrosspy: error: p is not there\n")
    done = bench.start(f"-I{native}/p/include", "x.c")
    assert (done.returncode, done.stderr) == (1, "\ncrosspy: error: p is not there\n")
    assert not bench.told.exists(), "the compiler is not started"
    assert bench.run(f"-I{native}/other") == [f"-I{native}/other"]


@pytest.mark.parametrize(
    "path",
    [
        "{here}:{there}:/usr/bin:/bin",
        "/nowhere:{here}:{there}:/usr/bin:/bin",
        "{here}:{here}:{there}:/usr/bin:/bin",
    ],
)
def test_a_compiler_that_looks_for_another_on_path_does_not_find_the_launcher(bench, path):
    here, there = bench.launcher("gcc").parent, bench.base / "there"
    there.mkdir()
    (there / bench.launcher("gcc").name).symlink_to(bench.real)
    wrapper = bench.base / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {bench.launcher("gcc").name} "$@"\n')
    wrapper.chmod(0o755)
    done = bench.start("x.c", PATH=path.format(here=here, there=there), CROSSPY_CC=str(wrapper))
    assert (done.returncode, done.stderr) == (0, "")
    assert bench.heard().count("x.c") == 1


# Programs that run compilers, and slots.


@pytest.fixture
def run_by(bench):
    """A launcher made for a program that runs compilers: it tells that it was asked."""
    for name in ("ccache", "distcc"):
        path = bench.base / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $1" >>"$TOLD.by"\n[ "$1" != -v ] || shift\nexec "$@"\n')
        path.chmod(0o755)
    bench.before = ("ccache",)

    def start(**env: str) -> list[str]:
        by = bench.base / "told.by"
        by.unlink(missing_ok=True)
        done = bench.start("x.c", PATH=f"{bench.base}/bin:{os.environ['PATH']}", **env)
        assert done.returncode == 0
        assert "x.c" in bench.told.read_text().split("\0")
        return by.read_text().splitlines() if by.exists() else []

    return start


def test_a_program_that_runs_the_compiler(bench, run_by):
    real = str(bench.real)
    assert run_by() == [f"ccache {real}"]
    assert run_by(CROSSPY_LAUNCHER="distcc") == [f"distcc {real}"]
    assert run_by(CROSSPY_LAUNCHER="distcc -v") == ["distcc -v"]
    assert run_by(CROSSPY_LAUNCHER="") == []


def test_it_runs_once(bench, run_by):
    """A caller's CC may have one of its own."""
    own = f"{bench.base}/bin/ccache {bench.real}"
    assert run_by(CROSSPY_CC=own) == [f"ccache {bench.real}"]


@pytest.fixture
def slots(bench):
    path = bench.base / "slots"
    os.mkfifo(path)
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(handle, b"\n")
    yield path, handle
    os.close(handle)


def free(handle: int) -> int:
    try:
        found = os.read(handle, 100)
    except BlockingIOError:
        return 0
    os.write(handle, found)
    return found.count(b"\n")


@pytest.mark.parametrize("status", ["0", "3"])
@pytest.mark.parametrize("logged", [True, False])
def test_a_slot_is_given_back(bench, slots, status, logged):
    path, handle = slots
    log = bench.base / "log"
    log.mkdir()
    env = {"CROSSPY_BUILD_LOG": str(log)} if logged else {}
    done = bench.start("x.c", STATUS=status, SAYS="", CROSSPY_SLOTS=str(path), **env)
    assert done.returncode == int(status)
    assert free(handle) == 1
    told = Path(f"{bench.told}.env").read_text()
    assert "CROSSPY_SLOTS=\n" in told, "a compiler that runs another launcher has a slot already"


def test_a_launcher_waits_for_a_slot_and_may_be_stopped(bench, slots):
    path, handle = slots
    os.read(handle, 1)
    environ = {"PATH": os.environ["PATH"], "TOLD": str(bench.base / "told"), "CROSSPY_SLOTS": str(path)}
    with subprocess.Popen([bench.launcher(), "x.c"], env=environ) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=0.3)
        os.write(handle, b"\n")
        assert waiting.wait(timeout=30) == 0
    assert os.read(handle, 9) == b"\n"
    assert Path(f"{path}.{waiting.pid}").read_text() == "", "it is nobody's"
    with subprocess.Popen([bench.launcher(), "x.c"], env=environ) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=0.3)
        waiting.terminate()
        assert waiting.wait(timeout=30) == 143
    assert free(handle) == 0


def test_no_slot_is_lost_among_many(bench, slots):
    """They read from one pipe, byte by byte."""
    path, handle = slots
    os.write(handle, b"\n")
    launcher = bench.launcher()
    bench.real.write_text("#!/bin/sh\n")
    environ = {"PATH": os.environ["PATH"], "CROSSPY_SLOTS": str(path)}
    script = f"i=0; while [ $i -lt 25 ]; do i=$((i + 1)); {shlex.quote(str(launcher))} x.c || exit; done"
    started = [subprocess.Popen(["sh", "-c", script], env=environ) for _ in range(8)]
    try:
        assert [one.wait(timeout=120) for one in started] == [0] * 8
    finally:
        for one in started:
            one.kill()
            one.wait()
    assert free(handle) == 2


ATOMICS = ["-Wl,--push-state,--as-needed", "-latomic", "-Wl,--pop-state"]


@pytest.mark.parametrize(
    ("words", "lock_free", "library", "expected"),
    [
        ("-shared -o x.so x.o", "1", "/t/libatomic.so", ATOMICS),
        ("-o x x.o", "1", "/t/libatomic.so", ATOMICS),
        ("-shared -o x.so x.o", "2", "/t/libatomic.so", []),
        # A toolchain without the library says its bare name.
        ("-shared -o x.so x.o", "1", "libatomic.so", []),
        ("-c -o x.o x.c", "1", "/t/libatomic.so", []),
        ("-r -o y.o x.o", "1", "/t/libatomic.so", []),
        ("-static -o x x.o", "1", "/t/libatomic.so", []),
        ("--version", "1", "/t/libatomic.so", []),
    ],
)
def test_libatomic_is_linked_if_needed_where_atomics_may_be_calls(bench, words, lock_free, library, expected):
    bench.toolchain = {
        "macros": {"__GCC_ATOMIC_CHAR_LOCK_FREE": lock_free, "__GCC_ATOMIC_INT_LOCK_FREE": "2"}
    }
    answer = f"case $1 in -print-file-name=libatomic.so) echo {library}; exit ;; esac\n"
    bench.real.write_text(COMPILER.replace("\n", f"\n{answer}", 1))
    assert bench.start(*words.split()).returncode == 0
    assert [word for word in bench.heard() if word in ATOMICS] == expected
