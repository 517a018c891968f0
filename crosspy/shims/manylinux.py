"""The ``_manylinux`` module of PEP 600: asked by ``packaging``, wherever it is vendored.

pip gets the answer of the policy: by default packages are built from source, so no prebuilt wheel fits. Others get
the truth, which packaging computes itself from the target's C library.
"""

import os
import sys


def manylinux_compatible(major: int, minor: int, arch: str) -> bool | None:
    """Return True or False to decide, None to let packaging compare glibc versions."""
    from _crosspy import facts

    frame = sys._getframe(1)
    if (
        str(frame.f_globals.get("__name__", "")).startswith("pip.")
        and os.environ.get("CROSSPY_POLICY", "sdist") == "sdist"
    ):
        return False
    if facts.PLATFORM_TAGS is not None:
        return f"manylinux_{major}_{minor}_{arch}" in facts.PLATFORM_TAGS
    return None
