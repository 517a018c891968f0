# The file of PyPI, which fetch-sources has put into DL_DIR, in the place of a git repository.
SRC_URI = "https://example.org/calver-${PV}.tar.gz"
SRC_URI[sha256sum] = "c98b376c2424642224d456b2f70c51402343e008c63d204634665e1a2a2835f5"
S = "${UNPACKDIR}/calver-${PV}"
