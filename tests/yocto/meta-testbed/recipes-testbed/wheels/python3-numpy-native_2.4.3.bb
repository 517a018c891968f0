SUMMARY = "NumPy for programs of the build; the target's is meta-packages'"
WHEEL = "numpy-${PV}-cp314-cp314-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
inherit testbed-wheel
