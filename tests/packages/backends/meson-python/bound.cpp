#include <pybind11/pybind11.h>

PYBIND11_MODULE(be_meson_pybind11, module)
{
    module.def("answer", [] { return 42; });
}
