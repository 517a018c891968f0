# A file of PyPI in the place of a git repository: the tests reach the one and not always the other.
SRC_URI = "https://files.pythonhosted.org/packages/source/c/calver/calver-${PV}.tar.gz"
SRC_URI[sha256sum] = "c98b376c2424642224d456b2f70c51402343e008c63d204634665e1a2a2835f5"
S = "${UNPACKDIR}/calver-${PV}"
