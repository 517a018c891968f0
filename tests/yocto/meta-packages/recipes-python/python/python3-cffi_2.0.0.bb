SUMMARY = "Calls C code from Python"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=c0158ab9b75875f3bb7fea081d388818"
SRC_URI[sha256sum] = "44d1b5909021139fe36001ae048dbdde8214afa20200eda0f64c068cac5d5529"

inherit pypi crosspy

DEPENDS += "libffi"
RDEPENDS:${PN} += "python3-pycparser"
