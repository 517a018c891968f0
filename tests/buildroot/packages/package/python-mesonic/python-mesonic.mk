################################################################################
#
# python-mesonic
#
################################################################################

PYTHON_MESONIC_VERSION = 1.0
PYTHON_MESONIC_SITE = $(BR2_EXTERNAL_CROSSPY_TESTS_PATH)/../../packages/meson-extension
PYTHON_MESONIC_SITE_METHOD = local
PYTHON_MESONIC_LICENSE = MIT
PYTHON_MESONIC_DEPENDENCIES = host-pkgconf host-python-meson-python zlib

$(eval $(crosspy-package))
