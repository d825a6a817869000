// register_checksums.cpp: hashes of the pieces of large files, on all threads.
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/registers.h"
#include "bindings/signals.h"
#include "core/base/workers.h"
#include "core/text/hashing.h"

namespace likewise::bindings {
namespace {

py::array_t<std::uint64_t> hash_pieces(const py::array& data, std::int64_t size,
                                       std::int64_t threads) {
  const auto bytes = vector_view<std::uint8_t>("data", data);
  if (size < 1) throw py::value_error("size must be at least 1, got " + std::to_string(size));
  const std::string_view whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto piece = static_cast<std::size_t>(size);
  std::vector<std::uint64_t> hashes((whole.size() + piece - 1) / piece);
  {
    const py::gil_scoped_release without_gil;
    parallel_for(
        thread_count(threads), static_cast<std::int64_t>(hashes.size()), 1,
        [&](std::int64_t first, std::int64_t last, int) {
          for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
            hashes[i] = hash64(whole.substr(i * piece, piece), 0);
          }
        },
        check_signals);
  }
  return to_numpy(std::move(hashes));
}

}  // namespace

void register_checksums(py::module_& m) {
  m.def("hash_pieces", &hash_pieces, py::arg("data"), py::arg("size"), py::arg("threads") = 0);
}

}  // namespace likewise::bindings
