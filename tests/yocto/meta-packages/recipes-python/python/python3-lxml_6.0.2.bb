SUMMARY = "XML and HTML with libxml2 and libxslt"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=74f2cd58bcbfffe9120dfc7bcee74b06"
SRC_URI[sha256sum] = "cd79f3367bd74b317dda655dc8fcfa304d9eb6e4fb06b7168c5cf27f96e0cd62"

inherit pypi crosspy

DEPENDS += "libxml2 libxslt python3-cython-native"
