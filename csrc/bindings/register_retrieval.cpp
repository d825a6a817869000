// register_retrieval.cpp: exact search, for likewise.index.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/base/workers.h"
#include "core/search/top_k.h"
#include "core/search/unit_rows.h"

namespace likewise::bindings {
namespace {

void require_length(const char* name, std::size_t length, std::size_t wanted) {
  if (length != wanted) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(wanted) +
                          " values, got " + std::to_string(length));
  }
}

/// The rows without their padding, (rows, dim) float32, aligned. No copy.
py::array_t<float> rows_array(Table&& table) {
  auto owner = std::make_unique<Table>(std::move(table));
  float* data = owner->data();
  const auto rows = static_cast<py::ssize_t>(owner->rows());
  const auto dim = static_cast<py::ssize_t>(owner->dim());
  const auto row_bytes = static_cast<py::ssize_t>(owner->stride() * sizeof(float));
  py::capsule capsule(owner.release(), [](void* p) { delete static_cast<Table*>(p); });
  return py::array_t<float>({rows, dim}, {row_bytes, static_cast<py::ssize_t>(sizeof(float))}, data,
                            capsule);
}

py::tuple unit_rows_of(const py::array& vectors, bool normalise) {
  const MatrixView view = matrix_view("vectors", vectors);
  if (view.columns == 0) throw py::value_error("vectors must have at least 1 column, got 0");
  std::optional<UnitRows> units;
  {
    const py::gil_scoped_release without_gil;
    units = unit_rows(view.data, view.rows, view.columns, view.stride, normalise);
  }
  return py::make_tuple(rows_array(std::move(units->table)), to_numpy(std::move(units->usable)));
}

using LabelArrays = std::pair<py::array, py::array>;  // of the queries, of the candidates

Labels labels_of(const char* name, const LabelArrays& arrays, const TopKRequest& request) {
  const auto queries = vector_view<std::int32_t>(name, arrays.first);
  const auto candidates = vector_view<std::int32_t>(name, arrays.second);
  require_length(name, queries.size(), request.n_queries);
  require_length(name, candidates.size(), request.n);
  return {queries.data(), candidates.data()};
}

/// Checks lists of positions, one for each query, and hands them on.
void take_excluded(const LabelArrays& arrays, TopKRequest& request) {
  const auto offsets = vector_view<Offset>("excluded", arrays.first);
  const auto positions = vector_view<ItemId>("excluded", arrays.second);
  require_length("excluded", offsets.size(), request.n_queries + 1);
  if (offsets.front() != 0 || offsets.back() != static_cast<Offset>(positions.size()) ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    throw py::value_error("excluded must have offsets that ascend from 0 to " +
                          std::to_string(positions.size()));
  }
  request.excluded_offsets = offsets.data();
  request.excluded = positions.data();
}

py::tuple top_k_of(const py::array& candidates, const py::array& queries, std::size_t k,
                   const std::optional<py::array>& allowed, const std::optional<py::array>& exclude,
                   const std::optional<LabelArrays>& excluded,
                   const std::optional<LabelArrays>& same,
                   const std::vector<LabelArrays>& different, std::int64_t threads) {
  const MatrixView query_view = matrix_view("queries", queries);
  if (query_view.columns == 0) throw py::value_error("queries must have at least 1 column, got 0");
  const MatrixView rows = matrix_view("candidates", candidates, query_view.columns);
  TopKRequest request;
  request.candidates = rows.data;
  request.n = rows.rows;
  request.dim = query_view.columns;
  request.stride = rows.stride;
  request.queries = query_view.data;
  request.n_queries = query_view.rows;
  request.query_stride = query_view.stride;
  request.k = k;
  request.threads = thread_count(threads);
  if (allowed) {
    const auto mask = vector_view<std::uint8_t>("allowed", *allowed);
    require_length("allowed", mask.size(), request.n);
    request.allowed = mask.data();
  }
  if (exclude) {
    const auto one = vector_view<ItemId>("exclude", *exclude);
    require_length("exclude", one.size(), request.n_queries);
    request.exclude = one.data();
  }
  if (excluded) take_excluded(*excluded, request);
  if (same) request.same = labels_of("same", *same, request);
  std::vector<Labels> columns;
  for (const LabelArrays& arrays : different) {
    columns.push_back(labels_of("different", arrays, request));
  }
  request.different = columns;
  std::vector<ItemId> positions;
  std::vector<float> scores;
  {
    const py::gil_scoped_release without_gil;
    positions.resize(request.n_queries * k);
    scores.resize(request.n_queries * k);
    top_k(request, positions.data(), scores.data(), check_signals);
  }
  return py::make_tuple(to_numpy(std::move(positions)), to_numpy(std::move(scores)));
}

}  // namespace

void register_retrieval(py::module_& m) {
  m.def("unit_rows", &unit_rows_of, py::arg("vectors"), py::arg("normalise") = true);
  m.def("top_k", &top_k_of, py::arg("candidates"), py::arg("queries"), py::arg("k"),
        py::arg("allowed") = py::none(), py::arg("exclude") = py::none(),
        py::arg("excluded") = py::none(), py::arg("same") = py::none(),
        py::arg("different") = std::vector<LabelArrays>(), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
