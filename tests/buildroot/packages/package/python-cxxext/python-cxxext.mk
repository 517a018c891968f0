################################################################################
#
# python-cxxext
#
################################################################################

PYTHON_CXXEXT_VERSION = 1.0
PYTHON_CXXEXT_SITE = $(BR2_EXTERNAL_CROSSPY_TESTS_PATH)/../../packages/cxx-extension
PYTHON_CXXEXT_SITE_METHOD = local
PYTHON_CXXEXT_LICENSE = MIT
PYTHON_CXXEXT_DEPENDENCIES = host-python-setuptools

$(eval $(crosspy-package))
