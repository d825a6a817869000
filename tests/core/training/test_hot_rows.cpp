// test_hot_rows.cpp: which rows threads have copies of, and what a merge makes of them.
#include "core/training/hot_rows.h"

#include <vector>

#include "check.h"
#include "core/training/planner.h"
#include "tiny_corpus.h"

using namespace likewise;

namespace {

constexpr std::size_t kDim = 12;

// The share is 1 for rows that have far to go, 1 / threads for those that arrived, between else.
void shares_fall_from_one_to_the_mean() {
  CHECK(merged_share(0.0F, 4) == 1.0F);
  CHECK_CLOSE(merged_share(1e-4F, 4), 1.0F - 1.5e-4F, 1e-5);
  CHECK_CLOSE(merged_share(50.0F, 4), 0.25F, 1e-5);
  CHECK_CLOSE(merged_share(0.7F, 1), 1.0F, 1e-5);
  float last = 1.0F;
  for (float curvature = 0.1F; curvature < 8.0F; curvature *= 1.5F) {
    const float share = merged_share(curvature, 3);
    CHECK(share < last && share > 1.0F / 3);
    last = share;
  }
}

void merges_come_more_often_with_more_threads_and_less_work() {
  CHECK(merge_every(1'000'000, 1) == 0);
  CHECK(merge_every(1'000'000, 2) == kUnmerged / 2);
  CHECK(merge_every(1'000'000, 16) == kUnmerged / 16);
  CHECK(merge_every(10 * kMerges, 2) == 10);
  CHECK(merge_every(kMergeLeast * kMerges - 1, 2) == 0);
  CHECK(merge_every(1'000'000, static_cast<int>(kUnmerged)) == 0);
}

// The words of all items of a group are busy; a word of one item is not, nor one of unseen items.
void busy_tokens_are_those_of_many_events() {
  const TinyCorpus corpus(400, 500, 6);
  const FeatureView features = corpus.features();
  std::vector<std::int64_t> events(features.n_tokens());
  std::int64_t all = 0;
  for (std::size_t i = 0; i < corpus.counts.size(); ++i) {
    all += corpus.counts[i];
    for (auto e = corpus.item_offsets[i]; e < corpus.item_offsets[i + 1]; ++e) {
      const auto token = corpus.item_tokens[static_cast<std::size_t>(e)];
      events[static_cast<std::size_t>(token)] += corpus.counts[i];
    }
  }
  const std::size_t blocks = 4;
  const HotTokens hot(features, corpus.counts, blocks);
  CHECK(!hot.tokens().empty() && hot.tokens().size() < features.n_tokens());
  for (std::size_t t = 0; t < features.n_tokens(); ++t) {
    const double met = static_cast<double>(events[t]) / static_cast<double>(all) *
                       static_cast<double>(blocks * 2 * kHalfCenters);
    const std::size_t place = hot.place(t);
    CHECK((place < hot.tokens().size()) == (met >= static_cast<double>(kMeetings)));
    if (place < hot.tokens().size()) CHECK(hot.tokens()[place] == t);
  }
}

void only_so_many_are_copied() {
  const std::size_t n = kMostHot + 100;
  std::vector<Offset> offsets;
  std::vector<std::int32_t> tokens;
  std::vector<float> weights(n, 1.0F);
  std::vector<std::uint64_t> hashes(n);
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i <= n; ++i) offsets.push_back(static_cast<Offset>(i));
  for (std::size_t i = 0; i < n; ++i) {
    tokens.push_back(static_cast<std::int32_t>(i));
    counts.push_back(static_cast<std::int64_t>(1000 + i));
  }
  const FeatureView features{offsets, tokens, weights, hashes, {}, {}};
  const HotTokens hot(features, counts, 1 << 20);
  CHECK(hot.tokens().size() == kMostHot);
  CHECK(hot.tokens().front() == 100 && hot.place(99) == kMostHot);  // the rarest are left out
}

struct Pair {
  Table shared{24, kDim};
  TinyCorpus corpus{40, 500, 6};
  FeatureView features = corpus.features();
  HotTokens hot{features, corpus.counts, 1 << 10};
  HotRows first{kernels(), hot, shared, Table(hot.tokens().size(), kDim), 2};
  HotRows second{kernels(), hot, shared, Table(hot.tokens().size(), kDim), 2};
};

void learn(HotRows& rows, std::size_t token, float step, float curvature) {
  while (!rows.noting()) {
  }
  float* row = rows.row(token);
  for (std::size_t d = 0; d < kDim; ++d) row[d] += step;
  rows.note(row, curvature);
}

// Two threads add up while the row has far to go, and the other copy hears of it when it merges.
void steps_of_two_threads_add_up() {
  Pair pair;
  CHECK(pair.hot.tokens().size() == 24);
  learn(pair.first, 3, 0.5F, 1e-6F);
  learn(pair.second, 3, 0.25F, 1e-6F);
  CHECK(pair.shared.row(3)[0] == 0.0F);
  pair.first.merge();
  CHECK_CLOSE(pair.shared.row(3)[0], 0.5F, 1e-5);
  CHECK_CLOSE(pair.first.row(3)[0], 0.5F, 1e-5);
  pair.second.merge();
  CHECK_CLOSE(pair.shared.row(3)[0], 0.75F, 1e-5);
  CHECK_CLOSE(pair.second.row(3)[0], 0.75F, 1e-5);
  CHECK_CLOSE(pair.first.row(3)[0], 0.5F, 1e-5);
  pair.first.merge();  // nothing new of its own
  CHECK_CLOSE(pair.shared.row(3)[0], 0.75F, 1e-5);
  CHECK_CLOSE(pair.first.row(3)[0], 0.75F, 1e-5);
  CHECK(pair.shared.row(4)[0] == 0.0F);
  for (std::size_t d = kDim; d < pair.shared.stride(); ++d) CHECK(pair.shared.row(3)[d] == 0.0F);
}

// What was learned in blocks that nobody noted is not lost.
void steps_that_were_not_noted_count() {
  Pair pair;
  pair.first.row(7)[0] += 0.5F;
  pair.first.merge();
  CHECK_CLOSE(pair.shared.row(7)[0], 0.5F, 1e-6);
  CHECK_CLOSE(pair.first.row(7)[0], 0.5F, 1e-6);
}

// Two threads that both arrived at 1 do not go on to 2.
void threads_that_arrived_are_averaged() {
  Pair pair;
  learn(pair.first, 5, 1.0F, 1e3F);
  learn(pair.second, 5, 1.0F, 1e3F);
  pair.first.merge();
  pair.second.merge();
  CHECK_CLOSE(pair.shared.row(5)[0], 1.0F, 1e-5);
}

// A token without a copy is trained where it stands, and its notes go nowhere.
void other_rows_are_shared() {
  const TinyCorpus corpus(400, 500, 6);
  const FeatureView features = corpus.features();
  const HotTokens hot(features, corpus.counts, 4);
  Table shared(features.n_tokens(), kDim);
  HotRows rows(kernels(), hot, shared, Table(hot.tokens().size(), kDim), 2);
  std::size_t cold = 0;
  while (hot.place(cold) < hot.tokens().size()) ++cold;
  CHECK(rows.row(cold) == shared.row(cold));
  learn(rows, cold, 1.0F, 5.0F);
  rows.merge();
  CHECK(shared.row(cold)[0] == 1.0F);
}

}  // namespace

int main() {
  shares_fall_from_one_to_the_mean();
  merges_come_more_often_with_more_threads_and_less_work();
  busy_tokens_are_those_of_many_events();
  only_so_many_are_copied();
  steps_of_two_threads_add_up();
  steps_that_were_not_noted_count();
  threads_that_arrived_are_averaged();
  other_rows_are_shared();
  return likewise_check::failures();
}
