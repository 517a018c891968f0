################################################################################
#
# python-crosspy
#
################################################################################

# The tool itself, from the checkout that this tree is a part of. A checkout that
# changed is another version: it is installed again, and the list is built by it.
# The number alone stays the same between releases.
HOST_PYTHON_CROSSPY_VERSION := $(shell cd $(BR2_EXTERNAL_CROSSPY_PATH)/.. && \
	{ sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml && \
	find crosspy pyproject.toml -type f ! -name '*.pyc' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-8; } | paste -s -d +)

# Another list has another build directory, so it is built when it changes.
PYTHON_CROSSPY_VERSION := $(shell echo $(PYTHON_CROSSPY_KEY) $(HOST_PYTHON_CROSSPY_VERSION) | sha256sum | cut -c1-12)
PYTHON_CROSSPY_SOURCE =
PYTHON_CROSSPY_LICENSE = see the packages of its list
PYTHON_CROSSPY_INSTALL_STAGING = YES

# Libraries that requirements may link with, and what Buildroot provides of them.
PYTHON_CROSSPY_DEPENDENCIES = \
	$(PKG_CROSSPY_DEPENDENCIES) \
	$(PYTHON_CROSSPY_BUILDROOT_OWN) \
	$(PYTHON_CROSSPY_LIBRARIES) \
	$(if $(BR2_PACKAGE_PYTHON_CROSSPY_RUST),host-rustc)

# Only their sources are wanted.
PYTHON_CROSSPY_PATCH_DEPENDENCIES = $(PYTHON_CROSSPY_DISTRIBUTIONS)

ifeq ($(PYTHON_CROSSPY_DISTRIBUTIONS),)
# There is no lock file yet. Resolving asks the target's Python.
PYTHON_CROSSPY_DOWNLOAD_DEPENDENCIES = $(PYTHON_CROSSPY_DEPENDENCIES)
PYTHON_CROSSPY_POST_DOWNLOAD_HOOKS += PYTHON_CROSSPY_RESOLVE
endif

define PYTHON_CROSSPY_RESOLVE
	mkdir -p $(PYTHON_CROSSPY_DIR) $(PYTHON_CROSSPY_DL_DIR)
	printf '%s\n' $(PYTHON_CROSSPY_PROVIDED) | grep -E '==[0-9]+(\.[0-9]+)*$$' >$(PYTHON_CROSSPY_DIR)/provided.txt || :
	$(PKG_CROSSPY) create $(PYTHON_CROSSPY_DIR)/env $(PKG_CROSSPY_CREATE_OPTS) $(call qstrip,$(BR2_PACKAGE_PYTHON_CROSSPY_CREATE_OPTS))
	$(PKG_CROSSPY) lock $(PYTHON_CROSSPY_DIR)/env \
		-o $(PYTHON_CROSSPY_LOCK) \
		-c $(PYTHON_CROSSPY_DIR)/provided.txt \
		$(if $(PYTHON_CROSSPY_FILE),-r $(PYTHON_CROSSPY_FILE),$(patsubst %,'%',$(PYTHON_CROSSPY_WANTED))) || \
		{ echo "crosspy: BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS cannot be resolved" >&2; exit 1; }
	$(PKG_CROSSPY) fetch --lock $(PYTHON_CROSSPY_LOCK) -d $(PYTHON_CROSSPY_DL_DIR)
endef

.PHONY: python-crosspy-lock
python-crosspy-lock:
	$(if $(PYTHON_CROSSPY_GIVEN_LOCK),$(error BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS is a lock file already: crosspy lock makes a new one))
	rm -f $(PYTHON_CROSSPY_LOCK) $(PYTHON_CROSSPY_DIR)/.stamp_downloaded
	$(MAKE) python-crosspy-source

# The sources of this list alone, out of a directory that all lists share.
define PYTHON_CROSSPY_EXTRACT_CMDS
	python3 $(PYTHON_CROSSPY_SCRIPT) sources $(PYTHON_CROSSPY_LOCK) $(PYTHON_CROSSPY_DL_DIR) $(@D)/sources
endef

define PYTHON_CROSSPY_CONFIGURE_CMDS
	$(PKG_CROSSPY) create $(@D)/env $(PKG_CROSSPY_CREATE_OPTS) $(call qstrip,$(BR2_PACKAGE_PYTHON_CROSSPY_CREATE_OPTS))
endef

# What Buildroot installed is not built; another version of it is an error.
PYTHON_CROSSPY_SITE_PACKAGES = $(TARGET_DIR)/usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages
PYTHON_CROSSPY_RECORD = $(BUILD_DIR)/python-crosspy.installed

# Said behind a failure, where it may be the reason.
PYTHON_CROSSPY_SAY_RUST = $(if $(BR2_PACKAGE_PYTHON_CROSSPY_RUST),,\
	! grep -q '^crates' $(PYTHON_CROSSPY_LOCK) || PATH=$(BR_PATH) command -v cargo >/dev/null || \
	echo "crosspy: there is no cargo; packages with Rust need BR2_PACKAGE_PYTHON_CROSSPY_RUST" >&2;)

# A build sees nothing of what a list installed earlier: it would be another
# build, from other headers, than the first one was.
define PYTHON_CROSSPY_BUILD_CMDS
	$(PKG_CROSSPY) install $(@D)/env --root $(STAGING_DIR) \
		--remove "`python3 $(PYTHON_CROSSPY_SCRIPT) stale /dev/null $(PYTHON_CROSSPY_RECORD)`"
	rm -rf $(@D)/wheels
	mkdir -p $(@D)/wheels
	$(HOST_DIR)/bin/python3 $(PYTHON_CROSSPY_SCRIPT) names $(PYTHON_CROSSPY_LOCK) \
		$(PYTHON_CROSSPY_SITE_PACKAGES) $(PYTHON_CROSSPY_RECORD) >$(@D)/names.txt
	+xargs -r $(PKG_CROSSPY) wheel $(@D)/env \
		--lock $(PYTHON_CROSSPY_LOCK) \
		--find-links $(@D)/sources \
		-w $(@D)/wheels \
		$(PKG_CROSSPY_WHEEL_OPTS) \
		$(call qstrip,$(BR2_PACKAGE_PYTHON_CROSSPY_WHEEL_OPTS)) <$(@D)/names.txt || { \
		echo "crosspy: not all of BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS can be built" >&2; \
		$(PYTHON_CROSSPY_SAY_RUST) \
		$(PKG_CROSSPY_EXPLAIN); }
endef

# What an earlier list had, and this one has not, is taken out.
# $(1): the tree
define PYTHON_CROSSPY_INSTALL
	find $(@D)/wheels -name '*.whl' | sort | xargs $(PKG_CROSSPY) install $(@D)/env \
		--root $(1) \
		$(PKG_CROSSPY_INSTALL_OPTS) \
		--remove "`python3 $(PYTHON_CROSSPY_SCRIPT) stale $(@D)/names.txt $(PYTHON_CROSSPY_RECORD)`"
endef

define PYTHON_CROSSPY_INSTALL_STAGING_CMDS
	$(call PYTHON_CROSSPY_INSTALL,$(STAGING_DIR))
endef

define PYTHON_CROSSPY_INSTALL_TARGET_CMDS
	$(call PYTHON_CROSSPY_INSTALL,$(TARGET_DIR))
	python3 $(PYTHON_CROSSPY_SCRIPT) record $(@D)/names.txt $(PYTHON_CROSSPY_RECORD)
	rm -f $(PYTHON_CROSSPY_OTHERS)
endef

# No other list is installed any more: one that comes back is installed again.
PYTHON_CROSSPY_OTHERS = $(filter-out $(@D)/%,$(wildcard $(addprefix $(BUILD_DIR)/python-crosspy-????????????/.stamp_,installed target_installed staging_installed)))

# With per-package directories, what an earlier list had is still in the tree
# that all packages are copied into.
ifeq ($(BR2_PER_PACKAGE_DIRECTORIES),y)
define PYTHON_CROSSPY_REMOVE_STALE
	$(PKG_CROSSPY) install $(PYTHON_CROSSPY_DIR)/env --root $(TARGET_DIR) \
		--remove "`python3 $(PYTHON_CROSSPY_SCRIPT) stale $(PYTHON_CROSSPY_DIR)/names.txt $(PYTHON_CROSSPY_RECORD)`"
endef
PYTHON_CROSSPY_TARGET_FINALIZE_HOOKS += PYTHON_CROSSPY_REMOVE_STALE
endif

# Overlays and post-build scripts are in the image before it is verified.
ifeq ($(BR2_PACKAGE_PYTHON_CROSSPY_VERIFY),y)
BR2_ROOTFS_POST_BUILD_SCRIPT := "$(strip $(call qstrip,$(BR2_ROOTFS_POST_BUILD_SCRIPT)) $(BR2_EXTERNAL_CROSSPY_PATH)/support/verify-image)"
export PYTHON_CROSSPY_VERIFY_OPTS = $(call qstrip,$(BR2_PACKAGE_PYTHON_CROSSPY_VERIFY_OPTS))
endif

HOST_PYTHON_CROSSPY_SITE = $(BR2_EXTERNAL_CROSSPY_PATH)/..
HOST_PYTHON_CROSSPY_SITE_METHOD = local
HOST_PYTHON_CROSSPY_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude /build --exclude /tests
HOST_PYTHON_CROSSPY_SETUP_TYPE = setuptools
HOST_PYTHON_CROSSPY_LICENSE = MIT
HOST_PYTHON_CROSSPY_LICENSE_FILES = LICENSE
HOST_PYTHON_CROSSPY_DEPENDENCIES = \
	host-python-installer \
	host-python-kconfiglib \
	host-python-packaging

$(eval $(generic-package))
$(eval $(host-python-package))

# Libraries of the trees that come behind this one are not known yet. These rules
# are read again when all makefiles were.
.SECONDEXPANSION:
python-crosspy-depends: $$(PYTHON_CROSSPY_FINAL_DEPENDENCIES)
$(PYTHON_CROSSPY_TARGET_CONFIGURE): | $$(PYTHON_CROSSPY_FINAL_DEPENDENCIES)
$(PYTHON_CROSSPY_TARGET_SOURCE): | $$(PYTHON_CROSSPY_FINAL_DOWNLOAD_DEPENDENCIES)
