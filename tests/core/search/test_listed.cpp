// test_listed.cpp: what queries list among the best by vectors, against a sort of all whole scores.
#include "core/search/listed.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.h"
#include "core/search/unit_rows.h"

using namespace likewise;

namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();
constexpr double kSharpness = 10.0;

void no_poll() {}

/// log(exp(sharpness s) + w) / sharpness as it is written; below 0, a weight is added.
double joined_by_the_letter(double score, double weight) {
  const double whole =
      weight < 0 ? score - weight : std::log(std::exp(kSharpness * score) + weight) / kSharpness;
  return std::max(score, std::min(whole, 1.0));
}

struct Case {
  std::size_t n, n_queries, dim, k;
  UnitRows units;
  std::vector<float> queries;
  std::vector<Offset> offsets{0};
  std::vector<ItemId> positions{};
  std::vector<float> weights{};
  std::vector<std::uint8_t> allowed{};
  std::vector<ItemId> exclude{};
  std::vector<Offset> excluded_offsets{};
  std::vector<ItemId> excluded{};
  std::vector<std::int32_t> same_queries{}, same{}, different_queries{}, different{};
  Labels differing{};

  Listed listed() const { return {offsets, positions, weights, kSharpness}; }

  TopKRequest request(int threads) {
    TopKRequest asked;
    asked.candidates = units.table.data();
    asked.n = n;
    asked.dim = dim;
    asked.stride = units.table.stride();
    asked.queries = queries.data();
    asked.n_queries = n_queries;
    asked.query_stride = dim;
    asked.k = k;
    asked.threads = threads;
    if (!allowed.empty()) asked.allowed = allowed.data();
    if (!exclude.empty()) asked.exclude = exclude.data();
    if (!excluded_offsets.empty()) {
      asked.excluded = excluded.data();
      asked.excluded_offsets = excluded_offsets.data();
    }
    if (!same.empty()) asked.same = {same_queries.data(), same.data()};
    differing = {different_queries.data(), different.data()};
    if (!different.empty()) asked.different = {&differing, 1};
    return asked;
  }

  bool may(std::size_t q, std::size_t i) const {
    if (!allowed.empty() && allowed[i] == 0) return false;
    if (!exclude.empty() && exclude[q] == static_cast<ItemId>(i)) return false;
    if (!same.empty() && (same_queries[q] < 0 || same_queries[q] != same[i])) return false;
    if (!different.empty() && different_queries[q] >= 0 && different_queries[q] == different[i]) {
      return false;
    }
    if (excluded_offsets.empty()) return true;
    const auto last = excluded.begin() + excluded_offsets[q + 1];
    return std::find(excluded.begin() + excluded_offsets[q], last, static_cast<ItemId>(i)) == last;
  }
};

/// Rows of small whole numbers, many of them equal; lists of none to `most` candidates.
Case random_case(std::size_t n, std::size_t n_queries, std::size_t k, std::size_t most,
                 unsigned seed) {
  std::mt19937 rng(seed);
  const std::size_t dim = 5;
  std::vector<float> rows(n * dim), queries(n_queries * dim);
  for (float& value : rows) value = static_cast<float>(rng() % 5) - 2.0F;
  for (float& value : queries) value = 0.15F * (static_cast<float>(rng() % 5) - 2.0F);
  Case made{n, n_queries, dim, k, unit_rows(rows.data(), n, dim, dim), queries};
  for (std::size_t q = 0; q < n_queries; ++q) {
    std::map<ItemId, float> chosen;
    for (std::size_t l = n == 0 ? 0 : rng() % (most + 1); l > 0; --l) {
      const float weight = static_cast<float>(rng() % 1000) / 10.0F;
      // Of every four one is added, and one weighs nothing.
      const float kinds[] = {weight, weight * 1e4F, -weight / 100.0F, 0.0F};
      chosen[static_cast<ItemId>(rng() % n)] = kinds[rng() % 4];
    }
    std::vector<std::pair<ItemId, float>> shuffled(chosen.begin(), chosen.end());
    std::shuffle(shuffled.begin(), shuffled.end(), rng);
    for (const auto& [position, weight] : shuffled) {
      made.positions.push_back(position);
      made.weights.push_back(weight);
    }
    made.offsets.push_back(static_cast<Offset>(made.positions.size()));
  }
  return made;
}

void add_filters(Case& c, int which, unsigned seed) {
  std::mt19937 rng(seed);
  const auto labels = [&](std::size_t size) {
    std::vector<std::int32_t> some(size);
    for (auto& label : some) label = static_cast<std::int32_t>(rng() % 3) - 1;
    return some;
  };
  if ((which & 1) != 0) {
    c.allowed.resize(c.n);
    for (auto& one : c.allowed) one = rng() % 3 != 0;
  }
  if ((which & 2) != 0) {
    c.exclude.resize(c.n_queries);
    for (auto& one : c.exclude) one = static_cast<ItemId>(rng() % (c.n + 1)) - 1;
  }
  if ((which & 4) != 0) {
    c.excluded_offsets.push_back(0);
    for (std::size_t q = 0; q < c.n_queries; ++q) {
      for (std::size_t l = rng() % 5; l > 0; --l) {
        c.excluded.push_back(static_cast<ItemId>(rng() % c.n));
      }
      c.excluded_offsets.push_back(static_cast<Offset>(c.excluded.size()));
    }
  }
  if ((which & 8) != 0) c.same_queries = labels(c.n_queries), c.same = labels(c.n);
  if ((which & 16) != 0) c.different_queries = labels(c.n_queries), c.different = labels(c.n);
}

using Answer = std::pair<std::vector<ItemId>, std::vector<float>>;

Answer search(Case& c, int threads) {
  Answer answer{std::vector<ItemId>(c.n_queries * c.k), std::vector<float>(c.n_queries * c.k)};
  const TopKRequest request = c.request(threads);
  top_k(request, answer.first.data(), answer.second.data(), no_poll);
  add_listed(request, c.listed(), answer.first.data(), answer.second.data(), no_poll);
  return answer;
}

/// Every answer may be one and has its whole score, in order; nothing better was left out.
void check_answer(const Case& c, const Answer& answer) {
  for (std::size_t q = 0; q < c.n_queries; ++q) {
    std::vector<double> whole(c.n);
    std::size_t possible = 0;
    for (std::size_t i = 0; i < c.n; ++i) {
      for (std::size_t d = 0; d < c.dim; ++d) {
        whole[i] += static_cast<double>(c.queries[q * c.dim + d]) *
                    static_cast<double>(c.units.table.row(i)[d]);
      }
      possible += c.may(q, i) ? 1U : 0U;
    }
    for (auto l = static_cast<std::size_t>(c.offsets[q]);
         l < static_cast<std::size_t>(c.offsets[q + 1]); ++l) {
      double& score = whole[static_cast<std::size_t>(c.positions[l])];
      score = joined_by_the_letter(score, static_cast<double>(c.weights[l]));
    }
    std::vector<bool> found(c.n, false);
    double last = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < c.k; ++j) {
      const ItemId position = answer.first[q * c.k + j];
      const float score = answer.second[q * c.k + j];
      if (j >= possible) {
        CHECK(position == -1 && score == kNone);
        continue;
      }
      CHECK(position >= 0 && static_cast<std::size_t>(position) < c.n);
      if (position < 0) return;
      const auto at = static_cast<std::size_t>(position);
      CHECK(c.may(q, at) && !found[at]);
      found[at] = true;
      CHECK_CLOSE(score, whole[at], 1e-6);
      CHECK(static_cast<double>(score) <= last);
      if (static_cast<double>(score) == last) CHECK(position > answer.first[q * c.k + j - 1]);
      last = static_cast<double>(score);
    }
    for (std::size_t i = 0; i < c.n; ++i) {
      if (c.may(q, i) && !found[i] && possible > c.k) CHECK(whole[i] <= last + 1e-6);
    }
  }
}

void answers_are_the_best_of_whole_scores() {
  unsigned seed = 0;
  for (const std::size_t n : {1U, 2U, 30U, 400U}) {
    for (const std::size_t n_queries : {1U, 5U, 70U}) {
      for (const std::size_t k : {1U, 8U, 40U}) {
        for (const std::size_t most : {0U, 3U, 25U}) {
          for (const int filters : {0, 1, 2, 4, 8, 16, 31}) {
            Case c = random_case(n, n_queries, k, most, ++seed);
            add_filters(c, filters, seed);
            check_answer(c, search(c, 1));
          }
        }
      }
    }
  }
}

void threads_do_not_change_a_bit() {
  Case c = random_case(300, 900, 12, 20, 7);
  add_filters(c, 31, 8);
  const Answer one = search(c, 1);
  std::vector<float> lifts(c.positions.size());
  listed_lifts(c.request(1), c.listed(), lifts.data(), no_poll);
  for (const int threads : {2, 5}) {
    CHECK(search(c, threads) == one);
    std::vector<float> again(c.positions.size(), 99.0F);
    listed_lifts(c.request(threads), c.listed(), again.data(), no_poll);
    CHECK(again == lifts);
  }
}

void lifts_are_what_weights_add() {
  Case c = random_case(200, 80, 1, 15, 9);
  std::vector<float> lifts(c.positions.size(), 99.0F);
  listed_lifts(c.request(1), c.listed(), lifts.data(), no_poll);
  std::size_t above = 0;
  for (std::size_t q = 0; q < c.n_queries; ++q) {
    for (auto l = static_cast<std::size_t>(c.offsets[q]);
         l < static_cast<std::size_t>(c.offsets[q + 1]); ++l) {
      double score = 0.0;
      for (std::size_t d = 0; d < c.dim; ++d) {
        score +=
            static_cast<double>(c.queries[q * c.dim + d]) *
            static_cast<double>(c.units.table.row(static_cast<std::size_t>(c.positions[l]))[d]);
      }
      CHECK_CLOSE(lifts[l], joined_by_the_letter(score, static_cast<double>(c.weights[l])) - score,
                  2e-6);
      CHECK(lifts[l] >= 0.0F);
      above += lifts[l] > 0.0F ? 1 : 0;
    }
  }
  CHECK(above > c.positions.size() / 2);
}

void a_whole_score_is_a_mixture() {
  for (const float score : {-3.0F, -0.9F, -0.1F, 0.0F, 0.3F, 0.7F, 0.999F, 1.0F}) {
    float before = score;
    for (const float weight : {0.0F, 1e-6F, 0.5F, 3.0F, 200.0F, 22000.0F, 1e9F, 3e38F}) {
      const float whole = joined_score(score, weight, kSharpness);
      if (weight < 1e38F) {
        CHECK_CLOSE(whole,
                    joined_by_the_letter(static_cast<double>(score), static_cast<double>(weight)),
                    1e-6);
      }
      CHECK(whole >= before);  // rises with the weight
      CHECK(whole <= 1.0F);
      before = whole;
    }
    CHECK(joined_score(score, 0.0F, kSharpness) == score);
    CHECK(joined_score(score, 1e9F, kSharpness) == 1.0F);
    CHECK_CLOSE(joined_score(score, -0.25F, kSharpness),
                std::min(1.0, static_cast<double>(score) + 0.25), 1e-6);
    CHECK(joined_score(score, -1e9F, kSharpness) == 1.0F);
  }
  for (const float weight : {0.0F, 7.0F, -0.5F, -1e9F, 1e9F}) {  // what is above 1 stays as it is
    CHECK(joined_score(2.5F, weight, kSharpness) == 2.5F);
  }
}

void equal_whole_scores_come_by_position() {
  Case c = random_case(40, 1, 40, 0, 3);
  for (std::size_t i = 0; i < 40; i += 2) {  // all of them come to 1
    c.positions.push_back(static_cast<ItemId>(38 - i));
    c.weights.push_back(1e9F);
  }
  c.offsets = {0, 20};
  const Answer answer = search(c, 1);
  for (std::size_t j = 0; j < 20; ++j) {
    CHECK(answer.first[j] == static_cast<ItemId>(2 * j));
    CHECK(answer.second[j] == 1.0F);
  }
}

void what_does_not_fit_is_refused() {
  const auto refuses = [](auto change, double sharpness = kSharpness) {
    Case bad = random_case(30, 6, 4, 9, 5);
    change(bad);
    const Listed listed{bad.offsets, bad.positions, bad.weights, sharpness};
    std::vector<ItemId> positions(bad.n_queries * bad.k, -1);
    std::vector<float> scores(bad.n_queries * bad.k, kNone), lifts(bad.positions.size() + 9);
    const TopKRequest request = bad.request(1);
    CHECK_THROWS(add_listed(request, listed, positions.data(), scores.data(), no_poll),
                 std::invalid_argument);
    CHECK_THROWS(listed_lifts(request, listed, lifts.data(), no_poll), std::invalid_argument);
  };
  refuses([](Case& c) { c.positions[2] = -1; });
  refuses([](Case& c) { c.positions[2] = 30; });
  refuses([](Case& c) { c.weights.pop_back(); });
  refuses([](Case& c) { c.offsets.pop_back(); });
  refuses([](Case& c) { c.offsets.clear(); });
  refuses([](Case& c) { c.offsets.front() = 1; });
  refuses([](Case& c) { c.offsets.back() += 1; });
  refuses([](Case& c) { c.offsets[3] = c.offsets.back() + 5; });
  for (const double sharpness : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    refuses([](Case&) {}, sharpness);
  }
}

void it_stops_when_it_is_told() {
  struct Stop {};
  Case c = random_case(3000, 20000, 1, 60, 11);
  std::vector<ItemId> positions(c.n_queries, -1);
  std::vector<float> scores(c.n_queries, kNone), lifts(c.positions.size());
  const TopKRequest request = c.request(2);
  const Poll stop = [] { throw Stop(); };
  // Enough to do that the poll is asked.
  const auto often = [&](auto work) {
    for (int i = 0; i < 100; ++i) work();
  };
  CHECK_THROWS(
      often([&] { add_listed(request, c.listed(), positions.data(), scores.data(), stop); }), Stop);
  CHECK_THROWS(often([&] { listed_lifts(request, c.listed(), lifts.data(), stop); }), Stop);
}

}  // namespace

int main() {
  a_whole_score_is_a_mixture();
  answers_are_the_best_of_whole_scores();
  lifts_are_what_weights_add();
  equal_whole_scores_come_by_position();
  threads_do_not_change_a_bit();
  what_does_not_fit_is_refused();
  it_stops_when_it_is_told();
  return likewise_check::failures();
}
