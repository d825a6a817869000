// quantised.cpp: rounding, and the layout of panels.
#include "core/search/quantised.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/search/answers.h"

namespace likewise {
namespace {

constexpr float kLongest = 181.0F;  // 181 * 181 < 2^15
constexpr float kRowMost = 127.0F, kQueryMost = 63.0F;
constexpr std::uint8_t kZero = 128;

float largest_of(const float* values, std::size_t dim) {
  float most = 0.0F;
  for (std::size_t d = 0; d < dim; ++d) most = std::max(most, std::abs(values[d]));
  return most;
}

/// The smallest scale that keeps what is rounded within its bounds, or nearly: see `fits`.
float scale_for(float length, float largest, float most) {
  const float scale = std::max(length / (kLongest - 1.0F), largest / most);
  return scale > 0.0F ? scale : 1.0F;
}

/// Rounds; returns the length of what that took, or -1 when the result is too long.
float round_all(const float* values, std::size_t dim, float scale, float most, float* rounded) {
  const float inverse = 1.0F / scale;
  float squares = 0.0F, lost = 0.0F;
  for (std::size_t d = 0; d < dim; ++d) {
    // To the nearest whole number: floats of this size have no fractions.
    const float whole = (std::clamp(values[d] * inverse, -most, most) + 0x1.8p23F) - 0x1.8p23F;
    rounded[d] = whole;
    squares += whole * whole;
    const float rest = values[d] - scale * whole;
    lost += rest * rest;
  }
  if (squares > kLongest * kLongest) return -1.0F;
  return std::sqrt(lost) * (1.0F + 1e-4F);
}

std::uint64_t digest(const float* row, std::size_t dim) {
  std::uint64_t state = 0;
  for (std::size_t d = 0; d < dim; ++d) {
    state = (state ^ std::bit_cast<std::uint32_t>(row[d])) * 0x9E3779B97F4A7C15ULL;
    state ^= state >> 29;
  }
  return state;
}

}  // namespace

QuantisedRows::QuantisedRows(const RowsView& rows, const Clusters& clusters,
                             const std::uint8_t* allowed, int threads, const Poll& poll)
    : kernels_(&kernels()), clusters_(clusters.size()) {
  const std::size_t group = kernels_->bytes.group;
  groups_ = (rows.columns + group - 1) / group;
  const auto taken = [&](std::size_t i) {
    return clusters.labels[i] >= 0 && (allowed == nullptr || allowed[i] != 0);
  };
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (taken(i)) ++clusters_[static_cast<std::size_t>(clusters.labels[i])].last;
  }
  std::size_t slots = 0, panels = 0;
  for (QuantisedCluster& cluster : clusters_) {
    const std::size_t size = std::exchange(cluster.last, slots);
    cluster.first = slots;
    cluster.panel = panels;
    slots += size;
    panels += (size + kScanCandidates - 1) / kScanCandidates;
  }
  positions_.resize(slots);
  equal_.resize(slots);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (!taken(i)) continue;
    positions_[clusters_[static_cast<std::size_t>(clusters.labels[i])].last++] =
        static_cast<ItemId>(i);
  }
  bytes_ = Table((panels * panel_bytes() + 63) / 64, kLine);
  std::atomic<float> longest{0.0F};
  parallel_for(
      threads, static_cast<std::int64_t>(clusters_.size()), 8,
      [&](std::int64_t first, std::int64_t last, int) {
        float mine = 0.0F;
        for (auto c = static_cast<std::size_t>(first); c < static_cast<std::size_t>(last); ++c) {
          quantise(rows, clusters.centers.row(c), clusters_[c]);
          mine = std::max(mine,
                          length_of(clusters.centers.row(c), rows.columns) + clusters_[c].radius);
        }
        float known = longest.load();
        while (known < mine && !longest.compare_exchange_weak(known, mine)) {
        }
      },
      poll);
  longest_ = longest.load();
}

void QuantisedRows::quantise(const RowsView& rows, const float* center, QuantisedCluster& cluster) {
  const std::size_t size = cluster.last - cluster.first, dim = rows.columns;
  if (size == 0) return;
  std::vector<std::pair<std::uint64_t, ItemId>> order(size);
  const auto row_at = [&](ItemId position) { return rows.row(static_cast<std::size_t>(position)); };
  for (std::size_t i = 0; i < size; ++i) {
    const ItemId position = positions_[cluster.first + i];
    order[i] = {digest(row_at(position), dim), position};
  }
  std::sort(order.begin(), order.end());
  std::vector<float> rest(dim), rounded(dim);
  const auto difference = [&](ItemId position) {
    const float* row = row_at(position);
    for (std::size_t d = 0; d < dim; ++d) rest[d] = row[d] - center[d];
    return rest.data();
  };
  float largest = 0.0F;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t slot = cluster.first + i;
    const ItemId position = order[i].second;
    positions_[slot] = position;
    const bool same =
        i > 0 && order[i - 1].first == order[i].first &&
        std::memcmp(row_at(order[i - 1].second), row_at(position), dim * sizeof(float)) == 0;
    equal_[slot] = same ? equal_[slot - 1] : static_cast<std::uint32_t>(slot);
    if (same) continue;
    difference(position);
    cluster.radius = std::max(cluster.radius, length_of(rest.data(), dim));
    largest = std::max(largest, largest_of(rest.data(), dim));
  }
  cluster.scale = scale_for(cluster.radius, largest, kRowMost);
  const std::size_t group = kernels_->bytes.group;
  for (std::size_t i = 0; i < size;) {
    const float error =
        round_all(difference(order[i].second), dim, cluster.scale, kRowMost, rounded.data());
    if (error < 0.0F) {  // rounding has made it too long: all of them once more
      cluster.scale *= 1.01F;
      i = 0;
      continue;
    }
    cluster.error = std::max(cluster.error, error);
    auto* panel = const_cast<std::uint8_t*>(this->panel(cluster.panel + i / kScanCandidates));
    std::uint8_t* place = panel + i % kScanCandidates * group;
    for (std::size_t d = 0; d < dim; ++d) {
      place[d / group * kScanCandidates * group + d % group] =
          static_cast<std::uint8_t>(static_cast<int>(rounded[d]) + kZero);
    }
    ++i;
  }
}

void QuantisedQuery::set(const float* query, std::size_t dim, std::size_t group) {
  std::vector<float> rounded(dim);
  length = length_of(query, dim);
  scale = scale_for(length, largest_of(query, dim), kQueryMost);
  while ((error = round_all(query, dim, scale, kQueryMost, rounded.data())) < 0.0F) scale *= 1.01F;
  words.assign((dim + group - 1) / group, 0);
  start = 0;
  for (std::size_t d = 0; d < dim; ++d) {
    const auto whole = static_cast<std::int32_t>(rounded[d]);
    start -= kZero * whole;
    if (group == 1) {
      words[d] = static_cast<std::uint32_t>(whole);
      continue;
    }
    const std::uint32_t byte = static_cast<std::uint32_t>(whole) & 0xFFU;
    for (std::size_t at = d % group; at < 4; at += group) words[d / group] |= byte << (8 * at);
  }
}

}  // namespace likewise
