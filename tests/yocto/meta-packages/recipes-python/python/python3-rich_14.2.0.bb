SUMMARY = "Rich text in terminals"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=b5f0b94fbc94f5ad9ae4efcf8a778303"
SRC_URI[sha256sum] = "73ff50c7c0c1c77c8243079283f4edb376f0f6442433aecb8ce7e6d0b92d1fe4"

inherit pypi crosspy

RDEPENDS:${PN} += "python3-markdown-it-py python3-pygments"
