// register_composer.cpp: encoding of catalogues, from features and tables to vectors.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/feature_arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "bindings/tables.h"
#include "core/composer.h"
#include "core/workers.h"

namespace likewise::bindings {
namespace {

py::object compose_tokens_arrays(const py::array& hashes, const py::array& ngram_offsets,
                                 const py::array& ngram_rows, const py::array& known_hashes,
                                 const py::array& tokens, const std::optional<py::array>& ngrams,
                                 std::int64_t threads) {
  FeatureView features;
  features.token_hashes = vector_view<std::uint64_t>("hashes", hashes);
  features.ngram_offsets = vector_view<Offset>("ngram_offsets", ngram_offsets);
  features.ngram_rows = vector_view<RowId>("ngram_rows", ngram_rows);
  const auto known = vector_view<std::uint64_t>("known_hashes", known_hashes);
  const MatrixView stored = matrix_view("tokens", tokens);
  if (stored.rows != known.size()) {
    throw py::value_error("tokens must have one row for each of known_hashes");
  }
  MatrixView grams{nullptr, 0, 0, 0};
  if (ngrams) grams = matrix_view("ngrams", *ngrams, stored.columns);
  check(features, 0, grams.rows);
  Table composed;
  {
    const py::gil_scoped_release without_gil;
    std::vector<std::int64_t> places(features.n_tokens(), -1);
    for (std::size_t t = 0; t < places.size(); ++t) {
      const auto found = std::lower_bound(known.begin(), known.end(), features.token_hashes[t]);
      if (found != known.end() && *found == features.token_hashes[t]) {
        places[t] = found - known.begin();
      }
    }
    composed = Table(places.size(), stored.columns);
    compose_tokens(features, places, stored.data, stored.stride, grams.data, grams.stride, composed,
                   thread_count(threads), check_signals);
  }
  return to_numpy(std::move(composed));
}

py::object compose_items_arrays(const py::dict& given, const py::array& tokens,
                                std::int64_t threads) {
  const FeatureView features = feature_view(given);
  const MatrixView rows = matrix_view("token_vectors", tokens);
  const std::size_t n_items = features.item_offsets.size() - 1;
  if (rows.rows != features.n_tokens()) {
    throw py::value_error("token_vectors must have one row for each of token_hashes");
  }
  Table items;
  {
    const py::gil_scoped_release without_gil;
    items = Table(n_items, rows.columns);
    add_content(features, rows.data, rows.stride, items, thread_count(threads), check_signals);
  }
  return to_numpy(std::move(items));
}

}  // namespace

void register_composer(py::module_& m) {
  m.def("compose_tokens", &compose_tokens_arrays, py::arg("hashes"), py::arg("ngram_offsets"),
        py::arg("ngram_rows"), py::arg("known_hashes"), py::arg("tokens"), py::arg("ngrams"),
        py::arg("threads") = 0);
  m.def("compose_items", &compose_items_arrays, py::arg("features"), py::arg("token_vectors"),
        py::arg("threads") = 0);
}

}  // namespace likewise::bindings
