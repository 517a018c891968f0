SUMMARY = "Contours of quadrilateral grids, in C++"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=0186404b1452548f04e644440ce58e3c"
SRC_URI[sha256sum] = "083e12155b210502d0bca491432bb04d56dc3432f95a979b429f2848c3dbe880"
SRC_URI[pybind11.sha256sum] = "aa8f0aa6e0a94d3b64adfc38f560f33f15e589be2175e103c0a33c6bce55ee89"
CROSSPY_BUILD_REQUIRES = "pybind11-3.0.1-py3-none-any.whl"

inherit pypi crosspy

DEPENDS += "meson-native ninja-native python3-meson-python-native"
RDEPENDS:${PN} += "python3-numpy"
