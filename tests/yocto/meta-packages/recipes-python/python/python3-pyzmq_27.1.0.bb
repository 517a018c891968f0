SUMMARY = "Bindings of ZeroMQ"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE.md;md5=1787206f198344195a671b60326c59dc"
CROSSPY_BUILD_REQUIRES = "scikit_build_core-0.11.6-py3-none-any.whl"
SRC_URI[sha256sum] = "ac0765e3d44455adb6ddbf4417dcce460fc40a05978c08efdf2948072f6db540"
SRC_URI[scikit-build-core.sha256sum] = "ce6d8fe64e6b4c759ea0fb95d2f8a68f60d2df31c2989838633b8ec930736360"

inherit pypi crosspy

DEPENDS += "cmake-native ninja-native python3-cython-native python3-packaging-native python3-pathspec-native zeromq"
