SUMMARY = "Debian's cross gcc as an SDK's compiler"
LICENSE = "GPL-3.0-only"
PN = "testbed-cross-canadian-${TRANSLATED_TARGET_ARCH}"
inherit cross-canadian testbed-tree
do_install() {
    install -d ${D}${bindir}
    for tool in gcc g++ cpp gfortran ar as ld nm objcopy objdump ranlib readelf strip strings gcc-ar gcc-nm gcc-ranlib; do
        printf '#!/bin/sh\nexec ${TESTBED}/toolchain/bin/${TESTBED_TRIPLET}-%s "$@"\n' $tool > ${D}${bindir}/${TARGET_PREFIX}$tool
    done
    chmod 755 ${D}${bindir}/*
    chown -R root:root ${D}
}
FILES:${PN} = "${prefix}"
