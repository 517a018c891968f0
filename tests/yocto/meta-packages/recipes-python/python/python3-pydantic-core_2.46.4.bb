SUMMARY = "Validation and serialization of pydantic, in Rust"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=ab599c188b4a314d2856b3a55030c75c"
SRC_URI[sha256sum] = "62f875393d7f270851f20523dd2e29f082bcc82292d66db2b64ea71f64b6e1c1"
PYPI_PACKAGE = "pydantic_core"

inherit pypi cargo-update-recipe-crates crosspy
require ${BPN}-crates.inc

DEPENDS += "python3-maturin-native"
RDEPENDS:${PN} += "python3-typing-extensions"
