SUMMARY = "Extensions to the standard datetime module"
LICENSE = "Apache-2.0 | BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=e3155c7bdc71f66e02678411d2abf996"
SRC_URI[sha256sum] = "78e73e19c63f5b20ffa567001531680d939dc042bf7850431877645523c66709"
PYPI_PACKAGE = "python-dateutil"

inherit pypi crosspy

DEPENDS += "python3-setuptools-scm-native"
RDEPENDS:${PN} += "python3-six"
