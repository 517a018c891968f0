SUMMARY = "Packages of meta-packages, verified"
LICENSE = "MIT"
IMAGE_INSTALL = "\
    python3-annotated-doc python3-bcrypt python3-cffi python3-contourpy python3-cryptography python3-gevent python3-greenlet \
    python3-idna python3-kiwisolver python3-lxml python3-markupsafe python3-pandas python3-pillow python3-pydantic-core python3-pyyaml \
    python3-pyzmq python3-rich python3-rpds-py python3-soupsieve python3-yamllint python3-zope-interface \
"
inherit testbed-image crosspy-image
