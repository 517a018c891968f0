# One purpose: an extension that may fail, and does.
from setuptools import Extension, setup

setup(ext_modules=[Extension("_optionally", ["_optionally.c"], optional=True)])
