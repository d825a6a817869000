// test_partition.cpp: a search by clusters and bytes gives what top_k gives, to the last bit.
#include "core/search/partition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "core/kernels/kernels.h"
#include "core/search/top_k.h"

namespace {

using namespace likewise;

void no_poll() {}

struct Answer {
  std::vector<ItemId> positions;
  std::vector<float> scores;
  bool operator==(const Answer&) const = default;
};

/// Rows about some centers, of different lengths; a share of them are copies of others.
std::vector<float> gathered(std::size_t n, std::size_t dim, double copies, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  const std::size_t kinds = std::max<std::size_t>(1, n / 40);
  std::vector<float> centers(kinds * dim), rows(n * dim);
  for (float& value : centers) value = normal(generator);
  for (std::size_t i = 0; i < n; ++i) {
    float* row = rows.data() + i * dim;
    if (i > 0 && static_cast<double>(generator() % 1000) < 1000 * copies) {
      std::copy_n(rows.data() + generator() % std::min<std::size_t>(i, 3) * dim, dim, row);
      continue;
    }
    const float* center = centers.data() + generator() % kinds * dim;
    const float length = 0.5F + static_cast<float>(generator() % 100) / 100.0F;
    for (std::size_t d = 0; d < dim; ++d) row[d] = length * (center[d] + 0.6F * normal(generator));
  }
  return rows;
}

struct Case {
  std::size_t n, dim, k;
  std::vector<float> rows, queries;
  std::vector<std::uint8_t> allowed = {};
  std::vector<ItemId> exclude = {};
  std::vector<std::int32_t> same_queries = {}, same = {}, different_queries = {}, different = {};

  std::size_t n_queries() const { return queries.size() / dim; }

  template <class Search>
  Answer answer(int threads, const Search& search) const {
    TopKRequest request;
    request.candidates = rows.data();
    request.n = n;
    request.dim = request.stride = request.query_stride = dim;
    request.queries = queries.data();
    request.n_queries = n_queries();
    request.k = k;
    request.exclude = exclude.empty() ? nullptr : exclude.data();
    request.threads = threads;
    if (!same.empty()) request.same = {same_queries.data(), same.data()};
    const Labels labels{different_queries.data(), different.data()};
    if (!different.empty()) request.different = {&labels, 1};
    Answer found{std::vector<ItemId>(n_queries() * k, 99), std::vector<float>(n_queries() * k)};
    search(request, found);
    return found;
  }

  Answer true_answer() const {
    return answer(1, [&](TopKRequest& request, Answer& found) {
      request.allowed = allowed.empty() ? nullptr : allowed.data();
      top_k(request, found.positions.data(), found.scores.data(), no_poll);
    });
  }

  Answer by_clusters(std::size_t wanted, float reach, int threads, bool alone = false) const {
    const RowsView view{rows.data(), n, dim, dim};
    auto clusters =
        std::make_shared<const Clusters>(make_clusters(view, nullptr, wanted, threads, no_poll));
    const Partition partition(view, std::move(clusters), allowed.empty() ? nullptr : allowed.data(),
                              threads, no_poll);
    return answer(threads, [&](const TopKRequest& request, Answer& found) {
      partition.search(request, reach, alone, found.positions.data(), found.scores.data(), no_poll);
    });
  }
};

std::vector<std::int32_t> random_labels(std::size_t size, std::mt19937& generator) {
  std::vector<std::int32_t> labels(size);
  for (auto& label : labels) label = static_cast<std::int32_t>(generator() % 4) - 1;
  return labels;
}

void test_the_answers_are_those_of_top_k() {
  std::mt19937 generator(3);
  for (const std::size_t n : {1U, 33U, 500U}) {
    for (const std::size_t dim : {1U, 3U, 33U, 100U}) {
      for (const double copies : {0.0, 0.4, 1.0}) {
        Case c{n, dim, 7, gathered(n, dim, copies, 1), gathered(60, dim, 0.1, 2)};
        std::copy_n(c.rows.data(), dim, c.queries.data());  // one of the rows themselves
        CHECK(c.by_clusters(20, 1.0F, 1) == c.true_answer());
        CHECK(c.by_clusters(20, 1.0F, 1, true) == c.true_answer());
        c.exclude.resize(60);
        for (auto& one : c.exclude) one = static_cast<ItemId>(generator() % (n + 1)) - 1;
        c.allowed.resize(n);
        for (auto& one : c.allowed) one = generator() % 3 != 0;
        CHECK(c.by_clusters(20, 1.0F, 2) == c.true_answer());
        c.same_queries = random_labels(60, generator);
        c.same = random_labels(n, generator);
        c.different_queries = random_labels(60, generator);
        c.different = random_labels(n, generator);
        CHECK(c.by_clusters(20, 1.0F, 2) == c.true_answer());
      }
    }
  }
}

void test_columns_of_any_size() {
  // One column that outweighs all others, in rows, in queries, in both; and hardly any numbers.
  for (const auto& [of_rows, of_queries] :
       {std::pair{1000.0F, 1.0F}, {1.0F, 1000.0F}, {1000.0F, 1000.0F}, {0.0F, 0.0F}}) {
    Case c{700, 40, 5, gathered(700, 40, 0.0, 5), gathered(60, 40, 0.0, 6)};
    for (std::size_t i = 0; i < c.n; ++i) c.rows[i * 40 + 7] *= of_rows;
    for (std::size_t q = 0; q < 60; ++q) c.queries[q * 40 + 7] *= of_queries;
    CHECK(c.by_clusters(26, 1.0F, 1) == c.true_answer());
    for (float& value : c.rows) value *= 1e-15F;
    CHECK(c.by_clusters(26, 1.0F, 1) == c.true_answer());
  }
}

void test_a_short_reach_leaves_no_list_short() {
  const Case c{1200, 24, 30, gathered(1200, 24, 0.1, 7), gathered(100, 24, 0.0, 8)};
  const Answer exact = c.true_answer();
  double before = 0.0;
  for (const float reach : {0.0F, 0.3F, 0.7F, 1.0F}) {
    const Answer found = c.by_clusters(40, reach, 1);
    CHECK(std::count(found.positions.begin(), found.positions.end(), -1) == 0);
    double hits = 0.0;
    for (std::size_t q = 0; q < 100; ++q) {
      for (std::size_t j = 0; j < 30; ++j) {
        hits += found.scores[q * 30 + j] >= exact.scores[q * 30 + 29] ? 1.0 : 0.0;
      }
    }
    CHECK(hits >= before);
    before = hits;
  }
  CHECK(before == 3000.0);
}

void test_more_answers_than_candidates() {
  Case c{50, 6, 80, gathered(50, 6, 0.2, 9), gathered(20, 6, 0.0, 10)};
  CHECK(c.by_clusters(7, 0.2F, 1) == c.true_answer());
  c.allowed.assign(50, 0);
  CHECK(c.by_clusters(7, 1.0F, 1) == c.true_answer());
}

void test_clusters_do_not_depend_on_threads() {
  const std::vector<float> rows = gathered(3000, 20, 0.2, 11);
  std::vector<std::uint8_t> usable(3000, 1);
  usable[5] = 0;
  const RowsView view{rows.data(), 3000, 20, 20};
  const Clusters one = make_clusters(view, usable.data(), 90, 1, no_poll);
  const Clusters three = make_clusters(view, usable.data(), 90, 3, no_poll);
  CHECK(one.labels == three.labels);
  CHECK(one.size() > 40 && one.size() <= 120);
  CHECK(one.labels[5] == -1);
  CHECK(*std::max_element(one.labels.begin(), one.labels.end()) + 1 ==
        static_cast<std::int32_t>(one.size()));
}

void test_poll_stops_the_search() {
  const Case c{20000, 60, 10, gathered(20000, 60, 0.0, 12), {}};
  const RowsView view{c.rows.data(), c.n, c.dim, c.dim};
  CHECK_THROWS(make_clusters(view, nullptr, 20000, 2, [] { throw std::runtime_error("enough"); }),
               std::runtime_error);
}

}  // namespace

int main() {
  test_clusters_do_not_depend_on_threads();
  test_poll_stops_the_search();
  for (const Kernels* set : supported_kernels()) {
    setenv("LIKEWISE_KERNELS", set->name, 1);
    test_the_answers_are_those_of_top_k();
    test_columns_of_any_size();
    test_a_short_reach_leaves_no_list_short();
    test_more_answers_than_candidates();
  }
  return likewise_check::failures();
}
