"""What a build made is looked at before it is handed on.

A compiler that failed inside an "optional" extension must not end as a pure wheel without a word; nor may code of
the build machine travel under the target's name.
"""

import os
import shutil
import sys

from . import buildfacts, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


def is_pure_wanted(name: str) -> bool:
    """Say whether the user asked for pure wheels: CROSSPY_PURE names distributions, or is ``:all:``."""
    wanted = {normalized(word) for word in os.environ.get("CROSSPY_PURE", "").split(",") if word}
    return ":all:" in wanted or normalized(name) in wanted


def normalized(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def watch(argv: list[str]) -> None:
    """Follow the compilers of this process; when it ends, check the wheel, or tell what it failed on."""
    from . import evidence, metadata

    directory = _wheel_directory(argv)
    if directory is None and not evidence.directory():
        return
    import atexit
    import tempfile

    log = tempfile.mkdtemp(prefix="crosspy-log-")
    os.environ["CROSSPY_BUILD_LOG"] = log
    before = _wheels(directory)
    shipped = _programs(os.getcwd()) if directory else set()
    owner = os.getpid()
    stated = metadata.stated(os.getcwd()) if directory else b""
    if evidence.directory():
        evidence.keep_logs()

    def finish() -> None:
        if os.getpid() != owner:
            return
        try:
            wheels = [os.path.join(directory or "", name) for name in sorted(_wheels(directory) - before)]
            problems = [text for wheel in wheels for text in check(wheel, log, shipped, stated)]
            if not problems:
                from . import scrub, wheelcache

                for wheel in wheels:
                    scrub.scrub(wheel)
                    _tell_of_accelerators(wheel)
                wheelcache.record()
            if problems or evidence.has_failed(argv, made=bool(wheels)):
                evidence.leave(argv, log)
        finally:
            shutil.rmtree(log, ignore_errors=True)
        if problems:
            sys.stdout.flush()
            sys.stderr.write("".join(f"\ncrosspy: error: {text}\n" for text in problems))
            sys.stderr.flush()
            os._exit(8)

    atexit.register(finish)


def _tell_of_accelerators(wheel: str) -> None:
    """Leave a word for the user where a wheel for any machine was made of sources that have extension modules."""
    from . import accelerators, evidence

    name = os.path.basename(wheel)
    if not evidence.directory() or is_pure_wanted(name.split("-")[0]):
        return
    found = accelerators.of_a_pure_wheel(wheel, os.environ["CROSSPY_SOURCE"])
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        evidence.tell(
            f"{name} has no machine code, though its sources have some ({', '.join(found[:3])}{more}): its build may have lacked "
            f"something and gone on without; the whole log (--log FILE) may say what. {_pure_hint(name)}"
        )


def _wheel_directory(argv: list[str]) -> str | None:
    """Return where this process will leave a wheel, or None if it is not one that makes any."""
    if any(word.endswith("_in_process.py") for word in argv[1:3]):
        if "build_wheel" not in argv:
            return None
        import json

        with open(os.path.join(argv[-1], "input.json"), encoding="utf-8") as file:
            return str(json.load(file)["kwargs"]["wheel_directory"])
    if "bdist_wheel" in argv:
        options = [argv[i + 1] for i, word in enumerate(argv[:-1]) if word in {"-d", "--dist-dir"}]
        return options[-1] if options else os.path.join(os.getcwd(), "dist")
    return None


def _programs(directory: str) -> set[tuple[str, int]]:
    """Return name and size of each ELF file below a project's directory."""
    found = set()
    for base, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(base, name)
            # An extension that lies there is what another build left behind.
            if ".cpython-" not in name and ".abi3" not in name and _could_be_program(name):
                try:
                    with open(path, "rb") as file:
                        if file.read(4) == b"\x7fELF":
                            found.add((name, os.fstat(file.fileno()).st_size))
                except OSError:
                    continue
    return found


def _could_be_program(name: str) -> bool:
    return name.endswith((".so", ".o", ".exe", ".bin")) or "." not in name or ".so." in name


def _wheels(directory: str | None) -> set[str]:
    if directory is None:
        return set()
    try:
        return {name for name in os.listdir(directory) if name.endswith(".whl")}
    except OSError:
        return set()


def check(
    wheel: str, log: str, shipped: "Collection[tuple[str, int]]" = (), stated: bytes = b""
) -> list[str]:
    """Return a sentence for each thing that is wrong with ``wheel``, given the compilers' log.

    :param shipped: name and size of programs and libraries that were among the sources: they were not built here.
    :param stated: the metadata that pip was told of it (:func:`metadata.stated`).
    """
    import zipfile

    from . import metadata

    name = os.path.basename(wheel)
    problems = []
    with zipfile.ZipFile(wheel) as archive:
        infos = archive.infolist()
        sizes = {info.filename: info.file_size for info in infos}
        native = {}
        for info in infos:
            if info.is_dir() or info.file_size < 52:
                continue
            with archive.open(info) as member:
                head = member.read(64)
            if head[:4] == b"\x7fELF":
                native[info.filename] = head
        for path in sizes:
            if stated and path.endswith(".dist-info/METADATA") and path.count("/") == 1:
                problems += metadata.contradictions(stated, name, archive.read(path))
    for path, head in sorted(native.items()):
        found = _machine(head)
        if found != buildfacts.ELF and (os.path.basename(path), sizes[path]) not in shipped:
            problems.append(
                f"{name}: {path} is {_spoken(found)}, the target is {_spoken(buildfacts.ELF)}: the build used another compiler "
                "than the one that CC names. The wheel was not accepted."
            )
        suffix = _foreign_suffix(os.path.basename(path))
        if suffix:
            problems.append(
                f"{name}: {path} ends in {suffix}; the target's Python imports {', '.join(facts.SUFFIXES)} only"
            )
    lost = [] if is_pure_wanted(name.split("-")[0]) else _lost_sources(log)
    if lost and (not native or _is_setuptools()):
        first = lost[0]
        problems.append(
            f"{name}: an extension is missing from it: the compiler failed on {first[0]} and the build went on without "
            f"({len(lost)} failed in all).\n\n{first[1].rstrip()}\n\n"
            f"hint: mend what the compiler says. {_pure_hint(name)}"
        )
    elif not native and not is_pure_wanted(name.split("-")[0]) and (left_out := _extensions()):
        problems.append(
            f"{name}: its extensions are missing from it: {', '.join(left_out)}. The project's build left them out and went "
            f"on without; what it wrote before says why.\n\nhint: mend that, or give it what it lacks. {_pure_hint(name)}"
        )
    if problems:
        os.replace(wheel, wheel + ".refused")
    return problems


def _pure_hint(name: str) -> str:
    project = name.split("-", maxsplit=1)[0]
    return (
        "If the pure version is what you want, ask for it by name: "
        f"crosspy wheel --pure {project} (or CROSSPY_PURE={project})"
    )


def _extensions() -> list[str]:
    """Return the names of the extension modules that the ``setup()`` of this process was given."""
    setup = getattr(sys.modules.get("distutils.core"), "_setup_distribution", None)
    return sorted(str(getattr(each, "name", each)) for each in getattr(setup, "ext_modules", None) or ())


def _machine(head: bytes) -> tuple[int, int, str]:
    """Return (e_machine, bits, byte order) of an ELF header."""
    little = head[5] == 1
    machine = int.from_bytes(head[18:20], "little" if little else "big")
    return machine, head[4] * 32, "little" if little else "big"


def _spoken(identity: tuple[int, int, str]) -> str:
    names = {
        3: "i386",
        8: "MIPS",
        20: "PowerPC",
        21: "PowerPC64",
        22: "s390",
        40: "ARM",
        62: "x86-64",
        183: "AArch64",
        243: "RISC-V",
    }
    machine, bits, order = identity
    return f"{bits}-bit {order}-endian {names.get(machine, f'machine {machine}')}"


def _foreign_suffix(base: str) -> str:
    """Return the suffix of an extension module that the target's Python will never import, else an empty text."""
    _, dot, rest = base.partition(".")
    suffix = dot + rest
    if ".cpython-" not in suffix or not suffix.endswith(".so"):
        return ""
    suffix = suffix[suffix.index(".cpython-") :]
    return "" if suffix in facts.SUFFIXES else suffix


def _is_setuptools() -> bool:
    return "setuptools" in sys.modules


def _lost_sources(log: str) -> list[tuple[str, str]]:
    """Return (source, message) for each file of the project that no compiler run succeeded on.

    Failures of configure-style probes are what those are for: their sources are not the project's.
    """
    failed: dict[str, str] = {}
    succeeded: set[str] = set()
    for entry in sorted(os.listdir(log)):
        if not entry.endswith((".failed", ".done")):
            continue
        with open(os.path.join(log, entry), encoding="utf-8", errors="replace") as file:
            cwd, *words = file.read().split("\n")
        sources = _project_sources(cwd, words)
        if entry.endswith(".done"):
            succeeded.update(sources)
            continue
        message = _message(os.path.join(log, entry.removesuffix(".failed")), words)
        for source in sources:
            failed[source] = message
    return sorted((source, text) for source, text in failed.items() if source not in succeeded)


_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".C", ".s", ".S", ".m", ".f", ".f90", ".F90")
PROBES = (
    "conftest",
    "meson-private",
    "CMakeFiles",
    "CMakeScratch",
    "CMakeTmp",
    "_configtest",
    "config.test",
)


def _project_sources(cwd: str, words: list[str]) -> list[str]:
    root = os.environ.get("CROSSPY_SOURCE", "")
    sources: list[str] = []
    if "-E" in words:
        return sources
    if "-c" not in words:
        return _linked_modules(cwd, words)
    for word in words:
        if (
            word.startswith("-")
            or not word.endswith(_SOURCES)
            or any(probe in word or probe in cwd for probe in PROBES)
        ):
            continue
        path = os.path.normpath(os.path.join(cwd, word))
        if path.startswith(root + os.sep) and os.path.exists(path):
            sources.append(os.path.relpath(path, root))
    return sources


def _linked_modules(cwd: str, words: list[str]) -> list[str]:
    """Return the shared library that a linker command makes, as if it were a source: a lost one is lost as well."""
    if "-shared" not in words or "-o" not in words[:-1]:
        return []
    output = words[words.index("-o") + 1]
    return [] if any(probe in output or probe in cwd for probe in PROBES) else [os.path.basename(output)]


def _message(path: str, words: list[str]) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(20000)
    except OSError:
        text = ""
    return f"{' '.join(words).strip()}\n{text}"
