SUMMARY = "Event publishing"
LICENSE = "ZPL-2.1"
LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=78ccb3640dc841e1baecb3e27a6966b2"
SRC_URI[sha256sum] = "b97d5d6327067ee6b9dfcbdf606ade9ade70991e19c162e808ea39e5fcf0f8d3"
PYPI_PACKAGE = "zope_event"
# It asks for setuptools < 82, and builds with 82.
# nooelint: oelint.vars.insaneskip
INSANE_SKIP += "crosspy-build-requires"

inherit pypi crosspy
