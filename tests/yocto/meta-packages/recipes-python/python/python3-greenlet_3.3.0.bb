SUMMARY = "Coroutines in one thread"
LICENSE = "MIT & PSF-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=e95668d68e4329085c7ab3535e6a7aee file://LICENSE.PSF;md5=c106931d9429eda0492617f037b8f69a"
SRC_URI[sha256sum] = "a82bb225a4e9e4d653dd2fb7b8b2d36e4fb25bc0165422a11e48b88e9e6f78fb"

inherit pypi crosspy
