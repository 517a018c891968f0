SUMMARY = "The build machine's gcc as the compiler for an SDK's own programs"
LICENSE = "GPL-3.0-only"
PN = "testbed-crosssdk-${SDK_SYS}"
inherit crosssdk testbed-tree
TOOLCHAIN = "testbed"
PROVIDES = "virtual/nativesdk-cross-cc virtual/nativesdk-cross-c++ virtual/nativesdk-cross-binutils"
do_install() {
    install -d ${D}${bindir}
    for tool in gcc g++ cpp ar as ld nm objcopy objdump ranlib readelf strip strings gcc-ar gcc-nm gcc-ranlib; do
        ln -s /usr/bin/$tool ${D}${bindir}/${TARGET_PREFIX}$tool
    done
}
