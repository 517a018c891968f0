SUMMARY = "Cryptographic recipes and primitives, in Rust, with OpenSSL"
LICENSE = "Apache-2.0 | BSD-3-Clause"
LIC_FILES_CHKSUM = "\
    file://LICENSE;md5=8c3617db4fb6fae01f1d253ab91511e4 \
    file://LICENSE.APACHE;md5=4e168cce331e5c827d4c2b68a6200e1b \
    file://LICENSE.BSD;md5=5ae30ba4123bc4f2fa49aa0b0dce887b \
"
SRC_URI[sha256sum] = "a8b17438104fed022ce745b362294d9ce35b4c2e45c1d958ad4a4b019285f4a1"

inherit pypi cargo-update-recipe-crates crosspy
require ${BPN}-crates.inc

DEPENDS += "openssl python3-cffi-native python3-maturin-native"
RDEPENDS:${PN} += "python3-cffi"
