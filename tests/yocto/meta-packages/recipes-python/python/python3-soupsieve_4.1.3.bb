SUMMARY = "Selects elements of a document as CSS does"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE.md;md5=74851a2f1e5c07496dcb452af6a6bf54"
SRC_URI[sha256sum] = "13f70186c8f40bf8d0ff7bbab09a18fb149600b465269207b5e5b588f55fda08"

inherit pypi crosspy
