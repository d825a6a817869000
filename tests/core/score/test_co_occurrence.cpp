// test_co_occurrence.cpp: vectors of a few items against the whole table, bits, errors, stopping.
#include "core/score/co_occurrence.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "core/base/rng.h"
#include "core/score/small_matrix.h"

using namespace likewise;

namespace {

constexpr double kDoubt = 2;

struct Shop {
  std::vector<ItemId> items;
  std::vector<Offset> offsets{0};
  std::vector<std::int64_t> counts;
  Sequences sessions() const { return {items, offsets}; }
  std::vector<Run> whole() const { return {{0, offsets.size() - 1}}; }
};

Shop random_shop(std::size_t n_items, std::size_t n_sessions, std::uint32_t longest) {
  Shop shop;
  shop.counts.resize(n_items);
  Rng rng(n_items, n_sessions);
  for (std::size_t s = 0; s < n_sessions; ++s) {
    const std::uint32_t length = rng.below(longest + 1);
    for (std::uint32_t k = 0; k < length; ++k) {  // the larger its number, the rarer an item is
      const std::uint32_t item = rng.below(1 + rng.below(static_cast<std::uint32_t>(n_items)));
      shop.items.push_back(static_cast<ItemId>(item));
      ++shop.counts[item];
    }
    shop.offsets.push_back(static_cast<Offset>(shop.items.size()));
  }
  return shop;
}

/// M Mᵀ of all items, by the letter.
Matrix whole_table(const Shop& shop) {
  const std::size_t n = shop.counts.size(), sessions = shop.offsets.size() - 1;
  Matrix table(n, sessions);
  std::vector<double> known(n, kDoubt);
  for (std::size_t s = 0; s < sessions; ++s) {
    const auto begin = shop.items.begin() + shop.offsets[s];
    const std::set<ItemId> distinct(begin, shop.items.begin() + shop.offsets[s + 1]);
    for (const ItemId item : distinct) {
      const auto at = static_cast<std::size_t>(item);
      table[at][s] = 1.0 / std::sqrt(static_cast<double>(distinct.size()));
      known[at] += 1.0 / static_cast<double>(distinct.size());
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t s = 0; s < sessions; ++s) table[i][s] /= std::sqrt(known[i]);
  }
  return table * transposed(table);
}

CoOccurrence find(const Shop& shop, CoOccurrenceOptions options = {}) {
  options.doubt = kDoubt;
  options.longest = 10;
  return find_co_occurrence(shop.sessions(), shop.whole(), shop.counts, options, [] {});
}

double product(const CoOccurrence& found, std::size_t a, std::size_t b, std::size_t columns) {
  double sum = 0;
  for (std::size_t d = 0; d < columns; ++d) {
    sum += static_cast<double>(found.rows[a * columns + d]) *
           static_cast<double>(found.rows[b * columns + d]);
  }
  return sum;
}

void few_items_have_the_whole_table(std::size_t n_items, std::uint32_t longest) {
  const Shop shop = random_shop(n_items, 200, longest);
  const Matrix whole = whole_table(shop);
  const CoOccurrence found = find(shop);
  for (std::size_t a = 0; a < found.items.size(); ++a) {
    for (std::size_t b = 0; b < found.items.size(); ++b) {
      CHECK_CLOSE(
          product(found, a, b, 64),
          whole[static_cast<std::size_t>(found.items[a])][static_cast<std::size_t>(found.items[b])],
          3e-6);
    }
  }
  for (std::size_t i = 0; i < n_items; ++i) {
    const auto item = static_cast<ItemId>(i);
    const bool there = std::find(found.items.begin(), found.items.end(), item) != found.items.end();
    CHECK(there == (shop.counts[i] > 0));
  }
}

// No eigenvalue is more than the whole table's, the first are those, and most of all is there.
void many_items_have_its_first_eigenvalues() {
  const Shop shop = random_shop(220, 900, 6);
  const Eigen whole = eigen(whole_table(shop));
  const CoOccurrence found = find(shop);
  Matrix rows(found.items.size(), 64);
  for (std::size_t k = 0; k < found.rows.size(); ++k) {
    rows[k / 64][k % 64] = static_cast<double>(found.rows[k]);
  }
  const Eigen small = eigen(transposed(rows) * rows);
  double found_in_all = 0, best = 0;
  for (std::size_t k = 0; k < 64; ++k) {
    CHECK(small.values[k] <= whole.values[k] * (1 + 1e-5));
    if (k < 8) CHECK(small.values[k] >= whole.values[k] * 0.999);
    found_in_all += small.values[k] * small.values[k];
    best += whole.values[k] * whole.values[k];
  }
  CHECK(found_in_all > 0.95 * best);
}

void threads_do_not_change_a_bit() {
  const Shop shop = random_shop(1500, 6000, 9);
  CoOccurrenceOptions options;
  const CoOccurrence one = find(shop, options);
  for (const int threads : {2, 5}) {
    options.threads = threads;
    const CoOccurrence many = find(shop, options);
    CHECK(many.items == one.items);
    CHECK(many.rows == one.rows);
  }
  options.seed = 2;
  CHECK(find(shop, options).rows != one.rows);
}

void options_say_who_has_a_vector() {
  const Shop shop = random_shop(50, 300, 6);
  CoOccurrenceOptions options;
  options.least = 20;
  for (const ItemId item : find(shop, options).items) {
    CHECK(shop.counts[static_cast<std::size_t>(item)] >= 20);
  }
  options.most_items = 7;
  options.least = 1;
  const CoOccurrence found = find(shop, options);
  CHECK(found.items.size() == 7);
  CHECK(std::is_sorted(found.items.begin(), found.items.end()));
  std::vector<std::int64_t> counts = shop.counts;
  std::sort(counts.rbegin(), counts.rend());
  for (const ItemId item : found.items) {
    CHECK(shop.counts[static_cast<std::size_t>(item)] >= counts[6]);
  }
}

void rows_are_no_longer_than_that() {
  const Shop shop = random_shop(30, 300, 6);
  CoOccurrenceOptions options;
  options.doubt = kDoubt;
  options.longest = 0.25F;
  options.columns = 5;
  const auto found = find_co_occurrence(shop.sessions(), shop.whole(), shop.counts, options, [] {});
  CHECK(found.rows.size() == 5 * found.items.size());
  double most = 0;
  for (std::size_t k = 0; k < found.items.size(); ++k) {
    most = std::max(most, product(found, k, k, 5));
  }
  CHECK_CLOSE(std::sqrt(most), 0.25, 1e-6);
}

void nothing_to_find() {
  const CoOccurrenceOptions options;
  const auto none = [] {};
  Shop shop = random_shop(5, 0, 3);
  CHECK(
      find_co_occurrence(shop.sessions(), shop.whole(), shop.counts, options, none).items.empty());
  CHECK(find_co_occurrence(shop.sessions(), {}, {}, options, none).items.empty());
  shop = random_shop(5, 20, 3);  // sessions, but none that is looked at
  CHECK(find_co_occurrence(shop.sessions(), {}, shop.counts, options, none).items.empty());
}

void what_does_not_fit_is_refused() {
  const Shop shop = random_shop(20, 50, 5);
  const auto refuses = [](const Shop& bad, const std::vector<Run>& runs, std::size_t most) {
    CoOccurrenceOptions options;
    options.most_items = most;
    CHECK_THROWS(find_co_occurrence(bad.sessions(), runs, bad.counts, options, [] {}),
                 std::invalid_argument);
  };
  refuses(shop, {{0, 51}}, 50);
  refuses(shop, {{3, 2}}, 50);
  refuses(shop, {{0, 9}, {8, 12}}, 50);
  Shop bad = shop;
  bad.items[3] = 20;
  refuses(bad, bad.whole(), 50);
  bad.items[3] = -1;
  refuses(bad, bad.whole(), 50);
  bad = shop;
  bad.offsets.back() += 1;
  refuses(bad, bad.whole(), 50);
  Shop large;  // more items than 16 bits can number
  large.counts.assign(70000, 1);
  large.items.resize(70000);
  std::iota(large.items.begin(), large.items.end(), 0);
  for (Offset end = 2; end <= 70000; end += 2) large.offsets.push_back(end);
  refuses(large, large.whole(), 70000);
}

void it_stops_when_it_is_told() {
  struct Stop {};
  const Shop shop = random_shop(500, 5000, 9);
  int asked = 0;
  CHECK_THROWS(find_co_occurrence(shop.sessions(), shop.whole(), shop.counts, {},
                                  [&] {
                                    if (++asked == 3) throw Stop();
                                  }),
               Stop);
  CHECK(asked == 3);
}

}  // namespace

int main() {
  for (const std::size_t n_items : {1, 2, 5, 16, 17, 40, 64}) {
    for (const std::uint32_t longest : {1, 2, 12}) few_items_have_the_whole_table(n_items, longest);
  }
  many_items_have_its_first_eigenvalues();
  threads_do_not_change_a_bit();
  options_say_who_has_a_vector();
  rows_are_no_longer_than_that();
  nothing_to_find();
  what_does_not_fit_is_refused();
  it_stops_when_it_is_told();
  return likewise_check::failures();
}
