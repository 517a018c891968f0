SUMMARY = "A Python of the build machine, laid out as OE-core's python3-native"
LICENSE = "PSF-2.0"
PV = "${TESTBED_PYTHON}"
inherit python3-dir native testbed-tree
do_install() {
    install -d ${D}${bindir}/python3-native ${D}${libdir} ${D}${includedir}
    install -m 755 ${TESTBED}/python/usr/bin/${PYTHON_DIR} ${D}${bindir}/python3-native/
    ln -s ${PYTHON_DIR} ${D}${bindir}/python3-native/python3
    ln -s python3-native/python3 ${D}${bindir}/nativepython3
    cp -a ${TESTBED}/python/usr/lib/${PYTHON_DIR} ${D}${libdir}/
    cp -a ${TESTBED}/python/usr/include/${PYTHON_DIR} ${D}${includedir}/
    for library in ${TESTBED}/python/usr/lib/lib${PYTHON_DIR}.so*; do
        [ ! -e $library ] || cp -a $library ${D}${libdir}/
    done
    # OE-core's has none of these (--without-ensurepip), and a class must not depend on them.
    rm -rf ${D}${libdir}/${PYTHON_DIR}/ensurepip/_bundled ${D}${libdir}/${PYTHON_DIR}/test
}
require testbed-manifest.inc
python () {
    d.setVar("RPROVIDES", " ".join(["python3-misc-native"] + ["python3-%s-native" % key for key in testbed_manifest(d)]))
}
