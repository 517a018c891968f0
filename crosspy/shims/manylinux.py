"""The ``_manylinux`` module of PEP 600: asked by ``packaging``, wherever it is vendored.

pip gets the answer of the policy: by default packages are built from source, so no prebuilt wheel fits. So does a back end
in such a build, which names its wheel by the first tag that fits (poetry-core): nobody has held it against a policy of
manylinux. Others get the truth, which packaging computes itself from the target's C library.
"""

import os
import sys


def manylinux_compatible(major: int, minor: int, arch: str) -> bool | None:
    """Return True or False to decide, None to let packaging compare glibc versions."""
    from _crosspy import facts

    asker = str(sys._getframe(1).f_globals.get("__name__", ""))
    # crosspy wheel says which policy it has; without, it is pip in the hands of a user.
    if os.environ.get("CROSSPY_POLICY", "sdist" if asker.startswith("pip.") else "") == "sdist":
        return False
    if facts.PLATFORM_TAGS is not None:
        return f"manylinux_{major}_{minor}_{arch}" in facts.PLATFORM_TAGS
    if not facts.OS["libc"]:
        return False  # packaging would go on and ask the build machine's own glibc
    return None
