SUMMARY = "YAML parser and emitter, with libyaml"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=6d8242660a8371add5fe547adf083079"
SRC_URI[sha256sum] = "d76623373421df22fb4cf8817020cbb7ef15c725b9d5e45f17e189bfc384190f"

inherit pypi crosspy

DEPENDS += "libyaml python3-cython-native"
