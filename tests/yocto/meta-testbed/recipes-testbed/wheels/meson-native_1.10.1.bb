SUMMARY = "Meson"
WHEEL = "meson-${PV}-py3-none-any.whl"
SRC_URI[sha256sum] = "fe43d1cc2e6de146fbea78f3a062194bcc0e779efc8a0f0d7c35544dfb86731f"
inherit testbed-wheel
do_install:append() {
    printf '%s\n' '#!/usr/bin/env nativepython3' 'import sys' 'from mesonbuild.mesonmain import main' 'sys.exit(main())' > ${D}${bindir}/meson
    chmod 755 ${D}${bindir}/meson
}
