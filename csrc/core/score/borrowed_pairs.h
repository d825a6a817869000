// borrowed_pairs.h: pairs of items without history, from those of others: the best few of each row
// of a product of two sparse tables.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/base/types.h"
#include "core/base/workers.h"

namespace likewise {

/// Rows of (column, weight): those of row r stand in [offsets[r], offsets[r + 1]).
struct SparseRows {
  std::span<const Offset> offsets;
  std::span<const ItemId> columns;
  std::span<const float> weights;
};

/// The same, owned; the largest weight first, equal ones by column.
struct SparseTable {
  std::vector<Offset> offsets;
  std::vector<ItemId> columns;
  std::vector<float> weights;
};

/// The `most` largest of each row of first x second, those above 0; second has n_columns columns,
/// and a row for each column of first. Products that are not above 0 add nothing. The same on any
/// number of threads. Throws std::invalid_argument for tables that do not fit together, and
/// whatever `poll` throws.
SparseTable best_products(const SparseRows& first, const SparseRows& second, std::size_t n_columns,
                          std::size_t most, int threads, const Poll& poll);

}  // namespace likewise
