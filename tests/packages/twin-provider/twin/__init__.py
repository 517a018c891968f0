import os

from twin import _twin  # native: only the interpreter that it was built for can import it


def get_include():
    return os.path.join(os.path.dirname(_twin.__file__), "include")


def get_library_dir():
    return os.path.dirname(_twin.__file__)
