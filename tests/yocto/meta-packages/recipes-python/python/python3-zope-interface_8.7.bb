SUMMARY = "Interfaces for Python"
LICENSE = "ZPL-2.1"
LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=78ccb3640dc841e1baecb3e27a6966b2"
SRC_URI[sha256sum] = "0b47b62e8d0d99b24bcdd32f4f2120425e5019c3bee2ad69a0e1d75737487a96"
PYPI_PACKAGE = "zope_interface"

inherit pypi crosspy
