from Cython.Build import cythonize
from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import Extension, setup

ParallelCompile(default=2).install()
setup(
    cmdclass={"build_ext": build_ext},
    ext_modules=[
        Pybind11Extension("be_pybind11", ["bound.cpp"]),
        *cythonize([Extension("be_cython", ["cythonic.pyx"])]),
    ],
)
