// block.cpp: the step of one block.
#include "core/block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

namespace likewise {
namespace {

constexpr std::size_t kTile = 4;  // items whose scores or gradients are computed together

/// What is left of a step along which the block's loss bends by `curvature` a unit of rate.
float damped(float curvature) {
  return 1.0F / std::max(1.0F, curvature);
}

double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

}  // namespace

float* Scratch::reserve(std::size_t floats) {
  if (memory_.size() < floats + kRowAlign) memory_.resize(floats + kRowAlign);
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  const std::uintptr_t line = kRowAlign * sizeof(float);
  return reinterpret_cast<float*>((address + line - 1) / line * line);
}

Workspace::Workspace(const Kernels& kernels, const Sides& sides, const Options& options,
                     const NoiseSampler& noise)
    : kernels_(kernels),
      sides_(sides),
      window_(static_cast<std::size_t>(options.window)),
      negatives_(static_cast<float>(options.negatives)),
      noise_(noise) {
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
      for (std::size_t d = 0; d < sides_.stride; d += kRowAlign) __builtin_prefetch(row + d, 1, 2);
    }
    rows = rows.subspan(now);
    left -= now;
  }
}

// in_place: items are their own rows alone, and these are read where they stand.
void Workspace::gather(const RowList& rows, Side& side, bool in_place) {
  const std::size_t stride = sides_.stride, n = rows.items();
  side.rows.resize(n + kScorePadding);
  side.squares.resize(n);
  if (in_place) {
    for (std::size_t i = 0; i < n; ++i) side.rows[i] = rows.own(i) ? rows.own(i) : nothing_;
    kernels_.squares(side.rows.data(), n, stride, side.squares.data());
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

// Gradients of composed items: to the own row and to content rows, straight where the row belongs
// to one item of the block, otherwise by way of a sum.
void Workspace::scatter(const RowList& rows, Side& side) {
  const std::size_t stride = sides_.stride;
  const std::span<float* const> content = rows.content_rows();
  float* sums = side.slot_memory.reserve(content.size() * stride);
  side.slot_curvatures.assign(content.size(), 0.0F);
  for (std::uint32_t slot = 0; slot < content.size(); ++slot) {
    if (rows.is_shared(slot)) std::memset(sums + slot * stride, 0, stride * sizeof(float));
  }
  for (std::size_t i = 0; i < rows.items(); ++i) {
    const std::size_t count = rows.count_content(i);
    if (count == 0) continue;
    const std::uint32_t* slots = rows.slots(i);
    const float* weights = rows.weights(i);
    side.targets.resize(count + 1);
    side.weights.resize(count + 1);
    for (std::size_t e = 0; e < count; ++e) {
      const float curvature = weights[e] * weights[e] * side.curvatures[i];
      if (rows.is_shared(slots[e])) {
        side.targets[e] = sums + slots[e] * stride;
        side.weights[e] = weights[e];
        side.slot_curvatures[slots[e]] += curvature;
      } else {
        side.targets[e] = content[slots[e]];
        side.weights[e] = weights[e] * damped(curvature);
      }
    }
    std::size_t targets = count;
    if (float* own = rows.own(i)) {
      side.targets[targets] = own;
      side.weights[targets++] = damped(side.curvatures[i]);
    }
    kernels_.scatter(side.out[i], side.targets.data(), side.weights.data(), targets, stride);
  }
  for (std::uint32_t slot = 0; slot < content.size(); ++slot) {
    if (!rows.is_shared(slot)) continue;
    const float scale = damped(side.slot_curvatures[slot]);
    kernels_.scatter(sums + slot * stride, &content[slot], &scale, 1, stride);
  }
}

// Where the halves lie in the lists of rows, and room for their products.
void Workspace::lay_out(const PreparedBlock& prepared) {
  std::size_t center = 0, context = 0, most = 0;
  for (std::size_t h = 0; h < 2; ++h) {
    Part& part = parts_[h];
    part.half = &prepared.block.halves[h];
    part.first_center = center;
    part.first_context = context;
    part.first_negative = context + part.contexts();
    center += part.centers();
    context = part.first_negative + part.half->negatives.size();
    most = std::max(most, part.contexts());
    part.stride = padded(part.contexts()) + kRowAlign;  // kernels may spoil a line past the end
    const std::size_t noise = part.centers() * kNoiseColumns;
    part.steps = part.memory.reserve(part.centers() * part.stride + 2 * noise + kRowAlign);
    part.noise = part.steps + part.centers() * part.stride;
    part.context_noise = part.noise + noise;
  }
  center_.curvatures.assign(center, 0.0F);
  context_.curvatures.assign(context, 0.0F);
  if (most + kRowAlign > reach_) {
    reach_ = 2 * (most + kRowAlign);
    window_weights_.assign(2 * reach_ + 1, 0.0F);
    weight_at_ = window_weights_.data() + reach_;
    for (std::size_t d = 1; d <= std::min(window_, reach_); ++d) {
      window_weights_[reach_ + d] = window_weights_[reach_ - d] = window_weight(d, window_);
    }
  }
}

// Which contexts a tile of centers needs.
void Workspace::plan_tiles(Part& own, const Part* other) {
  const std::size_t m = own.centers(), n_tiles = (m + kTile - 1) / kTile;
  own.first_row.assign((own.contexts() + kTile - 1) / kTile, static_cast<std::uint32_t>(m));
  own.last_row.assign(own.first_row.size(), 0);
  own.tiles.resize(n_tiles);
  for (std::size_t t = 0; t < n_tiles; ++t) {
    Tile& tile = own.tiles[t];
    tile.first = t * kTile;
    tile.count = std::min(kTile, m - tile.first);
    std::size_t low = own.contexts(), high = 0;
    for (std::size_t i = tile.first; i < tile.first + tile.count; ++i) {
      low = std::min<std::size_t>(low, own.half->centers[i].low);
      high = std::max<std::size_t>(high, own.half->centers[i].high);
    }
    tile.low = low / kTile * kTile;
    tile.high = high;
    for (std::size_t j = tile.low / kTile; j * kTile < high; ++j) {
      own.first_row[j] = std::min(own.first_row[j], static_cast<std::uint32_t>(tile.first));
      own.last_row[j] = static_cast<std::uint32_t>(tile.first + tile.count);
    }
    plan_noise(tile, own, other, t);
  }
}

// The noise of a tile: kBandTiles times kTile contexts of the other half, and what is drawn for its
// own. The bands of the tiles go once around the other half.
void Workspace::plan_noise(Tile& tile, const Part& own, const Part* other, std::size_t turn) {
  const std::size_t n = other == nullptr ? 0 : other->contexts();
  const std::size_t around = (n + kTile - 1) / kTile;
  std::size_t column = 0;
  const auto add = [&](std::size_t first, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k, ++column) {
      tile.index[column] = static_cast<std::uint32_t>(first + k);
      tile.rows[column] = context_.rows[first + k];
    }
  };
  for (std::size_t b = 0; b < kBandTiles; ++b) {
    tile.start[b] = column;
    tile.band[b] = n;
    if (b >= around) continue;
    tile.band[b] = (turn * around / own.tiles.size() + b) % around * kTile;
    add(other->first_context + tile.band[b], std::min(kTile, n - tile.band[b]));
  }
  tile.start[kBandTiles] = column;
  add(own.first_negative, own.half->negatives.size());
  tile.start[kBandTiles + 1] = tile.n_noise = column;
  for (std::size_t k = 0; k < kScorePadding; ++k) tile.rows[column + k] = nothing_;
}

// The running mean of centers, and what share of noise each context's score with it makes.
void Workspace::move_mean(const Block& block) {
  const std::size_t stride = sides_.stride;
  const float step = std::max(kMeanStep, 1.0F / static_cast<float>(++blocks_));
  float pairs = 0;
  shares_.clear();
  for (const Half& half : block.halves) {
    for (const Center& center : half.centers) {
      shares_.push_back(step * center.pairs);
      pairs += center.pairs;
    }
  }
  for (float& share : shares_) share /= pairs;
  for (std::size_t d = 0; d < stride; ++d) mean_[d] *= 1.0F - step;
  const Terms terms{shares_.data(), 0, 1, center_.rows.data(), shares_.size()};
  const float one = 1.0F;
  kernels_.accumulate(&mean_, &one, 1, &terms, 1, stride);

  const std::size_t n = context_.squares.size();
  bases_.resize(padded(n) + kRowAlign);
  unused_.resize(bases_.size());
  ones_.assign(bases_.size(), 1.0F);
  kernels_.scores_at(mean_, 1, context_.rows.data(), n, stride, bases_.data(), bases_.size());
  kernels_.negative_steps(bases_.data(), unused_.data(), n, ones_.data(), ones_.data(), -1.0F);
}

// The weight of each noise column for one pair: `negatives` by the balance heuristic.
void Workspace::weigh_noise(Tile& tile, std::span<const float> ratios) {
  const auto events = static_cast<float>(tile.start[kBandTiles]);
  const auto drawn = static_cast<float>(tile.n_noise) - events;
  for (std::size_t k = 0; k < tile.n_noise; ++k) {
    tile.weights[k] = negatives_ / (drawn + events * ratios[tile.index[k]]);
    tile.bases[k] = about_mean_ ? bases_[tile.index[k]] : 0.0F;
  }
  std::fill(tile.weights + tile.n_noise, std::end(tile.weights), 0.0F);
  std::fill(tile.bases + tile.n_noise, std::end(tile.bases), 0.0F);
}

// Curvature of the loss along a center and its contexts: kCurvature times the summed squares of the
// vectors on the other side of its pairs, by weight.
void Workspace::bend_true_pairs(const Part& own, std::size_t i, float rate) {
  const Center& center = own.half->centers[i];
  const float* weights = weight_at_ - center.place;
  const float* squares = context_.squares.data() + own.first_context;
  float near = 0;
  for (std::size_t j = center.low; j < center.high; ++j) near += weights[j] * squares[j];
  center_.curvatures[own.first_center + i] += rate * kCurvature * near;
  const float square = center_.squares[own.first_center + i];
  for (std::size_t j = center.low; j < center.high; ++j) {
    context_.curvatures[own.first_context + j] += rate * kCurvature * weights[j] * square;
  }
}

void Workspace::score(Part& own, float rate, double* loss) {
  const std::size_t stride = sides_.stride;
  for (Tile& tile : own.tiles) {
    bring_some_near();
    const float* centers = center_.vectors + (own.first_center + tile.first) * stride;
    kernels_.scores_at(centers, tile.count, context_.rows.data() + own.first_context + tile.low,
                       tile.high - tile.low, stride, own.steps + tile.first * own.stride + tile.low,
                       own.stride);
    kernels_.scores_at(centers, tile.count, tile.rows, tile.n_noise, stride,
                       own.noise + tile.first * kNoiseColumns, kNoiseColumns);
    float bend = 0, pairs = 0, squares = 0;
    for (std::size_t k = 0; k < tile.n_noise; ++k) {
      bend += tile.weights[k] * context_.squares[tile.index[k]];
    }
    for (std::size_t i = tile.first; i < tile.first + tile.count; ++i) {
      const Center& center = own.half->centers[i];
      if (loss != nullptr) *loss += center_loss(own, tile, i);
      bend_true_pairs(own, i, rate);
      center_.curvatures[own.first_center + i] += rate * kCurvature * bend * center.pairs;
      pairs += center.pairs;
      squares += center.pairs * center_.squares[own.first_center + i];
      kernels_.positive_steps(own.steps + i * own.stride + tile.low, tile.high - tile.low,
                              center.low - tile.low, center.high - tile.low,
                              weight_at_ + tile.low - center.place, rate);
      kernels_.negative_steps(own.noise + i * kNoiseColumns, own.context_noise + i * kNoiseColumns,
                              kNoiseColumns, tile.weights, tile.bases, rate * center.pairs);
    }
    for (std::size_t k = 0; k < tile.n_noise; ++k) {
      mean_steps_[tile.index[k]] -= rate * pairs * tile.weights[k] * tile.bases[k];
      context_.curvatures[tile.index[k]] += rate * kCurvature * tile.weights[k] * squares;
    }
  }
}

// Which of a half's noise it has as contexts; whether any. A bit for each item of the half rules
// most of the noise out.
bool Workspace::mark_true_contexts(const Part& own, const Part* other) {
  constexpr std::size_t kWords = 32;
  const std::vector<ItemId>& contexts = own.half->contexts;
  seen_.assign(kWords, 0);
  const auto bit_of = [](ItemId item) {
    return (static_cast<std::uint32_t>(item) * 0x9E3779B1U) >> 21;  // 11 bits: 64 * kWords
  };
  for (const ItemId item : contexts) seen_[bit_of(item) / 64] |= 1ULL << bit_of(item) % 64;
  bool any = false;
  const auto mark = [&](const std::vector<ItemId>& items, std::size_t first) {
    for (std::size_t k = 0; k < items.size(); ++k) {
      const std::uint32_t bit = bit_of(items[k]);
      const bool found = (seen_[bit / 64] >> bit % 64 & 1U) != 0 &&
                         std::find(contexts.begin(), contexts.end(), items[k]) != contexts.end();
      true_[first + k] = found;
      any |= found;
    }
  };
  mark(own.half->negatives, own.first_negative);
  if (other != nullptr) mark(other->half->contexts, other->first_context);
  return any;
}

// Noise that is a true context of a center counts only for the center's other pairs.
void Workspace::skip_true_contexts(Part& own, const Part* other) {
  const std::vector<ItemId>& contexts = own.half->contexts;
  const auto item_at = [&](std::size_t index) {
    const std::size_t drawn = index - own.first_negative;  // or beyond any size
    return drawn < own.half->negatives.size() ? own.half->negatives[drawn]
                                              : other->half->contexts[index - other->first_context];
  };
  for (const Tile& tile : own.tiles) {
    for (std::size_t k = 0; k < tile.n_noise; ++k) {
      if (!true_[tile.index[k]]) continue;
      const ItemId item = item_at(tile.index[k]);
      for (std::size_t i = tile.first; i < tile.first + tile.count; ++i) {
        const Center& center = own.half->centers[i];
        float hit = 0;
        for (std::size_t j = center.low; j < center.high; ++j) {
          if (contexts[j] == item) hit += *(weight_at_ + j - center.place);
        }
        const float left = std::max(0.0F, 1.0F - hit / center.pairs);
        // The control variate stays whole: only then is it zero on average.
        const float removed = (1.0F - left) * own.noise[i * kNoiseColumns + k];
        own.noise[i * kNoiseColumns + k] -= removed;
        own.context_noise[i * kNoiseColumns + k] -= removed;
      }
    }
  }
}

double Workspace::center_loss(const Part& own, const Tile& tile, std::size_t i) const {
  const Center& center = own.half->centers[i];
  const float* steps = own.steps + i * own.stride;
  double loss = 0, noise = 0;
  for (std::size_t j = center.low; j < center.high; ++j) {
    const auto weight = static_cast<double>(*(weight_at_ + j - center.place));
    if (j != center.place) loss += weight * softplus(-static_cast<double>(steps[j]));
  }
  for (std::size_t k = 0; k < tile.n_noise; ++k) {
    noise += static_cast<double>(tile.weights[k]) *
             softplus(static_cast<double>(own.noise[i * kNoiseColumns + k]));
  }
  return loss + noise * static_cast<double>(center.pairs);
}

void Workspace::train(const PreparedBlock& prepared, const PreparedBlock* upcoming, float rate,
                      double* loss) {
  const std::size_t m = prepared.centers.items(), n = prepared.contexts.items();
  expect_rows(upcoming, (2 * m + n) / kTile);
  const bool shared = !prepared.block.halves[0].negatives.empty();
  gather(prepared.centers, center_, false);
  gather(prepared.contexts, context_, shared && sides_.context.features == nullptr);
  lay_out(prepared);
  if (!shared) {
    train_independent(prepared, rate, loss);
  } else {
    train_shared(prepared, rate, loss);
  }
  if (sides_.center.features != nullptr) scatter(prepared.centers, center_);
  if (sides_.context.features != nullptr) scatter(prepared.contexts, context_);
  upcoming_share_ =
      upcoming_[0].size() + upcoming_[1].size() + upcoming_[2].size() + upcoming_[3].size();
  bring_some_near();
}

void Workspace::train_centers(const Part& own) {
  const float* const* contexts = context_.rows.data() + own.first_context;
  for (const Tile& tile : own.tiles) {
    bring_some_near();
    const Terms terms[] = {
        {own.steps + tile.first * own.stride + tile.low, own.stride, 1, contexts + tile.low,
         tile.high - tile.low},
        {own.noise + tile.first * kNoiseColumns, kNoiseColumns, 1, tile.rows, tile.n_noise}};
    const std::size_t first = own.first_center + tile.first;
    kernels_.accumulate(center_.out.data() + first, center_.scales.data() + first, tile.count,
                        terms, std::size(terms), sides_.stride);
  }
}

// Gradients of a half's contexts, from its own centers and as noise to the other half's; and of the
// items drawn for it.
void Workspace::train_contexts(const Part& own, const Part* other) {
  const float* const* centers = center_.rows.data() + own.first_center;
  const float* mean = mean_;
  const auto finish = [&](std::size_t index, std::size_t count) {
    if (about_mean_) terms_.push_back({mean_steps_.data() + index, 1, 0, &mean, 1});
    kernels_.accumulate(context_.out.data() + index, context_.scales.data() + index, count,
                        terms_.data(), terms_.size(), sides_.stride);
  };
  for (std::size_t j = 0; j < own.contexts(); j += kTile) {
    bring_some_near();
    const std::size_t first = own.first_row[j / kTile], last = own.last_row[j / kTile];
    terms_.clear();
    if (first < last) {
      terms_.push_back(
          {own.steps + first * own.stride + j, 1, own.stride, centers + first, last - first});
    }
    for (std::size_t t = 0; other != nullptr && t < other->tiles.size(); ++t) {
      const Tile& tile = other->tiles[t];
      for (std::size_t b = 0; b < kBandTiles; ++b) {
        if (tile.band[b] != j) continue;
        terms_.push_back({other->context_noise + tile.first * kNoiseColumns + tile.start[b], 1,
                          kNoiseColumns, center_.rows.data() + other->first_center + tile.first,
                          tile.count});
      }
    }
    finish(own.first_context + j, std::min(kTile, own.contexts() - j));
  }
  const std::size_t drawn = own.half->negatives.size();
  for (std::size_t k = 0; k < drawn; k += kTile) {
    terms_.clear();
    // Tiles may have bands of different widths before the drawn items.
    for (const Tile& tile : own.tiles) {
      terms_.push_back({own.context_noise + tile.first * kNoiseColumns + tile.start[kBandTiles] + k,
                        1, kNoiseColumns, centers + tile.first, tile.count});
    }
    finish(own.first_negative + k, std::min(kTile, drawn - k));
  }
}

void Workspace::train_shared(const PreparedBlock& prepared, float rate, double* loss) {
  const bool alone = prepared.block.alone();
  const std::size_t halves = alone ? 1 : 2;
  mean_steps_.assign(context_.squares.size(), 0.0F);
  true_.resize(context_.squares.size());
  if (about_mean_) move_mean(prepared.block);
  const auto other = [&](std::size_t h) { return alone ? nullptr : &parts_[1 - h]; };
  for (std::size_t h = 0; h < halves; ++h) {
    plan_tiles(parts_[h], other(h));
    const bool any = mark_true_contexts(parts_[h], other(h));
    for (Tile& tile : parts_[h].tiles) weigh_noise(tile, prepared.ratios);
    score(parts_[h], rate, loss);
    if (any) skip_true_contexts(parts_[h], other(h));
  }
  choose_targets(prepared.centers, center_);
  choose_targets(prepared.contexts, context_);
  for (std::size_t h = 0; h < halves; ++h) train_centers(parts_[h]);
  for (std::size_t h = 0; h < halves; ++h) train_contexts(parts_[h], other(h));
}

// The reference for shared negatives: fresh draws for every pair, written as they come.
void Workspace::train_independent(const PreparedBlock& prepared, float rate, double* loss) {
  const std::size_t stride = sides_.stride;
  Scratch drawn_memory, gradient_memory;
  float* drawn = drawn_memory.reserve(stride);
  float* gradient = gradient_memory.reserve(stride);
  TokenSlots slots(sides_.context.features ? sides_.context.features->n_tokens() : 0);
  RowList rows;
  std::vector<float*> targets;
  Rng rng = prepared.block.rng;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.centers(); ++i) bend_true_pairs(part, i, rate);
  }
  // The draws are not known yet: they are taken to be like the contexts.
  for (float& curvature : center_.curvatures) curvature *= 1.0F + negatives_;
  choose_targets(prepared.centers, center_);
  choose_targets(prepared.contexts, context_);
  for (const Part& part : parts_) {
    for (std::size_t c = 0; c < part.centers(); ++c) {
      const Center& center = part.half->centers[c];
      const std::size_t i = part.first_center + c;
      const float* middle = center_.rows[i];
      const auto learn = [&](const float* context, float* context_out, float scale, float weight,
                             bool positive) {
        float scores[kRowAlign] = {}, unused[kRowAlign] = {}, weights[kRowAlign] = {weight};
        const float* columns[kScorePadding] = {context, nothing_, nothing_, nothing_};
        kernels_.scores_at(middle, 1, columns, 1, stride, scores, kRowAlign);
        if (loss != nullptr) {
          *loss += static_cast<double>(weight) *
                   softplus(static_cast<double>(positive ? -scores[0] : scores[0]));
        }
        if (positive) {
          kernels_.positive_steps(scores, 1, 0, 1, weights, rate);
        } else {
          kernels_.negative_steps(scores, unused, 1, weights, unused, rate);
        }
        const Terms to_center{scores, 0, 0, columns, 1};
        const Terms to_context{scores, 0, 0, center_.rows.data() + i, 1};
        kernels_.accumulate(&center_.out[i], &center_.scales[i], 1, &to_center, 1, stride);
        kernels_.accumulate(&context_out, &scale, 1, &to_context, 1, stride);
      };
      for (std::size_t at = center.low; at < center.high; ++at) {
        if (at == center.place) continue;
        const std::size_t j = part.first_context + at;
        const float weight = *(weight_at_ + at - center.place);
        learn(context_.vectors + j * stride, context_.out[j], context_.scales[j], weight, true);
        for (int draw = 0; draw < static_cast<int>(negatives_); ++draw) {
          const ItemId item = noise_.draw(rng);
          if (item == part.half->contexts[at]) continue;
          slots.start_list();
          rows.clear();
          rows.add(sides_.context, item, true, slots);
          kernels_.compose(drawn, rows.rows(0), rows.weights(0), rows.count(0), stride);
          std::memset(gradient, 0, stride * sizeof(float));
          learn(drawn, gradient, 1.0F, weight, false);
          targets.clear();  // one an entry: an item may list a row twice
          for (std::size_t e = 0; e < rows.count_content(0); ++e) {
            targets.push_back(rows.content_rows()[rows.slots(0)[e]]);
          }
          if (float* own = rows.own(0)) targets.push_back(own);
          kernels_.scatter(gradient, targets.data(), rows.weights(0), targets.size(), stride);
        }
      }
    }
  }
}

}  // namespace likewise
