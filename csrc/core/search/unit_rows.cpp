// unit_rows.cpp: lengths are summed in float64.
#include "core/search/unit_rows.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace likewise {

UnitRows unit_rows(const float* vectors, std::size_t n, std::size_t dim, std::size_t stride,
                   bool normalise) {
  UnitRows units{Table(n, dim), std::vector<std::uint8_t>(n, 0)};
  for (std::size_t row = 0; row < n; ++row) {
    const float* vector = vectors + row * stride;
    double squares = 0.0;
    for (std::size_t d = 0; d < dim; ++d) {
      squares += static_cast<double>(vector[d]) * static_cast<double>(vector[d]);
    }
    if (!std::isfinite(squares)) {
      throw std::invalid_argument("vectors must be finite, row " + std::to_string(row) + " is not");
    }
    if (squares == 0.0) continue;
    units.usable[row] = 1;
    const double scale = normalise ? 1.0 / std::sqrt(squares) : 1.0;
    float* out = units.table.row(row);
    for (std::size_t d = 0; d < dim; ++d) {
      out[d] = static_cast<float>(static_cast<double>(vector[d]) * scale);
    }
  }
  return units;
}

}  // namespace likewise
