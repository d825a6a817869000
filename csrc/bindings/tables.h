// tables.h: hands a core Table over to NumPy, without a copy.
#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <utility>

#include "bindings/arrays.h"
#include "core/base/table.h"

namespace likewise::bindings {

/// (rows, dim) float32, contiguous, owning the table's memory; None for an empty table.
inline py::object to_numpy(Table&& table) {
  if (table.empty()) return py::none();
  auto owner = std::make_unique<Table>(std::move(table));
  owner->compact();
  float* data = owner->data();
  const py::ssize_t shape[2] = {static_cast<py::ssize_t>(owner->rows()),
                                static_cast<py::ssize_t>(owner->dim())};
  py::capsule capsule(owner.release(), [](void* p) { delete static_cast<Table*>(p); });
  return py::array_t<float>({shape[0], shape[1]}, data, capsule);
}

}  // namespace likewise::bindings
