// test_noise_sampler.cpp: the generator's numbers, and how often each item is drawn.
#include "core/training/noise_sampler.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "check.h"

using namespace likewise;

namespace {

void the_generator_is_even() {
  Rng rng(1), same(1), other(1, 1);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = rng.next();
    CHECK(number == same.next());
    differ += number != other.next();
  }
  CHECK(differ == 100);

  std::vector<int> seen(7, 0);
  double sum = 0;
  const int draws = 70000;
  for (int i = 0; i < draws; ++i) {
    ++seen[rng.below(7)];
    const float u = rng.uniform();
    CHECK(u >= 0.0F && u < 1.0F);
    sum += static_cast<double>(u);
  }
  for (const int count : seen) CHECK_CLOSE(count, draws / 7, 5 * std::sqrt(draws / 7.0));
  CHECK_CLOSE(sum / draws, 0.5, 5 * std::sqrt(1.0 / 12 / draws));
}

// Each item within five standard deviations of its share; those without events never.
void items_come_by_their_share(const std::vector<std::int64_t>& counts, double exponent) {
  const NoiseSampler sampler(counts, exponent);
  std::vector<double> shares;
  double total = 0;
  for (const std::int64_t count : counts) {
    shares.push_back(count > 0 ? std::pow(static_cast<double>(count), exponent) : 0.0);
    total += shares.back();
  }
  const int draws = 200000;
  std::vector<int> seen(counts.size(), 0);
  Rng rng(7);
  for (int i = 0; i < draws; ++i) ++seen[static_cast<std::size_t>(sampler.draw(rng))];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = draws * shares[i] / total;
    if (counts[i] == 0) CHECK(seen[i] == 0);
    CHECK_CLOSE(seen[i], expected, 5 * std::sqrt(expected) + 0.5);
  }
}

}  // namespace

int main() {
  the_generator_is_even();
  const std::vector<std::int64_t> shop{0, 5, 1, 1000, 0, 30, 30, 7, 250000, 2};
  for (const double exponent : {-1.0, -0.5, 0.0, 0.5, 0.75, 1.0}) {
    items_come_by_their_share(shop, exponent);
  }
  items_come_by_their_share({0, 0, 3}, 0.5);
  items_come_by_their_share(std::vector<std::int64_t>(1000, 4), 1.0);

  // Powers that no double could hold.
  const std::vector<std::int64_t> huge{1, std::int64_t{1} << 60};
  Rng rng(1);
  CHECK(NoiseSampler(huge, 10).draw(rng) == 1);
  CHECK(NoiseSampler(huge, -10).draw(rng) == 0);

  const std::vector<std::int64_t> nobody{0, 0};
  CHECK_THROWS(NoiseSampler(nobody, 0.5), std::invalid_argument);
  CHECK_THROWS(NoiseSampler({}, 0.5), std::invalid_argument);
  return likewise_check::failures();
}
