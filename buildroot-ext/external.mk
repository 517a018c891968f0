# The infrastructure comes first: pkgname is the directory of the makefile that was included last.
include $(BR2_EXTERNAL_CROSSPY_PATH)/package/pkg-crosspy.mk
include $(BR2_EXTERNAL_CROSSPY_PATH)/package/python-kconfiglib/python-kconfiglib.mk
include $(BR2_EXTERNAL_CROSSPY_PATH)/package/python-crosspy/requirements.mk
# python-crosspy depends on whatever is enabled and has headers: it comes last.
include $(BR2_EXTERNAL_CROSSPY_PATH)/package/python-crosspy/python-crosspy.mk
