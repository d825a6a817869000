// workers.h: threads that work while the caller watches.
//
// The calling thread polls (for Ctrl-C and progress); the first error of a worker or of the poll
// stops all; threads are always joined before this returns. No daemon threads, no detaching.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace likewise {

/// Called on the calling thread while others work; may throw to stop.
using Poll = std::function<void()>;

/// The flag that every worker looks at between blocks of work.
class StopFlag {
 public:
  void request() { stop_.store(true, std::memory_order_relaxed); }
  bool requested() const { return stop_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stop_{false};
};

/// Runs work(thread, stop) on `threads` threads (>= 1) and poll() on the caller's about every
/// 20 ms, until all have returned. Rethrows the first exception of any of them.
void run_workers(int threads, const std::function<void(int, const StopFlag&)>& work,
                 const Poll& poll);

/// Runs body(first, last, thread) over pieces of [0, n) of about `grain`, taken in order by whoever
/// is free. Small n runs on the caller's thread alone.
void parallel_for(
    int threads, std::int64_t n, std::int64_t grain,
    const std::function<void(std::int64_t, std::int64_t, int)>& body, const Poll& poll = [] {});

/// What `asked` of 0 stands for from now on, at least 1: the caller may know of limits, such as
/// those of a container, that no function of the standard library tells.
void set_default_threads(int threads);

/// The threads of work that asked for so many: 0 is the default, the cores there are unless told.
int thread_count(std::int64_t asked);

}  // namespace likewise
