// feature_arrays.h: encoded features from the dict of arrays that likewise.Features hands over.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "bindings/arrays.h"
#include "core/base/feature_view.h"

namespace likewise::bindings {

/// The arrays must outlive the view: the caller keeps `features` until its call returns.
inline FeatureView feature_view(const py::dict& features) {
  FeatureView view;
  const auto array = [&](const char* name) {
    if (!features.contains(name)) throw py::value_error(std::string("features lacks ") + name);
    const py::object value = features[name];
    if (!py::isinstance<py::array>(value)) {
      throw py::type_error(std::string(name) + " must be a NumPy array, got " +
                           std::string(py::str(py::type::of(value).attr("__name__"))));
    }
    return value.cast<py::array>();
  };
  view.item_offsets = vector_view<Offset>("item_offsets", array("item_offsets"));
  view.item_tokens = vector_view<std::int32_t>("item_tokens", array("item_tokens"));
  view.item_weights = vector_view<float>("item_weights", array("item_weights"));
  view.token_hashes = vector_view<std::uint64_t>("token_hashes", array("token_hashes"));
  view.ngram_offsets = vector_view<Offset>("ngram_offsets", array("ngram_offsets"));
  view.ngram_rows = vector_view<RowId>("ngram_rows", array("ngram_rows"));
  return view;
}

}  // namespace likewise::bindings
