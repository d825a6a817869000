// block.cpp: rows in and out of a block's step, and what both kinds of negatives share.
#include "core/training/block.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace likewise {
namespace {

/// What is left of a step along which the block's loss bends by `curvature` a unit of rate.
float damped(float curvature) {
  return 1.0F / std::max(1.0F, curvature);
}

}  // namespace

float* Scratch::reserve(std::size_t floats) {
  if (memory_.size() < floats + kLine) memory_.resize(floats + kLine);
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  const std::uintptr_t line = kLine * sizeof(float);
  return reinterpret_cast<float*>((address + line - 1) / line * line);
}

Workspace::Workspace(const Kernels& kernels, const Sides& sides, const Options& options,
                     const NoiseSampler& noise)
    : kernels_(kernels),
      sides_(sides),
      window_(static_cast<std::size_t>(options.window)),
      negatives_(static_cast<float>(options.negatives)),
      noise_(noise),
      packed_(options.shared_negatives ? kernels.packed : nullptr),
      group_(packed_ == nullptr ? 1 : 2) {
  about_mean_ = sides.context.features == nullptr;
  mean_ = mean_memory_.reserve(sides.stride);
  nothing_ = nothing_memory_.reserve(sides.stride);
}

void Workspace::expect_rows(const PreparedBlock* upcoming, std::size_t pauses) {
  if (upcoming == nullptr) return;
  upcoming_[0] = upcoming->centers.content_rows();
  upcoming_[1] = upcoming->centers.own_rows();
  upcoming_[2] = upcoming->contexts.content_rows();
  upcoming_[3] = upcoming->contexts.own_rows();
  std::size_t rows = 0;
  for (const auto& part : upcoming_) rows += part.size();
  upcoming_share_ = rows / std::max<std::size_t>(1, pauses) + 1;
}

// A burst of look-ups would fill the queue of open misses and stall; a few at each pause between
// tiles travel while the next tile is computed.
void Workspace::bring_some_near() {
  std::size_t left = upcoming_share_;
  for (std::span<float* const>& rows : upcoming_) {
    const std::size_t now = std::min(left, rows.size());
    for (const float* row : rows.first(now)) {
      if (row == nullptr) continue;
      for (std::size_t d = 0; d < sides_.stride; d += kLine) __builtin_prefetch(row + d, 1, 2);
    }
    rows = rows.subspan(now);
    left -= now;
  }
}

// in_place: items are their own rows alone, and these are read where they stand.
void Workspace::gather(const RowList& rows, Side& side, bool in_place) {
  const std::size_t stride = sides_.stride, n = rows.items();
  side.items = n;
  side.rows.resize(n + kScorePadding);
  side.squares.resize(n + kLine);  // kernels go on to whole lines
  if (in_place) {
    for (std::size_t i = 0; i < n; ++i) side.rows[i] = rows.own(i) ? rows.own(i) : nothing_;
    if (packed_ == nullptr) {
      kernels_.squares(side.rows.data(), n, stride, side.squares.data());
    }
  } else {
    side.vectors = side.vector_memory.reserve(n * stride);
    for (std::size_t i = 0; i < n; ++i) {
      float* vector = side.vectors + i * stride;
      side.rows[i] = vector;
      side.squares[i] =
          kernels_.compose(vector, rows.rows(i), rows.weights(i), rows.count(i), stride);
    }
  }
  for (std::size_t k = 0; k < kScorePadding; ++k) side.rows[n + k] = nothing_;
}

// A gradient goes straight to the row where an item is its own row alone, otherwise to scratch.
void Workspace::choose_targets(const RowList& rows, Side& side) {
  const std::size_t stride = sides_.stride, n = rows.items();
  float* gradient = side.gradient_memory.reserve(n * stride);
  side.out.resize(n);
  if (rows.all_own()) {
    std::copy_n(rows.own_rows().begin(), n, side.out.begin());
    side.scales.resize(n);
    for (std::size_t i = 0; i < n; ++i) side.scales[i] = damped(side.curvatures[i]);
    return;
  }
  side.scales.assign(n, 1.0F);
  for (std::size_t i = 0; i < n; ++i, gradient += stride) {
    if (rows.own(i) != nullptr && rows.count_content(i) == 0) {
      side.out[i] = rows.own(i);
      side.scales[i] = damped(side.curvatures[i]);
    } else {
      side.out[i] = gradient;
      std::memset(gradient, 0, stride * sizeof(float));
    }
  }
}

// The entries of all items again, row of content after row, by counting; and what they bend.
void Workspace::sort_by_row(const RowList& rows, Side& side) {
  const std::span<const std::uint32_t> entries_of = rows.entries_of();
  side.bends.assign(entries_of.size(), 0.0F);
  side.ends.resize(entries_of.size());
  std::uint32_t all = 0;
  for (std::size_t slot = 0; slot < entries_of.size(); ++slot) {
    side.ends[slot] = std::exchange(all, all + entries_of[slot]);
  }
  side.gradients.resize(all);
  side.weights.resize(all);
  // By pointers: to the compiler, what is written might be the vectors themselves.
  const float** const gradients = side.gradients.data();
  float *const weights = side.weights.data(), *const bends = side.bends.data();
  std::uint32_t* const ends = side.ends.data();
  for (std::size_t i = 0; i < rows.items(); ++i) {
    const std::span<const std::uint32_t> slots = rows.slots(i);
    const float* const given = rows.weights(i);
    const float* const gradient = side.out[i];
    const float curvature = side.curvatures[i];
    for (std::size_t k = 0; k < slots.size(); ++k) {
      const std::uint32_t slot = slots[k], at = ends[slot]++;
      gradients[at] = gradient;
      weights[at] = given[k];
      bends[slot] += given[k] * given[k] * curvature;
    }
  }
}

// Gradients of composed items: to own rows, and to each row of content the sum of what its items
// have for it.
void Workspace::scatter(const RowList& rows, Side& side, HotRows* hot) {
  const std::size_t stride = sides_.stride;
  const std::span<float* const> content = rows.content_rows();
  sort_by_row(rows, side);
  const bool noting = hot != nullptr && hot->noting();
  std::uint32_t begin = 0;
  for (std::size_t slot = 0; slot < content.size(); ++slot) {
    const std::uint32_t end = side.ends[slot];
    if (content[slot] == nullptr) continue;
    if (noting) hot->note(content[slot], side.bends[slot]);
    kernels_.collect(content[slot], damped(side.bends[slot]), side.gradients.data() + begin,
                     side.weights.data() + begin, end - begin, stride);
    begin = end;
  }
  for (std::size_t i = 0; i < rows.items(); ++i) {
    float* const own = rows.own(i);
    if (own == nullptr || rows.count_content(i) == 0) continue;
    const float scale = damped(side.curvatures[i]);
    kernels_.scatter(side.out[i], &own, &scale, 1, stride);
  }
}

// Where the halves lie in the lists of rows, and room for their products. Packed rows of a half
// begin at even places, those of its centers at whole tiles.
void Workspace::lay_out(const PreparedBlock& prepared) {
  std::size_t center = 0, context = 0, most = 0, center_place = 0, context_place = 0;
  for (std::size_t h = 0; h < 2; ++h) {
    Part& part = parts_[h];
    part.half = &prepared.block.halves[h];
    part.first_center = center;
    part.first_context = context;
    part.first_negative = context + part.contexts();
    part.center_place = center_place;
    part.context_place = context_place;
    part.negative_place = context_place + rounded_up(part.contexts(), group_);
    center += part.centers();
    context = part.first_negative + part.half->negatives.size();
    center_place += packed_ == nullptr ? part.centers() : rounded_up(part.centers(), kTile);
    context_place = part.negative_place + rounded_up(part.half->negatives.size(), group_);
    most = std::max(most, part.contexts());
    part.stride = whole_lines(part.contexts()) + kLine;  // kernels may spoil a line past the end
    const std::size_t m = rounded_up(part.centers(), kTile), noise = m * kNoiseColumns;
    const std::size_t words = packed_ == nullptr ? 0 : m * part.stride + noise;
    part.steps = part.memory.reserve(m * part.stride + 2 * noise + words + kLine);
    part.noise = part.steps + m * part.stride;
    part.context_noise = part.noise + noise;
    part.to_centers = part.to_contexts = part.steps;
    part.noise_to_centers = part.noise;
    part.noise_to_contexts = part.context_noise;
    if (packed_ == nullptr) continue;
    part.to_centers = part.context_noise + noise;
    part.to_contexts = part.to_centers + m * part.stride / 2;
    part.noise_to_centers = part.to_contexts + m * part.stride / 2;
    part.noise_to_contexts = part.noise_to_centers + noise / 2;
  }
  center_.curvatures.assign(center, 0.0F);
  context_.curvatures.assign(context + kLine, 0.0F);  // kernels go on to whole lines
  if (most + kLine > reach_) {
    reach_ = 2 * (most + kLine);
    window_weights_.assign(2 * reach_ + 1, 0.0F);
    weight_at_ = window_weights_.data() + reach_;
    for (std::size_t d = 1; d <= std::min(window_, reach_); ++d) {
      window_weights_[reach_ + d] = window_weights_[reach_ - d] = window_weight(d, window_);
    }
  }
}

// Curvature of the loss along `count` centers from `first` on and their contexts, in [low, high):
// kCurvature times the summed squares of the vectors on the other side of the pairs, by weight.
void Workspace::bend_true_pairs(const Part& own, std::size_t first, std::size_t count,
                                std::size_t low, std::size_t high, float rate, TrueSpan* spans) {
  float scales[kTile] = {}, pulls[kTile] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const Center& center = own.half->centers[first + i];
    spans[i] = {center.low - low, center.high - low, weight_at_ + low - center.place};
    scales[i] = rate * kCurvature * center_.squares[own.first_center + first + i];
  }
  kernels_.bend(spans, count, high - low, context_.squares.data() + own.first_context + low, scales,
                context_.curvatures.data() + own.first_context + low, pulls);
  for (std::size_t i = 0; i < count; ++i) {
    center_.curvatures[own.first_center + first + i] += rate * kCurvature * pulls[i];
  }
}

void Workspace::train(const PreparedBlock& prepared, const PreparedBlock* upcoming, float rate,
                      double* loss) {
  const std::size_t m = prepared.centers.items(), n = prepared.contexts.items();
  expect_rows(upcoming, (2 * m + n) / kTile + (packed_ == nullptr ? 0 : m / kTile + n / kLine));
  const bool shared = !prepared.block.halves[0].negatives.empty();
  gather(prepared.centers, center_, packed_ != nullptr && sides_.center.features == nullptr);
  gather(prepared.contexts, context_, shared && sides_.context.features == nullptr);
  lay_out(prepared);
  if (packed_ != nullptr) pack_rows();
  if (!shared) {
    train_independent(prepared, rate, loss);
  } else {
    train_shared(prepared, rate, loss);
  }
  if (sides_.center.features != nullptr) {
    scatter(prepared.centers, center_, sides_.center.hot);
  }
  if (sides_.context.features != nullptr) {
    scatter(prepared.contexts, context_, sides_.context.hot);
  }
  upcoming_share_ =
      upcoming_[0].size() + upcoming_[1].size() + upcoming_[2].size() + upcoming_[3].size();
  bring_some_near();
}

}  // namespace likewise
