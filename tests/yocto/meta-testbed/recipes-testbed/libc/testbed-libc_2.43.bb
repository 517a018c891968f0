SUMMARY = "Debian's C library and the libraries that Python packages are built against"
LICENSE = "LGPL-2.1-only"
inherit testbed-tree
DEPENDS = "${MLPREFIX}testbed-cross-${TARGET_ARCH}"
PROVIDES += "${TESTBED_PROVIDES} virtual/compilerlibs virtual/${TARGET_PREFIX}compilerlibs"
do_install() {
    install -d ${D}${includedir} ${D}${libdir}
    tar -C ${TESTBED}/target/usr -c --exclude='*python3*' --exclude=lib/ssl --exclude=lib/gcc --exclude=lib/gobject-introspection --exclude=lib/blas --exclude=lib/lapack include lib | tar -x -C ${D}${prefix}
    [ ${libdir} = ${prefix}/lib ] || to_libdir
    chown -R root:root ${D}
}
# Debian's compiler looks for what starts a program in lib, where the loader is, too.
to_libdir() {
    mv ${D}${prefix}/lib/* ${D}${libdir}/
    mv ${D}${libdir}/*crt*.o ${D}${libdir}/ld-linux* ${D}${prefix}/lib/
    sed -i 's,/lib/\(lib[^ /]*\),/${baselib}/\1,g' $(grep -ls 'GNU ld script' ${D}${libdir}/lib*.so ${D}${libdir}/lib*.a)
    sed -i 's,/lib$,/${baselib},' ${D}${libdir}/pkgconfig/*.pc
}
PACKAGES = "${PN}-dev ${PN}"
FILES:${PN}-dev = "${includedir} ${prefix}/lib/*.o ${libdir}/*.a ${libdir}/*.o ${libdir}/lib*.so ${libdir}/pkgconfig ${libdir}/cmake"
FILES:${PN} = "${libdir} ${prefix}/lib"
RPROVIDES:${PN} = "ca-certificates ldconfig openssl libgcc"
RDEPENDS:${PN}-dev = ""
