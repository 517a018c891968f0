SUMMARY = "CMake"
WHEEL = "cmake-${PV}-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
SRC_URI[sha256sum] = "5461ceca47ad352bdb3db2fdd5affdbc5707aaee415c5ff12773b8cc0d5f5949"
inherit testbed-wheel
do_install:append() {
    mv ${D}${PYTHON_SITEPACKAGES_DIR}/cmake/data ${D}${libdir}/cmake-data
    chmod 755 ${D}${libdir}/cmake-data/bin/*
    ln -s ../lib/cmake-data/bin/cmake ${D}${bindir}/cmake
    rm -rf ${D}${PYTHON_SITEPACKAGES_DIR}
}
