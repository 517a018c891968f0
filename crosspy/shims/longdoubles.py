"""NumPy's names of extended precision tell how wide ``long double`` is: on the target.

A build asks the build machine's NumPy, which is its build requirement (twins.py), and is compiled with the target's headers:
h5py makes code for ``complex256`` where ``hasattr(numpy, "complex256")``, which 32-bit ARM has not.
Source: numpy/_core/include/numpy/npy_common.h, NPY_SIZEOF_LONGDOUBLE.
"""

from . import facts, keep

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from types import ModuleType


def apply(module: "ModuleType") -> None:
    if keep("words") or not hasattr(module, "clongdouble"):
        return
    names = vars(module)
    size = facts.TYPES["long double"][0]
    for kind, width, scalar in (("float", 1, module.longdouble), ("complex", 2, module.clongdouble)):
        here = f"{kind}{8 * module.dtype(scalar).itemsize}"
        there = f"{kind}{8 * width * size}"
        if here != there:
            _rename(names, here, there)
            _rename(module.sctypeDict, here, there)
            names["__all__"] = sorted({*names["__all__"], there} - {here})


def _rename(names: dict[str, object], here: str, there: str) -> None:
    """Let a type be found by its size on the target; one of ``double``'s size is found as that."""
    scalar = names.pop(here, None)
    if scalar is not None:
        names.setdefault(there, scalar)
