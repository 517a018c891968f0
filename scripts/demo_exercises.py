"""Use one package in earnest. ``make demo`` runs this with the target's Python, under QEMU.

Runs without crosspy and with whatever Python 3 the target has: standard library only, and the package.
Prints one line of proof.
"""

# A package is imported by the function that uses it; private names prove that the C part is used.
# ruff: noqa: ANN001, ANN202, PLC0415, SLF001

from __future__ import annotations

import ctypes
import importlib
import io
import platform
import sys
from importlib.metadata import version


def cffi() -> str:
    import _cffi_backend
    from cffi import FFI

    ffi = FFI()
    ffi.cdef("""
        double cos(double);
        void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
    """)
    libm, libc = ffi.dlopen("libm.so.6"), ffi.dlopen(None)
    assert libm.cos(0.0) == 1.0

    @ffi.callback("int(const void *, const void *)")
    def compare(a, b):
        left, right = ffi.cast("int *", a)[0], ffi.cast("int *", b)[0]
        return (left > right) - (left < right)

    numbers = ffi.new("int[]", [3, -1, 2])
    libc.qsort(numbers, 3, ffi.sizeof("int"), compare)
    assert list(numbers) == [-1, 2, 3]
    assert ffi.sizeof("long") == ffi.sizeof("void *")
    return f"backend {_cffi_backend.__version__}, libm called, libc called back"


def lxml() -> str:
    from lxml import etree

    source = etree.fromstring("<list><item>5</item><item>7</item></list>")
    sheet = etree.XSLT(
        etree.fromstring("""<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">
        <x:template match="/"><sum><x:value-of select="sum(//item)"/></sum></x:template></x:stylesheet>""")
    )
    assert sheet(source).getroot().text == "12"
    assert source.xpath("//item[. > 6]/text()") == ["7"]
    return f"parsed, XPath, XSLT; libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}"


def markupsafe() -> str:
    import markupsafe as package
    from markupsafe import _speedups

    assert package._escape_inner is _speedups._escape_inner
    assert str(package.escape("<a & 'b'>")) == "&lt;a &amp; &#39;b&#39;&gt;"
    return "escaped by the C extension"


def numpy() -> str:
    import numpy as np

    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((64, 64))
    assert np.allclose(matrix @ np.linalg.inv(matrix), np.eye(64))
    signal = rng.standard_normal(256)
    assert np.allclose(np.fft.ifft(np.fft.fft(signal)).real, signal)
    numbers = rng.integers(0, 1000, 5000)
    assert np.sort(numbers).tolist() == sorted(numbers.tolist())
    # built against the target's long double, not the build machine's: 113 bits on arm64
    bits = (
        63
        if platform.machine() in {"x86_64", "i686"}
        else {8: 52, 16: 112}[ctypes.sizeof(ctypes.c_longdouble)]
    )
    assert np.finfo(np.longdouble).nmant == bits
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    return f"matmul, inverse, FFT, random, longdouble of {bits + 1} bits; BLAS: {blas}"


def pillow() -> str:
    from PIL import Image, ImageDraw, ImageFont, features

    picture = Image.new("RGB", (64, 48), "navy")
    ImageDraw.Draw(picture).ellipse((8, 8, 40, 40), fill="orange")
    for kind in ("PNG", "JPEG"):
        buffer = io.BytesIO()
        picture.save(buffer, kind)
        again = Image.open(io.BytesIO(buffer.getvalue()))
        again.load()
        assert again.size == (64, 48)
        red, green, blue = again.convert("RGB").getpixel((24, 24))
        assert red > 200, (kind, red, green, blue)
        assert blue < 60, (kind, red, green, blue)
    assert features.check("freetype2")
    assert ImageFont.load_default(20).getbbox("crosspy")[2] > 20
    return f"PNG, JPEG and FreeType; libjpeg {features.version('jpg')}, zlib {features.version('zlib')}"


def psutil() -> str:
    import psutil as package

    assert package.cpu_count() >= 1
    assert package.virtual_memory().total > 0
    assert package.Process().memory_info().rss > 0
    assert package.cpu_times().user >= 0
    return f"{package.cpu_count()} CPUs, {package.virtual_memory().total >> 30} GiB of memory"


def pycparser() -> str:
    from pycparser import c_parser

    tree = c_parser.CParser().parse("int f(int x) { return x + 1; }")
    assert tree.ext[0].decl.name == "f"
    return "parsed C"


def pyyaml() -> str:
    import yaml

    assert yaml.__with_libyaml__
    data = {"targets": ["arm64", "armhf"], "deep": {"x": 1.5, "é": None}}
    text = yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True)
    assert yaml.load(text, Loader=yaml.CSafeLoader) == data
    import yaml._yaml

    return f"round trip through libyaml {yaml._yaml.get_version_string()}"


EXERCISES = {
    function.__name__: function
    for function in (cffi, lxml, markupsafe, numpy, pillow, psutil, pycparser, pyyaml)
}


def main(name: str) -> None:
    assert platform.machine() == "aarch64", platform.machine()
    found = version(name)
    use = EXERCISES.get(name)
    proof = use() if use else f"imported {importlib.import_module(name).__name__}"
    # All of it came out of the image, not from the machine that QEMU runs on.
    strays = [
        module
        for module in sys.modules.values()
        if not (getattr(module, "__file__", None) or sys.prefix).startswith(sys.prefix)
    ]
    strays = [module for module in strays if module.__name__ != "__main__"]
    assert not strays, strays
    print(f"{name} {found}: {proof}")


if __name__ == "__main__":
    main(sys.argv[1])
