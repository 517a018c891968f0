import shutil

from Cython.Build import cythonize
from setuptools import Distribution, Extension

command = Distribution(
    {"ext_modules": cythonize([Extension("be_poetry._answer", ["be_poetry/_answer.pyx"])])}
).get_command_obj("build_ext")
command.ensure_finalized()
command.run()
for output in command.get_outputs():
    shutil.copy(output, "be_poetry")
