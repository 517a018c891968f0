################################################################################
#
# python-cext
#
################################################################################

PYTHON_CEXT_VERSION = 1.0
PYTHON_CEXT_SITE = $(BR2_EXTERNAL_CROSSPY_TESTS_PATH)/../../packages/c-extension
PYTHON_CEXT_SITE_METHOD = local
PYTHON_CEXT_LICENSE = MIT
PYTHON_CEXT_DEPENDENCIES = host-python-setuptools

$(eval $(crosspy-package))
