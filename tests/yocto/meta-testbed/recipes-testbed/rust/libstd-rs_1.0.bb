SUMMARY = "Rust's standard library for the target"
LICENSE = "MIT"
inherit testbed-tree
DEPENDS = "testbed-libc"
do_install() {
    install -d ${D}${libdir}/rustlib
    cp -a ${TESTBED}/rust-target/${RUST_STD} ${D}${libdir}/rustlib/
    chown -R root:root ${D}
}
FILES:${PN}-dev = "${libdir}/rustlib"
