// test_top_k.cpp: top_k against the plain definition, over sizes, filters and threads.
#include "core/search/top_k.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "core/kernels/kernels.h"
#include "core/search/unit_rows.h"

namespace {

using likewise::ItemId;

constexpr float kNone = -std::numeric_limits<float>::infinity();

struct Answer {
  std::vector<ItemId> positions;
  std::vector<float> scores;
};

struct Case {
  std::size_t n, n_queries, dim, k;
  std::vector<std::uint8_t> allowed;
  std::vector<ItemId> exclude;
  std::vector<std::int32_t> same_queries = {}, same = {};            // labels
  std::vector<std::int32_t> different_queries = {}, different = {};  // labels
  std::vector<likewise::Offset> offsets = {};
  std::vector<ItemId> excluded = {};
};

std::vector<float> random_rows(std::size_t rows, std::size_t dim, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(rows * dim);
  std::generate(values.begin(), values.end(), [&] { return normal(generator); });
  return values;
}

void no_poll() {}

Answer search(const Case& c, const likewise::UnitRows& units, const std::vector<float>& queries,
              int threads) {
  likewise::TopKRequest request;
  request.candidates = units.table.data();
  request.n = c.n;
  request.dim = c.dim;
  request.stride = units.table.stride();
  request.queries = queries.data();
  request.n_queries = c.n_queries;
  request.query_stride = c.dim;
  request.k = c.k;
  request.allowed = c.allowed.empty() ? nullptr : c.allowed.data();
  request.exclude = c.exclude.empty() ? nullptr : c.exclude.data();
  request.threads = threads;
  if (!c.same.empty()) request.same = {c.same_queries.data(), c.same.data()};
  const likewise::Labels different{c.different_queries.data(), c.different.data()};
  if (!c.different.empty()) request.different = {&different, 1};
  if (!c.offsets.empty()) {
    request.excluded_offsets = c.offsets.data();
    request.excluded = c.excluded.data();
  }
  Answer answer{std::vector<ItemId>(c.n_queries * c.k, 99),
                std::vector<float>(c.n_queries * c.k, 99.0F)};
  likewise::top_k(request, answer.positions.data(), answer.scores.data(), no_poll);
  return answer;
}

/// Every answer is allowed, the scores are right, and nothing better was left out.
void check_answer(const Case& c, const likewise::UnitRows& units, const std::vector<float>& queries,
                  const Answer& answer) {
  for (std::size_t q = 0; q < c.n_queries; ++q) {
    std::vector<double> scores(c.n);
    std::size_t possible = 0;
    double best_left = -1e9;
    std::vector<bool> found(c.n, false);
    for (std::size_t i = 0; i < c.n; ++i) {
      for (std::size_t d = 0; d < c.dim; ++d) {
        scores[i] += static_cast<double>(queries[q * c.dim + d]) *
                     static_cast<double>(units.table.row(i)[d]);
      }
    }
    const auto may = [&](std::size_t i) {
      if (!c.allowed.empty() && c.allowed[i] == 0) return false;
      if (!c.exclude.empty() && c.exclude[q] == static_cast<ItemId>(i)) return false;
      if (!c.same.empty() && (c.same_queries[q] < 0 || c.same_queries[q] != c.same[i])) {
        return false;
      }
      if (!c.different.empty() && c.different_queries[q] >= 0 &&
          c.different_queries[q] == c.different[i]) {
        return false;
      }
      if (c.offsets.empty()) return true;
      const auto first = c.excluded.begin() + c.offsets[q];
      const auto last = c.excluded.begin() + c.offsets[q + 1];
      return std::find(first, last, static_cast<ItemId>(i)) == last;
    };
    for (std::size_t i = 0; i < c.n; ++i) possible += may(i) ? 1U : 0U;
    const std::size_t expected = std::min(possible, c.k);
    float last = std::numeric_limits<float>::infinity();
    for (std::size_t j = 0; j < c.k; ++j) {
      const ItemId position = answer.positions[q * c.k + j];
      const float score = answer.scores[q * c.k + j];
      if (j >= expected) {
        CHECK(position == -1 && score == kNone);
        continue;
      }
      CHECK(position >= 0 && static_cast<std::size_t>(position) < c.n);
      const auto at = static_cast<std::size_t>(position);
      CHECK(may(at) && !found[at]);
      found[at] = true;
      CHECK(score <= last);
      CHECK_CLOSE(static_cast<double>(score), scores[at], 1e-4);
      last = score;
    }
    for (std::size_t i = 0; i < c.n; ++i) {
      if (may(i) && !found[i]) best_left = std::max(best_left, scores[i]);
    }
    if (expected > 0 && expected < possible) CHECK(best_left <= static_cast<double>(last) + 1e-4);
  }
}

void test_against_the_definition() {
  std::mt19937 generator(5);
  for (const std::size_t n : {0U, 1U, 3U, 63U, 64U, 65U, 1000U}) {
    for (const std::size_t n_queries : {1U, 3U, 4U, 33U, 700U}) {
      for (const std::size_t dim : {1U, 7U, 16U, 100U, 191U}) {
        if (n_queries > 33 && n != 65) continue;
        Case c{n, n_queries, dim, 10, {}, {}};
        const auto vectors = random_rows(n, dim, 1);
        const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
        const auto queries = random_rows(n_queries, dim, 2);
        check_answer(c, units, queries, search(c, units, queries, 1));
        c.allowed.resize(n);
        for (auto& allowed : c.allowed) allowed = static_cast<std::uint8_t>(generator() % 7 == 0);
        c.exclude.assign(n_queries, n == 0 ? -1 : static_cast<ItemId>(generator() % n));
        check_answer(c, units, queries, search(c, units, queries, 1));
      }
    }
  }
}

std::vector<std::int32_t> random_labels(std::size_t size, std::mt19937& generator) {
  std::vector<std::int32_t> labels(size);
  for (auto& label : labels) label = static_cast<std::int32_t>(generator() % 3) - 1;
  return labels;
}

void test_labels_and_lists_filter() {
  std::mt19937 generator(11);
  for (const std::size_t n : {1U, 40U, 700U}) {
    for (const std::size_t n_queries : {1U, 13U, 90U}) {
      for (const int what : {1, 2, 4, 7}) {
        const std::size_t dim = 9;
        Case c{n, n_queries, dim, 12, {}, {}};
        if ((what & 1) != 0) {
          c.same_queries = random_labels(n_queries, generator);
          c.same = random_labels(n, generator);
        }
        if ((what & 2) != 0) {
          c.different_queries = random_labels(n_queries, generator);
          c.different = random_labels(n, generator);
        }
        if ((what & 4) != 0) {
          c.offsets.push_back(0);
          for (std::size_t q = 0; q < n_queries; ++q) {
            for (std::size_t i = generator() % 4; i > 0; --i) {
              c.excluded.push_back(static_cast<ItemId>(generator() % n));
            }
            c.offsets.push_back(static_cast<likewise::Offset>(c.excluded.size()));
          }
          c.allowed.resize(n);
          for (auto& allowed : c.allowed) allowed = generator() % 3 != 0;
        }
        const auto vectors = random_rows(n, dim, 1);
        const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
        const auto queries = random_rows(n_queries, dim, 2);
        const Answer one = search(c, units, queries, 1);
        check_answer(c, units, queries, one);
        const Answer two = search(c, units, queries, 2);
        CHECK(one.positions == two.positions && one.scores == two.scores);
      }
    }
  }
}

void test_labels_out_of_range_are_refused() {
  Case c{2, 1, 3, 1, {}, {}};
  c.same_queries = {0};
  c.same = {0, 3};
  const auto vectors = random_rows(2, 3, 1);
  const auto units = likewise::unit_rows(vectors.data(), 2, 3, 3);
  try {
    search(c, units, vectors, 1);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()) == "same must hold labels below 3, got 3");
  }
}

void test_every_kernel_set_scans_alike() {
  std::mt19937 generator(3);
  for (const std::size_t dim : {1U, 7U, 33U, 100U}) {
    likewise::Table queries(1, dim * likewise::kScanQueries);
    likewise::Table candidates(dim, likewise::kScanCandidates);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < dim * likewise::kScanQueries; ++i) {
      queries.data()[i] = normal(generator);
    }
    for (std::size_t i = 0; i < dim * likewise::kScanCandidates; ++i) {
      candidates.data()[i] = normal(generator);
    }
    std::vector<float> bars(likewise::kScanQueries, 0.5F);
    bars[3] = std::numeric_limits<float>::infinity();
    for (const std::size_t count : {1U, 2U, 3U, 6U, 7U, 8U, 9U, 12U}) {
      likewise::Table out(likewise::kScanQueries, likewise::kScanCandidates);
      std::uint32_t over[likewise::kScanQueries];
      likewise::kernels().scan(queries.data(), count, candidates.data(), dim, bars.data(),
                               out.data(), over);
      for (std::size_t q = 0; q < count; ++q) {
        for (std::size_t c = 0; c < likewise::kScanCandidates; ++c) {
          double sum = 0.0;
          for (std::size_t d = 0; d < dim; ++d) {
            sum += static_cast<double>(queries.data()[d * likewise::kScanQueries + q]) *
                   static_cast<double>(candidates.data()[d * likewise::kScanCandidates + c]);
          }
          if (std::abs(sum - static_cast<double>(bars[q])) < 1e-4) continue;
          const bool above = ((over[q] >> c) & 1U) != 0;
          CHECK(above == (sum > static_cast<double>(bars[q])));
          if (!above) continue;
          CHECK_CLOSE(static_cast<double>(out.data()[q * likewise::kScanCandidates + c]), sum,
                      1e-4);
        }
      }
    }
  }
}

void test_same_bits_for_any_threads_and_any_company() {
  const std::size_t n = 5000, dim = 70;
  const auto vectors = random_rows(n, dim, 3);
  const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
  const auto queries = random_rows(67, dim, 4);
  const Case all{n, 67, dim, 20, {}, {}};
  const Answer one_thread = search(all, units, queries, 1);
  const Answer three_threads = search(all, units, queries, 3);
  CHECK(one_thread.positions == three_threads.positions);
  CHECK(one_thread.scores == three_threads.scores);
  for (const std::size_t q : {0U, 13U, 66U}) {
    const Case alone{n, 1, dim, 20, {}, {}};
    const std::vector<float> query(queries.begin() + static_cast<std::ptrdiff_t>(q * dim),
                                   queries.begin() + static_cast<std::ptrdiff_t>((q + 1) * dim));
    const Answer answer = search(alone, units, query, 1);
    const auto first = static_cast<std::ptrdiff_t>(q * 20);
    CHECK(
        std::equal(answer.scores.begin(), answer.scores.end(), one_thread.scores.begin() + first));
    CHECK(std::equal(answer.positions.begin(), answer.positions.end(),
                     one_thread.positions.begin() + first));
  }
}

void test_few_queries_on_many_threads_are_merged() {
  const std::size_t n = 300000, dim = 64;  // large enough to be shared out
  const auto vectors = random_rows(n, dim, 8);
  const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
  const auto query = random_rows(1, dim, 9);
  const Case c{n, 1, dim, 15, {}, {}};
  const Answer one = search(c, units, query, 1);
  const Answer four = search(c, units, query, 4);
  CHECK(one.positions == four.positions);
  CHECK(one.scores == four.scores);
  check_answer(c, units, query, four);
}

void test_equal_scores_come_by_position() {
  const std::size_t n = 200, dim = 33;
  const auto one = random_rows(1, dim, 6);
  std::vector<float> vectors;
  for (std::size_t i = 0; i < n; ++i) vectors.insert(vectors.end(), one.begin(), one.end());
  const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
  const Case c{n, 1, dim, 70, {}, {2}};
  const Answer answer = search(c, units, one, 1);
  for (std::size_t j = 0; j < 70; ++j) {
    CHECK(answer.positions[j] == static_cast<ItemId>(j < 2 ? j : j + 1));
    CHECK(answer.scores[j] == answer.scores[0]);
  }
}

void test_unit_rows() {
  const std::vector<float> vectors{3.0F, 4.0F, 9.0F, 0.0F, 0.0F, 9.0F, 1e-30F, 0.0F, 9.0F};
  const auto units = likewise::unit_rows(vectors.data(), 3, 2, 3);
  CHECK(units.usable == std::vector<std::uint8_t>({1, 0, 1}));
  CHECK(units.table.rows() == 3);
  CHECK_CLOSE(units.table.row(0)[0], 0.6F, 1e-7F);
  CHECK_CLOSE(units.table.row(0)[1], 0.8F, 1e-7F);
  CHECK(units.table.row(1)[0] == 0.0F);
  CHECK(units.table.row(2)[0] == 1.0F);
  const std::vector<float> bad{1.0F, std::numeric_limits<float>::quiet_NaN()};
  try {
    likewise::unit_rows(bad.data(), 1, 2, 2);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()) == "vectors must be finite, row 0 is not");
  }
}

void test_poll_stops_the_search() {
  const std::size_t n = 20000, n_queries = 20000, dim = 100;
  const auto vectors = random_rows(n, dim, 7);
  const auto units = likewise::unit_rows(vectors.data(), n, dim, dim);
  likewise::TopKRequest request;
  request.candidates = units.table.data();
  request.n = n;
  request.dim = dim;
  request.stride = units.table.stride();
  request.queries = vectors.data();
  request.n_queries = n_queries;
  request.query_stride = dim;
  request.k = 10;
  request.threads = 2;
  std::vector<ItemId> positions(n_queries * 10);
  std::vector<float> scores(n_queries * 10);
  try {
    likewise::top_k(request, positions.data(), scores.data(),
                    [] { throw std::runtime_error("enough"); });
    CHECK(false);
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()) == "enough");
  }
}

}  // namespace

int main() {
  test_against_the_definition();
  test_labels_and_lists_filter();
  test_labels_out_of_range_are_refused();
  for (const likewise::Kernels* set : likewise::supported_kernels()) {
    setenv("LIKEWISE_KERNELS", set->name, 1);
    test_every_kernel_set_scans_alike();
    test_against_the_definition();
  }
  unsetenv("LIKEWISE_KERNELS");
  test_same_bits_for_any_threads_and_any_company();
  test_few_queries_on_many_threads_are_merged();
  test_equal_scores_come_by_position();
  test_unit_rows();
  test_poll_stops_the_search();
  return likewise_check::failures();
}
