################################################################################
#
# crosspy package infrastructure
#
################################################################################

# For one Python package with any PEP 517 back end. A package's .mk file says
# version, site and dependencies; there is no _SETUP_TYPE:
#
#   PYTHON_FOO_VERSION = 1.2
#   PYTHON_FOO_SITE = ...
#   PYTHON_FOO_DEPENDENCIES = host-python-meson-python host-python-cython libbar
#   $(eval $(crosspy-package))
#
# What pyproject.toml requires to build is found among the host packages in
# _DEPENDENCIES. Every step may be defined by the package, as with
# python-package: _CONFIGURE_CMDS, _BUILD_CMDS, _INSTALL_TARGET_CMDS and
# _INSTALL_STAGING_CMDS. Beside these:
#
#   _ENV                    variables of the build: CFLAGS+=-O3
#   _CONF_OPTS              options for the back end, as for pip's -C: key=value
#   _CREATE_OPTS            options for crosspy create
#   _BUILD_OPTS             options for crosspy wheel
#   _INSTALL_TARGET_OPTS    options for crosspy install
#   _INSTALL_STAGING_OPTS   likewise
#   _PURE                   YES: extensions that do not build are left out
#   _WITHOUT                build requirements that are not needed after all
#   _CRATES                 crates of Rust that Cargo.lock names: libc@0.2.1;
#                           their hashes belong into the .hash file

# What the tools are told of the target. HOST_DIR and STAGING_DIR are those of
# the package that is being built: never expand these early.
# Without C++ that is CXX=no. A Fortran compiler that there is not is not named.
PKG_CROSSPY_ENV = \
	$(filter-out $(if $(BR2_TOOLCHAIN_HAS_FORTRAN),,FC=% F77=%),$(TARGET_CONFIGURE_OPTS)) \
	PYTHONNOUSERSITE=1
PKG_CROSSPY = env $(PKG_CROSSPY_ENV) $(HOST_DIR)/bin/python3 -m crosspy

PKG_CROSSPY_DEPENDENCIES = host-python3 host-python-crosspy python3

# Built wheels, by all that decides them. make clean removes them.
PKG_CROSSPY_CACHE = $(BUILD_DIR)/crosspy-wheels

PKG_CROSSPY_CREATE_OPTS = \
	--clear \
	--sysroot $(STAGING_DIR) \
	--build-python $(HOST_DIR)/bin/python3

# Inside of a top-level parallel build the jobserver says how many.
PKG_CROSSPY_WHEEL_OPTS = \
	--no-index \
	--cache $(PKG_CROSSPY_CACHE) \
	$(if $(findstring --jobserver,$(MAKEFLAGS)),,-j $(PARALLEL_JOBS))

# Buildroot itself compiles what is in TARGET_DIR, as BR2_PACKAGE_PYTHON3_PYC_ONLY
# and its like ask for.
PKG_CROSSPY_INSTALL_OPTS = \
	--no-compile \
	--no-deps \
	--no-index \
	--interpreter /usr/bin/python3

# Where cargo itself downloads crates.
PKG_CROSSPY_CRATES_SITE = https://static.crates.io/crates

# Unpacked as cargo vendor does, for a build without network.
define PKG_CROSSPY_UNPACK_CRATES
	python3 $(BR2_EXTERNAL_CROSSPY_PATH)/support/pylock.py crates $(@D)/.crates \
		$(patsubst %,$($(PKG)_DL_DIR)/%.crate,$(subst @,-,$($(PKG)_CRATES)))
endef

# Said behind a failed build, where it may be the reason.
PKG_CROSSPY_EXPLAIN = { \
	$(if $(BR2_INSTALL_LIBSTDCPP),,echo "crosspy: this toolchain has no C++ compiler; packages with C++ need BR2_TOOLCHAIN_BUILDROOT_CXX or BR2_TOOLCHAIN_EXTERNAL_CXX" >&2;) \
	exit 1; }

# A build requirement that is not there need not fail: without setuptools-scm a
# version is just wrong. So it is an error, before anything is built.
PKG_CROSSPY_CHECK_REQUIRES = $(PKG_CROSSPY) requires -q $(@D)/.crosspy $($(PKG)_BUILDDIR) | \
	python3 $(BR2_EXTERNAL_CROSSPY_PATH)/support/pylock.py lacking $(PKG) $($(PKG)_WITHOUT)

################################################################################
# inner-crosspy-package -- defines how a Python package is built by crosspy,
# and generates the make targets
#
#  argument 1 is the lowercase package name
#  argument 2 is the uppercase package name
################################################################################

define inner-crosspy-package

ifdef $(2)_SETUP_TYPE
$$(error $(2)_SETUP_TYPE has no meaning for a crosspy-package: pyproject.toml names the back end; remove it)
endif

$(2)_PURE ?= NO
ifneq ($$(words $$($(2)_PURE))$$(filter-out YES NO,$$($(2)_PURE)),1)
$$(error Invalid $(2)_PURE '$$($(2)_PURE)'. Valid values are YES and NO)
endif

$(2)_DEPENDENCIES += $$(PKG_CROSSPY_DEPENDENCIES)

ifneq ($$($(2)_CRATES),)
$(2)_DEPENDENCIES += host-rustc
$(2)_EXTRA_DOWNLOADS += $$(foreach c,$$($(2)_CRATES),\
	$$(PKG_CROSSPY_CRATES_SITE)/$$(firstword $$(subst @, ,$$(c)))/$$(subst @,-,$$(c)).crate)
$(2)_POST_EXTRACT_HOOKS += PKG_CROSSPY_UNPACK_CRATES
endif

ifndef $(2)_CONFIGURE_CMDS
define $(2)_CONFIGURE_CMDS
	$$(PKG_CROSSPY) create $$(@D)/.crosspy \
		$$(PKG_CROSSPY_CREATE_OPTS) \
		--system-site-packages \
		$$(foreach v,$$($$(PKG)_ENV),--env $$(v)) \
		$$($$(PKG)_CREATE_OPTS)
endef
endif

ifndef $(2)_BUILD_CMDS
define $(2)_BUILD_CMDS
	$$(PKG_CROSSPY_CHECK_REQUIRES)
	$$(PKG_CROSSPY) wheel $$(@D)/.crosspy $$($$(PKG)_BUILDDIR) \
		-w $$(@D)/.wheels \
		--no-build-isolation \
		--no-deps \
		$$(PKG_CROSSPY_WHEEL_OPTS) \
		$$(if $$($$(PKG)_CRATES),--crates $$(@D)/.crates) \
		$$(foreach v,$$($$(PKG)_CONF_OPTS),-C $$(v)) \
		$$(if $$(filter YES,$$($$(PKG)_PURE)),--pure $$(patsubst python-%,%,$$($$(PKG)_RAWNAME))) \
		$$($$(PKG)_BUILD_OPTS) || $$(PKG_CROSSPY_EXPLAIN)
endef
endif

ifndef $(2)_INSTALL_TARGET_CMDS
define $(2)_INSTALL_TARGET_CMDS
	$$(PKG_CROSSPY) install $$(@D)/.crosspy $$(@D)/.wheels/*.whl \
		--root $$(TARGET_DIR) \
		$$(PKG_CROSSPY_INSTALL_OPTS) \
		$$($$(PKG)_INSTALL_TARGET_OPTS)
endef
endif

ifndef $(2)_INSTALL_STAGING_CMDS
define $(2)_INSTALL_STAGING_CMDS
	$$(PKG_CROSSPY) install $$(@D)/.crosspy $$(@D)/.wheels/*.whl \
		--root $$(STAGING_DIR) \
		$$(PKG_CROSSPY_INSTALL_OPTS) \
		$$($$(PKG)_INSTALL_STAGING_OPTS)
endef
endif

$(call inner-generic-package,$(1),$(2),$(2),target)

endef

################################################################################
# crosspy-package -- the target generator macro for Python packages that are
# built by crosspy
################################################################################

crosspy-package = $(call inner-crosspy-package,$(pkgname),$(call UPPERCASE,$(pkgname)))
