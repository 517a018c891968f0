"""Failures and their explanations: every text here is what a real build printed, shortened."""

from __future__ import annotations

import textwrap

import pytest
from sample_targets import make_target, put

from crosspy.build.causes import CAUSES
from crosspy.build.evidence import Command, Failure
from crosspy.build.explain import explain
from crosspy.build.missing import judge, sysroot_of

FAILED_PROCESS = """\
Processing ./failing
  Preparing metadata (pyproject.toml): started
  error: subprocess-exited-with-error
  
  \N{MULTIPLICATION SIGN} {title} did not run successfully.
  │ exit code: 1
  ╰─> [{count} lines of output]
{body}
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for failing
Failed to build failing
ERROR: Failed to build one or more wheels
"""  # noqa: W293 -- pip's


def framed(body: str, title: str = "Building wheel for failing (pyproject.toml)") -> str:
    """Return what pip 23 to 26 print when a process of a build fails."""
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 6)
    return FAILED_PROCESS.format(title=title, count=body.count("\n") + 1, body=body)


def failure(stderr: str = "", project: str = "failing", logs: tuple[tuple[str, str], ...] = ()) -> Failure:
    commands = (Command(cwd="/src", words=("gcc", "-c", "failing.c"), stderr=stderr),) if stderr else ()
    return Failure(project=project, source="/src", error="", commands=commands, logs=logs)


@pytest.fixture
def sysroot(tmp_path):
    multiarch = "usr/lib/aarch64-linux-gnu"
    root = put(
        tmp_path / "sysroot",
        {
            "usr/include/libxml2/libxml/xmlstring.h": "",
            "usr/include/aarch64-linux-gnu/ffi.h": "",
            f"{multiarch}/libonly.so.1.2": "",
            f"{multiarch}/libffi.so": "",
            f"{multiarch}/pkgconfig/libffi.pc": "",
            f"{multiarch}/pkgconfig/libgit2.pc": "Name: libgit2\nVersion: 1.5.1\n",
            "usr/include/git2.h": "",
            "usr/include/sqlite3.h": "",
        },
    )
    return sysroot_of(make_target(version="3.11", sysroot=str(root)))


def reasons(output: str, sysroot, *failures: Failure) -> list[tuple[str, str]]:
    return [
        (reason.id, f"{reason.says} | {reason.step}")
        for one in explain(output, failures, sysroot)
        for reason in one.reasons
    ]


# What a build printed: cause, a piece of the sentence or of the step.
PRINTED = [
    ("other-metadata", "Version: PKG-INFO of the source distribution says 1.1, the wheel that was built of it 1.0", """
        crosspy: error: demo-1.0-py3-none-any.whl: Version: PKG-INFO of the source distribution says 1.1, the wheel that was built of it 1.0. pip went by PKG-INFO
     """),
    ("missing-library", "Debian libpq-dev", """
        crosspy: pg_config of the build machine does not know the target's library, and the sysroot /s has no pkg-config module libpq.
        hint: add the library's development files to the sysroot, or tell the build where they are: crosspy create --hints FILE
     """),
    ("no-twin", "install numpy==2.1.0 into the environment", """
        crosspy: error: numpy==2.1.0 of the build machine (/env/build/lib) has headers or libraries that are compiled against, and the
     """),
    ("missing-program", "program swig is not", "RuntimeError: it requires SWIG but we could not find the swig executable."),
    ("missing-program", "program cmake is not", """
        error: [Errno 2] No such file or directory: 'cmake'
        warning: skipping optional C-extension, base64 library build failed
     """),
    ("missing-library", "Debian libpq-dev", """
        subprocess.CalledProcessError: Command '['pkg-config', '--modversion', 'libpq']' returned non-zero exit status 1.
     """),
    ("ran-target-program", "imported p._core, which", """
        ModuleNotFoundError: p._core is a module made for aarch64-linux-gnu, which does not load on the build machine: /b/p/_core.so; name
     """),
    ("older-setuptools", "before 58", "      error in PyBluez setup command: use_2to3 is invalid."),
    ("no-compiler", "BR2_TOOLCHAIN_EXTERNAL_CXX", "error: command 'no' failed: No such file or directory"),
    ("no-compiler", "no C++ compiler", "crosspy: error: there is no C++ compiler for aarch64-linux-gnu"),
    ("missing-program", "program autoreconf is not", "autoreconf program not found"),
    ("missing-program", "program bison is not", "Can't locate 'bison' binary"),
    ("missing-program", "program cmake is not", "RuntimeError: CMake must be installed to build the following extensions: x"),
    ("missing-library", "Debian libxmlsec1-dev", "error: xmlsec1 is not installed or not in path."),
    ("missing-program", "asks for CMake >= 3.5, which", "RuntimeError: CMake >= 3.5 is required to build pycares."),
    ("source-refuses", "compiled: needs librdkafka v2.16.0 or later | Do as it says", """
        src/kafka.h:166:2: error: #error "needs librdkafka v2.16.0 or later"
          166 | #error "needs librdkafka v2.16.0 or later"
        src/kafka.h:668:11: error: unknown type name 'rd_kafka_share_partition_offsets_list_t'
     """),
    ("no-space", "TMPDIR", "OSError: [Errno 28] No space left on device"),
    ("no-memory", "MAKEFLAGS=-j1", "virtual memory exhausted: Cannot allocate memory"),
    ("no-memory", "MAKEFLAGS=-j1", "cc1: out of memory allocating 6000 bytes after a total of 12992512 bytes"),
    ("no-rust-target", "aarch64-unknown-linux-gnu", """
        error[E0463]: can't find crate for `core`
          |
          = note: the `aarch64-unknown-linux-gnu` target may not be installed
          = help: consider downloading the target with `rustup target add aarch64-unknown-linux-gnu`

        error: could not compile `libc` (lib) due to 1 previous error
        Error: command ['maturin', 'pep517', 'build-wheel'] returned non-zero exit status 1
     """),
    ("no-rust-target", "aarch64-poky-linux-gnu", """
        crosspy: error: /usr/bin/rustc cannot make code for aarch64-poky-linux-gnu
        error: error loading target specification: could not find specification for target "aarch64-poky-linux-gnu"
     """),
    ("no-rust", "rustc", "crosspy: error: this build needs Rust, and there is no cargo on PATH"),
    ("no-crates", "crosspy crates", """
        error: no matching package named `itoa` found
        As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures
        crosspy: hint: there is no network for cargo here (--no-index, --crates or CARGO_NET_OFFLINE), and crates are missing.
     """),
    ("ran-target-program", "--emulator", "/bin/sh: 1: ./p: Exec format error"),
    ("ran-target-program", "--hints", """
        OSError: [Errno 8] Exec format error: a program made for aarch64-unknown-linux-gnu does not run on the build machine.: './p'
     """),
    ("ran-target-program", "called a function of a library of the target on the build machine: /s/libhdf5.so: H5get_libversion | Tell", """
        OSError: [Errno 8] Exec format error: the build calls a function of a library that is made for aarch64-unknown-linux-gnu, which does \
not run on the build machine. Tell the build what it would have answered (crosspy create --hints FILE), or name an emulator \
(crosspy create --emulator COMMAND): '/s/libhdf5.so: H5get_libversion'
     """),
    ("ran-target-program", "RUNS_EXITCODE", """
        -- Performing Test RUNS
        CMake Error: try_run() invoked in cross-compiling mode, please set the following cache variables appropriately:
           RUNS_EXITCODE (advanced)
        For details see /tmp/tmpa8yffr3_/build/TryRunResults.cmake
        -- Configuring incomplete, errors occurred!
     """),
    ("ran-target-program", "sanity check", """
        ../meson.build:1:0: ERROR: Could not invoke sanity check executable: Failed running '/tmp/x/sanity_check_for_c.exe', binary or interpreter not executable.
        Possibly wrong architecture or the executable bit is not set..
     """),
    ("newer-cmake", "CMAKE_POLICY_VERSION_MINIMUM=3.5 crosspy wheel", """
        CMake Error at deps/azure-macro-utils-c/CMakeLists.txt:4 (cmake_minimum_required):
          Compatibility with CMake < 3.5 has been removed from CMake.

          Or, add -DCMAKE_POLICY_VERSION_MINIMUM=3.5 to try configuring anyway.
     """),
    ("old-checker", "build-pip install --upgrade trove-classifiers", """
            raise ValueError(f"{error}\\n{summary}") from None
        ValueError: invalid pyproject.toml config: `project.classifiers[7]`.
        configuration error: `project.classifiers[7]` must be trove-classifier
     """),
    ("old-checker", "CROSSPY_BUILD_REQUIRES", """
            raise ImportError(
        ImportError: Cannot import `packaging.licenses`.
     """),
    ("other-program-version", "cython >=3.2.5, and there is 3.2.4", """
        Program cython found: NO found 3.2.4 but need: '>=3.2.5' (/env/crosspy/layer/programs/cython)
        ../meson.build:14:9: ERROR: Program 'cython' not found or not executable
     """),
    ("old-back-end", "setuptools 77", """
        ValueError: invalid pyproject.toml config: `project.license`.
        configuration error: `project.license` must be valid exactly by one definition (2 matches found):
     """),
    ("old-back-end", "CROSSPY_BUILD_REQUIRES", """
        ValueError: invalid pyproject.toml config: `tool.setuptools`.
        configuration error: `tool.setuptools` must not contain {'ext-modules'} properties
     """),
    ("old-back-end", "flit-core 3.11", """
        flit_core.config.ConfigError: license field should be <class 'dict'>, not <class 'str'>
     """),
    ("old-back-end", "hatchling 1.27", """
        TypeError: Field `project.license-files` must be a table
     """),
    ("old-back-end", "pyproject-metadata 0.9", """
        ('\\x1b[31m',)meson-python: error: Field `project.license` has an invalid type, expecting a dictionary of strings (got `MIT`)
     """),
    ("old-back-end", "build-pip install --upgrade", """
            poetry = Factory().create_poetry(Path().resolve(), with_groups=False)
        KeyError: 'tool'
     """),
    ("ran-target-program", "libgssapi_krb5.so: cannot open", """
        OSError: /sysroot/usr/lib/aarch64-linux-gnu/libgssapi_krb5.so: cannot open shared object file: No such file or directory
     """),
    ("ran-target-program", "An exe_wrapper is needed", """
        ERROR: An exe_wrapper is needed for /tmp/b/.mesonpy-1/gen but was not found. Please define one in cross file and check the command and/or add it to PATH.
     """),
    ("ran-target-program", "runs the program gen, which it has made", """
        [2/5] : && /env/tools/aarch64-linux-gnu-gcc -O3 -DNDEBUG  CMakeFiles/gen.dir/gen.c.o -o bin/gen   && :
        FAILED: [code=127] g.h
        /bin/sh: 1: gen: not found
        ninja: build stopped: subcommand failed.
     """),
    ("ran-target-program", "runs the program gen, which it has made", """
        [3/5] Linking CXX executable gen
        /bin/sh: 1: gen: not found
        ninja: build stopped: subcommand failed.
     """),
    ("network", "Could not resolve host", """
        fatal: unable to access 'https://there.is.none.invalid/x.git/': Could not resolve host: there.is.none.invalid
        subprocess.CalledProcessError: Command '['git', 'clone', '-q', 'https://there.is.none.invalid/x.git']' returned non-zero exit status 128.
     """),
    ("network", "urlopen error", "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>"),
    ("no-module", "build-pip install cython", """
        File "<string>", line 2, in <module>
        ModuleNotFoundError: No module named 'Cython'
     """),
    ("missing-program", "frobnicate", """
        /bin/sh: 1: frobnicate: not found
        subprocess.CalledProcessError: Command 'frobnicate x' returned non-zero exit status 127.
     """),
    ("missing-program", "program swig", """
          File "/usr/lib/python3.11/subprocess.py", line 1901, in _execute_child
            raise child_exception_type(errno_num, err_msg, err_filename)
        FileNotFoundError: [Errno 2] No such file or directory: 'swig'
     """),
    ("missing-program", "program dot", """
        FileNotFoundError:

        Could not find `dot` executable!
        Graphviz must be installed to build pygraphviz from source.
     """),
    ("missing-library", "libsystemd-dev", """
        Cannot find libsystemd or libsystemd-journal:

        Package libsystemd was not found in the pkg-config search path.
        Perhaps you should add the directory containing `libsystemd.pc'
        to the PKG_CONFIG_PATH environment variable
        Package 'libsystemd', required by 'virtual:world', not found
     """),
    ("missing-library", "libmariadb-dev", """
        Trying pkg-config --exists mysqlclient
        Command 'pkg-config --exists mysqlclient' returned non-zero exit status 1.
        Trying pkg-config --exists somethingelse
        Command 'pkg-config --exists somethingelse' returned non-zero exit status 1.
        Exception: Can not find valid pkg-config name.
     """),
    ("missing-library", "pkg-config module libusb-1.0", """
        Exception: pkg-config package 'libusb-1.0 >= 1.0.9' not found
     """),
    ("missing-library", 'Yocto DEPENDS = "cairo", Buildroot BR2_PACKAGE_CAIRO (cairo), Debian libcairo2-dev', """
        Run-time dependency cairo found: NO  (tried pkg-config)

        ../cairo/meson.build:31:12: ERROR: Dependency "cairo" not found (tried pkg-config)
     """),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "piece", "body"), PRINTED)
def test_what_a_build_printed(sysroot, id_, piece, body):
    for output in (
        framed(body),
        f"Running command Building wheel\n{textwrap.dedent(body)}\nSee above for output.\n",
    ):
        found = reasons(output, sysroot, failure())
        assert [one for one, _ in found] == [id_]
        assert piece in found[0][1]


# What the compiler said.
SAID = [
    ("missing-library", "Debian libpq-dev", """
        In file included from psycopg/adapter_asis.c:28:
        ./psycopg/psycopg.h:30:10: fatal error: pg_config.h: No such file or directory
           30 | #include <pg_config.h>
        compilation terminated.
     """),
    ("missing-library", "-lzmq", """
        /usr/lib/gcc-cross/aarch64-linux-gnu/12/../../../../aarch64-linux-gnu/bin/ld: cannot find -lzmq: No such file or directory
        collect2: error: ld returned 1 exit status
     """),
    ("missing-library", "\\zmq.h", "\x1b[01m\x1b[K../f.c:1:10:\x1b[m\x1b[K \x1b[01;31m\x1b[Kfatal error: \x1b[m\x1b[Kzmq.h: No such file or directory"),
    ("missing-library", "libonly.so.1.2 to run with", "ld: cannot find -lonly: No such file or directory\ncollect2: error: ld returned 1 exit status"),
    ("other-version", "has libgit2, version 1.5.1, without the header git2/sys/errors.h", "f.c:1:10: fatal error: git2/sys/errors.h: No such file or directory"),
    ("other-version", "has sqlite without the header sqlite3ext.h", "f.c:1:10: fatal error: sqlite3ext.h: No such file or directory"),
    ("missing-library", "apt-file search no/such.h", "f.c:1:10: fatal error: no/such.h: No such file or directory"),
    ("not-looked-for", "libxml2/libxml/xmlstring.h", "f.c:1:10: fatal error: xmlstring.h: No such file or directory"),
    ("foreign-processor", "immintrin.h", "f.c:1:10: fatal error: immintrin.h: No such file or directory"),
    ("foreign-processor", "-msse4.2", "aarch64-linux-gnu-gcc: error: unrecognized command-line option '-msse4.2'"),
    ("build-machine-file", "n.o", "/usr/lib/gcc-cross/aarch64-linux-gnu/12/../../../../aarch64-linux-gnu/bin/ld: unknown architecture of input file `n.o' is incompatible with aarch64 output"),
    ("build-machine-file", "libzmq.so", "/usr/bin/ld: /usr/lib/x86_64-linux-gnu/libzmq.so: error adding symbols: file in wrong format"),
    ("build-machine-file", "libuv.a", "ld: build/libuv-aarch64/.libs/libuv.a: Relocations in generic ELF (EM: 62)\nld: error adding symbols"),
    ("compile-error", "failing.c:1", "failing.c:1:6: error: expected ';' before 'int'"),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "piece", "said"), SAID)
def test_what_the_compiler_said(sysroot, id_, piece, said):
    said = textwrap.dedent(said).strip("\n")
    printed = (
        f"building 'failing' extension\n{said}\nerror: Command '['gcc']' returned non-zero exit status 1."
    )
    for failures in ([failure(said)], [failure()]):
        found = reasons(framed(printed), sysroot, *failures)
        assert [one for one, _ in found] == [id_]
        assert piece.removeprefix("\\") in found[0][1]
        assert "\x1b" not in found[0][1]


# What pip said.
PIP = [
    ("python-version", ">=3.99", "ERROR: Package 'failing' requires a different Python: 3.11.2 not in '>=3.99'\n"),
    ("wrong-hash", "idna==3.10 is not the file", """
        ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update
            idna==3.10 from https://index.invalid/idna-3.10-py3-none-any.whl (from -r bad.txt (line 1)):
                Expected sha256 00005a
                     Got        946d19
     """),
    ("no-hash", "six has no version, or no hash", """
        ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
            six from https://index.invalid/six-1.17.0-py2.py3-none-any.whl (from -r part.txt (line 2))
     """),
    ("requirements-file", "a path, as pip takes them", "ERROR: Invalid requirement: 'six 1' (from line 1 of r.txt)\n"),
    ("requirements-file", "includes itself nowhere", "ERROR: Invalid requirement: --no-such-option x\n__main__.py: error: no such option: --no-such-option\n"),
    ("requirements-file", "UTF-8", "ERROR: Exception:\nTraceback (most recent call last):\n  File \"/usr/pip/_internal/req/req_file.py\", line 540, in get_file_content\n    content = auto_decode(f.read())\nUnicodeDecodeError: 'utf-16-le' codec can't decode byte 0x00 in position 0: truncated data\n"),
    ("conflict", "Ask for less", """ERROR: Cannot install six==1.16.0 and six==1.17.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested six==1.17.0
    The user requested six==1.16.0

To fix this you could try to:
1. loosen the range of package versions you've specified

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/#dealing-with-dependency-conflicts
"""),
    ("another-project", "report it there", "Discarding file:///x/a-1.0.tar.gz: Requested evil from file:///x/a-1.0.tar.gz has inconsistent name: expected 'a', but metadata has 'evil'\nERROR: Could not find a version that satisfies the requirement a (unavailable) (from versions: 1.0)\nERROR: No matching distribution found for a (unavailable)\n"),
    ("damaged-archive", "a-1.0.tar.gz is damaged: not a gzip file", "ERROR: a-1.0.tar.gz is damaged: not a gzip file\n"),
    ("damaged-archive", "a-1.0-py3-none-any.whl is invalid", "ERROR: Wheel 'a' located at /x/a-1.0-py3-none-any.whl is invalid.\n"),
    ("no-project", "Name a source distribution", "ERROR: a@ file:///x/a-1.0.tar.gz from file:///x/a-1.0.tar.gz does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' found.\n"),
    ("damaged-pyproject", "Get the source anew", 'ERROR: Exception:\nTraceback (most recent call last):\n  File "/usr/pip/_vendor/tomli/_parser.py", line 404, in parse_key_part\n    raise suffixed_err(src, pos, "Invalid")\npip._vendor.tomli.TOMLDecodeError: Invalid initial character for a key part (at line 1, column 3)\n'),
    ("no-candidate", "--find-links", "ERROR: Could not find a version that satisfies the requirement nothing-like-it (from versions: none)\nERROR: No matching distribution found for nothing-like-it\n"),
    ("no-candidate", "build-pip download -d DIR 'setuptools>=61'", framed("ERROR: Could not find a version that satisfies the requirement setuptools>=61 (from versions: none)\nERROR: No matching distribution found for setuptools>=61", "pip subprocess to install build dependencies")),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "piece", "output"), PIP)
def test_what_pip_said(sysroot, id_, piece, output):
    found = reasons(output, sysroot)
    assert found[0][0] == id_
    assert piece in found[0][1]


def test_a_conflict_is_told_with_all_that_is_in_it(sysroot):
    body = "    flask 3 depends on click>=8\n    The user requested click<8\n"
    (one,) = explain(f"The conflict is caused by:\n{body}\nERROR: ResolutionImpossible\n", [], sysroot)
    assert one.message("nothing was locked") == (
        "nothing was locked [conflict]: no versions satisfy all that is required: "
        "flask 3 depends on click>=8; The user requested click<8"
    )


# What must not be blamed.

MISTAKE = "failing.c:1:6: error: expected ';' before 'int'"
COMPILED = f"{MISTAKE}\nerror: Command '['gcc']' returned non-zero exit status 1."


@pytest.mark.parametrize(
    "harmless",
    [
        "/dev/shm/q.c:1:10: fatal error: zmq.h: No such file or directory",
        "Package libzmq was not found in the pkg-config search path.\nPackage 'libzmq', required by 'virtual:world', not found",
        "/bin/sh: 1: frobnicate: not found",
        "-- Could NOT find CURL (missing: CURL_LIBRARY CURL_INCLUDE_DIR)",
        "ld: skipping incompatible /usr/lib/libz.so when searching for -lz",
        "checking for zlib.h... no",
        "ModuleNotFoundError: No module named 'Cython'\nerror: building without Cython",
    ],
)
def test_what_a_build_did_without_is_no_cause(sysroot, harmless):
    found = reasons(framed(f"{harmless}\n{COMPILED}"), sysroot, failure(MISTAKE))
    assert [one for one, _ in found] == ["compile-error"]


def test_optional_packages_of_cmake_are_no_cause(sysroot):
    output = "-- Could NOT find CURL (missing: CURL_LIBRARY)\nCMake Error at CMakeLists.txt:3 (message):\n  the moon is full\n"
    (one,) = explain(framed(output), [failure()], sysroot)
    assert one.reasons == ()
    assert one.message() == (
        "failing was not built; the cause is none that crosspy knows:\n"
        "    CMake Error at CMakeLists.txt:3 (message):\n    the moon is full"
    )


def test_headers_that_a_build_requirement_lacks_are_not_the_sysroots(sysroot):
    body = "fatal error: zmq.h: No such file or directory\nERROR: Failed building wheel for pyzmq"
    found = reasons(framed(body, "pip subprocess to install build dependencies"), sysroot)
    assert [one for one, _ in found] == ["build-requirement"]


def test_the_reason_that_only_the_log_has(sysroot):
    output = "checking whether the C compiler works... no\nconfigure: error: C compiler cannot create executables\nSee `config.log' for more details"
    log = (
        "configure:3000: gcc conftest.c -lnothere\nld: cannot find -lnothere: No such file or directory\n"
        "configure:3010: error: in `/src':\nconfigure:3012: error: C compiler cannot create executables\n"
        + "ac_cv_env_CC_value=gcc\n"
        * 400
    )
    (one,) = explain(framed(output), [failure(logs=(("config.log", log),))], sysroot)
    assert "nothere" in one.message()


# Several.


def test_each_project_that_failed_is_explained(sysroot):
    output = framed("OSError: [Errno 28] No space left on device") + framed(COMPILED)
    found = explain(output, [failure(project="one"), failure(MISTAKE, project="two")], sysroot)
    assert [(one.subject, [reason.id for reason in one.reasons]) for one in found] == [
        ("one", ["no-space"]),
        ("two", ["compile-error"]),
    ]


def test_the_most_fundamental_comes_first(sysroot):
    said = "f.c:1:10: fatal error: zmq.h: No such file or directory\nf.c:2:1: fatal error: error writing to /tmp/x.s: No space left on device"
    (one,) = explain(framed(f"{said}\nerror: Command '['gcc']' failed"), [failure(said)], sysroot)
    assert one.message().startswith("failing was not built [no-space]: ")
    assert "\nalso [missing-library]: the sysroot has no zeromq" in one.message()
    assert len(one.hint().splitlines()) == 2


def test_nothing_is_known_of_an_empty_output(sysroot):
    (one,) = explain("", [], sysroot)
    assert one.message() == "the wheels were not made; the cause is none that crosspy knows"
    assert one.hint()


# The sysroot.


@pytest.mark.parametrize(
    ("thing", "name", "id_"),
    [
        ("header", "ffi.h", "not-looked-for"),
        ("header", "./xmlstring.h", "not-looked-for"),
        ("library", "ffi", "not-looked-for"),
        ("module", "libffi", "not-looked-for"),
        ("module", "libzmq", "missing-library"),
        ("program", "pg_config", "missing-library"),
        ("program", "zonk-config", "missing-library"),
        ("program", "protoc", "missing-program"),
        ("package", "ZLIB", "missing-library"),
        ("named", "libffi", "not-looked-for"),
        ("named", "libxml2", "missing-library"),
    ],
)
def test_a_thing_is_looked_for_in_the_sysroot(sysroot, thing, name, id_):
    found = judge(thing, name, sysroot)
    assert found
    assert found.id == id_


@pytest.mark.parametrize(("thing", "name"), [("named", "file-of-mine"), ("header", "/etc/x.h")])
def test_what_is_too_vague_is_not_told(sysroot, thing, name):
    assert judge(thing, name, sysroot) is None


def test_each_cause_can_be_said():
    fields = dict.fromkeys(
        [
            "project",
            "have",
            "needs",
            "reason",
            "requirement",
            "module_name",
            "distribution",
            "triple",
            "detail",
            "place",
        ],
        "x",
    )
    for cause in CAUSES:
        assert cause.says.format_map(fields).count("{") == 0
        assert cause.step.format_map(fields).count("{") == cause.step.count("{{")


def test_a_compilers_first_words_count_however_many_follow(sysroot):
    said = "f.c:1:2: error: #error needs libfoo 2\n" + "".join(
        f"f.c:{line}:1: error: unknown type name 'foo_{line}'\n" for line in range(1000)
    )
    output = framed(f"{said}error: Command '['gcc']' returned non-zero exit status 1.")
    ((id_, text),) = reasons(output, sysroot, failure(said))
    assert id_ == "source-refuses"
    assert "needs libfoo 2" in text
    said = said.replace("#error needs", "needs")
    output = framed(f"{said}error: Command '['gcc']' returned non-zero exit status 1.")
    assert reasons(output, sysroot, failure(said))[0][1].startswith("f.c:1: needs libfoo 2")


def test_what_a_build_did_without_long_before_its_end_is_no_cause(sysroot):
    output = framed("fatal error: zmq.h: No such file or directory\n" + "fine\n" * 400 + "ValueError: no")
    assert reasons(output, sysroot, failure()) == []


@pytest.mark.parametrize(
    ("said", "causes"),
    [
        ("ld: cannot find /b/libz-ng.a: No such file or directory", ["network"]),
        ("gcc: error: core.o: No such file or directory", ["network"]),
        ("ld: cannot find -lfoo: No such file or directory", ["missing-library"]),
    ],
)
def test_why_a_build_did_not_make_what_it_links_is_the_cause(sysroot, said, causes):
    output = framed(
        f"fatal: unable to access 'https://git.test/x.git/': Could not resolve host: git.test\n{said}\nerror: Command '['gcc']' failed"
    )
    assert [id_ for id_, _ in reasons(output, sysroot, failure(said))] == causes
