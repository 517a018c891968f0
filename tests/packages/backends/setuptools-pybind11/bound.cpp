#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

PYBIND11_MODULE(be_pybind11, module)
{
    module.def("halves", [](int n) { return std::vector<int>{n / 2, n - n / 2}; });
}
