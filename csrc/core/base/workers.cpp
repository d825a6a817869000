// workers.cpp: starts, watches and joins threads.
#include "core/base/workers.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace likewise {
namespace {

std::atomic<int> default_threads{0};  // 0: as the standard library says

}  // namespace

void run_workers(int threads, const std::function<void(int, const StopFlag&)>& work,
                 const Poll& poll) {
  StopFlag stop;
  std::mutex mutex;
  std::condition_variable finished;
  std::exception_ptr first_error;
  int running = threads;

  const auto keep_first = [&](std::exception_ptr error) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!first_error) first_error = std::move(error);
    stop.request();
  };
  const auto run = [&](int thread) {
    try {
      work(thread, stop);
    } catch (...) {
      keep_first(std::current_exception());
    }
    const std::lock_guard<std::mutex> lock(mutex);
    --running;
    finished.notify_one();
  };

  std::vector<std::thread> pool;
  pool.reserve(static_cast<std::size_t>(threads));
  try {
    for (int thread = 0; thread < threads; ++thread) pool.emplace_back(run, thread);
  } catch (...) {  // the machine has no more threads
    keep_first(std::current_exception());
    const std::lock_guard<std::mutex> lock(mutex);
    running -= threads - static_cast<int>(pool.size());
  }

  for (bool done = false; !done;) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      done = finished.wait_for(lock, std::chrono::milliseconds(20), [&] { return running == 0; });
    }
    if (done || stop.requested()) continue;
    try {
      poll();
    } catch (...) {
      keep_first(std::current_exception());
    }
  }
  for (std::thread& worker : pool) worker.join();
  if (first_error) std::rethrow_exception(first_error);
}

void parallel_for(int threads, std::int64_t n, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t, int)>& body,
                  const Poll& poll) {
  if (n <= 0) return;
  if (n <= grain) return body(0, n, 0);
  const auto pieces = (n + grain - 1) / grain;
  const auto used = static_cast<int>(std::min<std::int64_t>(threads, pieces));
  std::atomic<std::int64_t> next{0};
  run_workers(
      used,
      [&](int thread, const StopFlag& stop) {
        while (!stop.requested()) {
          const std::int64_t first = next.fetch_add(grain, std::memory_order_relaxed);
          if (first >= n) return;
          body(first, std::min(first + grain, n), thread);
        }
      },
      poll);
}

void set_default_threads(int threads) {
  default_threads = std::max(1, threads);
}

int thread_count(std::int64_t asked) {
  if (asked > 0) return static_cast<int>(asked);
  if (const int known = default_threads; known > 0) return known;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace likewise
