// register_pairs.cpp: pairs of items that sessions show together, for the rooms score and search.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/score/borrowed_pairs.h"
#include "core/score/pair_counts.h"

namespace likewise::bindings {
namespace {

py::tuple count_pairs_of(const py::array& items, const py::array& offsets, std::size_t n_items,
                         const std::optional<py::array>& rows, std::size_t window, bool decay,
                         double backwards, double length_power, std::size_t most,
                         std::size_t occurrences, std::int64_t threads) {
  const Sequences sessions{vector_view<ItemId>("items", items),
                           vector_view<Offset>("offsets", offsets)};
  std::span<const ItemId> some;
  if (rows) some = vector_view<ItemId>("rows", *rows);
  const PairOptions options{
      window, decay, backwards, length_power, most, occurrences, thread_count(threads)};
  PairCounts found;
  {
    const py::gil_scoped_release without_gil;
    found = count_pairs(sessions, n_items, some, options, check_signals);
  }
  return py::make_tuple(to_numpy(std::move(found.offsets)), to_numpy(std::move(found.items)),
                        to_numpy(std::move(found.weights)), to_numpy(std::move(found.times)));
}

SparseRows sparse_rows(const char* name, const py::tuple& arrays) {
  return {vector_view<Offset>(name, py::array(arrays[0])),
          vector_view<ItemId>(name, py::array(arrays[1])),
          vector_view<float>(name, py::array(arrays[2]))};
}

py::tuple best_products_of(const py::tuple& first, const py::tuple& second, std::size_t n_columns,
                           std::size_t most, std::int64_t threads) {
  const SparseRows left = sparse_rows("first", first), right = sparse_rows("second", second);
  const int workers = thread_count(threads);
  SparseTable found;
  {
    const py::gil_scoped_release without_gil;
    found = best_products(left, right, n_columns, most, workers, check_signals);
  }
  return py::make_tuple(to_numpy(std::move(found.offsets)), to_numpy(std::move(found.columns)),
                        to_numpy(std::move(found.weights)));
}

}  // namespace

void register_pairs(py::module_& m) {
  m.def("count_pairs", &count_pairs_of, py::arg("items"), py::arg("offsets"), py::arg("n_items"),
        py::arg("rows") = py::none(), py::arg("window") = 10, py::arg("decay") = true,
        py::arg("backwards") = 0.75, py::arg("length_power") = 0.5, py::arg("most") = 50,
        py::arg("occurrences") = 4096, py::arg("threads") = 0);
  m.def("best_products", &best_products_of, py::arg("first"), py::arg("second"),
        py::arg("n_columns"), py::arg("most"), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
