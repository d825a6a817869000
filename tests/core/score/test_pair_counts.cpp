// test_pair_counts.cpp: pairs against maps filled by the letter; caps, rows, bits, errors,
// stopping.
#include "core/score/pair_counts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "core/base/rng.h"

using namespace likewise;

namespace {

struct Shop {
  std::size_t n_items = 0;
  std::vector<ItemId> items{};
  std::vector<Offset> offsets{0};
  Sequences sessions() const { return {items, offsets}; }
};

/// Sessions of none to `longest` events, items again and again, the larger its number the rarer.
Shop random_shop(std::size_t n_items, std::size_t n_sessions, std::uint32_t longest) {
  Shop shop{n_items};
  Rng rng(n_items, n_sessions + longest);
  for (std::size_t s = 0; s < n_sessions; ++s) {
    for (std::uint32_t k = rng.below(longest + 1); k > 0; --k) {
      const std::uint32_t most = 1 + rng.below(static_cast<std::uint32_t>(n_items));
      shop.items.push_back(static_cast<ItemId>(rng.below(most)));
    }
    shop.offsets.push_back(static_cast<Offset>(shop.items.size()));
  }
  return shop;
}

struct Gathered {
  double weight = 0.0;
  std::int32_t times = 0;
};

/// What goes with one item: every pair of events is looked at, whatever there is to save.
std::map<ItemId, Gathered> pairs_of(const Shop& shop, ItemId item, const PairOptions& options) {
  std::vector<std::size_t> events;
  for (std::size_t e = 0; e < shop.items.size(); ++e) {
    if (shop.items[e] == item) events.push_back(e);
  }
  std::set<std::size_t> looked_at;  // the last of each of so many equal stretches
  const std::size_t stretches = std::min(events.size(), options.occurrences);
  for (std::size_t j = 1; j <= stretches; ++j) {
    looked_at.insert(events[(j * events.size() + stretches - 1) / stretches - 1]);
  }
  CHECK(looked_at.size() == stretches);
  std::map<ItemId, Gathered> found;
  for (std::size_t s = 0; s + 1 < shop.offsets.size(); ++s) {
    const auto begin = static_cast<std::size_t>(shop.offsets[s]);
    const auto end = static_cast<std::size_t>(shop.offsets[s + 1]);
    const double share = std::pow(static_cast<double>(end - begin), -options.length_power);
    std::set<ItemId> in_set;
    for (std::size_t e = begin; e < end; ++e) {
      if (looked_at.count(e) == 0) continue;
      for (std::size_t o = begin; o < end; ++o) {
        const ItemId other = shop.items[o];
        if (other == item) continue;
        double weight = share;
        if (options.window == 0) {
          if (!in_set.insert(other).second) continue;
        } else {
          const std::size_t distance = o > e ? o - e : e - o;
          if (distance > options.window) continue;
          if (options.decay) weight /= static_cast<double>(distance);
          if (o < e) weight *= options.backwards;
          if (weight <= 0.0) continue;
        }
        found[other].weight += weight;
        ++found[other].times;
      }
    }
  }
  return found;
}

PairCounts count(const Shop& shop, const PairOptions& options,
                 const std::vector<ItemId>& rows = {}) {
  return count_pairs(shop.sessions(), shop.n_items, rows, options, [] {});
}

bool equal(const PairCounts& a, const PairCounts& b) {
  return a.offsets == b.offsets && a.items == b.items && a.weights == b.weights &&
         a.times == b.times;
}

/// Every pair is right, in order, and none that was left out is better than the last.
void check_row(const PairCounts& found, std::size_t row, const std::map<ItemId, Gathered>& wanted,
               std::size_t most) {
  const auto first = static_cast<std::size_t>(found.offsets[row]);
  const auto last = static_cast<std::size_t>(found.offsets[row + 1]);
  CHECK(last - first == std::min(most, wanted.size()));
  std::set<ItemId> there;
  for (std::size_t p = first; p < last; ++p) {
    const auto at = wanted.find(found.items[p]);
    CHECK(at != wanted.end());
    if (at == wanted.end()) return;
    CHECK(there.insert(found.items[p]).second);
    CHECK_CLOSE(found.weights[p], at->second.weight, 1e-5 * at->second.weight);
    CHECK(found.times[p] == at->second.times);
    if (p == first) continue;
    CHECK(found.weights[p] < found.weights[p - 1] ||
          (found.weights[p] == found.weights[p - 1] && found.items[p] > found.items[p - 1]));
  }
  for (const auto& [item, gathered] : wanted) {
    if (there.count(item) != 0) continue;
    CHECK(gathered.weight <= static_cast<double>(found.weights[last - 1]) * (1 + 1e-5));
  }
}

void check_against_maps(const Shop& shop, const PairOptions& options) {
  const PairCounts found = count(shop, options);
  CHECK(found.offsets.size() == shop.n_items + 1);
  CHECK(found.offsets.front() == 0);
  CHECK(found.offsets.back() == static_cast<Offset>(found.items.size()));
  CHECK(found.weights.size() == found.items.size() && found.times.size() == found.items.size());
  for (std::size_t i = 0; i < shop.n_items; ++i) {
    check_row(found, i, pairs_of(shop, static_cast<ItemId>(i), options), options.most);
  }
}

std::vector<PairOptions> ways_to_count() {
  std::vector<PairOptions> ways;
  for (const std::size_t window : {0U, 1U, 3U, 10U, 1000U}) {
    for (const bool decay : {true, false}) {
      for (const double backwards : {0.75, 0.0, 1.0}) {
        for (const double power : {0.5, 0.0, 1.0}) {
          if (window == 0 && (decay || backwards != 1.0)) continue;  // a set has neither
          PairOptions options;
          options.window = window;
          options.decay = decay;
          options.backwards = backwards;
          options.length_power = power;
          ways.push_back(options);
        }
      }
    }
  }
  return ways;
}

void every_way_counts_what_maps_count() {
  for (PairOptions options : ways_to_count()) {
    for (const std::size_t most : {1U, 4U, 50U}) {
      options.most = most;
      check_against_maps(random_shop(60, 90, 14), options);
      check_against_maps(random_shop(3, 20, 6), options);
    }
  }
}

// With more than twice as many as are kept, the best are told by their leading bits first.
void the_best_of_many_are_taken() {
  for (PairOptions options : ways_to_count()) {
    options.most = 2;
    check_against_maps(random_shop(200, 150, 30), options);
  }
}

// Weights that floats hold exactly: the same bits as sums in any order, and equal ones by item.
void equal_weights_come_by_item() {
  const Shop shop = random_shop(150, 60, 20);
  PairOptions options;
  options.length_power = 0.0;
  options.decay = false;
  options.backwards = 0.5;
  options.most = 7;
  const PairCounts found = count(shop, options);
  bool level = false;
  for (std::size_t i = 0; i < shop.n_items; ++i) {
    std::vector<std::pair<double, ItemId>> wanted;
    for (const auto& [item, gathered] : pairs_of(shop, static_cast<ItemId>(i), options)) {
      wanted.emplace_back(-gathered.weight, item);
    }
    std::sort(wanted.begin(), wanted.end());
    const auto first = static_cast<std::size_t>(found.offsets[i]);
    const auto n = static_cast<std::size_t>(found.offsets[i + 1]) - first;
    CHECK(n == std::min<std::size_t>(7, wanted.size()));
    for (std::size_t p = 0; p < n; ++p) {
      CHECK(found.items[first + p] == wanted[p].second);
      CHECK(static_cast<double>(found.weights[first + p]) == -wanted[p].first);
    }
    level = level || (wanted.size() > 7 && wanted[6].first == wanted[7].first);
  }
  CHECK(level);  // it had to choose
}

void no_more_events_of_an_item_are_looked_at_than_that() {
  for (PairOptions options : ways_to_count()) {
    for (const std::size_t occurrences : {1U, 2U, 3U, 7U, 40U}) {
      options.occurrences = occurrences;
      check_against_maps(random_shop(12, 60, 9), options);
    }
  }
}

void some_rows_are_those_of_all() {
  const Shop shop = random_shop(150, 200, 10);
  for (const std::size_t window : {0U, 4U}) {
    PairOptions options;
    options.window = window;
    const PairCounts all = count(shop, options);
    for (const std::vector<ItemId>& rows :
         {std::vector<ItemId>{0}, {149}, {3, 4, 77, 140}, {0, 149}}) {
      const PairCounts some = count(shop, options, rows);
      CHECK(some.offsets.size() == rows.size() + 1);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const auto row = static_cast<std::size_t>(rows[r]);
        const auto first = static_cast<std::size_t>(all.offsets[row]);
        const auto here = static_cast<std::size_t>(some.offsets[r]);
        const Offset n = all.offsets[row + 1] - all.offsets[row];
        CHECK(some.offsets[r + 1] - some.offsets[r] == n);
        for (std::size_t p = 0; p < static_cast<std::size_t>(n); ++p) {
          CHECK(some.items[here + p] == all.items[first + p]);
          CHECK(some.weights[here + p] == all.weights[first + p]);
          CHECK(some.times[here + p] == all.times[first + p]);
        }
      }
    }
  }
}

void threads_do_not_change_a_bit() {
  const Shop shop = random_shop(700, 4000, 12);
  for (const std::size_t window : {0U, 10U}) {
    PairOptions options;
    options.window = window;
    const PairCounts one = count(shop, options);
    CHECK(!one.items.empty());
    for (const int threads : {2, 5}) {
      options.threads = threads;
      CHECK(equal(count(shop, options), one));
    }
  }
}

// Longer than the table of what lengths weigh, and longer than the window.
void a_long_session_counts_by_its_length() {
  Shop shop{40};
  Rng rng(1, 2);
  for (int e = 0; e < 5000; ++e) shop.items.push_back(static_cast<ItemId>(rng.below(40)));
  shop.offsets.push_back(5000);
  for (const std::size_t window : {0U, 2U}) {
    PairOptions options;
    options.window = window;
    options.length_power = 1.0;
    check_against_maps(shop, options);
  }
}

void what_stands_alone_has_no_pairs() {
  Shop shop{5, {0, 1, 1, 1, 2, 3}, {0, 0, 1, 1, 4, 4, 6, 6}};  // 2 and 3 alone share a session
  for (const std::size_t window : {0U, 10U}) {
    PairOptions options;
    options.window = window;
    const PairCounts found = count(shop, options);
    CHECK(found.offsets == std::vector<Offset>({0, 0, 0, 1, 2, 2}));
    CHECK(found.items == std::vector<ItemId>({3, 2}));
    CHECK(found.times == std::vector<std::int32_t>({1, 1}));
  }
  CHECK(count(Shop{3}, {}).offsets == std::vector<Offset>({0, 0, 0, 0}));
  CHECK(count(Shop{0}, {}).offsets == std::vector<Offset>({0}));
}

void what_does_not_fit_is_refused() {
  const Shop good = random_shop(20, 50, 5);
  const auto refuses = [](const Shop& shop, const std::vector<ItemId>& rows,
                          const PairOptions& options) {
    CHECK_THROWS(count(shop, options, rows), std::invalid_argument);
  };
  for (const ItemId item : {-1, 20}) {
    Shop bad = good;
    bad.items[3] = item;
    refuses(bad, {}, {});
  }
  Shop bad = good;
  bad.offsets.back() += 1;
  refuses(bad, {}, {});
  bad = good;
  bad.offsets.front() = 1;
  refuses(bad, {}, {});
  bad = good;
  bad.offsets[5] = bad.offsets.back() + 3;
  refuses(bad, {}, {});
  bad.offsets.clear();
  refuses(bad, {}, {});
  for (const std::vector<ItemId>& rows : {std::vector<ItemId>{-1}, {20}, {3, 3}, {4, 2}}) {
    refuses(good, rows, {});
  }
  PairOptions options;
  options.most = 0;
  refuses(good, {}, options);
  options.most = 1;
  options.occurrences = 0;
  refuses(good, {}, options);
}

void it_stops_when_it_is_told() {
  struct Stop {};
  const Shop shop = random_shop(4000, 60000, 30);
  PairOptions options;
  options.window = 1000;
  options.threads = 2;
  int asked = 0;
  CHECK_THROWS(count_pairs(shop.sessions(), shop.n_items, {}, options,
                           [&] {
                             ++asked;
                             throw Stop();
                           }),
               Stop);
  CHECK(asked == 1);
}

}  // namespace

int main() {
  every_way_counts_what_maps_count();
  the_best_of_many_are_taken();
  equal_weights_come_by_item();
  no_more_events_of_an_item_are_looked_at_than_that();
  some_rows_are_those_of_all();
  threads_do_not_change_a_bit();
  a_long_session_counts_by_its_length();
  what_stands_alone_has_no_pairs();
  what_does_not_fit_is_refused();
  it_stops_when_it_is_told();
  return likewise_check::failures();
}
