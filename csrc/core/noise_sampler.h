// noise_sampler.h: draws negative items with probability proportional to count^exponent.
//
// Owns an alias table (Walker 1977, built by Vose's method): one random number and one look-up a
// draw. Knows nothing about vectors, windows or threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"
#include "core/types.h"

namespace likewise {

class NoiseSampler {
 public:
  /// counts (n_items,): events of each item; items without events are never drawn.
  /// Throws std::invalid_argument when no item has events.
  NoiseSampler(std::span<const std::int64_t> counts, double exponent);

  ItemId draw(Rng& rng) const {
    const std::uint64_t bits = rng.next();
    const auto place =
        static_cast<std::size_t>(((bits >> 32) * static_cast<std::uint64_t>(slots_.size())) >> 32);
    const Slot& slot = slots_[place];
    return static_cast<std::uint32_t>(bits) < slot.keep ? slot.item : slot.alias;
  }

  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t keep;  // of 2^32: the share of this slot that is `item`
    ItemId item, alias;
  };
  std::vector<Slot> slots_;
};

}  // namespace likewise
