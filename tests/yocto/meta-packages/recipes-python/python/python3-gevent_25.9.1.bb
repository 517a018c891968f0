SUMMARY = "Networking with coroutines"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=4de99aac27b470c29c6c309e0c279b65"
SRC_URI[sha256sum] = "adf9cd552de44a4e6754c51ff2e78d9193b7fa6eab123db9578a210e657235dd"
SRC_URI[greenlet.sha256sum] = "a82bb225a4e9e4d653dd2fb7b8b2d36e4fb25bc0165422a11e48b88e9e6f78fb"
CROSSPY_BUILD_REQUIRES = "greenlet-3.3.0.tar.gz"

inherit pypi crosspy

DEPENDS += "python3-cffi-native python3-cython-native"
RDEPENDS:${PN} += "python3-greenlet python3-zope-event python3-zope-interface"
