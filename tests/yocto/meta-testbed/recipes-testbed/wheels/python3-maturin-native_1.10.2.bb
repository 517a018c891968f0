SUMMARY = "maturin"
WHEEL = "maturin-${PV}-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl"
SRC_URI[sha256sum] = "efcd496a3202ffe0d0489df1f83d08b91399782fb2dd545d5a1e7bf6fd81af39"
inherit testbed-wheel
