# One purpose: write down what a build sees.
import ctypes
import ctypes.util
import json
import os
import platform
import struct
import sys
import sysconfig

from setuptools import setup

NAMES = ("CPATH", "LIBRARY_PATH", "C_INCLUDE_PATH", "PIP_INDEX_URL", "PYTHONPATH_OF_USER", "PKG_CONFIG_PATH")
zlib = ctypes.CDLL(ctypes.util.find_library("z"))
zlib.zlibVersion.restype = ctypes.c_char_p
seen = {
    "machine": platform.machine(),
    "node": os.uname().nodename,
    "maxsize": sys.maxsize,
    "byteorder": sys.byteorder,
    "pointer": struct.calcsize("P"),
    "long": ctypes.sizeof(ctypes.c_long),
    "zlib": zlib.zlibVersion().decode(),
    "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "include": sysconfig.get_path("include"),
    "cross_compiling": getattr(sys, "cross_compiling", False),
    "environment": {name: os.environ[name] for name in NAMES if name in os.environ},
    "CC": os.environ.get("CC"),
    "python_h": os.path.exists(sysconfig.get_path("include") + "/Python.h"),
    "foreign_header": os.path.exists("/usr/include/crosspy-decoy.h"),
    "foreign_library": os.path.exists("/usr/lib/libcrosspydecoy.so"),
    "system_headers": os.path.exists("/usr/include/stdio.h"),
}
with open("probing.py", "w") as file:
    file.write("seen = " + repr(json.dumps(seen, sort_keys=True)) + "\n")
setup()
