#include <pybind11/pybind11.h>

#include "base.h"
#include "extra.h"

PYBIND11_MODULE(be_cmake, module)
{
    module.def("answer", [] { return base() + EXTRA; });
}
