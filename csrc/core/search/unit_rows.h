// unit_rows.h: vectors brought to length 1, and which of them are all zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/table.h"

namespace likewise {

struct UnitRows {
  Table table;                       // n rows of length 1, or 0
  std::vector<std::uint8_t> usable;  // (n,): 0 where the vector is all zero
};

/// Scales n vectors (dim floats, `stride` floats apart) to length 1, or copies them as they are.
/// Throws std::invalid_argument naming the first row that holds a value that is not finite.
UnitRows unit_rows(const float* vectors, std::size_t n, std::size_t dim, std::size_t stride,
                   bool normalise = true);

}  // namespace likewise
