// hash_numbers.h: numbers 64-bit hashes in the order of their first appearance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace likewise {

/// Hash -> number, by open addressing; the hash is the identity.
class HashNumbers {
 public:
  HashNumbers() : slots_(1u << 12) {}

  /// The number of the hash; `next` when it is new, and then it is kept.
  std::int32_t find_or_add(std::uint64_t hash, std::size_t next) {
    std::size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].number >= 0; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].hash == hash) return slots_[at].number;
    }
    if (next > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      throw std::length_error("the catalogue has more than 2147483647 distinct tokens");
    }
    slots_[at] = {hash, static_cast<std::int32_t>(next)};
    if (++used_ * 5 > slots_.size() * 3) grow();
    return static_cast<std::int32_t>(next);
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::int32_t number = -1;
  };

  void grow() {
    std::vector<Slot> larger(slots_.size() * 2);
    for (const Slot& slot : slots_) {
      if (slot.number < 0) continue;
      std::size_t at = slot.hash & (larger.size() - 1);
      while (larger[at].number >= 0) at = (at + 1) & (larger.size() - 1);
      larger[at] = slot;
    }
    slots_.swap(larger);
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace likewise
