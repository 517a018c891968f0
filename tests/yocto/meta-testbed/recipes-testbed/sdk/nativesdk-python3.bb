SUMMARY = "A Python of the build machine, in an SDK's place"
LICENSE = "PSF-2.0"
PV = "${TESTBED_PYTHON}"
inherit python3-dir nativesdk testbed-tree
# Packaging asks objdump for SONAMEs.
DEPENDS = "testbed-crosssdk-${SDK_SYS}"
do_install() {
    install -d ${D}${bindir} ${D}${libdir} ${D}${includedir}
    install -m 755 ${TESTBED}/python/usr/bin/${PYTHON_DIR} ${D}${bindir}/
    ln -s ${PYTHON_DIR} ${D}${bindir}/python3
    cp -a ${TESTBED}/python/usr/lib/${PYTHON_DIR} ${D}${libdir}/
    cp -a ${TESTBED}/python/usr/include/${PYTHON_DIR} ${D}${includedir}/
    for library in ${TESTBED}/python/usr/lib/lib${PYTHON_DIR}.so*; do
        [ ! -e $library ] || cp -a $library ${D}${libdir}/
    done
    rm -rf ${D}${libdir}/${PYTHON_DIR}/ensurepip/_bundled ${D}${libdir}/${PYTHON_DIR}/test
    # Where OE-core's classes look for what is built for an SDK.
    install -d ${D}${libdir}/python-sysconfigdata
    for data in ${D}${libdir}/${PYTHON_DIR}/_sysconfigdata_*.py; do  # of Debian's two names for one
        cp $data ${D}${libdir}/python-sysconfigdata/_sysconfigdata.py
    done
    chown -R root:root ${D}
}
require ../python/testbed-manifest.inc
PACKAGES = "${PN}"
FILES:${PN} = "${prefix}"
python () {
    d.setVar("RPROVIDES:" + d.getVar("PN"), " ".join("nativesdk-python3-" + key for key in ("misc", "modules", *testbed_manifest(d))))
}
