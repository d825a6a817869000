// register_retrieval.cpp: exact search over packed vectors, for likewise.index.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "core/top_k.h"

namespace likewise::bindings {

namespace {

void raise_pending_signal() {
  const py::gil_scoped_acquire with_gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

void require_length(const char* name, std::size_t length, std::size_t wanted) {
  if (length != wanted) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(wanted) +
                          " values, got " + std::to_string(length));
  }
}

py::tuple pack_unit_panels_of(const py::array& vectors) {
  const MatrixView view = matrix_view("vectors", vectors);
  Panels packed;
  {
    const py::gil_scoped_release without_gil;
    packed = pack_unit_panels(view.data, view.rows, view.columns, view.stride);
  }
  return py::make_tuple(to_numpy(std::move(packed.values)), to_numpy(std::move(packed.usable)));
}

py::tuple top_k_of(const py::array& panels, std::size_t candidates, const py::array& queries,
                   std::size_t k, const std::optional<py::array>& allowed,
                   const std::optional<py::array>& exclude, std::size_t threads) {
  const MatrixView query_view = matrix_view("queries", queries);
  const auto packed = vector_view<float>("panels", panels);
  require_length("panels", packed.size(),
                 panel_count(candidates) * query_view.columns * kPanelWidth);

  TopKRequest request;
  request.panels = packed.data();
  request.candidates = candidates;
  request.dim = query_view.columns;
  request.queries = query_view.data;
  request.query_count = query_view.rows;
  request.query_stride = query_view.stride;
  request.k = k;
  request.threads = threads;
  if (allowed) {
    const auto mask = vector_view<std::uint8_t>("allowed", *allowed);
    require_length("allowed", mask.size(), candidates);
    request.allowed = mask.data();
  }
  if (exclude) {
    const auto excluded = vector_view<ItemId>("exclude", *exclude);
    require_length("exclude", excluded.size(), request.query_count);
    request.exclude = excluded.data();
  }
  std::vector<ItemId> positions;
  std::vector<float> scores;
  {
    const py::gil_scoped_release without_gil;
    positions.resize(request.query_count * k);
    scores.resize(request.query_count * k);
    top_k(request, positions.data(), scores.data(), raise_pending_signal);
  }
  return py::make_tuple(to_numpy(std::move(positions)), to_numpy(std::move(scores)));
}

}  // namespace

void register_retrieval(py::module_& m) {
  m.attr("panel_width") = kPanelWidth;
  m.def("pack_unit_panels", pack_unit_panels_of, py::arg("vectors"));
  m.def("top_k", top_k_of, py::arg("panels"), py::arg("candidates"), py::arg("queries"),
        py::arg("k"), py::arg("allowed") = py::none(), py::arg("exclude") = py::none(),
        py::arg("threads") = 0);
}

}  // namespace likewise::bindings
