# One purpose: compile against a build requirement's headers, link its library, and copy that; they must be the target's.
import os
import shutil

import twin
from setuptools import Extension, setup

consumer = Extension(
    "consumer",
    ["consumer.c"],
    include_dirs=[twin.get_include()],
    libraries=["twin"],
    library_dirs=[twin.get_library_dir()],
    extra_link_args=["-Wl,-rpath,$ORIGIN/twin"],
)
os.makedirs("bundled", exist_ok=True)
shutil.copy(os.path.join(twin.get_library_dir(), "libtwin.so"), "bundled")
setup(ext_modules=[consumer], packages=["bundled"], package_data={"bundled": ["*.so"]})
