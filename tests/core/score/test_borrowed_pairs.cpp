// test_borrowed_pairs.cpp: products of sparse tables against maps; bits, ties, errors, stopping.
#include "core/score/borrowed_pairs.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.h"
#include "core/base/rng.h"

using namespace likewise;

namespace {

constexpr std::size_t kAll = 1000;

SparseRows view(const SparseTable& table) {
  return {table.offsets, table.columns, table.weights};
}

/// Rows of none to `most` columns, weights in quarters from `least` on: sums of them are exact.
SparseTable random_table(std::size_t rows, std::size_t columns, std::uint32_t most, int least,
                         std::uint64_t seed) {
  SparseTable table{{0}, {}, {}};
  Rng rng(seed, rows);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::uint32_t n = columns == 0 ? 0 : rng.below(most + 1); n > 0; --n) {
      const std::uint32_t column = rng.below(static_cast<std::uint32_t>(columns));
      table.columns.push_back(static_cast<ItemId>(column));  // some of them twice
      table.weights.push_back(0.25F * static_cast<float>(least + static_cast<int>(rng.below(9))));
    }
    table.offsets.push_back(static_cast<Offset>(table.columns.size()));
  }
  return table;
}

using Best = std::vector<std::pair<float, ItemId>>;  // minus the weight, and the column

/// One row of the product; what is not above 0 adds nothing.
Best row_of(const SparseTable& first, const SparseTable& second, std::size_t row) {
  std::map<ItemId, float> sums;
  for (auto i = static_cast<std::size_t>(first.offsets[row]);
       i < static_cast<std::size_t>(first.offsets[row + 1]); ++i) {
    const auto inner = static_cast<std::size_t>(first.columns[i]);
    for (auto j = static_cast<std::size_t>(second.offsets[inner]);
         j < static_cast<std::size_t>(second.offsets[inner + 1]); ++j) {
      const float weight = first.weights[i] * second.weights[j];
      if (weight > 0.0F) sums[second.columns[j]] += weight;
    }
  }
  Best best;
  for (const auto& [column, weight] : sums) best.emplace_back(-weight, column);
  std::sort(best.begin(), best.end());
  return best;
}

void check_product(std::size_t rows, std::size_t inner, std::size_t columns, int least) {
  const SparseTable first = random_table(rows, inner, 8, least, 1);
  const SparseTable second = random_table(inner, columns, 20, least, 2);
  for (const std::size_t most : {std::size_t{1}, std::size_t{3}, kAll}) {
    const SparseTable found = best_products(view(first), view(second), columns, most, 1, [] {});
    CHECK(found.offsets.size() == rows + 1);
    CHECK(found.offsets.front() == 0);
    CHECK(found.offsets.back() == static_cast<Offset>(found.columns.size()));
    CHECK(found.weights.size() == found.columns.size());
    for (std::size_t r = 0; r < rows; ++r) {
      Best wanted = row_of(first, second, r);
      wanted.resize(std::min(most, wanted.size()));
      Best there;
      for (auto p = static_cast<std::size_t>(found.offsets[r]);
           p < static_cast<std::size_t>(found.offsets[r + 1]); ++p) {
        there.emplace_back(-found.weights[p], found.columns[p]);
      }
      CHECK(there == wanted);
    }
  }
}

void products_are_those_of_maps() {
  for (const std::size_t rows : {0U, 1U, 63U, 64U, 65U, 300U}) {
    for (const int least : {1, 0, -3}) {  // above 0; some 0; some below
      check_product(rows, 40, 90, least);
      check_product(rows, 1, 1, least);
      check_product(rows, 0, 5, least);
    }
  }
}

void threads_do_not_change_a_bit() {
  SparseTable first = random_table(2000, 300, 10, 1, 3);
  SparseTable second = random_table(300, 500, 40, 1, 4);
  for (float& weight : first.weights) weight /= 3.0F;  // sums that depend on their order
  for (float& weight : second.weights) weight /= 7.0F;
  const auto product = [&](int threads) {
    return best_products(view(first), view(second), 500, 12, threads, [] {});
  };
  const SparseTable one = product(1);
  CHECK(!one.columns.empty());
  for (const int threads : {2, 5}) {
    const SparseTable many = product(threads);
    CHECK(many.offsets == one.offsets);
    CHECK(many.columns == one.columns);
    CHECK(many.weights == one.weights);
  }
}

void none_are_wanted() {
  const SparseTable first = random_table(20, 10, 4, 1, 5), second = random_table(10, 9, 4, 1, 6);
  const SparseTable found = best_products(view(first), view(second), 9, 0, 1, [] {});
  CHECK(found.offsets == std::vector<Offset>(21, 0));
  CHECK(found.columns.empty() && found.weights.empty());
}

void what_does_not_fit_is_refused() {
  const SparseTable first = random_table(20, 10, 4, 1, 5), second = random_table(10, 9, 4, 1, 6);
  const auto refuses = [](const SparseTable& one, const SparseTable& other, std::size_t columns) {
    CHECK_THROWS(best_products(view(one), view(other), columns, 5, 1, [] {}),
                 std::invalid_argument);
  };
  refuses(first, second, 3);
  refuses(first, random_table(3, 9, 4, 1, 6), 9);  // fewer rows than first has columns
  for (const int which : {0, 1}) {
    const auto with = [&](auto change) {
      SparseTable one = first, other = second;
      change(which == 0 ? one : other);
      refuses(one, other, 9);
    };
    with([](SparseTable& table) { table.columns[1] = -1; });
    with([](SparseTable& table) { table.columns[1] = 10; });
    with([](SparseTable& table) { table.weights.pop_back(); });
    with([](SparseTable& table) { table.offsets.back() += 1; });
    with([](SparseTable& table) { table.offsets.front() = 1; });
    with([](SparseTable& table) { table.offsets[3] = table.offsets.back() + 2; });
    with([](SparseTable& table) { table.offsets.clear(); });
  }
}

void it_stops_when_it_is_told() {
  struct Stop {};
  const SparseTable first = random_table(60000, 300, 60, 1, 7);
  const SparseTable second = random_table(300, 5000, 900, 1, 8);
  int asked = 0;
  CHECK_THROWS(best_products(view(first), view(second), 5000, 50, 2,
                             [&] {
                               ++asked;
                               throw Stop();
                             }),
               Stop);
  CHECK(asked == 1);
}

}  // namespace

int main() {
  products_are_those_of_maps();
  threads_do_not_change_a_bit();
  none_are_wanted();
  what_does_not_fit_is_refused();
  it_stops_when_it_is_told();
  return likewise_check::failures();
}
