// register_kernels.cpp: which kernel sets there are, and each kernel by name for the tests.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "core/kernels/kernels.h"

namespace likewise::bindings {

void register_kernels(py::module_& m) {
  m.def("kernels", [] { return std::string(kernels().name); });
  m.def("supported_kernels", [] {
    std::vector<std::string> names;
    for (const Kernels* set : supported_kernels()) names.emplace_back(set->name);
    return names;
  });
}

}  // namespace likewise::bindings
