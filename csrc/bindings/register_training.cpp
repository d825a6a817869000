// register_training.cpp: training, from NumPy arrays to tables of vectors.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/arrays.h"
#include "bindings/feature_arrays.h"
#include "bindings/options_from_dict.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "bindings/tables.h"
#include "core/base/workers.h"
#include "core/training/trainer.h"

namespace likewise::bindings {
namespace {

py::dict to_dict(const Progress& progress) {
  py::dict record;
  record["epoch"] = progress.epoch;
  record["epochs"] = progress.epochs;
  record["events_done"] = progress.events_done;
  record["events_total"] = progress.events_total;
  record["pairs_done"] = progress.pairs_done;
  record["loss_per_pair"] = progress.loss_per_pair;
  record["learning_rate"] = progress.learning_rate;
  record["seconds"] = progress.seconds;
  return record;
}

Order order_of(const std::string& order) {
  if (order == "time") return Order::kTime;
  if (order == "none") return Order::kNone;
  throw std::invalid_argument("order must be \"time\" or \"none\", got \"" + order + '"');
}

/// Weights as NumPy arrays; items' vectors are complete: own row plus content.
py::dict train_arrays(const py::array& items, const py::array& offsets, const py::array& counts,
                      const std::optional<py::dict>& features, std::size_t buckets,
                      const py::dict& given_options, const py::object& on_progress,
                      const std::string& order) {
  const Options options = options_from_dict(given_options);
  TrainingInput input;
  input.sessions = {vector_view<ItemId>("items", items), vector_view<Offset>("offsets", offsets),
                    order_of(order)};
  input.counts = vector_view<std::int64_t>("counts", counts);
  if (features) input.features = feature_view(*features);
  input.buckets = buckets;
  const OnProgress poll = [&](const Progress& progress) {
    const py::gil_scoped_acquire with_gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!on_progress.is_none()) on_progress(to_dict(progress));
  };
  Weights weights;
  {
    const py::gil_scoped_release without_gil;
    weights = train(input, options, poll);
    const int threads = thread_count(options.threads);
    add_content_to_own(input.features, weights, threads, check_signals);
    compact(weights, threads);
  }
  py::dict tables;
  tables["center"] = to_numpy(std::move(weights.center_own));
  tables["context"] = to_numpy(std::move(weights.context_own));
  tables["center_tokens"] = to_numpy(std::move(weights.center_tokens));
  tables["center_ngrams"] = to_numpy(std::move(weights.center_ngrams));
  tables["context_tokens"] = to_numpy(std::move(weights.context_tokens));
  tables["context_ngrams"] = to_numpy(std::move(weights.context_ngrams));
  return tables;
}

}  // namespace

void register_training(py::module_& m) {
  py::register_exception<Diverged>(m, "Diverged", PyExc_ArithmeticError);
  m.def("train", &train_arrays, py::arg("items"), py::arg("offsets"), py::arg("counts"),
        py::arg("features"), py::arg("buckets"), py::arg("options"), py::arg("on_progress"),
        py::arg("order"));
  m.def("set_default_threads", &set_default_threads, py::arg("threads"));
  m.def("trim_allocator", &trim_allocator);
  m.def("row_floats", &padded, py::arg("dim"));
  m.def("engine_constants", [] {
    py::dict constants;
    for (const auto& [name, value] : engine_constants()) constants[name] = value;
    return constants;
  });
}

}  // namespace likewise::bindings
