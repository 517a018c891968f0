# A recipe that stages files of the test bed's tree, as they are.
INHIBIT_DEFAULT_DEPS = "1"
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_SYSROOT_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
# They are Debian's, built by Debian's rules.
INSANE_SKIP = "32bit-time already-stripped arch build-deps buildpaths debug-files dev-deps dev-elf dev-so empty-dirs file-rdeps installed-vs-shipped ldflags libdir rpaths shebang-size staticdev symlink-to-sysroot textrel useless-rpaths usrmerge"
deltask do_fetch
deltask do_unpack
deltask do_patch
# Another tree gives other files.
do_install[file-checksums] += "${TESTBED}/.stamp:True"
do_configure[noexec] = "1"
do_compile[noexec] = "1"
do_populate_lic[noexec] = "1"
