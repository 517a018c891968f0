SUMMARY = "Markdown parser, with the program markdown-it"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=a38a1697260a7ad7bf29f44b362db1fc"
SRC_URI[sha256sum] = "cb0a2b4aa34f932c007117b194e945bd74e0ec24133ceb5bac59009cda1cb9f3"

PYPI_PACKAGE = "markdown_it_py"
inherit pypi crosspy

RDEPENDS:${PN} += "python3-mdurl"
