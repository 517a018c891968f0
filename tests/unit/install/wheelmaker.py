"""Targets and wheels, made up in memory: one place says what is normal, a test says what is not."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosspy.model import machine as machines
from crosspy.model.python import TargetPython
from crosspy.model.target import Libc, Target

DATA = Path(__file__).resolve().parents[2] / "data" / "elf"

DEBIAN_SCHEMES = {
    "posix_prefix": {
        "purelib": "{base}/lib/python{py_version_short}/site-packages",
        "platlib": "{platbase}/{platlibdir}/python{py_version_short}/site-packages",
        "include": "{installed_base}/include/python{py_version_short}{abiflags}",
        "scripts": "{base}/bin",
        "data": "{base}",
    },
    "deb_system": {
        "purelib": "{base}/lib/python3/dist-packages",
        "platlib": "{platbase}/lib/python3/dist-packages",
        "include": "{installed_base}/include/python{py_version_short}{abiflags}",
        "scripts": "{base}/bin",
        "data": "{base}",
    },
    "posix_local": {
        "purelib": "{base}/local/lib/python{py_version_short}/dist-packages",
        "platlib": "{platbase}/local/lib/python{py_version_short}/dist-packages",
        "include": "{installed_base}/include/python{py_version_short}{abiflags}",
        "scripts": "{base}/local/bin",
        "data": "{base}/local",
    },
}


def make_python(
    version: str = "3.11", abiflags: str = "", platform: str = "linux-aarch64", **changes: Any
) -> TargetPython:
    minor = int(version.split(".")[1])
    soabi = f"cpython-3{minor}{abiflags}-aarch64-linux-gnu"
    values: dict[str, Any] = {
        "version": version,
        "full_version": f"{version}.2",
        "hexversion": 0x03000000 | minor << 16 | 0x2F0,
        "abiflags": abiflags,
        "soabi": soabi,
        "ext_suffix": f".{soabi}.so",
        "extension_suffixes": (f".{soabi}.so", ".abi3.so", ".so"),
        "platform": platform,
        "multiarch": "aarch64-linux-gnu",
        "prefix": "/usr",
        "exec_prefix": "/usr",
        "platlibdir": "lib",
        "stdlib": f"/usr/lib/python{version}",
        "include": f"/usr/include/python{version}",
        "platinclude": f"/usr/include/python{version}",
    }
    return TargetPython(**(values | changes))


def make_target(
    machine: str = "aarch64",
    *,
    abi: Mapping[str, str] | None = None,
    libc: str = "glibc",
    libc_version: str = "2.36",
    **python: Any,
) -> Target:
    row = machines.by_name(machine)
    uname = python.pop("uname", row.uname)
    python.setdefault("platform", f"linux-{uname}")
    return Target(
        machine=row,
        uname=uname,
        triplet=f"{machine}-unknown-linux-gnu",
        abi=abi or {},
        libc=Libc(kind=libc, version=libc_version),
        python=make_python(**python),
        types={},
        sysroot="",
    )


def debian(target: Target) -> Target:
    return replace(target, python=replace(target.python, debian_layout=True, schemes=DEBIAN_SCHEMES))


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def entry(name: str, mode: int = 0o100644, **attributes: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


class WheelMaker:
    """Writes wheels; every part of a correct one can be replaced.

    ``files`` maps names to content, or to (mode, content); ``{dist}`` in a name is NAME-VERSION.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)

    def __call__(
        self,
        name: str = "demo",
        version: str = "1.0",
        files: Mapping[str, Any] | None = None,
        *,
        tag: str = "py3-none-any",
        wheel_tags: str | None = None,
        wheel_version: str = "1.0",
        metadata: str = "",
        metadata_name: str | None = None,
        metadata_version: str | None = None,
        entry_points: str = "",
        purelib: bool = True,
        record: Callable[[str], str] = lambda text: text,
        dist: str | None = None,
        extra: Callable[[zipfile.ZipFile], None] | None = None,
        file_name: str | None = None,
    ) -> Path:
        stem = dist if dist is not None else f"{name}-{version}"
        body: dict[str, tuple[int, bytes]] = {}
        for key, value in (files if files is not None else {f"{name}/__init__.py": "x = 1\n"}).items():
            mode, content = value if isinstance(value, tuple) else (0o100644, value)
            body[key.replace("{dist}", stem)] = (
                mode,
                content.encode() if isinstance(content, str) else content,
            )
        tags = wheel_tags if wheel_tags is not None else tag
        lines = "".join(f"Tag: {one}\n" for one in tags.split(",") if one)
        info = {
            "METADATA": "Metadata-Version: 2.1\n"
            f"Name: {metadata_name if metadata_name is not None else name}\n"
            f"Version: {metadata_version if metadata_version is not None else version}\n{metadata}",
            "WHEEL": f"Wheel-Version: {wheel_version}\nGenerator: test\nRoot-Is-Purelib: {str(purelib).lower()}\n{lines}",
        }
        if entry_points:
            info["entry_points.txt"] = entry_points
        for key, text in info.items():
            body[f"{stem}.dist-info/{key}"] = (0o100644, text.encode())
        rows = "".join(f"{key},{digest(content)},{len(content)}\n" for key, (_, content) in body.items())
        rows += f"{stem}.dist-info/RECORD,,\n"
        body[f"{stem}.dist-info/RECORD"] = (0o100644, record(rows).encode())
        path = self.directory / (file_name or f"{name}-{version}-{tag}.whl")
        with zipfile.ZipFile(path, "w") as archive:
            for key, (mode, content) in body.items():
                archive.writestr(entry(key, mode), content)
            if extra:
                extra(archive)
        return path


def tree(root: Path) -> dict[str, tuple[str, int, int, bytes]]:
    """Return everything below ``root``: kind, mode, time and content by path."""
    found: dict[str, tuple[str, int, int, bytes]] = {}
    for path in sorted(root.rglob("*"), key=str):
        info = path.lstat()
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", 0, 0, str(path.readlink()).encode())
        elif path.is_dir():
            found[name] = ("dir", info.st_mode & 0o7777, int(info.st_mtime), b"")
        else:
            found[name] = ("file", info.st_mode & 0o7777, int(info.st_mtime), path.read_bytes())
    return found


def names(root: Path) -> list[str]:
    return [name for name, (kind, *_) in tree(root).items() if kind != "dir"]
