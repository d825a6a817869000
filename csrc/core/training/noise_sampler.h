// noise_sampler.h: draws negative items with probability proportional to count^exponent.
//
// Owns an alias table (Walker 1977, built by Vose's method): one random number and one look-up a
// draw. Knows nothing about vectors, windows or threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/rng.h"
#include "core/base/types.h"

namespace likewise {

class NoiseSampler {
 public:
  /// counts (n_items,): events of each item; items without events are never drawn.
  /// Throws std::invalid_argument when no item has events.
  /// keep (n_items,), or empty: the share of an item's events that sub-sampling keeps.
  NoiseSampler(std::span<const std::int64_t> counts, double exponent,
               std::span<const float> keep = {});

  ItemId draw(Rng& rng) const { return item_of(rng.next()); }

  /// The item that a random number stands for.
  ItemId item_of(std::uint64_t bits) const {
    const Slot& slot = slot_of(bits);
    return static_cast<std::uint32_t>(bits) < slot.keep ? slot.item : slot.alias;
  }

  /// Asks for what item_of will look up to be brought near.
  void expect(std::uint64_t bits) const { __builtin_prefetch(&slot_of(bits)); }

  /// How much likelier an event of the sessions is this item than a draw is. 0 without events.
  float ratio(ItemId item) const { return ratios_[static_cast<std::size_t>(item)]; }
  void expect_ratio(ItemId item) const {
    __builtin_prefetch(&ratios_[static_cast<std::size_t>(item)]);
  }

 private:
  struct Slot {
    std::uint32_t keep;  // of 2^32: the share of this slot that is `item`
    ItemId item, alias;
  };
  const Slot& slot_of(std::uint64_t bits) const {
    return slots_[static_cast<std::size_t>(
        ((bits >> 32) * static_cast<std::uint64_t>(slots_.size())) >> 32)];
  }
  std::vector<Slot> slots_;
  std::vector<float> ratios_;  // one an item
};

}  // namespace likewise
