SUMMARY = "Debian's C library and the libraries that Python packages are built against"
LICENSE = "LGPL-2.1-only"
inherit testbed-tree
DEPENDS = "testbed-cross-${TARGET_ARCH}"
PROVIDES += "${TESTBED_PROVIDES} virtual/compilerlibs virtual/${TARGET_PREFIX}compilerlibs"
do_install() {
    install -d ${D}${includedir} ${D}${libdir}
    tar -C ${TESTBED}/target/usr -c --exclude='*python3*' --exclude=lib/ssl --exclude=lib/gcc --exclude=lib/gobject-introspection --exclude=lib/blas --exclude=lib/lapack include lib | tar -x -C ${D}${prefix}
    chown -R root:root ${D}
}
PACKAGES = "${PN}-dev ${PN}"
FILES:${PN}-dev = "${includedir} ${libdir}/*.a ${libdir}/*.o ${libdir}/lib*.so ${libdir}/pkgconfig ${libdir}/cmake"
FILES:${PN} = "${libdir}"
RPROVIDES:${PN} = "ca-certificates ldconfig openssl libgcc"
RDEPENDS:${PN}-dev = ""
