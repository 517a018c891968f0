SUMMARY = "NumPy for programs of the build; the target's is meta-packages'"
TAG = "cp${@d.getVar('PYTHON_BASEVERSION').replace('.', '')}"
WHEEL = "numpy-${PV}-${TAG}-${TAG}-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
SRC_URI[cp312.sha256sum] = "e7dd01a46700b1967487141a66ac1a3cf0dd8ebf1f08db37d46389401512ca97"
SRC_URI[cp314.sha256sum] = "679f2a834bae9020f81534671c56fd0cc76dd7e5182f57131478e23d0dc59e24"
inherit testbed-wheel
SRC_URI .= ";name=${TAG}"
