"""The known causes of failed builds, as a table: how each shows itself, what it is, what to do.

A pattern's named groups are fields of the sentences. Groups named as in :data:`THINGS` name what the sysroot may lack;
:mod:`crosspy.build.missing` makes the sentences then. The order is that of the report: the most fundamental first.
Every pattern matches what stops a build, and nothing that a configure step says of a question that it asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Place = Literal["pip", "requirements", "output", "compiler"]
"""Where a cause shows: what pip says itself; what it says of build requirements; what a build printed, and its log;
what the compiler said that ended it."""

THINGS: Final = ("module", "header", "library", "package", "program", "named")
"""A pkg-config module, a header, a library, a CMake package, a program, and something called by its everyday name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One way for a build to fail."""

    id: str
    says: str
    step: str
    where: tuple[Place, ...]
    patterns: tuple[str, ...]
    """Regular expressions of many lines (``re.MULTILINE``); compiled when a build has failed, and not at every start."""
    unless: tuple[str, ...] = ()
    """Causes that tell the same better; ``*`` is every other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A cause as it was met: in words, with the next step."""

    id: str
    says: str
    step: str
    known: bool = True
    """Whether crosspy knows what it tells of, beyond its name."""
    about: str = ""
    """The library that it is about: one that is missing under two names is one cause."""


FROM_PYPI: Final = (
    "If PyPI has it: ENV/bin/build-pip install it, with the project's other build requirements, and crosspy wheel "
    "--no-build-isolation."
)
"""How a program gets to a build that the build machine's packages do not have."""

CAUSES: Final = (
    Cause(
        id="unsafe-archive",
        says="{place} is not safe to unpack: {detail}",
        step="Nothing of it was unpacked. Get the file anew; if it is what its project published, report it there.",
        where=("pip", "requirements"),
        patterns=(r"ERROR: (?P<place>\S+) is not safe to unpack: (?P<detail>.+)",),
    ),
    Cause(
        id="damaged-archive",
        says="{place} {detail}",
        step="Get the file anew, and compare its hash with the index's.",
        where=("pip", "requirements"),
        patterns=(
            r"ERROR: (?P<place>\S+) (?P<detail>is damaged: .+)",
            r"ERROR: Wheel '[^']+' located at (?P<place>\S+) (?P<detail>is invalid)",
            r"ERROR: (?P<place>\S+\.whl) (?P<detail>has an invalid wheel, .+)",
        ),
    ),
    Cause(
        id="no-space",
        says="the disk is full, or a quota is used up",
        step="Make room, or set TMPDIR to a larger place: builds happen there.",
        where=("pip", "requirements", "output", "compiler"),
        patterns=(
            r"No space left on device",
            r"Disk quota exceeded",
        ),
    ),
    Cause(
        id="no-memory",
        says="the build machine ran out of memory, or something killed the compiler",
        step="Build fewer things at once (MAKEFLAGS=-j1, CMAKE_BUILD_PARALLEL_LEVEL=1), or on a machine with more memory.",
        where=("output", "compiler"),
        patterns=(
            r"fatal error: Killed signal terminated program",
            r"virtual memory exhausted",
            r"[Cc]annot allocate memory",
            r"^(\S+: )?std::bad_alloc|out of memory allocating|^MemoryError",
            r"signal: 9, SIGKILL",
        ),
    ),
    Cause(
        id="clock-skew",
        says="files have times that do not fit the clock of the build machine",
        step="Set the clock, or give the sources a time: find DIR -exec touch {{}} +",
        where=("output",),
        patterns=(
            r"ERROR: Clock skew detected",
            r"perhaps system time is not set",
            r"configure: error: newly created file is older than distributed files",
            r"ZIP does not support timestamps before 1980",
        ),
    ),
    Cause(
        id="python-version",
        says="{project} is for another Python: this one is {have}, it needs {needs}",
        step="Ask for a version of {project} that supports the target's Python, such as '{project}<X'.",
        where=("pip", "requirements"),
        patterns=(
            r"ERROR: Package '(?P<project>[^']+)' requires a different Python: (?P<have>\S+) not in '(?P<needs>[^']+)'",
        ),
    ),
    Cause(
        id="python-version",
        says="the versions of it that there are need another Python ({needs})",
        step="Ask for an older version, or make the environment for a newer Python.",
        where=("pip",),
        patterns=(
            r"Ignored the following versions that require a different python version: [^;\n]*? Requires-Python (?P<needs>[^;\n]+)",
        ),
    ),
    Cause(
        id="index-unreachable",
        says="pip could not reach the package index ({reason})",
        step="Check the network and the index, or build offline: --no-index --find-links DIR.",
        where=("pip", "requirements"),
        patterns=(
            (
                r"(?P<reason>Name or service not known|Temporary failure in name resolution|Network is unreachable|"
                r"Connection refused|Connection timed out|Max retries exceeded|certificate verify failed)"
                # and pip did not get over it
                r"[\s\S]*ERROR: (No matching distribution|Could not install)"
            ),
        ),
    ),
    Cause(
        id="wrong-hash",
        says="{requirement} is not the file that its hash names",
        step="It was replaced where it comes from, or the hash is of another file: find out which before you change the hash.",
        where=("pip",),
        patterns=(r"THESE PACKAGES DO NOT MATCH THE HASHES.*\n\s+(?P<requirement>[^\s:]+)",),
    ),
    Cause(
        id="no-hash",
        says="{requirement} has no version, or no hash, and others have one",
        step="Where one requirement has a hash, each needs its version (==) and hash, dependencies too: "
        "uv pip compile --generate-hashes, or pip-compile --generate-hashes, writes them.",
        where=("pip",),
        patterns=(
            r"In --require-hashes mode, all requirements must have their versions pinned.*\n\s+(?P<requirement>\S+)",
            r"Hashes are required in --require-hashes mode.*\n\s+(?P<requirement>\S+)",
        ),
    ),
    Cause(
        id="other-metadata",
        says="PKG-INFO of its source distribution and the wheel that was built of it contradict each other: {detail}",
        step="Report it to the project. To let its back end tell the metadata, which may take long: CROSSPY_METADATA=build",
        where=("output",),
        patterns=(
            r"crosspy: error: \S+\.whl: (?P<detail>\S+: PKG-INFO of the source distribution says .+?)\. pip went by",
        ),
    ),
    Cause(
        id="no-candidate",
        says="pip found nothing for the build requirement {requirement}",
        step="Offline, put it among the sources: build-pip download -d DIR '{requirement}', then --find-links DIR.",
        where=("requirements",),
        patterns=(r"ERROR: No matching distribution found for (?P<requirement>[^\n(]+?)( \(from .*)?$",),
    ),
    Cause(
        id="build-requirement",
        says="the build requirement {requirement} could not be built for the build machine",
        step="Build requirements run on the build machine. Give pip a wheel of it (--find-links DIR), or install what "
        "the messages above ask for on the build machine.",
        where=("requirements",),
        patterns=(
            r"ERROR: Failed building wheel for (?P<requirement>\S+)",
            r"Failed to build installable wheels for some pyproject.toml based projects \((?P<requirement>[^)]+)\)",
        ),
    ),
    Cause(
        id="requirements-file",
        says="a requirement cannot be read: {detail}",
        step="It is NAME, NAME==VERSION, NAME @ URL or a path, as pip takes them; a requirements file is text in UTF-8, and "
        "includes itself nowhere.",
        where=("pip",),
        patterns=(
            r"ERROR: Invalid requirement: (?P<detail>.+)",
            r"ERROR: (?P<detail>Could not open requirements file: .+)",
            r"req_file\.py(?:.*\n)+?(?P<detail>(?:UnicodeDecodeError|RecursionError): .+)",
        ),
    ),
    Cause(
        id="conflict",
        says="no versions satisfy all that is required: {detail}",
        step="Ask for less: another version of one of these, or a range in place of one version.",
        where=("pip", "requirements"),
        patterns=(r"^The conflict is caused by:\n(?P<detail>(?: {4}.+\n){1,8})",),
    ),
    Cause(
        id="another-project",
        says="{place} is of another project or version than it is named: {detail}",
        step="Get the file anew; if it is what its project published, report it there.",
        where=("pip",),
        patterns=(r"from (?P<place>\S+) has inconsistent (?:name|version): (?P<detail>expected .+)",),
    ),
    Cause(
        id="no-candidate",
        says="pip found nothing for {requirement}",
        step="Look at name and version, and, with --no-index, at what --find-links has.",
        where=("pip",),
        patterns=(r"ERROR: No matching distribution found for (?P<requirement>[^\n(]+?)( \(from .*)?$",),
        unless=("another-project",),
    ),
    Cause(
        id="no-project",
        says="{place} is no Python project: {detail}",
        step="Name a source distribution, or the directory with its pyproject.toml.",
        where=("pip",),
        patterns=(
            r"(?P<place>[^\s']+)'? does not appear to be a Python project: (?P<detail>neither .+ found)",
        ),
    ),
    Cause(
        id="damaged-pyproject",
        says="a pyproject.toml cannot be read: {detail}",
        step="Get the source anew, or ask for another version of it.",
        where=("pip",),
        patterns=(r"^(?:\S+\.)?TOMLDecodeError: (?P<detail>.+)",),
    ),
    Cause(
        id="no-back-end",
        says="the build back end {module_name} is not there",
        step="build-system.requires of the project's pyproject.toml must bring it. Without isolation: build-pip install it.",
        where=("output", "pip"),
        patterns=(
            r"BackendUnavailable: Cannot import '(?P<module_name>[\w.]+)'",
            # pip up to 24.0 shows the traceback.
            r"BackendUnavailable: Traceback (?:.*\n)+?ModuleNotFoundError: No module named '(?P<module_name>[\w.]+)'",
        ),
    ),
    Cause(
        id="network",
        says="the build asked the network for something ({reason})",
        step="Fetch it before, and let the project find it: an option, a vendored directory (cargo vendor), a git submodule. "
        "A sysroot's own library often serves instead.",
        where=("output",),
        patterns=(
            r"(?P<reason>Could not resolve host: \S+)",
            r"(?P<reason>urlopen error [^>\n]+)",
            r"(?P<reason>fatal: unable to access '[^']+')",
            r"(?P<reason>fatal: repository '[^']+' does not exist)",
            r"(?P<reason>attempting to make an HTTP request, but --offline was specified)",
            (
                r"(?P<reason>you may want to set the `net.offline` option|failed to download from `[^`]+`|"
                r"failed to get `[^`]+` as a dependency|download of \S+ failed|Unable to update registry `[^`]+`)"
            ),
            r"(?P<reason>CMake Error at \S*(FetchContent|ExternalProject)\S*)",
            r"(?P<reason>(Temporary failure in name resolution|Network is unreachable|Failed to establish a new connection))",
            r"(?P<reason>WrapDB|Could not get https?://\S+ is the internet available\?)",
        ),
    ),
    Cause(
        id="no-compiler",
        says="there is no C++ compiler for the target",
        step="Install the cross compiler's C++ part (g++), and make the environment anew: crosspy create --clear. In Buildroot it is "
        "BR2_TOOLCHAIN_BUILDROOT_CXX or BR2_TOOLCHAIN_EXTERNAL_CXX.",
        where=("output", "compiler"),
        patterns=(
            r"crosspy: error: there is no C\+\+ compiler for",
            r"(command '|No such file or directory: ')no'",  # CXX=no
            r"No CMAKE_CXX_COMPILER could be found",
            r"The CMAKE_CXX_COMPILER:",
            r"ERROR: Unknown compiler\(s\): \[\[?'(c\+\+|g\+\+|\S+-g\+\+)'",
            r"g\+\+'?: (No such file or directory|not found|command not found)",
            r"cannot execute '?cc1plus",
        ),
    ),
    Cause(
        id="no-compiler",
        says="there is no Fortran compiler for the target",
        step="Install the cross compiler's Fortran part (gfortran), and make the environment anew: crosspy create --clear.",
        where=("output",),
        patterns=(
            r"No CMAKE_Fortran_COMPILER could be found",
            r"ERROR: Unknown compiler\(s\): \[\[?'[^']*(gfortran|flang)",
            r"gfortran'?: (No such file or directory|not found|command not found)",
            r"cannot execute '?f951",
        ),
    ),
    Cause(
        id="no-rust",
        says="there is no Rust compiler",
        step="Install rustc and cargo on the build machine, with the standard library for the target.",
        where=("output",),
        patterns=(
            r"can't find Rust compiler",
            r"Cargo, the Rust package manager, is not installed or is not on PATH",
            r"(cargo|rustc)'?: (No such file or directory|not found|command not found)",
            r"No such file or directory: '(cargo|rustc)'",
            r"Rust not found|Failed to run `rustc`",
            r"crosspy: error: this build needs Rust, and there is no \w+ on PATH",
        ),
    ),
    Cause(
        id="no-rust-target",
        says="Rust has no standard library for the target {triple}",
        step="Install it: rustup target add {triple}; Debian has it as libstd-rust-dev of the target's architecture.",
        where=("output",),
        patterns=(
            r"crosspy: error: .* cannot make code for (?P<triple>\S+)",
            r"error\[E0463\]: can't find crate for `(std|core)`(.*\n){0,3}.*the `(?P<triple>[^`]+)` target may not be installed",
        ),
    ),
    Cause(
        id="no-crates",
        says="cargo may not use the network, and crates are missing",
        step="Get them once: crosspy crates SDIST... -d DIR; then build with: crosspy wheel --crates DIR ...",
        where=("output",),
        patterns=(r"crosspy: hint: there is no network for cargo here",),
    ),
    Cause(
        id="no-twin",
        says="{requirement} is compiled against, and its build for the target is not there",
        step="Without build isolation it must be: install {requirement} into the environment (ENV/bin/pip), or add it to the "
        "sysroot (Yocto DEPENDS, Buildroot _DEPENDENCIES). With isolation it is built when it is needed.",
        where=("output",),
        patterns=(r"crosspy: error: (?P<requirement>[^\s=]+==\S+) of the build machine \(",),
    ),
    Cause(
        id="newer-cmake",
        says="the project is made for CMake < {needs}, and the CMake of this build does not support those projects any more",
        step="Try CMAKE_POLICY_VERSION_MINIMUM={needs} crosspy wheel ..., an older CMake (build-pip install 'cmake<4', without isolation), "
        "or a newer version of the project.",
        where=("output",),
        patterns=(r"Compatibility with CMake < (?P<needs>[\d.]+) has been removed from CMake",),
    ),
    Cause(
        id="older-setuptools",
        says="the project is made for setuptools before 58, which translated Python 2 code (use_2to3)",
        step="A newer release, or a fork that is kept up. Its old code may do with: ENV/bin/build-pip install 'setuptools<58' wheel; "
        "crosspy wheel --no-build-isolation.",
        where=("output",),
        patterns=(r"error in \S+ setup command: use_2to3 is invalid",),
    ),
    Cause(
        id="old-checker",
        says="setuptools checks pyproject.toml with trove-classifiers and packaging where they are installed; what is there is too old",
        step="Give the build newer ones, without isolation: build-pip install --upgrade trove-classifiers packaging; in a Yocto "
        "recipe CROSSPY_BUILD_REQUIRES. Or build with isolation, which has neither.",
        where=("output",),
        patterns=(
            r"`project\.classifiers\[\d+\]` must be trove-classifier",
            r"ImportError: Cannot import `packaging\.licenses`",
        ),
    ),
    Cause(
        id="old-back-end",
        says="the build back end that is there is too old for the project's pyproject.toml",
        step="With isolation the build gets what build-system.requires asks for. Without, give it that: build-pip install --upgrade; in a "
        "Yocto recipe CROSSPY_BUILD_REQUIRES. (A licence as PEP 639 has it: setuptools 77, flit-core 3.11, hatchling 1.27, "
        "pyproject-metadata 0.9.)",
        where=("output",),
        patterns=(
            r"`project\.license` must be valid exactly by one definition",
            r"configuration error: `(project|tool\.setuptools)` must not contain \{",
            r"ConfigError: license field should be <class 'dict'>",
            r"Field `project\.license(-files)?` must be a table",
            r"Field `project\.license` has an invalid type, expecting a dictionary",
            r"^\s*KeyError: 'tool'$",  # poetry-core before 2.0 knows no [project]
        ),
    ),
    Cause(
        id="no-module",
        unless=("no-back-end",),
        says="the build imports {module_name}, and does not declare it as a build requirement",
        step="Install it for builds, and build without isolation: ENV/bin/build-pip install {distribution} and the project's other "
        "build requirements; crosspy wheel --no-build-isolation. The mend is the project's: build-system.requires.",
        where=("output",),
        patterns=(
            (
                r"^\s*ModuleNotFoundError: No module named '(?P<module_name>[\w.]+)'"
                # and it was the end: nothing else was raised after it, but that a process failed.
                r"(?![\s\S]*\n\s*(?!.*CalledProcessError)[\w.]*(Error|Exception): )"
            ),
        ),
    ),
    Cause(
        id="ran-target-program",
        says="the build ran a program of the target on the build machine: {detail}",
        step="Tell the build what it would have answered (crosspy create --hints FILE), or name an emulator (crosspy create "
        "--emulator COMMAND).",
        where=("output",),
        patterns=(
            r"(?P<detail>\[Errno 8\] Exec format error: (?!the build calls).*)",
            r"(?P<detail>\S+: (cannot execute binary file: )?Exec format error)",
            r"configure: error: (?P<detail>cannot run (C|C\+\+|Fortran|Go|Objective C|test) (compiled )?programs?.*)",
            r"ERROR: (?P<detail>Could not invoke sanity check executable\S*)",
            r"ERROR: (?P<detail>Can not run test applications in this cross environment)",
            r"ERROR: (?P<detail>An exe_wrapper is needed (for \S+ )?but was not found)",
            r"(?P<detail>(?i:try_run)\(\) invoked in cross-compiling mode, please set [^:]*:\n\s+\w+)",
            r"(?P<detail>\S+: cannot execute: required file not found)",
            r"(?P<detail>qemu-\w+(-static)?: Could not open '[^']+')",
            r"(?P<detail>(OSError|ImportError): \S+: (wrong ELF class|invalid ELF header).*)",
            # What glibc says of a library for another machine (elf/dl-load.c, open_verify); of the target's by its path.
            r"(?P<detail>OSError: /\S+\.so[.\d]*: cannot open shared object file.*)",
        ),
    ),
    Cause(
        id="ran-target-program",
        says="the build called a function of a library of the target on the build machine: {detail}",
        step="Tell the build what it would have answered (crosspy create --hints FILE), or name an emulator (crosspy create "
        "--emulator COMMAND): the call is then the target's Python's.",
        where=("output",),
        patterns=(r"Exec format error: the build calls a function of a library.*: '(?P<detail>[^'\n]+)'",),
    ),
    Cause(
        id="ran-target-program",
        says="the build imported {module_name}, which it had made for the target, on the build machine",
        step="Name an emulator (crosspy create --emulator COMMAND): such a process is then run as the target's Python.",
        where=("output",),
        patterns=(
            r"ModuleNotFoundError: (?P<module_name>[\w.]+) is a module made for \S+, which does not load",
        ),
    ),
    Cause(
        id="build-machine-file",
        says="a library or object file of the build machine got into the link: {detail}",
        step="Look in the command for a directory or file that is not of the sysroot, and in the project for what put it there "
        "(a fixed path, a compiler called by name, a *-config script).",
        where=("compiler",),
        patterns=(
            r"(?P<detail>\S+): (error adding symbols: )?file in wrong format",
            r"(?P<detail>\S+): Relocations in generic ELF",
            r"(?P<detail>\S+): file not recognized: file format not recognized",
            r"architecture of input file [`'](?P<detail>[^']+)' is incompatible",
            r"error: (?P<detail>\S+) is incompatible with \S+",
        ),
    ),
    Cause(
        id="build-machine-file",
        says="a header of the build machine was compiled: {detail}",
        step="Look in the command for an -I that is not of the sysroot, and in the project for what put it there.",
        where=("compiler",),
        patterns=(r"^(In file included from |\s+from )?(?P<detail>/usr/(local/)?include/[^:\n]+):\d+",),
    ),
    Cause(
        id="foreign-processor",
        says="the project is written for another processor: {detail}",
        step="Look for an option of the project that turns it off; it must ask the compiler, not the build machine.",
        where=("compiler",),
        patterns=(
            r"error: (?P<detail>unrecognized command[- ]line option '?-m[^\s';]+)",
            r"error: (?P<detail>(unrecognized argument in option|unknown value|bad value) .*-m(arch|cpu|tune|fpu)[^\n]*)",
            r"error: (?P<detail>unsupported option '-m[^']+' for target '[^']+')",
            r"Error: (?P<detail>(unknown mnemonic|unrecognized opcode|bad instruction|invalid instruction) [^\n]+)",
            (
                r"fatal error: (?P<detail>(\w*mmintrin|immintrin|x86intrin|x86gprintrin|cpuid|intrin|arm_neon|arm_acle|altivec|"
                r"riscv_vector)\.h)"
            ),
        ),
    ),
    Cause(
        id="missing",
        says="",
        step="",
        unless=("foreign-processor",),
        where=("compiler",),
        patterns=(
            r"fatal error: '?(?P<header>[^:'\n]+)'?(: No such file or directory| file not found)",
            r"ld(\.\w+)?: cannot find -l(?P<library>[^\s:]+)",
            r"unable to find library -l(?P<library>\S+)",
        ),
    ),
    Cause(
        id="other-program-version",
        says="the build asks for {place} {needs}, and there is {have}",
        step=f"Give it another one, without isolation; in a Yocto recipe CROSSPY_BUILD_REQUIRES. {FROM_PYPI}",
        where=("output",),
        patterns=(
            (
                r"Program (?P<place>\S+) found: NO found (?P<have>\S+) but need: '(?P<needs>[^']+)'"
                r"(?=[\s\S]*ERROR: Program '(?P=place)' not found)"
            ),
        ),
    ),
    Cause(
        id="missing",
        says="",
        step="",
        unless=("other-program-version",),
        where=("output",),
        patterns=(
            r"Package '?(?P<module>[^\s',]+)'?(, required by '[^']+',)? (was not found in the pkg-config search path|not found)",
            r"No package '(?P<module>[^']+)' found",
            r"ERROR: Dependency \"(?P<module>[^\"]+)\" not found",
            r"ERROR: Dependency lookup for (?P<module>\S+) with method",
            r"pkg-?config (?:package|module|library) ['\"]?(?P<module>[\w.+-]*\w)(?: ?[<>=]+ ?[\d.]+)?['\"]? (?:was |is )?not found",
            r"Command '?\['(?:[^']*/)?\S*pkg-?conf(?:ig)?'(?:, '-[^']*')*, '(?P<module>[\w.+][\w.+-]*)'[^\n]* returned non-zero",
            r"pkg-config --exists (?P<module>[\w.+-]+)'? returned non-zero",
            r"system library `(?P<module>[^`]+)` required by crate",
            r"CMake Error at [^\n]*\n\s*Could NOT find (?P<package>\w+)",
            r"CMake Error at [^\n]*(\n[^\n]*){1,9}?configuration file provided by\s+\"(?P<package>[\w.+-]+)\"",
            r"The following required packages were not found:\s+- (?P<module>[\w.+-]+)",
            r"ERROR: (C|C\+\+|Fortran) (shared or static |shared |static )?library '(?P<library>[^']+)' not found",
            r"ERROR: (C|C\+\+) header ['\"](?P<header>[^'\"]+)['\"] not found",
            r"set to NOTFOUND\.\n(.*\n){1,3}?(?P<package>\w+?)_(LIBRARY|LIBRARIES|INCLUDE_DIR)\w*\b",
            r"CMake Error at [^\n]*\n\s*Could not find \w+ using the following names:\s+(lib)?(?P<library>[\w.+-]+)",
            r"Could not find (directory of )?(?P<named>OpenSSL)( installation)?",
            r"and the sysroot \S+ has no pkg-config module (?P<module>[\w.+-]*\w)",
            r"(?P<program>\b(\w[\w.]*[-_]config)\b)'?: (command )?not found",
            r"(?P<program>\bpg_config) executable not found",
            r"No such file or directory: '(?P<program>[\w.]+[-_]config)'",
            r"Could not run (?P<program>[\w.]+[-_]config): ",
            r"ERROR: Program '(?P<program>[^' ]+)[^']*' not found",
            r"ERROR: Unknown compiler\(s\): \[\[?'(?P<program>cython)'",
            # Of a process that could not be started; of a file, the same words mean something else.
            r"in _execute_child\n(?:.*\n){1,3}?.*No such file or directory: '(?P<program>[\w.+-]+)'$",
            r"^(/bin/)?(ba|da)?sh: (line )?(\d+: )?(?P<program>[\w.+-]+): (command )?not found",
            r"error: command '(?P<program>(?!no')[\w.+-]+)' failed: No such file or directory",
            r"^\s*error: \[Errno 2\] No such file or directory: '(?P<program>[\w.+-]+)'$",
            r"([Cc]ould not|[Cc]annot|[Cc]an't|[Uu]nable to) (find|locate) (the )?[`'\"]?(?P<program>[\w.+-]+)[`'\"]? (executable|program|binary|command)\b",
            r"[`'\"]?(?P<program>[\w.+-]+)[`'\"]? (executable|program|command) (was |is |could )?not (be )?found",
            r"(?P<program>\b[Cc][Mm]ake|autoreconf|autoconf|automake|libtoolize|[Ss][Ww][Ii][Gg]|bison|flex|ninja|git|perl)['\"]? must be installed",
            r"configure: error: (lib)?(?P<named>[\w.+-]+) (was |library |libraries |headers? |development )*not found",
            r"(?:Error|Exception|ERROR|error): (?P<named>[A-Za-z][\w.+-]*) is not installed( or not in path)?\b",
            r"(?:Error|Exception|ERROR|error): (?:[Dd]id not find|[Cc]ould not find|[Cc]annot find|[Uu]nable to (?:find|load dependency)) (?:the )?(?P<named>[A-Za-z][\w.+-]*)",
        ),
    ),
    Cause(
        id="missing-program",
        says="the build asks for {needs}, which is not on the build machine, or of another version there",
        step=f"Install it there, or a newer one. {FROM_PYPI}",
        where=("output",),
        patterns=(
            (
                r"(?:Error|Exception|ERROR|error): (?P<needs>(?:[Cc][Mm]ake|[Ss][Ww][Ii][Gg]|[Nn]inja|autoconf|automake|bison|flex) ?[<>=]+ ?\d[\d.]*) "
                r"(?:is required|is needed|must be installed|(?:was )?not found)"
            ),
        ),
    ),
    Cause(
        id="source-refuses",
        says="the source says why it cannot be compiled: {detail}",
        step="Do as it says; a requirement on a library's version is met by another one in the sysroot, or by an older version of the project.",
        where=("compiler", "output"),
        unless=("foreign-processor", "other-version"),
        patterns=(r"error: #error:? *\"?(?P<detail>[^\"\n]+)",),
    ),
    Cause(
        id="compile-error",
        says="{place}: {detail}",
        step="The compiler understood everything that it was told, and the source does not compile. A newer version of the project, "
        "or of the compiler, may help.",
        where=("compiler",),
        unless=("*",),
        patterns=(
            r"^(?P<place>[^\s:][^:\n]*:\d+)(:\d+)?: (fatal )?error: (?P<detail>.*)",
            r"(?P<place>\S+): (?P<detail>undefined reference to .*)",
        ),
    ),
)
