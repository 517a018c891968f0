SUMMARY = "The build machine's rustc and cargo, without a standard library of the target"
LICENSE = "MIT"
inherit native testbed-tree
PROVIDES += "cargo-native"
do_install() {
    install -d ${D}${bindir}
    printf '#!/bin/sh\nexec ${TESTBED}/rust/usr/bin/rustc --sysroot ${TESTBED}/rust/usr "$@"\n' > ${D}${bindir}/rustc
    printf '#!/bin/sh\nexec ${TESTBED}/rust/usr/bin/cargo "$@"\n' > ${D}${bindir}/cargo
    chmod 755 ${D}${bindir}/*
}
