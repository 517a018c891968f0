SUMMARY = "Python Imaging Library"
LICENSE = "HPND"
LIC_FILES_CHKSUM = "file://LICENSE;md5=a1b708da743e3fc0e5c35e92daac0bf8"
CROSSPY_BUILD_REQUIRES = "pybind11-3.0.1-py3-none-any.whl"
SRC_URI[sha256sum] = "87d4f8125c9988bfbed67af47dd7a953e2fc7b0cc1e7800ec6d2080d490bb353"
SRC_URI[pybind11.sha256sum] = "aa8f0aa6e0a94d3b64adfc38f560f33f15e589be2175e103c0a33c6bce55ee89"

inherit pypi crosspy

DEPENDS += "freetype jpeg lcms libwebp openjpeg tiff zlib"
