from setuptools import setup

setup(cffi_modules=["build_answer.py:ffi"])
