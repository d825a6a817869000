// co_occurrence.h: which items share sessions, as vectors; python/likewise/score/co_occurrence.py
// says what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/types.h"
#include "core/base/workers.h"
#include "core/score/baskets.h"

namespace likewise {

struct CoOccurrenceOptions {
  std::size_t most_items = 50000;  // those with most events; at most 65,536
  std::int64_t least = 1;          // events of an item that gets a vector
  std::size_t columns = 64;
  double doubt = 10;  // d of the table, in sessions of one item
  float longest = 1;  // length of a vector
  std::uint64_t seed = 1;
  int threads = 1;
};

struct CoOccurrence {
  std::vector<ItemId> items;  // ascending
  std::vector<float> rows;    // (items, columns), none all zero
};

/// counts (n_items,) are the events of each item in all sessions; `runs` are those looked at.
/// Throws std::invalid_argument for input that does not fit together, and whatever `poll` throws.
CoOccurrence find_co_occurrence(const Sequences& sessions, std::span<const Run> runs,
                                std::span<const std::int64_t> counts,
                                const CoOccurrenceOptions& options, const Poll& poll);

}  // namespace likewise
