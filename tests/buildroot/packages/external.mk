include $(sort $(wildcard $(BR2_EXTERNAL_CROSSPY_TESTS_PATH)/package/*/*.mk))
