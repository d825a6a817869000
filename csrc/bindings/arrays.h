// arrays.h: the one doorway for NumPy arrays, in and out.
//
// In: a view is checked for dtype, dimensions, contiguity and columns, and the error says what was
// wanted and what came. Nothing is converted silently. Out: a std::vector leaves without a copy,
// owned by the array that wraps it.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace likewise::bindings {

namespace py = pybind11;

inline std::string shape_text(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    text += std::to_string(array.shape(i)) + (array.ndim() == 1 || i + 1 < array.ndim() ? "," : "");
    if (i + 1 < array.ndim()) text += " ";
  }
  return text + ")";
}

template <class T>
void require_dtype(const char* name, const py::array& array) {
  if (!array.dtype().is(py::dtype::of<T>()) && !array.dtype().equal(py::dtype::of<T>())) {
    throw py::type_error(std::string(name) + " must be " +
                         std::string(py::str(py::dtype::of<T>())) + ", got " +
                         std::string(py::str(array.dtype())));
  }
}

/// A contiguous one-dimensional array of T, borrowed for the call.
template <class T>
std::span<const T> vector_view(const char* name, const py::array& array) {
  require_dtype<T>(name, array);
  if (array.ndim() != 1) {
    throw py::value_error(std::string(name) + " must have 1 dimension, got shape " +
                          shape_text(array));
  }
  if (array.shape(0) > 1 && array.strides(0) != static_cast<py::ssize_t>(sizeof(T))) {
    throw py::value_error(std::string(name) + " must be contiguous");
  }
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.shape(0))};
}

/// Rows of float32: `stride` floats from one row to the next, the columns themselves contiguous.
struct MatrixView {
  const float* data;
  std::size_t rows, columns, stride;
};

/// columns == 0 accepts any number of columns.
inline MatrixView matrix_view(const char* name, const py::array& array, std::size_t columns = 0) {
  require_dtype<float>(name, array);
  if (array.ndim() != 2) {
    throw py::value_error(std::string(name) + " must have 2 dimensions, got shape " +
                          shape_text(array));
  }
  if (columns != 0 && static_cast<std::size_t>(array.shape(1)) != columns) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(columns) +
                          " columns, got shape " + shape_text(array));
  }
  const auto item = static_cast<py::ssize_t>(sizeof(float));
  const bool one_row = array.shape(0) <= 1;
  const bool empty = array.size() == 0;  // whose strides NumPy leaves to chance
  if (!empty && ((array.shape(1) > 1 && array.strides(1) != item) || array.strides(0) % item != 0 ||
                 (!one_row && array.strides(0) < array.shape(1) * item))) {
    throw py::value_error(std::string(name) + " must have contiguous rows");
  }
  const auto cols = static_cast<std::size_t>(array.shape(1));
  return {static_cast<const float*>(array.data()), static_cast<std::size_t>(array.shape(0)), cols,
          one_row ? cols : static_cast<std::size_t>(array.strides(0) / item)};
}

/// Hands a vector over to NumPy without copying it.
template <class T>
py::array_t<T> to_numpy(std::vector<T>&& values) {
  auto owner = std::make_unique<std::vector<T>>(std::move(values));
  T* data = owner->data();
  const auto size = static_cast<py::ssize_t>(owner->size());
  py::capsule capsule(owner.release(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(size, data, capsule);
}

}  // namespace likewise::bindings
