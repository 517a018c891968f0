"""pip inside a cross environment: what it installs is for the target."""

import os
import sys

from . import buildfacts, facts


def apply(module):
    if module.__name__ == "pip":
        _hide_build_layer()
        _separate_cache()
        if buildfacts.CROSS_PREFIX:
            os.environ.setdefault("PIP_PREFIX", buildfacts.CROSS_PREFIX)
    else:
        _refuse_inprocess_build_dependencies(module)


def _hide_build_layer():
    """Packages of the build machine do not count as installed, unless cross-expose says so."""
    layer = os.path.join(sys.prefix, "build", *facts.LIBRARY)
    sys.path[:] = [path for path in sys.path if path != layer]


def _separate_cache():
    """Keep pip's cache of built wheels per target: its key does not know sysroots and compilers."""
    if "PIP_CACHE_DIR" in os.environ or "PIP_NO_CACHE_DIR" in os.environ:
        return
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    shared = os.path.join(base, "crosspy", "pip")
    own = os.path.join(shared, buildfacts.KEY)
    try:
        # Downloads are the same for every target.
        os.makedirs(own, exist_ok=True)
        for name in ("http", "http-v2"):
            os.makedirs(os.path.join(shared, name), exist_ok=True)
            if not os.path.lexists(os.path.join(own, name)):
                os.symlink(os.path.join("..", name), os.path.join(own, name))
    except OSError:
        return
    os.environ["PIP_CACHE_DIR"] = own


def _refuse_inprocess_build_dependencies(module):
    """Build requirements are for the build machine: they need a process of their own, whatever feature is on."""
    inprocess = getattr(module, "InprocessBuildEnvironmentInstaller", None)
    subprocess_installer = getattr(module, "SubprocessBuildEnvironmentInstaller", None)
    if inprocess is None or subprocess_installer is None:
        return

    class NativeInstaller(subprocess_installer):
        def __init__(self, *, finder, **options):
            constraints = [str(item) for item in options.get("build_constraints", ()) if isinstance(item, str)]
            super().__init__(finder, build_constraints=constraints)

    module.InprocessBuildEnvironmentInstaller = NativeInstaller

