// test_planner.cpp: blocks hold every event once as a center, with its window and nothing else.
#include "core/planner.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include "check.h"
#include "core/slices.h"

using namespace likewise;

namespace {

/// Sessions of the given lengths in which every event is an item of its own, named by its place.
struct Corpus {
  std::vector<ItemId> items;
  std::vector<Offset> offsets{0};
  std::vector<std::size_t> session_of;
  std::vector<std::int64_t> counts;

  explicit Corpus(const std::vector<std::size_t>& lengths) {
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      for (std::size_t i = 0; i < lengths[s]; ++i) {
        items.push_back(static_cast<ItemId>(items.size()));
        session_of.push_back(s);
      }
      offsets.push_back(static_cast<Offset>(items.size()));
    }
    counts.assign(items.size(), 1);
  }
  SessionView view() const { return {items, offsets}; }
  std::size_t length(std::size_t s) const {
    return static_cast<std::size_t>(offsets[s + 1] - offsets[s]);
  }
};

const std::vector<std::size_t> kLengths{3, 0, 1, 2, 500, kBlockCenters, 1, kBlockCenters + 1, 2, 7};

void every_event_is_a_center_once(std::int64_t window) {
  const Corpus corpus(kLengths);
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Options options;
  options.window = window;
  Planner planner(sessions, noise, {}, options);
  planner.start(0, sessions.size(), Rng(1));

  std::vector<int> as_center(corpus.items.size(), 0);
  std::vector<std::int64_t> reaches(static_cast<std::size_t>(window) + 1, 0);
  std::int64_t pairs = 0, own_rows = 0, centers = 0;
  Block block;
  while (planner.next(block)) {
    CHECK(!block.centers.empty() && block.centers.size() <= kBlockCenters);
    CHECK(block.negatives.size() == kSharedNegatives);
    std::int64_t block_pairs = 0;
    for (const Block::Center& center : block.centers) {
      CHECK(center.low <= center.place && center.place < center.high);
      CHECK(center.high <= block.contexts.size());
      const ItemId item = block.contexts[center.place];
      const std::size_t event = static_cast<std::size_t>(item);
      const std::size_t session = corpus.session_of[event];
      const Offset first = corpus.offsets[session], last = corpus.offsets[session + 1] - 1;
      ++as_center[event];
      // The window is the same to both sides, cut at the ends of the session, and in order.
      const std::int64_t left = center.place - center.low, right = center.high - 1 - center.place;
      const std::int64_t reach = std::max(left, right);
      CHECK(reach >= 1 && reach <= window);
      CHECK(left == std::min<std::int64_t>(reach, item - first));
      CHECK(right == std::min<std::int64_t>(reach, last - item));
      for (std::uint32_t place = center.low; place < center.high; ++place) {
        CHECK(block.contexts[place] - item ==
              static_cast<std::int64_t>(place) - static_cast<std::int64_t>(center.place));
      }
      if (item - first >= window && last - item >= window) {
        ++reaches[static_cast<std::size_t>(reach)];
      }
      block_pairs += center.pairs();
      own_rows += center.own_row;
      ++centers;
    }
    CHECK(block.pairs == block_pairs);
    pairs += block.pairs;
  }
  CHECK(block.centers.empty());
  CHECK(!planner.next(block));

  std::int64_t shortest_pairs = 0;
  for (std::size_t event = 0; event < as_center.size(); ++event) {
    const bool alone = corpus.length(corpus.session_of[event]) < 2;
    CHECK(as_center[event] == (alone ? 0 : 1));
  }
  for (std::size_t s = 0; s < kLengths.size(); ++s) {
    if (corpus.length(s) >= 2)
      shortest_pairs += 2 * static_cast<std::int64_t>(corpus.length(s) - 1);
  }
  CHECK(pairs >= shortest_pairs);
  if (window == 1) CHECK(pairs == shortest_pairs);
  CHECK_CLOSE(own_rows, 0.5 * static_cast<double>(centers),
              5 * std::sqrt(0.25 * static_cast<double>(centers)));
  if (window <= 5) {  // every reach as often as any other
    double inner = 0;
    for (const std::int64_t count : reaches) inner += static_cast<double>(count);
    const double each = inner / static_cast<double>(window);
    for (std::size_t r = 1; r < reaches.size(); ++r) {
      CHECK_CLOSE(reaches[r], each, 5 * std::sqrt(each));
    }
  }
}

void dropout_only_where_content_can_take_over() {
  const Corpus corpus({200});
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Options options;
  options.id_dropout = 0.9;
  for (const bool content : {true, false}) {
    options.content = content;
    Planner planner(sessions, noise, {}, options);
    planner.start(0, 1, Rng(2));
    Block block;
    std::int64_t own_rows = 0;
    while (planner.next(block)) {
      for (const Block::Center& center : block.centers) own_rows += center.own_row;
    }
    if (content) {
      CHECK(own_rows > 0 && own_rows < 60);
    } else {
      CHECK(own_rows == 200);
    }
  }
}

void parts_and_restarts() {
  const Corpus corpus(kLengths);
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Options options;
  options.shared_negatives = false;
  Planner planner(sessions, noise, {}, options);
  Block block;
  planner.start(1, 3, Rng(3));  // sessions of 0 and of 1 event
  CHECK(!planner.next(block));
  planner.start(4, 4, Rng(3));
  CHECK(!planner.next(block));
  for (int round = 0; round < 2; ++round) {  // left in the middle, begun anew
    planner.start(4, 5, Rng(3));
    CHECK(planner.next(block));
    CHECK(block.negatives.empty());
    CHECK(block.contexts[block.centers[0].place] == corpus.offsets[4]);
  }
}

// The formula of word2vec.c, and about as many events as it says.
void frequent_items_are_skipped() {
  const std::vector<std::int64_t> counts{9000, 900, 100, 0};
  CHECK(keep_shares(counts, 0).empty());
  const std::vector<float> keep = keep_shares(counts, 0.01);
  CHECK(keep.size() == 4);
  CHECK_CLOSE(keep[0], (std::sqrt(90.0) + 1) / 90, 1e-6);
  CHECK_CLOSE(keep[1], (std::sqrt(9.0) + 1) / 9, 1e-6);
  CHECK(keep[2] == 1.0F && keep[3] == 1.0F);

  std::vector<ItemId> items;
  for (int i = 0; i < 10000; ++i) items.push_back(i % 10 == 0 ? (i % 100 == 0 ? 2 : 1) : 0);
  const std::vector<Offset> offsets{0, 10000};
  const SessionView sessions{items, offsets};
  const NoiseSampler noise(counts, 0.5);
  Planner planner(sessions, noise, keep, Options{});
  planner.start(0, 1, Rng(4));
  std::vector<int> kept(4, 0);
  Block block;
  while (planner.next(block)) {
    for (const Block::Center& c : block.centers) {
      ++kept[static_cast<std::size_t>(block.contexts[c.place])];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const double n = static_cast<double>(counts[i]), p = static_cast<double>(keep[i]);
    CHECK_CLOSE(kept[i], n * p, 5 * std::sqrt(n * p * (1 - p)) + 0.5);
  }
}

void slices_cover_the_sessions() {
  for (const std::vector<std::size_t>& lengths :
       {kLengths, std::vector<std::size_t>{0, 0, 5}, std::vector<std::size_t>{1000},
        std::vector<std::size_t>(100, 3)}) {
    const Corpus corpus(lengths);
    const SessionView sessions = corpus.view();
    for (const std::int64_t each : {1, 7, 100, 100000}) {
      const Slices slices(sessions, each);
      CHECK(slices.first_session(0) == 0);
      CHECK(slices.first_session(slices.count()) == sessions.size());
      for (std::int64_t s = 0; s < slices.count(); ++s) {
        CHECK(slices.first_session(s) <= slices.first_session(s + 1));
      }
    }
  }
}

}  // namespace

int main() {
  for (const std::int64_t window : {1, 2, 5, 40, 1000}) every_event_is_a_center_once(window);
  dropout_only_where_content_can_take_over();
  parts_and_restarts();
  frequent_items_are_skipped();
  slices_cover_the_sessions();
  return likewise_check::failures();
}
