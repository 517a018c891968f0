"""Present an unpacked Debian tree with a Python as OpenEmbedded would have built it.

Usage: flatten.py [--native] SOURCE DESTINATION

No multiarch directories, one ``site-packages``, and for the target the names that OE-core's ``PLATFORM_TRIPLET`` gives
from Python 3.13 on (``.cpython-314-aarch64-linux.so``, without ``-gnu``; ``-arm-linux-gnueabi`` for hard float, too).
The interpreter's own copy of that name is a C string in its data, which is made shorter in place. What the layer has to
know of the target is printed as BitBake's variables.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import sys
from pathlib import Path

TEXT_WITH_PATHS = {"libc.so", "libm.so", "libm.a", "libpthread.so"}

UNUSED = r"/usr/(include/(?!TRIPLET/)\w+-linux-\w+|lib/(linux|perl(-base)?|git-core|valgrind|TRIPLET/perl(-base)?))(/|$)"
"""What no build looks into, and packaging takes its time for: headers of other architectures, Perl."""


def flatten(source: Path, destination: Path, triplet: str) -> None:
    """Copy what a development tree has, multiarch directories merged into their parents."""

    def flat(path: str) -> str:
        path = (path + "/").replace(f"/lib/{triplet}/", "/lib/").replace(f"/include/{triplet}/", "/include/")
        path = path.rstrip("/")
        return "/usr" + path if path.startswith(("/lib/", "/bin/", "/sbin/")) else path

    unused = re.compile(UNUSED.replace("TRIPLET", triplet))
    files: list[str] = []
    links: list[tuple[str, str]] = []
    for top in ("usr/bin", "usr/include", "usr/lib", "lib"):
        if (source / top).is_symlink():
            continue
        for directory, directories, names in os.walk(source / top):
            for name in names + directories:
                path = Path(directory, name)
                shown = "/" + str(path.relative_to(source))
                if unused.match(shown):
                    continue
                if path.is_symlink() and not is_header(source, shown):
                    links.append((shown, os.path.normpath(Path(shown).parent / path.readlink())))
                elif name in names or path.is_symlink():
                    files.append(shown)
    # The multiarch copy of pyconfig.h wins: the other one only dispatches.
    for shown in sorted(files, key=lambda name: triplet in name):
        goal = Path(f"{destination}{flat(shown)}")
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(f"{source}{shown}", goal)
    for shown, goal in links:
        link, pointed = Path(f"{destination}{flat(shown)}"), f"{destination}{flat(goal)}"
        if os.path.lexists(link) or str(link) == pointed:
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(pointed, link.parent))
    for name in TEXT_WITH_PATHS:
        script = destination / "usr/lib" / name
        if script.is_file() and script.stat().st_size < 4096:
            text = script.read_text(errors="replace").replace(f"/{triplet}/", "/")
            script.write_text(text.replace(" /lib/", " /usr/lib/"))
    for script in (destination / "usr/lib/pkgconfig").glob("*.pc"):
        text = script.read_text()
        script.unlink()
        script.write_text(re.sub(rf"/{triplet}(?=[/\s]|$)", "", text))


def is_header(source: Path, shown: str) -> bool:
    """Say whether a link is to a header of elsewhere, as Debian's kernel headers are, which are staged in another place here."""
    return shown.startswith("/usr/include/") and Path(f"{source}{shown}").is_file()


def as_upstream(root: Path, version: str) -> None:
    """Undo Debian's changes of where packages are, if it is Debian's."""
    stdlib = root / "usr/lib" / f"python{version}"
    site = stdlib / "site.py"
    text = site.read_text()
    if "dist-packages" not in text:
        return
    text = re.sub(r"(?s) {12}if is_virtual_environment:\n.*?# this one is deprecated for Debian\n", "", text)
    assert text.count('"dist-packages"') == 1
    text = text.replace('"dist-packages"', '"site-packages"')
    site.write_text(re.sub(r"dist-packages", "site-packages", text))
    config = stdlib / "sysconfig" / "__init__.py"
    text = config.read_text()
    assert "prefix_scheme = 'posix_local'" in text
    text = text.replace("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'")
    text = re.sub(r"(?s)    '(deb_system|posix_local)': \{.*?\},\n", "", text)
    config.write_text(text.replace(", 'posix_local', 'deb_system')", ")"))
    for name in ("sitecustomize.py", "EXTERNALLY-MANAGED", "_distutils_system_mod.py"):
        (stdlib / name).unlink(missing_ok=True)
    shutil.rmtree(root / "usr/lib/python3", ignore_errors=True)
    (stdlib / "site-packages").mkdir(exist_ok=True)
    # The interpreter starts with a frozen copy of Debian's site, which looks here.
    (stdlib / "dist-packages").symlink_to("site-packages")


def as_openembedded(root: Path, version: str) -> None:
    """One ``site-packages`` for all, as OE-core's patch of sysconfig has it: ``lib64`` in a multilib."""
    stdlib = root / "usr/lib" / f"python{version}"
    [config] = [
        path for path in (stdlib / "sysconfig" / "__init__.py", stdlib / "sysconfig.py") if path.exists()
    ]
    text = config.read_text()
    assert text.index("'posix_prefix'") < text.index("'purelib': '{base}/lib/")
    config.write_text(text.replace("'purelib': '{base}/lib/", "'purelib': '{base}/{platlibdir}/", 1))


def rename_platform(root: Path, version: str, old: str, new: str) -> None:
    """Give the target's Python OE-core's names."""
    for path in sorted((root / "usr/lib" / f"python{version}").rglob(f"*{old}*"), reverse=True):
        if path.is_symlink():
            path.unlink()
        else:
            path.rename(path.with_name(path.name.replace(old, new)))
    for name in (f"bin/python{version}", f"lib/libpython{version}.so.1.0"):
        path = root / "usr" / name
        path.write_bytes(_renamed(path.read_bytes(), old.encode(), new.encode()))


def _base(data: bytes) -> int:
    """Return where a little-endian ELF32 file's first byte is in memory."""
    start, size, count = (
        struct.unpack_from(form, data, at)[0] for form, at in (("<I", 28), ("<H", 42), ("<H", 44))
    )
    headers = [struct.unpack_from("<3I", data, start + number * size) for number in range(count)]
    return min(address - offset for kind, offset, address in headers if kind == 1)


def _renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Make C strings shorter in place. The suffix of any extension module, ``.so``, is the tail of one of them."""
    suffix, room = b".so\0", len(old) - len(new)
    for place in [match.start() for match in re.finditer(re.escape(old + suffix), data)]:
        tail = place + len(old)
        if room < len(suffix):
            # Pointers to it, of which there are few, are led to another one.
            elsewhere = data.index(b".abi3.so\0") + len(".abi3")
            was, now = (struct.pack("<I", _base(data) + one) for one in (tail, elsewhere))
            assert data.count(was) < 5
            data = data.replace(was, now)
            suffix = b""
        now = (new + b".so\0").ljust(len(old) + 4 - len(suffix), b"\0") + suffix
        data = data[:place] + now + data[place + len(now) :]
    return data.replace(old + b"\0", (new + b"\0").ljust(len(old) + 1, b"\0"))


def main(words: list[str]) -> None:
    native = "--native" in words
    source, destination = (Path(word) for word in words if word != "--native")
    [triplet] = [path.name for path in (source / "usr/lib").glob("*-linux-gnu*") if path.is_dir()]
    [version] = [
        path.name.removeprefix("python")
        for path in (source / "usr/bin").glob("python3.*[0-9]")
        if "-" not in path.name
    ]
    shutil.rmtree(destination, ignore_errors=True)
    flatten(source, destination, triplet)
    as_upstream(destination, version)
    as_openembedded(destination, version)
    for cache in destination.rglob("__pycache__"):
        shutil.rmtree(cache)
    for link in [path for path in destination.rglob("*") if path.is_symlink() and not path.exists()]:
        link.unlink()
    if native:
        return
    shutil.rmtree(destination / "usr/lib" / "gconv", ignore_errors=True)
    platform = triplet
    if tuple(map(int, version.split("."))) >= (3, 13):
        platform = triplet.removesuffix("hf").removesuffix("-gnu")
        rename_platform(destination, version, triplet, platform)
    header = (destination / f"usr/include/python{version}/patchlevel.h").read_text()
    [release] = re.findall(r'define PY_VERSION +"([\d.]+)', header)
    print(f'TESTBED_TRIPLET = "{triplet}"\nTESTBED_PLATFORM = "{platform}"\nTESTBED_PYTHON = "{release}"')


if __name__ == "__main__":
    main(sys.argv[1:])
