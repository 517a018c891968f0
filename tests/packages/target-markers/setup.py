import markupsafe._speedups  # native: it is imported by the build machine's interpreter
from setuptools import setup

with open("markers.py", "w") as file:
    file.write(f"speedups = {markupsafe._speedups.__file__.rpartition('.cpython-')[2]!r}\n")
setup()
