# One purpose: like numpy and pyarrow, an importable native package, with headers that are configured for one machine
# and a library to link against.
import ctypes
import os

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class Build(build_ext):
    def get_ext_filename(self, name):
        return (
            f"{name.replace('.', os.sep)}.so" if name.endswith("libtwin") else super().get_ext_filename(name)
        )


os.makedirs("twin/include", exist_ok=True)
with open("twin/include/twin_config.h", "w") as file:
    file.write(f"#define TWIN_SIZEOF_LONG {ctypes.sizeof(ctypes.c_long)}\n")
setup(
    cmdclass={"build_ext": Build},
    ext_modules=[Extension("twin._twin", ["twin/_twin.c"]), Extension("twin.libtwin", ["twin/libtwin.c"])],
)
