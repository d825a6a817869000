// rows_view.h: vectors that somebody else keeps.
#pragma once

#include <cstddef>

namespace likewise {

/// Borrowed rows, `stride` floats apart.
struct RowsView {
  const float* data = nullptr;
  std::size_t rows = 0, columns = 0, stride = 0;

  const float* row(std::size_t i) const { return data + i * stride; }
};

}  // namespace likewise
