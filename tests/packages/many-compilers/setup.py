"""Starts more compilers than anybody has processors: through make, and without any jobserver."""

import os
import subprocess

from setuptools import setup
from setuptools.command.build import build


class Build(build):
    def run(self):
        subprocess.run(["make", "-j8"], check=True)
        words = [os.environ["CC"], "-c", "-x", "c", "/dev/null", "-o"]
        compilers = [subprocess.Popen([*words, f"{number}.o"]) for number in range(4)]
        if sum(compiler.wait() for compiler in compilers):
            raise SystemExit("a compiler failed")
        super().run()


setup(py_modules=[], cmdclass={"build": Build})
