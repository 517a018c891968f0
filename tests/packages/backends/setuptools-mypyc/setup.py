from mypyc.build import mypycify
from setuptools import setup

setup(py_modules=["be_mypyc"], ext_modules=mypycify(["be_mypyc.py"], opt_level="0"))
