import os
import subprocess
import sys
from pathlib import Path

import pybind11
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class CMakeExtension(Extension):
    def __init__(self, name):
        super().__init__(name, sources=[])


class CMakeBuild(build_ext):
    def build_extension(self, ext):
        output = Path.cwd() / self.get_ext_fullpath(ext.name)
        directory = Path(self.build_temp) / ext.name
        directory.mkdir(parents=True, exist_ok=True)
        options = [
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={output.parent}{os.sep}",
            f"-DPYTHON_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            "-DCMAKE_BUILD_TYPE=Release",
        ]
        subprocess.run(["cmake", str(Path.cwd()), *options], cwd=directory, check=True)
        subprocess.run(["cmake", "--build", "."], cwd=directory, check=True)


setup(ext_modules=[CMakeExtension("be_cmake")], cmdclass={"build_ext": CMakeBuild})
