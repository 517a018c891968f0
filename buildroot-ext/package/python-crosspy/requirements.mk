################################################################################
#
# requirements of python-crosspy
#
################################################################################

# Which lock file, and one package of Buildroot for each distribution that it
# names.

# The list. A lock file is used as it is; anything else is resolved in the
# download step, and the lock file that this makes is kept beside what it names.
PYTHON_CROSSPY_WANTED = $(call qstrip,$(BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS))
PYTHON_CROSSPY_GIVEN_LOCK = $(if $(filter 1,$(words $(PYTHON_CROSSPY_WANTED))),$(filter pylock.toml pylock.%.toml,$(notdir $(PYTHON_CROSSPY_WANTED))))
PYTHON_CROSSPY_SCRIPT = $(BR2_EXTERNAL_CROSSPY_PATH)/support/pylock.py

ifeq ($(BR2_PACKAGE_PYTHON_CROSSPY),y)

ifeq ($(BR_BUILDING):$(PYTHON_CROSSPY_WANTED),y:)
$(error python-crosspy has nothing to install: set BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS)
endif

# A single word that ends in .txt or .toml is a file, as seen from Buildroot's
# own directory.
PYTHON_CROSSPY_FILE := $(if $(filter 1,$(words $(PYTHON_CROSSPY_WANTED))),$(if $(filter %.txt %.toml,$(PYTHON_CROSSPY_WANTED)),$(PYTHON_CROSSPY_WANTED)))
ifeq ($(BR_BUILDING):$(wildcard $(PYTHON_CROSSPY_FILE)),y:)
ifneq ($(PYTHON_CROSSPY_FILE),)
$(error BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS names a file that is not there: $(PYTHON_CROSSPY_FILE))
endif
endif

# crosspy lock writes it beside the lock file.
PYTHON_CROSSPY_BUILD_LOCK := $(if $(PYTHON_CROSSPY_GIVEN_LOCK),$(wildcard $(PYTHON_CROSSPY_FILE:.toml=.build.toml) $(PYTHON_CROSSPY_FILE:.toml=-build.toml)))

# What Buildroot itself installs is taken as it is, in its version, and the list
# is not built again because of it. Trees that are named behind this one install
# some, too: never expand these two early.
PYTHON_CROSSPY_BUILDROOT_OWN = $(filter-out $(call PYTHON_CROSSPY_BEHIND,python-crosspy),$(filter python-%,$(PACKAGES)))
PYTHON_CROSSPY_PROVIDED = $(sort $(foreach p,$(PYTHON_CROSSPY_BUILDROOT_OWN),\
	$(patsubst python-%,%,$(p))==$($(call UPPERCASE,$(p))_VERSION)))

# What requirements may link with: whatever has headers, unless it is itself
# built behind python-crosspy. Trees that are named behind this one have some,
# too: never expand this early.
PYTHON_CROSSPY_LIBRARIES = $(foreach p,$(filter-out host-% python-% $(call PYTHON_CROSSPY_BEHIND,python-crosspy),$(PACKAGES)),\
	$(if $(filter YES,$($(call UPPERCASE,$(p))_INSTALL_STAGING)),$(p)))

# The packages $(1), and all that depend on one of them, directly or not.
PYTHON_CROSSPY_BEHIND = $(eval __crosspy_more := $(foreach p,$(filter-out $(1),$(PACKAGES)),\
	$(if $(filter $(1),$($(call UPPERCASE,$(p))_FINAL_ALL_DEPENDENCIES)),$(p))))$(if $(__crosspy_more),$(call PYTHON_CROSSPY_BEHIND,$(1) $(__crosspy_more)),$(1))

# All that decides what is chosen. Of trees that are named behind this one nothing
# is known yet but what is enabled.
PYTHON_CROSSPY_KEY := $(shell { printf '%s\n' '$(subst ','\'',$(PYTHON_CROSSPY_WANTED))' \
	'$(BR2_ARCH) $(BR2_GCC_TARGET_ABI) $(BR2_GCC_TARGET_FLOAT_ABI) $(LIBC) $(PYTHON3_VERSION)' \
	'$(PYTHON_CROSSPY_PROVIDED)'; \
	grep -s '^BR2_PACKAGE_PYTHON_[A-Z0-9_]*=y' $(BR2_CONFIG) | grep -v '^BR2_PACKAGE_PYTHON_CROSSPY'; cat $(wildcard $(PYTHON_CROSSPY_FILE)) $(PYTHON_CROSSPY_BUILD_LOCK) /dev/null; } | sha256sum | cut -c1-12)

PYTHON_CROSSPY_LOCK := $(or \
	$(if $(PYTHON_CROSSPY_GIVEN_LOCK),$(abspath $(PYTHON_CROSSPY_FILE))),\
	$(DL_DIR)/python-crosspy/pylock.$(PYTHON_CROSSPY_KEY).toml)

ifeq ($(BR_BUILDING):$(BR2_PACKAGE_PYTHON_CROSSPY_RESOLVE):$(wildcard $(PYTHON_CROSSPY_LOCK)),y::)
$(error There is no lock file yet for BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS: enable BR2_PACKAGE_PYTHON_CROSSPY_RESOLVE, or name a pylock.toml)
endif

# One package for each distribution of the lock file: make source downloads it,
# as any other, and make legal-info, show-info and pkg-stats know it. Nothing is
# built of these. A wrong hash is reported with the name of their directory.
# pkg-stats looks into external trees for packages.
BR2_EXTERNAL_CROSSPY_LIST_PATH := $(BUILD_DIR)/BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS
PYTHON_CROSSPY_GENERATED := $(BR2_EXTERNAL_CROSSPY_LIST_PATH)/pylock.mk
ifneq ($(wildcard $(PYTHON_CROSSPY_LOCK)),)
PYTHON_CROSSPY_PROBLEM := $(shell python3 $(PYTHON_CROSSPY_SCRIPT) packages \
	$(PYTHON_CROSSPY_LOCK) $(DL_DIR)/python-crosspy $(PYTHON_CROSSPY_GENERATED) 2>&1)
ifneq ($(PYTHON_CROSSPY_PROBLEM),)
$(error $(PYTHON_CROSSPY_PROBLEM))
endif
include $(PYTHON_CROSSPY_GENERATED)
BR2_EXTERNAL_NAMES += CROSSPY_LIST
endif

endif # BR2_PACKAGE_PYTHON_CROSSPY
