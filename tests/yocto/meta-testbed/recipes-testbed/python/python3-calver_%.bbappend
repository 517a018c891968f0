# The file of PyPI, which fetch-sources has put into DL_DIR, in the place of a git repository.
SRC_URI = "https://example.org/calver-${PV}.tar.gz;name=${PV}"
SRC_URI[2022.6.26.sha256sum] = "e05493a3b17517ef1748fbe610da11f10485faa7c416b9d33fd4a52d74894f8b"
SRC_URI[2025.10.20.sha256sum] = "c98b376c2424642224d456b2f70c51402343e008c63d204634665e1a2a2835f5"
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}/calver-${PV}"
