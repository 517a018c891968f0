SUMMARY = "Arrays and numerical computing"
LICENSE = "BSD-3-Clause & BSD-2-Clause & PSF-2.0 & Apache-2.0 & MIT"
LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=26080bf81b2662c7119d3ef28ae197fd"
SRC_URI[sha256sum] = "483a201202b73495f00dbc83796c6ae63137a9bdade074f7648b3e32613412dd"

inherit pypi crosspy

DEPENDS += "meson-native ninja-native openblas python3-cython-native python3-meson-python-native"
