// register_retrieval.cpp: searches for the best k, for the room search.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/base/workers.h"
#include "core/search/clusters.h"
#include "core/search/listed.h"
#include "core/search/partition.h"
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

/// One value for each row, or null where there is no mask.
const std::uint8_t* mask_of(const char* name, const std::optional<py::array>& mask,
                            std::size_t rows) {
  if (!mask) return nullptr;
  const auto values = vector_view<std::uint8_t>(name, *mask);
  require_length(name, values.size(), rows);
  return values.data();
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

/// A request, and what it borrows.
struct Asked {
  TopKRequest request;
  std::vector<Labels> different;
  std::vector<ItemId> positions;
  std::vector<float> scores;

  Asked(const MatrixView& rows, const py::array& queries, std::size_t k,
        const std::optional<py::array>& exclude, const std::optional<LabelArrays>& excluded,
        const std::optional<LabelArrays>& same, const std::vector<LabelArrays>& labels,
        std::int64_t threads) {
    const MatrixView view = matrix_view("queries", queries, rows.columns);
    request.candidates = rows.data;
    request.n = rows.rows;
    request.dim = rows.columns;
    request.stride = rows.stride;
    request.queries = view.data;
    request.n_queries = view.rows;
    request.query_stride = view.stride;
    request.k = k;
    request.threads = thread_count(threads);
    if (exclude) {
      const auto one = vector_view<ItemId>("exclude", *exclude);
      require_length("exclude", one.size(), request.n_queries);
      request.exclude = one.data();
    }
    if (excluded) take_excluded(*excluded, request);
    if (same) request.same = labels_of("same", *same, request);
    for (const LabelArrays& arrays : labels) {
      different.push_back(labels_of("different", arrays, request));
    }
    request.different = different;
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  /// Runs a search without Python's lock.
  template <class Search>
  py::tuple answer(const Search& search) {
    {
      const py::gil_scoped_release without_gil;
      positions.resize(request.n_queries * request.k);
      scores.resize(request.n_queries * request.k);
      search(request, positions.data(), scores.data());
    }
    return py::make_tuple(to_numpy(std::move(positions)), to_numpy(std::move(scores)));
  }
};

py::tuple top_k_of(const py::array& candidates, const py::array& queries, std::size_t k,
                   const std::optional<py::array>& allowed, const std::optional<py::array>& exclude,
                   const std::optional<LabelArrays>& excluded,
                   const std::optional<LabelArrays>& same,
                   const std::vector<LabelArrays>& different, std::int64_t threads) {
  const MatrixView query_view = matrix_view("queries", queries);
  if (query_view.columns == 0) throw py::value_error("queries must have at least 1 column, got 0");
  Asked asked(matrix_view("candidates", candidates, query_view.columns), queries, k, exclude,
              excluded, same, different, threads);
  asked.request.allowed = mask_of("allowed", allowed, asked.request.n);
  return asked.answer([](const TopKRequest& request, ItemId* positions, float* scores) {
    top_k(request, positions, scores, check_signals);
  });
}

/// Offsets, positions and weights of what each query lists, as `listed` hands them over.
using ListedArrays = std::tuple<py::array, py::array, py::array, double>;

/// Merges what queries list with the best by vectors, whose arrays are copied.
py::tuple add_listed_of(const py::array& candidates, const py::array& queries,
                        const py::array& positions, const py::array& scores,
                        const ListedArrays& arrays, const std::optional<py::array>& allowed,
                        const std::optional<py::array>& exclude,
                        const std::optional<LabelArrays>& excluded,
                        const std::optional<LabelArrays>& same,
                        const std::vector<LabelArrays>& different, std::int64_t threads) {
  const MatrixView query_view = matrix_view("queries", queries);
  if (query_view.columns == 0) throw py::value_error("queries must have at least 1 column, got 0");
  const auto found = vector_view<ItemId>("positions", positions);
  const auto reached = vector_view<float>("scores", scores);
  require_length("scores", reached.size(), found.size());
  const std::size_t k = query_view.rows == 0 ? 1 : found.size() / query_view.rows;
  require_length("positions", found.size(), k * query_view.rows);
  Asked asked(matrix_view("candidates", candidates, query_view.columns), queries, k, exclude,
              excluded, same, different, threads);
  asked.request.allowed = mask_of("allowed", allowed, asked.request.n);
  const auto& [offsets, listed, weights, sharpness] = arrays;
  const Listed lists{vector_view<Offset>("listed", offsets), vector_view<ItemId>("listed", listed),
                     vector_view<float>("listed", weights), sharpness};
  return asked.answer([&](const TopKRequest& request, ItemId* best, float* whole) {
    std::copy(found.begin(), found.end(), best);
    std::copy(reached.begin(), reached.end(), whole);
    add_listed(request, lists, best, whole, check_signals);
  });
}

/// What the weight of each listed candidate adds to its score by vectors.
py::array_t<float> listed_lifts_of(const py::array& candidates, const py::array& queries,
                                   const ListedArrays& arrays, std::int64_t threads) {
  const MatrixView view = matrix_view("queries", queries);
  const Asked asked(matrix_view("candidates", candidates, view.columns), queries, 1, std::nullopt,
                    std::nullopt, std::nullopt, {}, threads);
  const auto& [offsets, listed, weights, sharpness] = arrays;
  const Listed lists{vector_view<Offset>("listed", offsets), vector_view<ItemId>("listed", listed),
                     vector_view<float>("listed", weights), sharpness};
  std::vector<float> found(lists.positions.size());
  {
    const py::gil_scoped_release without_gil;
    listed_lifts(asked.request, lists, found.data(), check_signals);
  }
  return to_numpy(std::move(found));
}

/// A partition together with the array that it borrows its rows from.
class PartitionOf {
 public:
  PartitionOf(py::array vectors, const std::optional<py::array>& usable, std::size_t wanted,
              std::int64_t threads)
      : vectors_(std::move(vectors)) {
    const MatrixView view = matrix_view("vectors", vectors_);
    if (view.columns == 0) throw py::value_error("vectors must have at least 1 column, got 0");
    const RowsView rows{view.data, view.rows, view.columns, view.stride};
    const std::uint8_t* mask = mask_of("usable", usable, rows.rows);
    const int workers = thread_count(threads);
    const py::gil_scoped_release without_gil;
    auto clusters =
        std::make_shared<const Clusters>(make_clusters(rows, mask, wanted, workers, check_signals));
    partition_ =
        std::make_unique<Partition>(rows, std::move(clusters), nullptr, workers, check_signals);
  }

  std::unique_ptr<PartitionOf> subset(const py::array& allowed, std::int64_t threads) const {
    const std::uint8_t* mask = mask_of("allowed", allowed, partition_->rows().rows);
    const int workers = thread_count(threads);
    std::unique_ptr<PartitionOf> made(new PartitionOf(vectors_));
    const py::gil_scoped_release without_gil;
    made->partition_ = std::make_unique<Partition>(partition_->rows(), partition_->clusters(), mask,
                                                   workers, check_signals);
    return made;
  }

  py::tuple search(const py::array& queries, std::size_t k, const std::optional<py::array>& exclude,
                   const std::optional<LabelArrays>& excluded,
                   const std::optional<LabelArrays>& same,
                   const std::vector<LabelArrays>& different, float reach, bool alone,
                   std::int64_t threads) const {
    if (k == 0) throw py::value_error("k must be at least 1, got 0");
    const RowsView& rows = partition_->rows();
    Asked asked({rows.data, rows.rows, rows.columns, rows.stride}, queries, k, exclude, excluded,
                same, different, threads);
    return asked.answer([&](const TopKRequest& request, ItemId* positions, float* scores) {
      partition_->search(request, reach, alone, positions, scores, check_signals);
    });
  }

  py::array_t<std::int32_t> labels() const {
    return to_numpy(std::vector<std::int32_t>(partition_->clusters()->labels));
  }
  py::array_t<float> centers() const {
    const Table& table = partition_->clusters()->centers;
    py::array_t<float> copy({table.rows(), partition_->rows().columns});
    for (std::size_t c = 0; c < table.rows(); ++c) {
      std::copy_n(table.row(c), table.dim(), copy.mutable_data(static_cast<py::ssize_t>(c), 0));
    }
    return copy;
  }
  py::array_t<float> radii() const { return to_numpy(partition_->radii()); }

 private:
  explicit PartitionOf(const py::array& vectors) : vectors_(vectors) {}

  py::array vectors_;
  std::unique_ptr<Partition> partition_;
};

}  // namespace

void register_retrieval(py::module_& m) {
  m.def("unit_rows", &unit_rows_of, py::arg("vectors"), py::arg("normalise") = true);
  m.def("top_k", &top_k_of, py::arg("candidates"), py::arg("queries"), py::arg("k"),
        py::arg("allowed") = py::none(), py::arg("exclude") = py::none(),
        py::arg("excluded") = py::none(), py::arg("same") = py::none(),
        py::arg("different") = std::vector<LabelArrays>(), py::arg("threads") = 0);
  m.def("add_listed", &add_listed_of, py::arg("candidates"), py::arg("queries"),
        py::arg("positions"), py::arg("scores"), py::arg("listed"), py::arg("allowed") = py::none(),
        py::arg("exclude") = py::none(), py::arg("excluded") = py::none(),
        py::arg("same") = py::none(), py::arg("different") = std::vector<LabelArrays>(),
        py::arg("threads") = 0);
  m.def("listed_lifts", &listed_lifts_of, py::arg("candidates"), py::arg("queries"),
        py::arg("listed"), py::arg("threads") = 0);
  py::class_<PartitionOf>(m, "Partition")
      .def(py::init<py::array, const std::optional<py::array>&, std::size_t, std::int64_t>(),
           py::arg("vectors"), py::arg("usable"), py::arg("wanted"), py::arg("threads") = 0)
      .def("subset", &PartitionOf::subset, py::arg("allowed"), py::arg("threads") = 0)
      .def("search", &PartitionOf::search, py::arg("queries"), py::arg("k"),
           py::arg("exclude") = py::none(), py::arg("excluded") = py::none(),
           py::arg("same") = py::none(), py::arg("different") = std::vector<LabelArrays>(),
           py::arg("reach") = 1.0F, py::arg("alone") = false, py::arg("threads") = 0)
      .def_property_readonly("labels", &PartitionOf::labels)
      .def_property_readonly("centers", &PartitionOf::centers)
      .def_property_readonly("radii", &PartitionOf::radii);
}

}  // namespace likewise::bindings
