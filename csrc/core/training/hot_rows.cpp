// hot_rows.cpp: choosing, copying and merging of busy rows.
#include "core/training/hot_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/training/planner.h"

namespace likewise {
namespace {

constexpr std::size_t kAhead = 4;  // rows asked for before they are merged

}  // namespace

HotTokens::HotTokens(const FeatureView& features, std::span<const std::int64_t> counts,
                     std::size_t blocks) {
  std::vector<std::int64_t> events(features.n_tokens());
  std::int64_t all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all += counts[i];
    for (const auto token : features.tokens(i))
      events[static_cast<std::size_t>(token)] += counts[i];
  }
  for (std::size_t t = 0; t < events.size(); ++t) {
    const auto met =
        static_cast<double>(events[t]) * static_cast<double>(blocks * 2 * kHalfCenters);
    if (met >= static_cast<double>(kMeetings) * static_cast<double>(all)) {
      tokens_.push_back(static_cast<std::uint32_t>(t));
    }
  }
  if (tokens_.size() > kMostHot) {
    std::nth_element(tokens_.begin(), tokens_.begin() + kMostHot, tokens_.end(),
                     [&](std::uint32_t a, std::uint32_t b) {
                       return events[a] != events[b] ? events[a] > events[b] : a < b;
                     });
    tokens_.resize(kMostHot);
    std::sort(tokens_.begin(), tokens_.end());
  }
  places_.assign(events.size(), static_cast<std::uint16_t>(tokens_.size()));
  for (std::size_t place = 0; place < tokens_.size(); ++place) {
    places_[tokens_[place]] = static_cast<std::uint16_t>(place);
  }
}

float merged_share(float curvature, int threads) {
  const auto n = static_cast<float>(threads);
  const float one = -std::expm1(-curvature);
  return one > 0 ? -std::expm1(-n * curvature) / (n * one) : 1.0F;
}

HotRows::HotRows(const Kernels& kernels, const HotTokens& hot, Table& shared, Table copies,
                 int threads)
    : kernels_(kernels),
      hot_(hot),
      shared_(shared),
      threads_(threads),
      copies_(std::move(copies)),
      before_(hot.tokens().size(), shared.dim()),
      bends_(hot.tokens().size()) {
  for (std::size_t h = 0; h < hot.tokens().size(); ++h) renew(h);
}

void HotRows::renew(std::size_t place) {
  const float* row = shared_.row(hot_.tokens()[place]);
  std::memcpy(copies_.row(place), row, before_.stride() * sizeof(float));
  std::memcpy(before_.row(place), row, before_.stride() * sizeof(float));
}

void HotRows::merge() {
  const std::span<const std::uint32_t> tokens = hot_.tokens();
  const std::size_t stride = before_.stride();
  for (std::size_t h = 0; h < tokens.size(); ++h) {
    if (h + kAhead < tokens.size()) {  // another core had it last
      const float* next = shared_.row(tokens[h + kAhead]);
      for (std::size_t d = 0; d < stride; d += kLine) __builtin_prefetch(next + d, 1, 2);
    }
    float* const row = shared_.row(tokens[h]);
    const float* const copy = copies_.row(h);
    float* const before = before_.row(h);
    // Also where nothing was noted: most blocks are not.
    const float share = merged_share(kArrival * bends_[h], threads_);
    for (std::size_t d = 0; d < stride; ++d) before[d] = copy[d] - before[d];
    kernels_.scatter(before, &row, &share, 1, stride);
    bends_[h] = 0;
    renew(h);
  }
}

std::size_t merge_every(std::size_t blocks, int threads) {
  const auto n = static_cast<std::size_t>(threads);
  const std::size_t every = std::min(kUnmerged / n, blocks / kMerges);
  return n < 2 || every < kMergeLeast ? 0 : every;
}

}  // namespace likewise
