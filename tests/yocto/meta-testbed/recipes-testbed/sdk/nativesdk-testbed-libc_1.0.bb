SUMMARY = "The build machine's C library, which programs of an SDK find there"
LICENSE = "LGPL-2.1-only"
inherit nativesdk testbed-tree
PROVIDES += "nativesdk-glibc virtual/nativesdk-libc virtual/nativesdk-libintl virtual/nativesdk-compilerlibs"
do_install[noexec] = "1"
ALLOW_EMPTY:${PN} = "1"
