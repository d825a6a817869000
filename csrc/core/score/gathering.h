// gathering.h: sums of what one item meets, by item: of few among many.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/types.h"

namespace likewise {

/// What one item has gathered with another.
struct Gathered {
  ItemId item;
  float sum;
  std::uint32_t times;
  std::uint32_t last_set;  // which of the item's sessions gave last, from 1, of sets
};

/// What one item has gathered with others: a list, and a hash table of where each stands in it. An
/// item meets few of many, and so both stay in the cache, where a table of all items would not.
class Gathering {
 public:
  /// Makes room for `most` others at most and forgets those of before.
  void reset(std::size_t most) {
    const std::size_t size = std::bit_ceil(2 * most + 2);
    places_.assign(size, 0);
    shift_ = static_cast<int>(32 - std::bit_width(size - 1));
    if (list_.size() < most + 1) list_.resize(most + 1);
    n_ = 0;
  }

  Gathered& of(ItemId item) {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = (static_cast<std::uint32_t>(item) * 2654435769U) >> shift_;
    while (places_[at] != 0) {
      Gathered& there = list_[places_[at] - 1];
      if (there.item == item) return there;
      at = (at + 1) & mask;
    }
    places_[at] = static_cast<std::uint32_t>(++n_);
    list_[n_ - 1] = {item, 0.0F, 0, 0};
    return list_[n_ - 1];
  }

  std::span<const Gathered> all() const { return {list_.data(), n_}; }

 private:
  std::vector<std::uint32_t> places_;  // in the list, from 1; 0 = none
  std::vector<Gathered> list_;
  std::size_t n_ = 0;
  int shift_ = 0;
};

}  // namespace likewise
