from setuptools import Extension, setup

setup(ext_modules=[Extension("cxxext", ["cxxext.cpp"])])
