// register_tables.cpp: delimited text and times written as text. Strings leave as Arrow has them.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "core/tables/delimited.h"
#include "core/tables/moments.h"

namespace likewise::bindings {
namespace {

const char* fault_name(RowFault fault) {
  switch (fault) {
    case RowFault::kAfterQuote:
      return "after quote";
    case RowFault::kOpenQuote:
      return "open quote";
    case RowFault::kFields:
      return "fields";
    case RowFault::kNone:
      break;
  }
  return "";
}

py::dict rows_of_block(const py::buffer& block, bool final, std::int64_t line, int delimiter,
                       int quote, int escape, const py::array& slots, int n_columns) {
  const py::buffer_info info = block.request();
  const std::string_view bytes(static_cast<const char*>(info.ptr),
                               static_cast<std::size_t>(info.size * info.itemsize));
  const auto places = vector_view<std::int32_t>("slots", slots);
  for (const std::int32_t place : places) {
    if (place < -1 || place >= n_columns) throw py::value_error("slots must name columns");
  }
  for (const int character : {delimiter, quote, escape}) {
    if (character < -1 || character > 127) throw py::value_error("characters must be ASCII");
  }
  std::vector<TextColumn> columns(static_cast<std::size_t>(n_columns));
  BlockEnd end;
  {
    py::gil_scoped_release without_gil;
    end = read_rows(bytes, final, line, {delimiter, quote, escape}, places, columns);
  }
  py::list texts;
  for (TextColumn& column : columns) {
    texts.append(py::make_tuple(to_numpy(std::move(column.offsets)),
                                to_numpy(std::move(column.bytes)), column.empty));
  }
  py::dict out;
  out["columns"] = texts;
  out["position"] = end.position;
  out["rows"] = end.rows;
  out["line"] = end.line;
  out["fault"] = fault_name(end.fault);
  out["fault_line"] = end.fault_line;
  out["fields"] = end.fields;
  return out;
}

py::tuple moments(const py::array& offsets, const py::array& bytes, const py::array& missing,
                  std::int64_t ticks) {
  const auto ends = vector_view<std::int64_t>("offsets", offsets);
  const auto data = vector_view<std::uint8_t>("data", bytes);
  const auto none = vector_view<bool>("missing", missing);
  if (ends.size() != none.size() + 1)
    throw py::value_error("offsets must be one more than missing");
  std::vector<std::int64_t> values(none.size());
  std::int64_t bad = -1;
  bool finer = false;
  {
    py::gil_scoped_release without_gil;
    const auto* text = reinterpret_cast<const char*>(data.data());
    for (std::size_t i = 0; i < none.size() && bad < 0; ++i) {
      if (none[i]) continue;
      const std::string_view one(text + ends[i], static_cast<std::size_t>(ends[i + 1] - ends[i]));
      const Moment found = read_moment(one, ticks, values[i]);
      if (found == Moment::kNone) bad = static_cast<std::int64_t>(i);
      finer = finer || found == Moment::kFiner;
    }
  }
  return py::make_tuple(to_numpy(std::move(values)), bad, finer);
}

}  // namespace

void register_tables(py::module_& m) {
  m.def("read_rows", &rows_of_block, py::arg("block"), py::arg("final"), py::arg("line"),
        py::arg("delimiter"), py::arg("quote"), py::arg("escape"), py::arg("slots"),
        py::arg("n_columns"),
        "Read the complete rows of a block of delimited text; see core/tables/delimited.h.");
  m.def("read_moments", &moments, py::arg("offsets"), py::arg("data"), py::arg("missing"),
        py::arg("ticks"),
        "Read ISO 8601 times: int64 ticks, place of the first text that is none or -1, and "
        "whether a fraction is finer than a tick.");
}

}  // namespace likewise::bindings
