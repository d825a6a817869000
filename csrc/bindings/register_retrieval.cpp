// register_retrieval.cpp: exact search over unit vectors, for likewise.index.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

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
#include "core/top_k.h"
#include "core/workers.h"

namespace likewise::bindings {
namespace {

void require_length(const char* name, std::size_t length, std::size_t wanted) {
  if (length != wanted) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(wanted) +
                          " values, got " + std::to_string(length));
  }
}

/// The table with its padding, (rows, stride) float32: what top_k searches. No copy.
py::array_t<float> padded_array(Table&& table) {
  auto owner = std::make_unique<Table>(std::move(table));
  float* data = owner->data();
  const auto rows = static_cast<py::ssize_t>(owner->rows());
  const auto stride = static_cast<py::ssize_t>(owner->stride());
  py::capsule capsule(owner.release(), [](void* p) { delete static_cast<Table*>(p); });
  return py::array_t<float>({rows, stride}, data, capsule);
}

py::tuple unit_rows_of(const py::array& vectors) {
  const MatrixView view = matrix_view("vectors", vectors);
  if (view.columns == 0) throw py::value_error("vectors must have at least 1 column, got 0");
  std::optional<UnitRows> units;
  {
    const py::gil_scoped_release without_gil;
    units = unit_rows(view.data, view.rows, view.columns, view.stride);
  }
  return py::make_tuple(padded_array(std::move(units->table)), to_numpy(std::move(units->usable)));
}

py::tuple top_k_of(const py::array& candidates, std::size_t n, const py::array& queries,
                   std::size_t k, const std::optional<py::array>& allowed,
                   const std::optional<py::array>& exclude, std::int64_t threads) {
  const MatrixView query_view = matrix_view("queries", queries);
  const MatrixView rows = matrix_view("candidates", candidates, padded(query_view.columns));
  if (rows.rows != padded_rows(n) || rows.stride != rows.columns ||
      reinterpret_cast<std::uintptr_t>(rows.data) % (kRowAlign * sizeof(float)) != 0) {
    throw py::value_error("candidates must come from unit_rows, got shape " +
                          shape_text(candidates) + " for " + std::to_string(n) + " vectors");
  }
  TopKRequest request;
  request.candidates = rows.data;
  request.n = n;
  request.dim = query_view.columns;
  request.queries = query_view.data;
  request.n_queries = query_view.rows;
  request.query_stride = query_view.stride;
  request.k = k;
  request.threads = thread_count(threads);
  if (allowed) {
    const auto mask = vector_view<std::uint8_t>("allowed", *allowed);
    require_length("allowed", mask.size(), n);
    request.allowed = mask.data();
  }
  if (exclude) {
    const auto excluded = vector_view<ItemId>("exclude", *exclude);
    require_length("exclude", excluded.size(), request.n_queries);
    request.exclude = excluded.data();
  }
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
  m.def("unit_rows", &unit_rows_of, py::arg("vectors"));
  m.def("top_k", &top_k_of, py::arg("candidates"), py::arg("n"), py::arg("queries"), py::arg("k"),
        py::arg("allowed") = py::none(), py::arg("exclude") = py::none(), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
