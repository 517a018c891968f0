# One purpose: like numpy, an importable native package with headers that are configured for one machine.
import ctypes
import os

from setuptools import Extension, setup

os.makedirs("twin/include", exist_ok=True)
with open("twin/include/twin_config.h", "w") as file:
    file.write(f"#define TWIN_SIZEOF_LONG {ctypes.sizeof(ctypes.c_long)}\n")
setup(ext_modules=[Extension("twin._twin", ["twin/_twin.c"])])
