"""``sysconfig``: the variables come from the target's sysconfigdata by CPython's own rules (see ``Finder``).

What is left: flags that the environment overrides appear once, and headers that are not below the prefix are found.
"""

import os

from . import buildfacts, facts

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from types import ModuleType


def apply(module: "ModuleType") -> None:
    if facts.INCLUDE:
        schemes = module._INSTALL_SCHEMES
        for scheme in schemes.values():
            if "{installed_base}" in scheme.get("include", ""):
                scheme["include"], scheme["platinclude"] = facts.INCLUDE


def override_flags(variables: dict[str, str | int]) -> dict[str, str | int]:
    """Blank what CC, CFLAGS and LDFLAGS of the environment replace.

    setuptools before 75 adds the environment's flags to sysconfig's, later ones replace them (pypa/setuptools#4836):
    with nothing in sysconfig both come to the same, each flag once.
    """
    if os.environ.get("CFLAGS"):
        for name in ("CFLAGS", "PY_CFLAGS", "OPT", "BASECFLAGS", "CONFIGURE_CFLAGS", "EXTRA_CFLAGS"):
            if name in variables:
                variables[name] = ""
    if os.environ.get("LDFLAGS") or os.environ.get("CFLAGS"):
        for name in ("LDSHARED", "BLDSHARED", "LDCXXSHARED"):
            if name in variables:
                variables[name] = buildfacts.BARE_LINK[name]
    if os.environ.get("LDFLAGS"):
        for name in ("LDFLAGS", "PY_LDFLAGS", "CONFIGURE_LDFLAGS"):
            if name in variables:
                variables[name] = ""
    return variables
