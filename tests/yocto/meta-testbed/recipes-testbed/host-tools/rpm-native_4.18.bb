SUMMARY = "The build machine's rpmdeps, where package.bbclass looks for it"
LICENSE = "GPL-2.0-only"
inherit native testbed-tree
do_install() {
    install -d ${D}${libdir}/rpm
    ln -s /usr/lib/rpm/rpmdeps ${D}${libdir}/rpm/rpmdeps
}
