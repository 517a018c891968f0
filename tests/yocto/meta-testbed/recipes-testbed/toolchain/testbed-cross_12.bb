SUMMARY = "Debian's cross gcc under OE-core's tool names"
LICENSE = "GPL-3.0-only"
PN = "testbed-cross-${TARGET_ARCH}"
inherit cross testbed-tree
TOOLCHAIN = "testbed"
PROVIDES = "virtual/cross-cc virtual/cross-c++ virtual/cross-binutils"
PROVIDES += "virtual/${TARGET_PREFIX}gcc virtual/${TARGET_PREFIX}g++ virtual/${TARGET_PREFIX}binutils"
do_install() {
    install -d ${D}${bindir}
    # Of a multilib, it looks into lib alone.
    search=
    [ ${target_libdir} = ${target_prefix}/lib ] || search=" -L=${target_libdir} -Wl,-rpath-link,=${target_libdir}"
    for tool in gcc g++ cpp gfortran ar as ld ld.bfd nm objcopy objdump ranlib readelf strip strings size addr2line gcc-ar gcc-nm gcc-ranlib; do
        case $tool in gcc | g++ | gfortran) options=$search ;; *) options= ;; esac
        printf '#!/bin/sh\nexec ${TESTBED}/toolchain/bin/${TESTBED_TRIPLET}-%s "$@"%s\n' $tool "$options" > ${D}${bindir}/${TARGET_PREFIX}$tool
        chmod 755 ${D}${bindir}/${TARGET_PREFIX}$tool
    done
}
