// options_from_dict.h: a Python dict of options -> likewise::Options, strict about types.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "core/base/options.h"

namespace likewise::bindings {

namespace py = pybind11;

inline void read_option(const char* name, const py::handle& value, bool& field) {
  if (!py::isinstance<py::bool_>(value)) {
    throw py::type_error(std::string(name) + " must be true or false, got " +
                         std::string(py::repr(value)));
  }
  field = value.cast<bool>();
}

inline void read_option(const char* name, const py::handle& value, std::string& field) {
  if (!py::isinstance<py::str>(value)) {
    throw py::type_error(std::string(name) + " must be a string, got " +
                         std::string(py::repr(value)));
  }
  field = value.cast<std::string>();
}

inline void read_option(const char* name, const py::handle& value, double& field) {
  if (py::isinstance<py::bool_>(value) ||
      !(py::isinstance<py::float_>(value) || py::isinstance<py::int_>(value))) {
    throw py::type_error(std::string(name) + " must be a number, got " +
                         std::string(py::repr(value)));
  }
  try {
    field = value.cast<double>();
  } catch (const py::cast_error&) {  // a whole number beyond any double
    PyErr_Clear();
    throw py::value_error(std::string(name) + " must be a number that fits a double");
  }
}

template <class Integer>
  requires std::is_integral_v<Integer>
void read_option(const char* name, const py::handle& value, Integer& field) {
  if (py::isinstance<py::bool_>(value) || !py::isinstance<py::int_>(value)) {
    throw py::type_error(std::string(name) + " must be a whole number, got " +
                         std::string(py::repr(value)));
  }
  try {
    field = value.cast<Integer>();
  } catch (const py::cast_error&) {
    throw py::value_error(std::string(name) + " must be a 64-bit whole number" +
                          (std::is_unsigned_v<Integer> ? ", at least 0" : "") + ", got " +
                          std::string(py::repr(value)));
  }
}

/// Every option must be present: defaults are applied in one place, by likewise.Options.
inline Options options_from_dict(const py::dict& given) {
  Options options;
  visit_options(options, [&](const char* name, auto& field) {
    if (!given.contains(name)) throw py::value_error(std::string("option missing: ") + name);
    read_option(name, given[name], field);
  });
  return options;
}

}  // namespace likewise::bindings
