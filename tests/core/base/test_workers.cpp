// test_workers.cpp: the first error wins, everybody is joined, the caller polls.
#include "core/base/workers.h"

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

using namespace likewise;
using namespace std::chrono_literals;

namespace {

const std::function<void()> kNoPoll = [] {};

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

void wait_for_stop(const StopFlag& stop) {
  for (int i = 0; i < 5000 && !stop.requested(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(stop.requested());
}

void every_thread_works_once() {
  for (const int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(threads));
    run_workers(
        threads,
        [&](int thread, const StopFlag& stop) {
          ++calls[static_cast<std::size_t>(thread)];
          CHECK(!stop.requested());
        },
        kNoPoll);
    for (const auto& count : calls) CHECK(count == 1);
  }
}

void the_first_error_stops_the_others_and_comes_out() {
  std::atomic<int> left{0};
  const auto work = [&](int thread, const StopFlag& stop) {
    if (thread == 2) throw std::runtime_error("first");
    wait_for_stop(stop);
    ++left;
    throw std::runtime_error("second");
  };
  CHECK(error_of([&] { run_workers(4, work, kNoPoll); }) == "first");
  CHECK(left == 3);  // joined before the error came out
}

void errors_of_other_types_come_out_too() {
  bool caught = false;
  try {
    run_workers(2, [](int, const StopFlag&) { throw 42; }, kNoPoll);
  } catch (int value) {
    caught = value == 42;
  }
  CHECK(caught);
}

void the_poll_runs_on_the_calling_thread_and_may_stop_the_work() {
  const auto caller = std::this_thread::get_id();
  std::atomic<int> joined{0};
  int polls = 0;
  const auto begun = std::chrono::steady_clock::now();
  const std::string error = error_of([&] {
    run_workers(
        3,
        [&](int, const StopFlag& stop) {
          CHECK(std::this_thread::get_id() != caller);
          wait_for_stop(stop);
          ++joined;
        },
        [&] {
          CHECK(std::this_thread::get_id() == caller);
          if (++polls == 3) throw std::runtime_error("enough");
        });
  });
  CHECK(error == "enough");
  CHECK(joined == 3);
  CHECK(polls == 3);  // none after it has thrown
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

void an_error_of_the_poll_does_not_hide_an_earlier_one() {
  const auto work = [](int thread, const StopFlag& stop) {
    if (thread == 0) throw std::runtime_error("work");
    wait_for_stop(stop);
    std::this_thread::sleep_for(50ms);  // time for a poll
  };
  const auto poll = [] { throw std::runtime_error("poll"); };
  CHECK(error_of([&] { run_workers(2, work, poll); }) == "work");
}

void pieces_cover_the_range_once() {
  for (const int threads : {1, 3}) {
    for (const std::int64_t n : {0, 1, 9, 10, 11, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      parallel_for(threads, n, 10, [&](std::int64_t first, std::int64_t last, int thread) {
        CHECK(thread >= 0 && thread < threads);
        for (std::int64_t i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& count : seen) CHECK(count == 1);
    }
  }
}

void a_loop_ends_at_its_first_error() {
  std::atomic<int> pieces{0};
  const std::string error = error_of([&] {
    parallel_for(2, 1000000, 1, [&](std::int64_t first, std::int64_t, int) {
      ++pieces;
      if (first == 5) throw std::runtime_error("piece 5");
      if (first > 5) std::this_thread::sleep_for(1ms);
    });
  });
  CHECK(error == "piece 5");
  CHECK(pieces < 5000);
}

void more_threads_than_the_machine_allows() {
  // Nothing to force here portably; a thousand threads must at least come and go.
  std::atomic<int> calls{0};
  run_workers(1000, [&](int, const StopFlag&) { ++calls; }, kNoPoll);
  CHECK(calls == 1000);
}

}  // namespace

int main() {
  every_thread_works_once();
  the_first_error_stops_the_others_and_comes_out();
  errors_of_other_types_come_out_too();
  the_poll_runs_on_the_calling_thread_and_may_stop_the_work();
  an_error_of_the_poll_does_not_hide_an_earlier_one();
  pieces_cover_the_range_once();
  a_loop_ends_at_its_first_error();
  more_threads_than_the_machine_allows();
  CHECK(thread_count(3) == 3);
  CHECK(thread_count(0) >= 1);
  set_default_threads(5);
  CHECK(thread_count(0) == 5 && thread_count(3) == 3);
  set_default_threads(0);
  CHECK(thread_count(0) == 1);
  return likewise_check::failures();
}
