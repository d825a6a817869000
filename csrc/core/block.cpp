// block.cpp: the step of one block.
#include "core/block.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
      negatives_(static_cast<float>(options.negatives)),
      noise_(noise) {
  // A context row meets its true pairs in one block and its noise in another, unevenly bent:
  // damping each by its own would tilt the objective. Beside rows of content, which meet both
  // together, it must not run ahead of them.
  context_.damp_own = sides.context.features != nullptr;
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

void Workspace::gather(const RowList& rows, Side& side) {
  const std::size_t stride = sides_.stride, n = rows.items();
  side.vectors = side.vector_memory.reserve((n + kScorePadding) * stride);
  side.squares.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    side.squares[i] = kernels_.compose(side.vectors + i * stride, rows.rows(i), rows.weights(i),
                                       rows.count(i), stride);
  }
}

// The curvature of the block's loss along each vector, times the rate: kCurvature times the summed
// squares of the vectors on the other side of its pairs, negatives by their weight.
void Workspace::find_curvatures(const Block& block, float rate) {
  const std::size_t n = block.contexts.size(), draws = block.negatives.size();
  const float bound = rate * kCurvature;
  const float per_pair = negatives_ / static_cast<float>(std::max<std::size_t>(1, draws));
  float noise = 0;
  for (std::size_t k = 0; k < draws; ++k) noise += context_.squares[n + k];

  running_.assign(n + 1, 0.0F);
  for (std::size_t j = 0; j < n; ++j) running_[j + 1] = running_[j] + context_.squares[j];
  center_.curvatures.resize(block.centers.size());
  for (std::size_t i = 0; i < block.centers.size(); ++i) {
    const Block::Center& center = block.centers[i];
    const float near =
        running_[center.high] - running_[center.low] - context_.squares[center.place];
    // Without shared negatives the draws are not known yet: they are taken to be like the contexts.
    const float drawn =
        draws == 0 ? negatives_ * near : per_pair * static_cast<float>(center.pairs()) * noise;
    center_.curvatures[i] = bound * (std::max(near, 0.0F) + drawn);
  }

  running_.assign(n + 1, 0.0F);
  context_.curvatures.assign(n + draws, 0.0F);
  float for_negatives = 0;
  for (std::size_t i = 0; i < block.centers.size(); ++i) {
    const Block::Center& center = block.centers[i];
    const float square = center_.squares[i];
    running_[center.low] += square;
    running_[center.high] -= square;
    context_.curvatures[center.place] -= bound * square;  // no center is its own context
    for_negatives += per_pair * static_cast<float>(center.pairs()) * square;
  }
  float covering = 0;
  for (std::size_t j = 0; j < n; ++j) {
    covering += running_[j];
    context_.curvatures[j] = std::max(0.0F, context_.curvatures[j] + bound * covering);
  }
  for (std::size_t k = 0; k < draws; ++k) context_.curvatures[n + k] = bound * for_negatives;
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
      if (side.damp_own) side.scales[i] = damped(side.curvatures[i]);
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
      side.weights[targets++] = side.damp_own ? damped(side.curvatures[i]) : 1.0F;
    }
    kernels_.scatter(side.out[i], side.targets.data(), side.weights.data(), targets, stride);
  }
  for (std::uint32_t slot = 0; slot < content.size(); ++slot) {
    if (!rows.is_shared(slot)) continue;
    const float scale = damped(side.slot_curvatures[slot]);
    kernels_.scatter(sums + slot * stride, &content[slot], &scale, 1, stride);
  }
}

// A negative that is a true context of a center counts only for the center's other pairs.
void Workspace::skip_true_contexts(const Block& block) {
  const auto begin = block.contexts.begin();
  for (std::size_t k = 0; k < block.negatives.size(); ++k) {
    const ItemId drawn = block.negatives[k];
    if (std::find(begin, block.contexts.end(), drawn) == block.contexts.end()) continue;
    for (std::size_t i = 0; i < block.centers.size(); ++i) {
      const Block::Center& center = block.centers[i];
      auto hits = std::count(begin + center.low, begin + center.high, drawn);
      if (block.contexts[center.place] == drawn) --hits;
      if (hits == 0) continue;
      const auto pairs = static_cast<float>(center.pairs());
      scores_[i * score_stride_ + first_negative_ + k] *=
          (pairs - static_cast<float>(hits)) / pairs;
    }
  }
}

double Workspace::center_loss(const Block& block, std::size_t i) const {
  const Block::Center& center = block.centers[i];
  const float* row = scores_ + i * score_stride_;
  double loss = 0, noise = 0;
  for (std::size_t j = center.low; j < center.high; ++j) {
    if (j != center.place) loss += softplus(-static_cast<double>(row[j]));
  }
  for (std::size_t k = 0; k < block.negatives.size(); ++k) {
    noise += softplus(static_cast<double>(row[first_negative_ + k]));
  }
  return loss + noise * static_cast<double>(negatives_) * center.pairs() /
                    static_cast<double>(block.negatives.size());
}

void Workspace::train(const PreparedBlock& prepared, const PreparedBlock* upcoming, float rate,
                      double* loss, Rng& rng) {
  const std::size_t m = prepared.centers.items(), n = prepared.contexts.items();
  expect_rows(upcoming, (2 * m + n) / kTile);
  gather(prepared.centers, center_);
  gather(prepared.contexts, context_);
  find_curvatures(prepared.block, rate);
  choose_targets(prepared.centers, center_);
  choose_targets(prepared.contexts, context_);
  if (prepared.block.negatives.empty()) {
    train_independent(prepared, rate, loss, rng);
  } else {
    train_shared(prepared, rate, loss);
  }
  if (sides_.center.features != nullptr) scatter(prepared.centers, center_);
  if (sides_.context.features != nullptr) scatter(prepared.contexts, context_);
  upcoming_share_ =
      upcoming_[0].size() + upcoming_[1].size() + upcoming_[2].size() + upcoming_[3].size();
  bring_some_near();
}

void Workspace::train_shared(const PreparedBlock& prepared, float rate, double* loss) {
  const Block& block = prepared.block;
  const std::size_t stride = sides_.stride;
  const std::size_t m = block.centers.size(), n = block.contexts.size();
  const std::size_t k = block.negatives.size();
  first_negative_ = padded(n) + kRowAlign;  // the kernels may spoil a line past the contexts
  score_stride_ = first_negative_ + padded(k);
  scores_ = score_memory_.reserve(m * score_stride_ + kRowAlign);
  std::memset(scores_, 0, m * score_stride_ * sizeof(float));

  first_row_.assign((n + kTile - 1) / kTile, static_cast<std::uint32_t>(m));
  last_row_.assign(first_row_.size(), 0);
  spans_.clear();

  const float* negative_rows = context_.vectors + n * stride;
  const float weight = rate * negatives_ / static_cast<float>(k);
  for (std::size_t i = 0; i < m; i += kTile) {
    bring_some_near();
    const std::size_t end = std::min(i + kTile, m);
    std::size_t low = n, high = 0;
    for (std::size_t r = i; r < end; ++r) {
      low = std::min<std::size_t>(low, block.centers[r].low);
      high = std::max<std::size_t>(high, block.centers[r].high);
    }
    spans_.push_back({low, high});
    for (std::size_t tile = low / kTile; tile <= (high - 1) / kTile; ++tile) {
      first_row_[tile] = std::min(first_row_[tile], static_cast<std::uint32_t>(i));
      last_row_[tile] = static_cast<std::uint32_t>(end);
    }
    float* scores = scores_ + i * score_stride_;
    kernels_.scores(center_.vectors + i * stride, end - i, context_.vectors + low * stride,
                    high - low, stride, scores + low, score_stride_);
    kernels_.scores(center_.vectors + i * stride, end - i, negative_rows, k, stride,
                    scores + first_negative_, score_stride_);
    for (std::size_t r = i; r < end; ++r) {
      const Block::Center& center = block.centers[r];
      if (loss != nullptr) *loss += center_loss(block, r);
      float* row = scores_ + r * score_stride_;
      kernels_.positive_steps(row + low, high - low, center.low - low, center.high - low,
                              center.place - low, rate);
      kernels_.negative_steps(row + first_negative_, k,
                              weight * static_cast<float>(center.pairs()));
    }
  }
  skip_true_contexts(block);

  const Terms nothing{scores_, 0, 0, scores_, 0};
  for (std::size_t i = 0; i < m; i += kTile) {
    bring_some_near();
    const auto [low, high] = spans_[i / kTile];
    const float* steps = scores_ + i * score_stride_;
    const Terms true_terms{steps + low, score_stride_, 1, context_.vectors + low * stride,
                           high - low};
    const Terms noise_terms{steps + first_negative_, score_stride_, 1, negative_rows, k};
    kernels_.accumulate(center_.out.data() + i, center_.scales.data() + i, std::min(kTile, m - i),
                        true_terms, noise_terms, stride);
  }
  for (std::size_t tile = 0; tile < first_row_.size(); ++tile) {
    const std::size_t j = tile * kTile, first = first_row_[tile], last = last_row_[tile];
    bring_some_near();
    if (first >= last) continue;
    const Terms terms{scores_ + first * score_stride_ + j, 1, score_stride_,
                      center_.vectors + first * stride, last - first};
    kernels_.accumulate(context_.out.data() + j, context_.scales.data() + j, std::min(kTile, n - j),
                        terms, nothing, stride);
  }
  const Terms terms{scores_ + first_negative_, 1, score_stride_, center_.vectors, m};
  kernels_.accumulate(context_.out.data() + n, context_.scales.data() + n, k, terms, nothing,
                      stride);
}

// The reference for shared negatives: fresh draws for every pair, written as they come.
void Workspace::train_independent(const PreparedBlock& prepared, float rate, double* loss,
                                  Rng& rng) {
  const Block& block = prepared.block;
  const std::size_t stride = sides_.stride;
  const Terms nothing{center_.vectors, 0, 0, center_.vectors, 0};
  Scratch drawn_memory, gradient_memory;
  float* drawn = drawn_memory.reserve(kScorePadding * stride);
  float* gradient = gradient_memory.reserve(stride);
  TokenSlots slots(sides_.context.features ? sides_.context.features->n_tokens() : 0);
  RowList rows;
  std::vector<float*> targets;
  for (std::size_t i = 0; i < block.centers.size(); ++i) {
    const Block::Center& center = block.centers[i];
    float* middle = center_.vectors + i * stride;
    const auto learn = [&](const float* context, float* context_out, float scale, bool positive) {
      float scores[kRowAlign] = {};
      kernels_.scores(middle, 1, context, 1, stride, scores, kRowAlign);
      const float score = scores[0];
      if (loss != nullptr) *loss += softplus(static_cast<double>(positive ? -score : score));
      if (positive) {
        kernels_.positive_steps(scores, 1, 0, 1, 1, rate);
      } else {
        kernels_.negative_steps(scores, 1, rate);
      }
      kernels_.accumulate(&center_.out[i], &center_.scales[i], 1, {scores, 0, 0, context, 1},
                          nothing, stride);
      kernels_.accumulate(&context_out, &scale, 1, {scores, 0, 0, middle, 1}, nothing, stride);
    };
    for (std::size_t j = center.low; j < center.high; ++j) {
      if (j == center.place) continue;
      learn(context_.vectors + j * stride, context_.out[j], context_.scales[j], true);
      for (int draw = 0; draw < static_cast<int>(negatives_); ++draw) {
        const ItemId item = noise_.draw(rng);
        if (item == block.contexts[j]) continue;
        slots.start_list();
        rows.clear();
        rows.add(sides_.context, item, true, slots);
        kernels_.compose(drawn, rows.rows(0), rows.weights(0), rows.count(0), stride);
        std::memset(gradient, 0, stride * sizeof(float));
        learn(drawn, gradient, 1.0F, false);
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

}  // namespace likewise
