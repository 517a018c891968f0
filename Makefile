# Each target does all of its own set-up, on a Debian 12 with nothing but make and python3, and reuses
# what is there. Everything it makes is below build/.

# Debian's own Python, not the first on PATH: the build Python has the X.Y of the Debian 12 targets.
PYTHON ?= /usr/bin/python3.11
BUILD := $(CURDIR)/build
VENV := $(BUILD)/venv
SYSROOTS := $(BUILD)/sysroots
RUST := $(BUILD)/rust
BIN := $(VENV)/bin

TEST_SYSROOTS := arm64 armhf riscv64 arm64-3.14 build-3.13 build-3.14
EXTRA_SYSROOTS := amd64 armel i386 mips64el ppc64el s390x
TARGETS := arm64 armhf riscv64 $(EXTRA_SYSROOTS)
CORPUS_SYSROOTS := $(TARGETS:%=%-corpus)
ALL_SYSROOTS := $(TEST_SYSROOTS) $(EXTRA_SYSROOTS) arm64-image $(CORPUS_SYSROOTS)
# Debian architectures with a standard library of Rust: for the tests, and beyond.
TEST_RUSTS := arm64 armhf riscv64
EXTRA_RUSTS := i386 ppc64el s390x

# More arguments for pytest: make test T='-k describe -x'
T :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## tell what there is to make
	@sed -n 's/^\([a-z][a-z0-9%-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-14s %s\n' "$$name" "$$text"; done
	@printf '  make %-14s %s\n' sysroot-NAME "make one sysroot: $(ALL_SYSROOTS)"
	@printf '  make %-14s %s\n' rust-NAME "add a target to the Rust toolchain: $(EXTRA_RUSTS)"

.PHONY: demo
demo: system-demo venv sysroot-arm64 sysroot-arm64-image ## build, install, verify and run PyPI packages for an arm64 image
	@$(BIN)/python scripts/demo.py --build $(BUILD)/demo --sysroot $(SYSROOTS)/arm64 \
		--image $(SYSROOTS)/arm64-image --build-python $(PYTHON) --requirements requirements/demo.txt

.PHONY: lock-proof
lock-proof: system-test venv sysroot-arm64 rust ## a lock of 49 packages: fetched, built offline twice, installed, imported; a pin changed
	@$(BIN)/python scripts/prove_lock.py --build $(BUILD)/lock-proof --sysroot $(SYSROOTS)/arm64 --build-python $(PYTHON) \
		--rust $(RUST)

.PHONY: test
test: system-test venv sysroots rust ## run all tests: real compilers, four targets, QEMU
	CROSSPY_SYSROOTS=$(SYSROOTS) CROSSPY_RUST=$(RUST) $(BIN)/pytest $(T)

.PHONY: unit
unit: system-base venv ## run the tests that need no sysroot
	$(BIN)/pytest tests/unit $(T)

.PHONY: integration
integration: system-test venv sysroots rust ## run the integration tests only
	CROSSPY_SYSROOTS=$(SYSROOTS) CROSSPY_RUST=$(RUST) $(BIN)/pytest tests/integration $(T)

.PHONY: fuzz
fuzz: system-base venv ## damage images and ELF files and let crosspy verify look at them: make fuzz F='--seconds 3600'
	@$(BIN)/python tests/fuzz $(or $(F),--seconds 600 --seed $$(date +%s))

.PHONY: lint
lint: system-base venv ## ruff check, ruff format --check, mypy, oelint-adv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/docs.py --check
	OELINT=$(BIN)/oelint-adv tests/yocto/lint
	@# in scripts/demo_exercises.py the packages of the demo are imported, which are not here
	$(BIN)/mypy $(filter-out %_exercises.py,$(wildcard scripts/*.py benchmarks/*.py))
	MYPYPATH=tests $(BIN)/mypy -p corpus

.PHONY: docs
docs: system-base venv ## write the reference pages that come from --help and --explain
	$(BIN)/python scripts/docs.py

.PHONY: fidelity
fidelity: system-test venv sysroots ## ask cross-python and the target's Python the same, and score the answers
	@$(BIN)/python tests/integration/fidelity.py \
		arm64=$(SYSROOTS)/arm64,qemu-aarch64-static,$(PYTHON) \
		armhf=$(SYSROOTS)/armhf,qemu-arm-static,$(PYTHON) \
		riscv64=$(SYSROOTS)/riscv64,qemu-riscv64-static,$(SYSROOTS)/build-3.13/usr/bin/python3.13 \
		arm64-3.14=$(SYSROOTS)/arm64-3.14,qemu-aarch64-static,$(SYSROOTS)/build-3.14/usr/bin/python3.14 $(F)

.PHONY: differential
differential: system-test venv sysroots ## hold verify's verdict on every extension module against the target's interpreter
	@test -d $(BUILD)/wheels-arm64 || $(BIN)/pip --quiet --disable-pip-version-check install --target $(BUILD)/wheels-arm64 \
		--only-binary :all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
		$(foreach glibc,17 28 34,--platform manylinux_2_$(glibc)_aarch64) -r requirements/differential.txt
	@PYTHONPATH=. $(BIN)/python tests/integration/differential.py -o docs/verify-truth.md $(D) \
		arm64=$(SYSROOTS)/arm64,qemu-aarch64-static,/usr/bin/python3.11 \
		armhf=$(SYSROOTS)/armhf,qemu-arm-static,/usr/bin/python3.11 \
		riscv64=$(SYSROOTS)/riscv64,qemu-riscv64-static,/usr/bin/python3.13 \
		arm64-3.14=$(SYSROOTS)/arm64-3.14,qemu-aarch64-static,/usr/bin/python3.14 \
		arm64+wheels=$(SYSROOTS)/arm64,qemu-aarch64-static,/usr/bin/python3.11,$(BUILD)/wheels-arm64

.PHONY: bench
bench: system-bench venv sysroot-arm64 sysroot-amd64 ## measure against crossenv and the native interpreter
	@$(BIN)/python benchmarks/run.py --build $(BUILD)/bench --sysroot $(SYSROOTS)/arm64 --same-sysroot $(SYSROOTS)/amd64 --build-python $(PYTHON) $(B)

.PHONY: bench-verify
bench-verify: system-bench venv sysroot-arm64 ## measure crosspy verify against the least that a tree costs: V=IMAGE
	@$(BIN)/python benchmarks/verify.py $(or $(V),$(SYSROOTS)/arm64) $(B)

.PHONY: corpus
corpus: system-corpus venv sysroot-arm64-corpus rust ## build and try the packages of tests/corpus: make corpus C='--target armhf'
	@PYTHONPATH=tests $(BIN)/python -m corpus --build $(BUILD)/corpus --sysroots $(SYSROOTS) \
		--rust-toolchain $(RUST) $(C)

.PHONY: sysroots
sysroots: $(TEST_SYSROOTS:%=sysroot-%) ## make the sysroots of the tests

.PHONY: rust
rust: | system-sysroot ## make the Rust toolchain of the tests
	@scripts/make-rust $(RUST) $(TEST_RUSTS)

.PHONY: clean
clean: ## remove build/ and what the tools left
	rm -rf $(BUILD) .mypy_cache .pytest_cache .ruff_cache

# The parts. Each is quick when nothing is to be done.

.PHONY: venv
venv: $(VENV)/.stamp

$(VENV)/.stamp: requirements/dev.txt pyproject.toml | system-base
	@echo "==> virtual environment $(VENV)" >&2
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@# --no-build-isolation: the pinned setuptools builds crosspy, not the newest one.
	@$(BIN)/pip --quiet --disable-pip-version-check install -r requirements/dev.txt
	@$(BIN)/pip --quiet --disable-pip-version-check install --no-build-isolation --no-deps --editable .
	@touch $@

SYSTEM_PROFILES := base sysroot demo test bench corpus $(EXTRA_SYSROOTS)

.PHONY: $(SYSTEM_PROFILES:%=system-%)
$(SYSTEM_PROFILES:%=system-%): system-%:
	@scripts/setup-system $*

.PHONY: $(ALL_SYSROOTS:%=sysroot-%)
$(ALL_SYSROOTS:%=sysroot-%): sysroot-%: | system-sysroot
	@scripts/make-sysroot $* $(SYSROOTS)/$*

.PHONY: $(EXTRA_RUSTS:%=rust-%)
$(EXTRA_RUSTS:%=rust-%): rust-%: | system-sysroot
	@scripts/make-rust $(RUST) $(TEST_RUSTS) $*

# These bring the compiler that the test suite's targets do not need.
$(EXTRA_SYSROOTS:%=sysroot-%): sysroot-%: | system-%
$(EXTRA_SYSROOTS:%=sysroot-%-corpus): sysroot-%-corpus: | system-%
