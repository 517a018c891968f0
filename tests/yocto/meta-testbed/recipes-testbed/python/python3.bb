SUMMARY = "Debian's target Python, staged and split as OE-core's python3"
LICENSE = "PSF-2.0"
PV = "${TESTBED_PYTHON}"
inherit python3-dir testbed-tree
DEPENDS = "${MLPREFIX}testbed-cross-${TARGET_ARCH} testbed-libc python3-native"

# As OE-core's recipe does: two copies of sysconfigdata, of which sstate relocates one; each with this recipe's own
# compiler and staging paths.
do_install() {
    install -d ${D}${bindir} ${D}${libdir}/python-sysconfigdata ${D}${includedir}
    install -m 755 ${TESTBED}/target/usr/bin/${PYTHON_DIR} ${D}${bindir}/
    ln -s ${PYTHON_DIR} ${D}${bindir}/python3
    cp -a ${TESTBED}/target/usr/lib/${PYTHON_DIR} ${D}${libdir}/
    cp -a ${TESTBED}/target/usr/lib/lib${PYTHON_DIR}.so* ${D}${libdir}/
    cp -a ${TESTBED}/target/usr/include/${PYTHON_DIR} ${D}${includedir}/
    rm -rf ${D}${libdir}/${PYTHON_DIR}/test ${D}${libdir}/${PYTHON_DIR}/build-details*
    data=$(ls ${D}${libdir}/${PYTHON_DIR}/_sysconfigdata_*.py)
    sed -i \
        -e "s,'CC': '${TESTBED_TRIPLET}-gcc','CC': '${CC}'," \
        -e "s,'CXX': '${TESTBED_TRIPLET}-g++','CXX': '${CXX}'," \
        -e "s,${TESTBED_TRIPLET}-gcc -shared,${CC} -shared,g" \
        -e "s,${TESTBED_TRIPLET}-gcc,${HOST_PREFIX}gcc,g" \
        -e "s,${TESTBED_TRIPLET}-g++,${HOST_PREFIX}g++,g" \
        -e "s,/usr/lib/${TESTBED_TRIPLET},${libdir},g" \
        -e "s,/usr/lib/${PYTHON_DIR},${libdir}/${PYTHON_DIR},g" \
        -e "s,'PLATLIBDIR': 'lib','PLATLIBDIR': '${baselib}'," \
        -e "s,/usr/include/${TESTBED_TRIPLET},${includedir},g" \
        -e "s,'HOST_GNU_TYPE': '.*','HOST_GNU_TYPE': '${HOST_SYS}'," \
        -e "s,${TESTBED_TRIPLET},${TESTBED_PLATFORM},g" \
        -e "s,'LIBDIR': '.*','LIBDIR': '${STAGING_LIBDIR}'," \
        -e "s,'INCLUDEDIR': '.*','INCLUDEDIR': '${STAGING_INCDIR}'," \
        -e "s,'CONFINCLUDEDIR': '.*','CONFINCLUDEDIR': '${STAGING_INCDIR}'," \
        -e "s,'INCLUDEPY': '.*','INCLUDEPY': '${STAGING_INCDIR}/${PYTHON_DIR}'," \
        -e "s,'CONFINCLUDEPY': '.*','CONFINCLUDEPY': '${STAGING_INCDIR}/${PYTHON_DIR}'," \
        $data
    cp $data ${D}${libdir}/python-sysconfigdata/_sysconfigdata.py
    chown -R root:root ${D}
}
SSTATE_SCAN_FILES += "Makefile _sysconfigdata.py"
PACKAGE_PREPROCESS_FUNCS += "drop_sysconfigdata"
drop_sysconfigdata() {
    rm -rf ${PKGD}${libdir}/python-sysconfigdata
}
do_install[vardepsexclude] = "STAGING_LIBDIR STAGING_INCDIR"

require testbed-manifest.inc
PACKAGES = "libpython3 ${PN}-dev ${PN}-misc ${PN}"
python () {
    manifest = testbed_manifest(d)
    d.setVar("PYTHON_MAJMIN", d.getVar("PYTHON_BASEVERSION"))
    # A multilib's packages have had their names when this runs.
    pn = d.getVar("PN") + "-"
    library, others = d.getVar("PACKAGES").split(maxsplit=1)
    d.setVar("PACKAGES", " ".join([library, *(pn + key for key in manifest if key != "dev"), others]))
    for key, value in manifest.items():
        package = pn + key
        d.setVar("FILES:" + package, " ".join(value["files"]))
        d.setVar("RDEPENDS:" + package, " ".join(pn + name for name in value["rdepends"]))
        d.setVar("ALLOW_EMPTY:" + package, "1")
        d.setVar("SUMMARY:" + package, value["summary"])
    # Debian's frozen site looks into dist-packages, which is a link.
    for name in ("site-packages", "dist-packages", "_sysconfig_vars*"):
        d.appendVar("FILES:%score" % pn, d.expand(" ${libdir}/${PYTHON_DIR}/") + name)
}
FILES:libpython3 = "${libdir}/libpython*.so.*"
FILES:${PN}-dev = "${includedir} ${libdir}/*.so ${libdir}/python-sysconfigdata ${libdir}/${PYTHON_DIR}/config-*"
FILES:${PN}-misc = "${libdir}/${PYTHON_DIR}"
FILES:${PN} = ""
RPROVIDES:${PN}-modules = "${PN}"
