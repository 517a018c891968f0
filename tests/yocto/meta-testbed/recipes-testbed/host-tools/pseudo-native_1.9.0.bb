SUMMARY = "The build machine's pseudo, where OE-core looks for it"
LICENSE = "LGPL-2.1-only"
inherit native testbed-tree
PROVIDES = "pseudo-native virtual/fakeroot-native"
do_install() {
    install -d ${D}${bindir} ${D}${localstatedir}/pseudo
    install -m 755 /usr/bin/pseudo /usr/bin/pseudodb /usr/bin/pseudolog ${D}${bindir}/
    for directory in lib lib64; do
        install -d ${D}${prefix}/lib/pseudo/$directory
        install -m 644 /usr/lib/*/pseudo/libpseudo.so ${D}${prefix}/lib/pseudo/$directory/
    done
}
