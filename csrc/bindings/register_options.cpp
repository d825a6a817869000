// register_options.cpp: option defaults and the option check, for likewise.Options.
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>
#include <type_traits>

#include "bindings/options_from_dict.h"
#include "bindings/registers.h"
#include "core/base/options.h"

namespace likewise::bindings {

void register_options(py::module_& m) {
  m.def("option_defaults", [] {
    py::dict defaults;
    const Options options;
    visit_options(options, [&](const char* name, const auto& value) { defaults[name] = value; });
    return defaults;
  });
  m.def(
      "check_options", [](const py::dict& given) { check(options_from_dict(given)); },
      py::arg("options"));
}

}  // namespace likewise::bindings
