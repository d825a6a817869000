// hot_rows.cpp: choosing, copying and merging hot rows.
#include "core/hot_rows.h"

#include <algorithm>
#include <cstring>

namespace likewise {

HotSet::HotSet(Table& table, std::span<const std::int64_t> uses, std::int64_t least)
    : table_(&table), slots_(table.rows(), kNone) {
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i] >= least) rows_.push_back(static_cast<RowId>(i));
  }
  const auto busier = [&](RowId a, RowId b) {
    const auto x = uses[static_cast<std::size_t>(a)], y = uses[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::sort(rows_.begin(), rows_.end(), busier);
  if (rows_.size() > kMost) rows_.resize(kMost);
  for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
    slots_[static_cast<std::size_t>(rows_[slot])] = static_cast<std::uint16_t>(slot);
  }
  locks_ = std::make_unique<std::mutex[]>(rows_.size() / kStripe + 1);
}

HotRows::HotRows(HotSet& set)
    : set_(set), copies_(set.size(), set.table()->dim()), bases_(set.size(), set.table()->dim()) {
  exchange(0);
}

void HotRows::exchange(int thread) {
  const std::size_t n = set_.size(), stride = copies_.stride();
  const std::size_t stripes = (n + HotSet::kStripe - 1) / HotSet::kStripe;
  for (std::size_t turn = 0; turn < stripes; ++turn) {
    const std::size_t stripe = (turn + static_cast<std::size_t>(thread) * stripes / 2) % stripes;
    const std::lock_guard<std::mutex> lock(set_.locks_[stripe]);
    const std::size_t last = std::min(n, (stripe + 1) * HotSet::kStripe);
    for (std::size_t slot = stripe * HotSet::kStripe; slot < last; ++slot) {
      float* __restrict shared = set_.table_->row(static_cast<std::size_t>(set_.rows_[slot]));
      float* __restrict copy = copies_.row(slot);
      float* __restrict base = bases_.row(slot);
      for (std::size_t d = 0; d < stride; ++d) {
        const float merged = shared[d] + (copy[d] - base[d]);
        shared[d] = copy[d] = base[d] = merged;
      }
    }
  }
}

}  // namespace likewise
