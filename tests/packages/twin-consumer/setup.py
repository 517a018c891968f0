# One purpose: compile against a build requirement's headers, and link its library; they must be the target's.
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
setup(ext_modules=[consumer])
