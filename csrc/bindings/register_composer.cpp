// register_composer.cpp: encoding of catalogues, from features and tables to vectors.
#include <pybind11/pybind11.h>

#include <algorithm>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "bindings/tables.h"
#include "core/base/workers.h"
#include "core/training/composer.h"

namespace likewise::bindings {
namespace {

py::object compose_tokens_arrays(const py::array& hashes, const py::array& ngram_offsets,
                                 const py::array& ngram_rows, const py::array& known_hashes,
                                 const py::array& tokens, const py::array& ngrams,
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
  const MatrixView grams = matrix_view("ngrams", ngrams, stored.columns);
  check(features, 0, features.n_tokens(), grams.rows);
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

py::object compose_items_arrays(const py::array& item_offsets, const py::array& item_tokens,
                                const py::array& item_weights, const py::array& token_vectors,
                                std::int64_t threads) {
  FeatureView features;
  features.item_offsets = vector_view<Offset>("item_offsets", item_offsets);
  features.item_tokens = vector_view<std::int32_t>("item_tokens", item_tokens);
  features.item_weights = vector_view<float>("item_weights", item_weights);
  const MatrixView rows = matrix_view("token_vectors", token_vectors);
  if (features.item_offsets.empty()) throw py::value_error("item_offsets must not be empty");
  const std::size_t n_items = features.item_offsets.size() - 1;
  check(features, n_items, rows.rows, 0);
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
  m.def("compose_items", &compose_items_arrays, py::arg("item_offsets"), py::arg("item_tokens"),
        py::arg("item_weights"), py::arg("token_vectors"), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
