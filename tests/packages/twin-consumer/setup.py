# One purpose: compile against a build requirement's headers; they must be the target's.
import twin
from setuptools import Extension, setup

setup(ext_modules=[Extension("consumer", ["consumer.c"], include_dirs=[twin.get_include()])])
