// noise_sampler.cpp: builds the alias table.
#include "core/training/noise_sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace likewise {

NoiseSampler::NoiseSampler(std::span<const std::int64_t> counts, double exponent,
                           std::span<const float> keep) {
  std::vector<double> shares;
  // Told beforehand how long they will be: what lists outgrow stays with the process for a while.
  const auto drawn = static_cast<std::size_t>(
      std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; }));
  slots_.reserve(drawn);
  shares.reserve(drawn);
  double total = 0, largest = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] <= 0) continue;
    slots_.push_back({0xFFFFFFFFU, static_cast<ItemId>(i), static_cast<ItemId>(i)});
    shares.push_back(std::log(static_cast<double>(counts[i])) * exponent);
    largest = shares.size() == 1 ? shares[0] : std::max(largest, shares.back());
  }
  if (slots_.empty()) throw std::invalid_argument("counts must hold an item with events, got none");
  // Against the largest, so that no exponent overflows.
  for (double& share : shares) total += share = std::exp(share - largest);
  const auto kept = [&](std::size_t i) {
    return static_cast<double>(counts[i]) * (keep.empty() ? 1.0 : static_cast<double>(keep[i]));
  };
  double events = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) events += kept(i);
  ratios_.resize(counts.size());
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    const auto i = static_cast<std::size_t>(slots_[s].item);
    // At most what a float holds: an item that is never drawn has no weight as noise.
    ratios_[i] = static_cast<float>(std::min(kept(i) / events / (shares[s] / total), 1e30));
  }
  const double scale = static_cast<double>(slots_.size()) / total;

  // Two stacks in one: poor slots from its begin on, rich ones down from its end.
  std::vector<std::uint32_t> stacks(drawn);
  std::size_t n_poor = 0, first_rich = drawn;
  for (std::size_t i = 0; i < drawn; ++i) {
    shares[i] *= scale;
    stacks[shares[i] < 1.0 ? n_poor++ : --first_rich] = static_cast<std::uint32_t>(i);
  }
  while (n_poor > 0 && first_rich < drawn) {
    const std::uint32_t poor = stacks[--n_poor], rich = stacks[first_rich];
    slots_[poor].keep =
        static_cast<std::uint32_t>(std::min(shares[poor] * 0x1p32, 0x1.fffffffep31));
    slots_[poor].alias = slots_[rich].item;
    shares[rich] -= 1.0 - shares[poor];
    if (shares[rich] < 1.0) stacks[n_poor++] = stacks[first_rich++];
  }
}

}  // namespace likewise
