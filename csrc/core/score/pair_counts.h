// pair_counts.h: the pairs of items that sessions show together, counted as they stand: of each
// item the best few, with what they weigh.
//
// A pair of events of one session weighs length^-length_power, over their distance where `decay`
// says so, and times `backwards` where the other item stood before. Without a window a session is a
// set: each item counts once, wherever it stands. python/likewise/score/pairs.py says what for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/types.h"
#include "core/base/workers.h"
#include "core/score/baskets.h"

namespace likewise {

struct PairOptions {
  std::size_t window = 10;  // farthest event; 0 = the whole session, as a set
  bool decay = true;        // over the distance; a set has none
  double backwards = 0.75;  // of what stood before; a set has no before
  double length_power = 0.5;
  std::size_t most = 50;           // pairs of an item
  std::size_t occurrences = 4096;  // events of an item that are looked at, evenly spaced
  int threads = 1;
};

/// Pairs of row r stand in [offsets[r], offsets[r + 1]), the largest weight first, equal ones by
/// item.
struct PairCounts {
  std::vector<Offset> offsets;      // (rows + 1,)
  std::vector<ItemId> items;        // the other item
  std::vector<float> weights;       // above 0
  std::vector<std::int32_t> times;  // how often both stood together
};

/// Counts what goes with each of `rows` (ascending, distinct), or with all n_items where it is
/// empty. Memory is 16 bytes an event, of 2^23 events at most, and 12 an item, beside what is
/// returned. The same on any number of threads, to the bit. Throws std::invalid_argument
/// for input that does not fit together, and whatever `poll` throws.
PairCounts count_pairs(const Sequences& sessions, std::size_t n_items, std::span<const ItemId> rows,
                       const PairOptions& options, const Poll& poll);

}  // namespace likewise
