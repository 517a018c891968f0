SUMMARY = "Hashing of passwords, in Rust"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=8f7bb094c7232b058c7e9f2e431f389c"
SRC_URI[sha256sum] = "f748f7c2d6fd375cc93d3fba7ef4a9e3a092421b8dbf34d8d4dc06be9492dfdd"

inherit pypi cargo-update-recipe-crates crosspy
require ${BPN}-crates.inc

DEPENDS += "python3-setuptools-rust-native"
