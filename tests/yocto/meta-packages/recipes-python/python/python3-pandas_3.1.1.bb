SUMMARY = "Powerful data structures for data analysis, time series, and statistics"
DESCRIPTION = "Powerful data structures for data analysis, time series, and statistics."
HOMEPAGE = "https://pandas.pydata.org"
BUGTRACKER = "https://github.com/pandas-dev/pandas/issues"
SECTION = "devel/python"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "\
    file://LICENSE;md5=e98642e1210ade884e5254ab18d55b7d \
    file://LICENSES/BOTTLENECK_LICENCE;md5=356fb01ecca701dfce62165b4bdeff06 \
    file://LICENSES/DATEUTIL_LICENSE;md5=e3155c7bdc71f66e02678411d2abf996 \
    file://LICENSES/HAVEN_LICENSE;md5=aa8f9cd12d1c23fe42f4a1fd64c74b7a \
    file://LICENSES/HAVEN_MIT;md5=ca1d352670e593edb1c5a20f598d01aa \
    file://LICENSES/KLIB_LICENSE;md5=666005cb1ebbe208c2e02326495c58a2 \
    file://LICENSES/MUSL_LICENSE;md5=3120d746fce1f8f274fce97408c25015 \
    file://LICENSES/NUMPY_LICENSE;md5=0af7dd3c644a31650d706980f324e336 \
    file://LICENSES/PACKAGING_LICENSE;md5=e4142c2c07ace09265d3e3cef18d626d \
    file://LICENSES/PSF_LICENSE;md5=fcf6b249c2641540219a727f35d8d2c2 \
    file://LICENSES/PYPERCLIP_LICENSE;md5=06abe7b345925c1f776ac548f762ebef \
    file://LICENSES/PYUPGRADE_LICENSE;md5=29534ffc25130d01cd6e6a6c9cd41070 \
    file://LICENSES/SAS7BDAT_LICENSE;md5=13095991fe24f72284970b9ad7ec9408 \
    file://LICENSES/STATSBASE_JL_LICENSE;md5=52945b56d2ab2332cce7bcf3ff369bee \
    file://LICENSES/ULTRAJSON_LICENSE;md5=e1af5eac3681eaea4ece4f4e61c9d449 \
    file://LICENSES/XSIMD_LICENSE;md5=fdd4d7dc8bdd9ae7181dd0bca68007a2 \
    file://subprojects/fast_float-8.2.10/LICENSE-APACHE;md5=81db248e90379bcfc0582b578b009bc3 \
    file://subprojects/fast_float-8.2.10/LICENSE-BOOST;md5=2c7a3fa82e66676005cd4ee2608fd7d2 \
    file://subprojects/fast_float-8.2.10/LICENSE-MIT;md5=32b11d50c7d9788d4270f6a83f3e68eb \
"

SRC_URI[sha256sum] = "05fed3e3b7c99b226f160e29d7d6cb7ef39638c758cbfe42b3f24ba34f04b859"
SRC_URI[versioneer.sha256sum] = "0f1a137bb5d6811e96a79bb0486798aeae9b9c6efc24b389659cebb0ee396cb9"
SRC_URI[numpy.sha256sum] = "679f2a834bae9020f81534671c56fd0cc76dd7e5182f57131478e23d0dc59e24"

inherit pypi crosspy

CROSSPY_BUILD_REQUIRES = "versioneer-0.29-py3-none-any.whl numpy-2.4.3-cp314-cp314-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"

DEPENDS += "\
    meson-native \
    ninja-native \
    python3-cython-native \
    python3-meson-python-native \
    python3-numpy \
"

RDEPENDS:${PN} += "\
    python3-dateutil \
    python3-numpy \
"
