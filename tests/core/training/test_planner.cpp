// test_planner.cpp: blocks hold every event once as a center, with its window and nothing else.
#include "core/training/planner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "check.h"
#include "core/training/slices.h"

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

const std::vector<std::size_t> kLengths{
    3, 0, 1, 2, 500, kHalfCenters, 1, kHalfCenters + kHalfSlack + 1, 2, 7};

/// The sessions in slices of `each` sessions, one after the other.
NextSlice slices_of(std::size_t sessions, std::size_t each, std::uint64_t seed) {
  return [=, first = std::size_t{0}, number = std::int64_t{0}](Slice& slice) mutable {
    if (first >= sessions) return false;
    const std::size_t last = std::min(first + each, sessions);
    slice = {first, last, number, Rng(seed, static_cast<std::uint64_t>(number))};
    ++number;
    first = last;
    return true;
  };
}

void every_event_is_a_center_once(std::int64_t window, std::size_t each) {
  const Corpus corpus(kLengths);
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Options options;
  options.window = window;
  Planner planner(sessions, noise, {}, options, slices_of(sessions.size(), each, 1));

  std::vector<int> as_center(corpus.items.size(), 0);
  std::int64_t units = 0, own_rows = 0, centers = 0, events = 0, latest = 0;
  Block block;
  while (planner.next(block)) {
    CHECK(!block.halves[0].centers.empty());
    std::int64_t block_units = 0;
    for (Half& half : block.halves) {
      CHECK(half.centers.size() <= kHalfCenters + kHalfSlack);
      half.draw(noise);
      const std::size_t drawn =
          half.centers.empty() ? 0 : (block.alone() ? kSampledAlone : kSampled);
      CHECK(half.negatives.size() == drawn);
      for (const Center& center : half.centers) {
        CHECK(center.low <= center.place && center.place < center.high);
        CHECK(center.high <= half.contexts.size());
        const ItemId item = half.contexts[center.place];
        const auto event = static_cast<std::size_t>(item);
        const std::size_t session = corpus.session_of[event];
        const Offset first = corpus.offsets[session], last = corpus.offsets[session + 1] - 1;
        ++as_center[event];
        // The whole window to both sides, cut at the ends of the session, and in order.
        CHECK(center.place - center.low == std::min<std::int64_t>(window, item - first));
        CHECK(center.high - 1 - center.place == std::min<std::int64_t>(window, last - item));
        double pairs = 0;
        for (std::uint32_t place = center.low; place < center.high; ++place) {
          const auto far = static_cast<std::int64_t>(place) - center.place;
          CHECK(half.contexts[place] - item == far);
          if (far == 0) continue;
          const auto distance = static_cast<std::size_t>(std::abs(far));
          pairs += static_cast<double>(
              window_weight(distance, static_cast<std::size_t>(options.window)));
          block_units += window - std::abs(far) + 1;
        }
        CHECK_CLOSE(center.pairs, pairs, 1e-5 * pairs);
        own_rows += center.own_row;
        ++centers;
      }
    }
    CHECK(block.units == block_units);
    CHECK(block.slice >= latest);
    latest = block.slice;
    units += block.units;
    events += block.events;
  }
  CHECK(block.alone() && block.halves[0].centers.empty());
  CHECK(!planner.next(block));
  CHECK(events + planner.events_left() == static_cast<std::int64_t>(corpus.items.size()));

  std::int64_t expected_units = 0;
  for (std::size_t event = 0; event < as_center.size(); ++event) {
    const std::size_t s = corpus.session_of[event];
    CHECK(as_center[event] == (corpus.length(s) < 2 ? 0 : 1));
    for (Offset j = corpus.offsets[s]; j < corpus.offsets[s + 1]; ++j) {
      const std::int64_t far = std::abs(j - static_cast<Offset>(event));
      if (far > 0 && far <= window) expected_units += window - far + 1;
    }
  }
  CHECK(units == expected_units);
  CHECK_CLOSE(own_rows, 0.5 * static_cast<double>(centers),
              5 * std::sqrt(0.25 * static_cast<double>(centers)));
}

// Two halves from two slices while there are two, whatever the sessions' lengths.
void halves_come_from_different_slices() {
  const Corpus corpus({300, 300, 5, 4, 300});
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Planner planner(sessions, noise, {}, Options{}, slices_of(sessions.size(), 1, 1));
  Block block;
  int both = 0, alone = 0;
  while (planner.next(block)) {
    if (block.alone()) {
      ++alone;
      continue;
    }
    ++both;
    const auto session = [&](const Half& half) {
      return corpus.session_of[static_cast<std::size_t>(half.contexts[half.centers[0].place])];
    };
    CHECK(session(block.halves[0]) != session(block.halves[1]));
  }
  CHECK(both >= 300 / static_cast<int>(kHalfCenters + kHalfSlack));
  CHECK(alone > 0);  // the last long session
}

// A session without order is read in one that the seed alone decides, in all epochs; no pair is
// near more often than another.
void sessions_without_order_are_read_as_if_shuffled() {
  constexpr std::size_t kEvents = 40, kReadings = 300;
  const Corpus corpus({kEvents, 1, 0});
  SessionView sessions = corpus.view();
  sessions.order = Order::kNone;
  const NoiseSampler noise(corpus.counts, 0.5);
  Options options;
  options.window = 3;
  const auto read = [&](std::uint64_t seed, std::uint64_t epoch) {
    options.seed = seed;
    Planner planner(sessions, noise, {}, options, slices_of(sessions.size(), 1, epoch));
    std::vector<ItemId> order;
    Block block;
    std::int64_t events = 0;
    while (planner.next(block)) {
      CHECK(block.alone());
      const Half& half = block.halves[0];
      for (const Center& center : half.centers) order.push_back(half.contexts[center.place]);
      events += block.events;
    }
    CHECK(events + planner.events_left() == static_cast<std::int64_t>(kEvents + 1));
    return order;
  };
  std::vector<double> near(kEvents * kEvents, 0.0);
  std::vector<ItemId> all(corpus.items.begin(), corpus.items.begin() + kEvents);
  for (std::size_t seed = 1; seed <= kReadings; ++seed) {
    const std::vector<ItemId> order = read(seed, 1);
    CHECK(order != all && order == read(seed, 2) && order != read(seed + 1, 1));
    std::vector<ItemId> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == all);
    for (std::size_t i = 1; i < kEvents; ++i) {
      near[static_cast<std::size_t>(order[i - 1]) * kEvents + static_cast<std::size_t>(order[i])] +=
          1;
    }
  }
  // By distance in the data, forwards and backwards: as many as chance has.
  for (std::size_t far = 1; far < kEvents; ++far) {
    double forwards = 0, backwards = 0;
    for (std::size_t i = 0; i + far < kEvents; ++i) {
      forwards += near[i * kEvents + i + far];
      backwards += near[(i + far) * kEvents + i];
    }
    const double expected = kReadings * static_cast<double>(kEvents - far) / kEvents;
    CHECK_CLOSE(forwards, expected, 5 * std::sqrt(expected));
    CHECK_CLOSE(backwards, expected, 5 * std::sqrt(expected));
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
    Planner planner(sessions, noise, {}, options, slices_of(1, 1, 2));
    Block block;
    std::int64_t own_rows = 0;
    while (planner.next(block)) {
      for (const Half& half : block.halves) {
        for (const Center& center : half.centers) own_rows += center.own_row;
      }
    }
    if (content) {
      CHECK(own_rows > 0 && own_rows < 60);
    } else {
      CHECK(own_rows == 200);
    }
  }
}

void nothing_to_plan() {
  const Corpus corpus({0, 1, 1});
  const SessionView sessions = corpus.view();
  const NoiseSampler noise(corpus.counts, 0.5);
  Block block;
  Planner planner(sessions, noise, {}, Options{}, slices_of(3, 2, 3));
  CHECK(!planner.next(block));
  CHECK(planner.events_left() == 2);
  Planner nothing(sessions, noise, {}, Options{}, [](Slice&) { return false; });
  CHECK(!nothing.next(block));
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
  Planner planner(sessions, noise, keep, Options{}, slices_of(1, 1, 4));
  std::vector<int> kept(4, 0);
  Block block;
  while (planner.next(block)) {
    for (const Half& half : block.halves) {
      for (const Center& c : half.centers) {
        ++kept[static_cast<std::size_t>(half.contexts[c.place])];
      }
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
  for (const std::int64_t window : {1, 2, 5, 40, 1000}) {
    for (const std::size_t each : {1, 3, 100}) every_event_is_a_center_once(window, each);
  }
  halves_come_from_different_slices();
  sessions_without_order_are_read_as_if_shuffled();
  dropout_only_where_content_can_take_over();
  nothing_to_plan();
  frequent_items_are_skipped();
  slices_cover_the_sessions();
  return likewise_check::failures();
}
