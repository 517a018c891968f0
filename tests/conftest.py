"""What every test gets: an environment in which nothing of the machine's settings reaches crosspy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

import pytest

# Variables that change what pip, Python, compilers and build systems do.
_SCRUBBED = re.compile(
    r"""
    (PIP|PYTHON|PYTEST_ADDOPTS|UV|CROSSPY|PKG_CONFIG|CMAKE|MESON|CARGO_BUILD|CARGO_TARGET|CARGO_PROFILE|PYO3|SETUPTOOLS|DISTUTILS)(_|$).* | PYTHON.*
    | (CC|CXX|CPP|AR|AS|LD|NM|RANLIB|STRIP|READELF|OBJCOPY|OBJDUMP|FC|F77|LDSHARED|CCSHARED|BLDSHARED|ARFLAGS)
    | (C|CXX|CPP|LD|F|AS|RUST)FLAGS | RUSTC\w* | RUST_TARGET_PATH | CARGO | CARGO_(ENCODED_RUSTFLAGS|INCREMENTAL|NET_OFFLINE)
    | CPATH | C_INCLUDE_PATH | CPLUS_INCLUDE_PATH | LIBRARY_PATH | LD_LIBRARY_PATH | LD_PRELOAD | QEMU_\w+
    | CONFIG_SITE | DESTDIR | ARCH | CROSS_COMPILE | SOURCE_DATE_EPOCH | MAKEFLAGS | MFLAGS | MAKELEVEL
    | VIRTUAL_ENV(_PROMPT)? | SYSROOT | SDKTARGETSYSROOT | OECORE_\w+
    | LANG | LANGUAGE | LC_\w+ | NO_COLOR | FORCE_COLOR | CLICOLOR\w* | COLUMNS | TMPDIR
    """,
    re.VERBOSE,
)
# make test's word to the tests themselves.
_KEPT = {"CROSSPY_SYSROOTS", "CROSSPY_RUST", "CROSSPY_YOCTO", "CROSSPY_YOCTO_USER"}

# What a download needs on this machine; nothing else of the user's pip settings.
_DOWNLOAD = {
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TRUSTED_HOST",
}
# Read here, before any fixture runs.
_FOUND = {name: value for name, value in os.environ.items() if name in _DOWNLOAD}


@pytest.fixture(scope="session", autouse=True)
def scrubbed_environ() -> Iterator[None]:
    """Remove the machine's settings; for the session, so that session fixtures live without them too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in sorted(os.environ):
            if _SCRUBBED.fullmatch(name) and name not in _KEPT:
                patch.delenv(name)
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("CROSSPY_CACHE", "")  # what a test builds is built
        yield


@pytest.fixture(scope="session")
def pip_environ() -> Mapping[str, str]:
    """Return the PIP_* variables that a test which downloads must set: index, certificates, proxy."""
    return dict(_FOUND)
