// tally.h: what a thread of training has done so far, for whoever watches.
#pragma once

#include <atomic>
#include <cstdint>

namespace likewise {

/// One thread's tallies, on a cache line of its own; the poll reads them while they grow.
struct alignas(64) Tally {
  // Pairs by weight, times the window: whole numbers (Block::units).
  std::atomic<std::int64_t> events{0}, pairs{0}, sampled_pairs{0};
  std::atomic<double> loss{0};

  void add(std::int64_t more_events, std::int64_t more_pairs, std::int64_t more_sampled,
           double more_loss) {
    const auto grow = [](auto& value, auto by) {  // one writer: no read-modify-write needed
      value.store(value.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    };
    grow(pairs, more_pairs);
    grow(sampled_pairs, more_sampled);
    grow(loss, more_loss);
    // Last: who sees all events done sees all pairs as well.
    events.store(events.load(std::memory_order_relaxed) + more_events, std::memory_order_release);
  }
};

}  // namespace likewise
