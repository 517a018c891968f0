#include <nanobind/nanobind.h>

NB_MODULE(be_nanobind, module)
{
    module.def("half", [](int n) { return n / 2; });
}
