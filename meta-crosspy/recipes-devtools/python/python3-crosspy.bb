SUMMARY = "Cross-compiles Python packages, and proves that they load on the target"
DESCRIPTION = "The crosspy command, from the checkout that this layer is part of: layer and command never disagree."
HOMEPAGE = "https://github.com/crosspy/crosspy"
SECTION = "devel/python"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=97ecd1a165620c0c9624e1729a45c0bd"

# Local files: BitBake hashes each of them, so a changed checkout is built anew and an unchanged one is not.
FILESEXTRAPATHS:prepend := "${CROSSPY_CHECKOUT}:"
SRC_URI = "\
    file://LICENSE;subdir=crosspy-src \
    file://crosspy;subdir=crosspy-src \
    file://pyproject.toml;subdir=crosspy-src \
"
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}/crosspy-src"

def crosspy_version(d):
    """The version that pyproject.toml has."""
    import re
    path = d.expand("${CROSSPY_CHECKOUT}/pyproject.toml")
    bb.parse.mark_dependency(d, path)
    with open(path) as file:
        return re.search(r'^version = "(.+)"$', file.read(), re.MULTILINE)[1]

PV = "${@crosspy_version(d)}"

inherit python3-dir

INHIBIT_DEFAULT_DEPS = "1"
DEPENDS = "python3"

CROSSPY_INTERPRETER = "python3"
CROSSPY_INTERPRETER:class-native = "nativepython3"

# Pure Python without a step to build: scarthgap's setuptools (69) could not read pyproject.toml (PEP 639) anyway.
do_configure[noexec] = "1"
do_compile[noexec] = "1"
do_install() {
    install -d ${D}${bindir} ${D}${PYTHON_SITEPACKAGES_DIR}
    tar -C ${S} --exclude=__pycache__ -c crosspy | tar -x --no-same-owner -C ${D}${PYTHON_SITEPACKAGES_DIR}
    # sys.path[0] is the directory of the script: its programs are no modules.
    printf '%s\n' '#!/usr/bin/env ${CROSSPY_INTERPRETER}' 'import sys' 'del sys.path[0]' \
        'from crosspy.cli.main import entry' 'entry()' > ${D}${bindir}/crosspy
    chmod 755 ${D}${bindir}/crosspy
}

FILES:${PN} += "${PYTHON_SITEPACKAGES_DIR}"
RDEPENDS:${PN} = "python3-installer python3-modules python3-packaging python3-pip"

BBCLASSEXTEND = "native nativesdk"
