// test_hot_rows.cpp: no update is lost on the way from the copies to the shared rows.
#include "core/hot_rows.h"

#include <vector>

#include "check.h"
#include "core/rng.h"
#include "core/workers.h"

using namespace likewise;

namespace {

void the_busiest_rows_are_chosen() {
  Table table(5000, 4);
  std::vector<std::int64_t> uses(5000);
  for (std::size_t i = 0; i < uses.size(); ++i) uses[i] = static_cast<std::int64_t>(i);
  HotSet few(table, uses, 4990);
  CHECK(few.size() == 10);
  HotSet most(table, uses, 1);
  CHECK(most.size() == HotSet::kMost);
  HotRows rows(most);
  CHECK(rows.row(0) == table.row(0));
  CHECK(rows.row(5000 - HotSet::kMost - 1) == table.row(5000 - HotSet::kMost - 1));
  CHECK(rows.row(5000 - HotSet::kMost) != table.row(5000 - HotSet::kMost));
  CHECK(rows.row(4999) != table.row(4999));
  HotSet none(table, uses, 10000);
  CHECK(none.size() == 0);
}

void copies_start_as_the_rows_are_and_learn_from_the_others() {
  Table table(3, 5);
  table.fill_uniform(1.0F, 1);
  const float start = table.row(1)[2];
  const std::vector<std::int64_t> uses{0, 9, 0};
  HotSet set(table, uses, 1);
  HotRows first(set), second(set);
  CHECK(first.row(1)[2] == start);
  first.row(1)[2] += 2;
  CHECK(table.row(1)[2] == start);  // not before the exchange
  first.exchange(0);
  CHECK_CLOSE(table.row(1)[2], start + 2, 1e-6);
  CHECK(second.row(1)[2] == start);
  second.row(1)[2] += 5;
  second.exchange(1);
  CHECK_CLOSE(table.row(1)[2], start + 7, 1e-6);
  CHECK_CLOSE(second.row(1)[2], start + 7, 1e-6);
  first.exchange(0);
  CHECK_CLOSE(first.row(1)[2], start + 7, 1e-6);
  first.exchange(0);  // nothing new: nothing added twice
  CHECK_CLOSE(table.row(1)[2], start + 7, 1e-6);
}

// Whole numbers below 2^24 add up exactly in float32, in whatever order.
void nothing_is_lost_between_threads() {
  constexpr int kThreads = 4, kRounds = 300, kSteps = 20;
  const std::size_t n = 300;
  Table table(n, 17);
  const std::vector<std::int64_t> uses(n, 1);
  HotSet set(table, uses, 1);
  run_workers(
      kThreads,
      [&](int thread, const StopFlag&) {
        HotRows rows(set);
        Rng rng(static_cast<std::uint64_t>(thread));
        for (int round = 0; round < kRounds; ++round) {
          for (int step = 0; step < kSteps; ++step) {
            float* row = rows.row(rng.below(static_cast<std::uint32_t>(n)));
            for (std::size_t d = 0; d < 17; ++d) row[d] += 1;
          }
          rows.exchange(thread);
        }
      },
      [] {});
  for (std::size_t d = 0; d < 17; ++d) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(table.row(i)[d]);
    CHECK(sum == kThreads * kRounds * kSteps);
  }
}

}  // namespace

int main() {
  the_busiest_rows_are_chosen();
  copies_start_as_the_rows_are_and_learn_from_the_others();
  nothing_is_lost_between_threads();
  return likewise_check::failures();
}
