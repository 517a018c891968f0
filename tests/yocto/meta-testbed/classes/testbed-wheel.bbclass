# A tool of the build machine from its wheel of PyPI, which fetch-sources has put into DL_DIR.
inherit native python3-dir
INHIBIT_DEFAULT_DEPS = "1"
DEPENDS = "python3-native"
LICENSE = "CLOSED"
SRC_URI = "https://example.org/${WHEEL};unpack=0"
# Up to styhead there is no UNPACKDIR.
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"
INHIBIT_SYSROOT_STRIP = "1"
do_configure[noexec] = "1"
do_compile[noexec] = "1"
do_install() {
    install -d ${D}${bindir} ${D}${PYTHON_SITEPACKAGES_DIR}
    unzip -q ${S}/${WHEEL} -d ${D}${PYTHON_SITEPACKAGES_DIR}
    for program in ${D}${PYTHON_SITEPACKAGES_DIR}/*.data/scripts/*; do
        [ ! -e $program ] || install -m 755 $program ${D}${bindir}/
    done
    rm -rf ${D}${PYTHON_SITEPACKAGES_DIR}/*.data
}
