import ctypes

from setuptools import Extension, setup

with open("numpy/include/numpy/numpyconfig.h", "w") as file:
    file.write(f"#define NPY_SIZEOF_LONG {ctypes.sizeof(ctypes.c_long)}\n")
setup(ext_modules=[Extension("numpy._core", ["numpy/_core.c"])])
