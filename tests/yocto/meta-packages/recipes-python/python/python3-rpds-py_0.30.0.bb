SUMMARY = "Persistent data structures, in Rust"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=7767fa537c4596c54141f32882c4a984"
SRC_URI[sha256sum] = "dd8ff7cf90014af0c0f787eea34794ebf6415242ee1d6fa91eaba725cc441e84"
PYPI_PACKAGE = "rpds_py"

inherit pypi cargo-update-recipe-crates crosspy
require ${BPN}-crates.inc

DEPENDS += "python3-maturin-native"
