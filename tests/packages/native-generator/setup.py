# One purpose: a program that is compiled for the build machine and run there, as code generators are.
import os
import subprocess

from setuptools import Extension, setup

if not os.path.exists("generated.h"):
    subprocess.run([os.environ.get("CC_FOR_BUILD", "cc"), "generator.c", "-o", "generator"], check=True)
    with open("generated.h", "wb") as file:
        subprocess.run(["./generator"], check=True, stdout=file)
setup(ext_modules=[Extension("generated", ["generated.c"])])
