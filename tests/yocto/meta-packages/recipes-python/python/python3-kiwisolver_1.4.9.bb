SUMMARY = "Solver of linear constraints, in C++"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=27a71439e89b80e41dc526a4b8bbfa2f"
CROSSPY_BUILD_REQUIRES = "cppy-1.3.1-py3-none-any.whl"
SRC_URI[sha256sum] = "c3b22c26c6fd6811b0ae8363b95ca8ce4ea3c202d3d0975b2914310ceb1bcc4d"
SRC_URI[cppy.sha256sum] = "7ca132b6ef6187384738804bd3a453d4eab7e3274df6dcd35e5d92aae3404717"

inherit pypi crosspy

DEPENDS += "python3-setuptools-scm-native"
