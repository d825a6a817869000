// register_score.cpp: item vectors of the score, from arrays by name.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/base/workers.h"
#include "core/score/item_vectors.h"

namespace likewise::bindings {
namespace {

/// The arrays of a dict, which must outlive the views: the caller keeps it until its call returns.
class Named {
 public:
  explicit Named(const py::dict& values) : values_(values) {}

  bool has(const char* name) const {
    return values_.contains(name) && !py::object(values_[name]).is_none();
  }
  template <class T>
  std::span<const T> vector(const char* name) const {
    return vector_view<T>(name, array(name));
  }
  RowsView matrix(const char* name) const {
    if (!has(name)) return {};
    const MatrixView view = matrix_view(name, array(name));
    return {view.data, view.rows, view.columns, view.stride};
  }
  template <class T>
  T number(const char* name) const {
    if (!has(name)) throw py::value_error(std::string(name) + " is missing");
    return py::object(values_[name]).cast<T>();
  }
  /// A map of vectors of `dim` floats.
  MapView map(const char* name, std::size_t dim) const {
    if (!has(name)) return {};
    const py::array found = array(name);
    require_dtype<double>(name, found);
    const bool fits = found.ndim() == 2 && found.shape(0) == static_cast<py::ssize_t>(dim) + 1 &&
                      (found.flags() & py::array::c_style) != 0;
    if (!fits) {
      throw py::value_error(std::string(name) + " must have " + std::to_string(dim + 1) +
                            " contiguous rows, got shape " + shape_text(found));
    }
    return {static_cast<const double*>(found.data()), static_cast<std::size_t>(found.shape(1))};
  }
  TokenWeights weights(const char* of_tokens, const char* of_kinds) const {
    TokenWeights found;
    found.of_tokens = vector<float>(of_tokens);
    const auto kinds = vector<float>(of_kinds);
    if (kinds.size() != found.of_kinds.size()) {
      throw py::value_error(std::string(of_kinds) + " must have 4 values");
    }
    std::copy(kinds.begin(), kinds.end(), found.of_kinds.begin());
    return found;
  }

 private:
  py::array array(const char* name) const {
    if (!has(name)) throw py::value_error(std::string(name) + " is missing");
    const py::object value = values_[name];
    if (!py::isinstance<py::array>(value)) {
      throw py::type_error(std::string(name) + " must be a NumPy array, got " +
                           std::string(py::str(py::type::of(value).attr("__name__"))));
    }
    return value.cast<py::array>();
  }

  const py::dict& values_;
};

LearnedView learned_view(const Named& named) {
  LearnedView view;
  view.center = named.matrix("center");
  view.context = named.matrix("context");
  view.other_center = named.matrix("other_center");
  view.other_context = named.matrix("other_context");
  view.context_map = named.map("context_map", view.center.columns);
  view.center_share = named.number<float>("center_share");
  view.trust_least = named.number<float>("trust_least");
  view.trust_more = named.number<float>("trust_more");
  return view;
}

CoOccurrenceView co_occurrence_view(const Named& named, std::size_t dim) {
  CoOccurrenceView view;
  view.items = named.vector<ItemId>("items");
  view.rows = named.matrix("rows");
  view.map = named.map("map", dim);
  view.scale = named.number<float>("scale");
  view.longest = named.number<double>("longest");
  return view;
}

TextView text_view(const Named& named) {
  TextView view;
  view.columns = named.number<std::size_t>("columns");
  view.scale = named.number<float>("scale");
  if (!named.has("item_offsets")) return view;
  view.usual_length = named.number<double>("usual_length");
  view.item_offsets = named.vector<Offset>("item_offsets");
  if (view.item_offsets.empty()) throw py::value_error("item_offsets must not be empty");
  view.item_tokens = named.vector<std::int32_t>("item_tokens");
  view.item_kinds = named.vector<std::uint8_t>("item_kinds");
  view.token_hashes = named.vector<std::uint64_t>("token_hashes");
  view.unseen = named.vector<std::uint8_t>("unseen");
  if (named.has("places")) view.places = named.vector<std::int64_t>("places");
  view.known = named.weights("token_weights", "kind_weights");
  view.summed = named.weights("summed_token_weights", "summed_kind_weights");
  return view;
}

py::array_t<std::uint8_t> item_vectors_arrays(py::array& out, const py::array& rows,
                                              const std::optional<py::array>& popularity,
                                              const py::dict& learned,
                                              const std::optional<py::dict>& co_occurrence,
                                              const std::optional<py::dict>& text,
                                              std::int64_t threads) {
  ItemVectorsRequest request;
  request.rows = vector_view<std::int64_t>("rows", rows);
  request.popular = popularity.has_value();
  if (popularity) request.popularity = vector_view<float>("popularity", *popularity);
  request.learned = learned_view(Named(learned));
  if (co_occurrence) {
    request.co_occurrence =
        co_occurrence_view(Named(*co_occurrence), request.learned.center.columns);
  }
  if (text) request.text = text_view(Named(*text));
  request.threads = thread_count(threads);
  const MatrixView written = matrix_view("out", out, request.width());
  if (written.rows != request.rows.size()) {
    throw py::value_error("out must have one row for each item");
  }
  auto* const data = static_cast<float*>(out.mutable_data());  // throws where it is read-only
  std::vector<std::uint8_t> usable;
  {
    const py::gil_scoped_release without_gil;
    check(request);
    usable = item_vectors(request, data, written.stride, check_signals);
  }
  return to_numpy(std::move(usable));
}

py::array_t<std::uint8_t> usable_rows_arrays(const py::array& vectors, std::int64_t threads) {
  const MatrixView view = matrix_view("vectors", vectors);
  std::vector<std::uint8_t> usable;
  {
    const py::gil_scoped_release without_gil;
    usable = usable_rows({view.data, view.rows, view.columns, view.stride}, thread_count(threads),
                         check_signals);
  }
  return to_numpy(std::move(usable));
}

}  // namespace

void register_score(py::module_& m) {
  m.def("item_vectors", &item_vectors_arrays, py::arg("out"), py::arg("rows"),
        py::arg("popularity"), py::arg("learned"), py::arg("co_occurrence") = py::none(),
        py::arg("text") = py::none(), py::arg("threads") = 0);
  m.def("usable_rows", &usable_rows_arrays, py::arg("vectors"), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
