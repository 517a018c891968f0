SUMMARY = "Ninja"
WHEEL = "ninja-${PV}-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
SRC_URI[sha256sum] = "fb46acf6b93b8dd0322adc3a4945452a4e774b75b91293bafcc7b7f8e6517dfa"
inherit testbed-wheel
