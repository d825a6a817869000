// register_co_occurrence.cpp: what is found in sessions beside training.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/score/co_occurrence.h"

namespace likewise::bindings {
namespace {

/// runs: first and last sessions in turn. Items and rows, one below the other.
py::tuple co_occurrence_arrays(const py::array& items, const py::array& offsets,
                               const py::array& counts, const py::array& runs,
                               std::size_t most_items, std::int64_t least, std::size_t columns,
                               double doubt, float longest, std::uint64_t seed,
                               std::int64_t threads) {
  const Sequences sessions{vector_view<ItemId>("items", items),
                           vector_view<Offset>("offsets", offsets)};
  const auto events = vector_view<std::int64_t>("counts", counts);
  const auto ends = vector_view<std::int64_t>("runs", runs);
  std::vector<Run> looked_at;
  for (std::size_t k = 0; k + 1 < ends.size(); k += 2) {
    looked_at.push_back({static_cast<std::size_t>(ends[k]), static_cast<std::size_t>(ends[k + 1])});
  }
  CoOccurrenceOptions options;
  options.most_items = most_items;
  options.least = least;
  options.columns = columns;
  options.doubt = doubt;
  options.longest = longest;
  options.seed = seed;
  options.threads = thread_count(threads);
  CoOccurrence found;
  {
    const py::gil_scoped_release without_gil;
    found = find_co_occurrence(sessions, looked_at, events, options, check_signals);
  }
  const auto n = static_cast<py::ssize_t>(found.items.size());
  const py::array rows = to_numpy(std::move(found.rows));
  return py::make_tuple(to_numpy(std::move(found.items)),
                        rows.attr("reshape")(n, static_cast<py::ssize_t>(columns)));
}

}  // namespace

void register_co_occurrence(py::module_& m) {
  m.def("find_co_occurrence", &co_occurrence_arrays, py::arg("items"), py::arg("offsets"),
        py::arg("counts"), py::arg("runs"), py::arg("most_items"), py::arg("least"),
        py::arg("columns"), py::arg("doubt"), py::arg("longest"), py::arg("seed"),
        py::arg("threads"));
}

}  // namespace likewise::bindings
