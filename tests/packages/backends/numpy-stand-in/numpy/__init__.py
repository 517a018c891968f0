import argparse
from pathlib import Path

from . import _core as _core

__version__ = "2.0"


def get_include():
    return str(Path(__file__).parent / "include")


def config():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cflags", action="store_true")
    parser.add_argument("--version", action="store_true")
    print(f"-I{get_include()}" if parser.parse_args().cflags else __version__)
