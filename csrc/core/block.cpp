// block.cpp: the step of one block.
#include "core/block.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace likewise {
namespace {

constexpr std::size_t kTile = 4;  // contexts whose gradients are accumulated together

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

void Pipeline::start(std::size_t first_session, std::size_t last_session, const Rng& rng) {
  planner_.start(first_session, last_session, rng);
  planned_ = expected_ = prepared_ = taken_ = 0;
  exhausted_ = false;
  for (std::size_t step = 0; step + 1 < kDepth; ++step) advance();
}

void Pipeline::expect(const Block& block,
                      void (*ask)(const FeatureView&, std::span<const ItemId>)) const {
  if (sides_.center.features != nullptr) ask(*sides_.center.features, block.contexts);
  if (sides_.context.features != nullptr) ask(*sides_.context.features, block.negatives);
}

// Each stage stays one block behind the stage before it, until the planner runs dry.
void Pipeline::advance() {
  if (prepared_ < expected_) {
    PreparedBlock& block = ring_[prepared_++ % kDepth];
    block.centers.clear();
    block.contexts.clear();
    for (const Block::Center& center : block.block.centers) {
      block.centers.add(sides_.center, block.block.contexts[center.place], center.own_row);
    }
    for (const ItemId item : block.block.contexts) block.contexts.add(sides_.context, item, true);
    for (const ItemId item : block.block.negatives) block.contexts.add(sides_.context, item, true);
  }
  if (expected_ < planned_) expect(ring_[expected_++ % kDepth].block, expect_entries);
  if (!exhausted_) {
    Block& block = ring_[planned_ % kDepth].block;
    exhausted_ = !planner_.next(block);
    if (!exhausted_) {
      ++planned_;
      expect(block, expect_offsets);
    }
  }
}

const PreparedBlock* Pipeline::next(const PreparedBlock*& upcoming) {
  advance();
  if (taken_ == prepared_) return nullptr;
  const PreparedBlock* now = &ring_[taken_++ % kDepth];
  upcoming = taken_ < prepared_ ? &ring_[taken_ % kDepth] : nullptr;
  return now;
}

// A burst of look-ups would fill the queue of open misses and stall; a few at each pause between
// tiles travel while the next tile is computed.
void Workspace::bring_some_near() {
  std::size_t left = upcoming_share_;
  for (std::span<float* const>& rows : upcoming_) {
    const std::size_t now = std::min(left, rows.size());
    for (std::size_t i = 0; i < now; ++i) {
      for (std::size_t d = 0; d < sides_.stride; d += kRowAlign) {
        __builtin_prefetch(rows[i] + d, 1, 2);
      }
    }
    rows = rows.subspan(now);
    left -= now;
  }
}

Workspace::Workspace(const Kernels& kernels, const Sides& sides, const Options& options,
                     const NoiseSampler& noise)
    : kernels_(kernels),
      sides_(sides),
      negatives_(static_cast<float>(options.negatives)),
      noise_(noise) {}

void Workspace::gather(const PreparedBlock& prepared) {
  const std::size_t stride = sides_.stride;
  const std::size_t m = prepared.centers.items(), n = prepared.contexts.items();
  center_ = center_memory_.reserve(m * stride);
  context_ = context_memory_.reserve((n + kScorePadding) * stride);
  for (std::size_t i = 0; i < m; ++i) {
    kernels_.compose(center_ + i * stride, prepared.centers.rows(i), prepared.centers.weights(i),
                     prepared.centers.count(i), stride);
  }
  for (std::size_t j = 0; j < n; ++j) {
    kernels_.compose(context_ + j * stride, prepared.contexts.rows(j), prepared.contexts.weights(j),
                     prepared.contexts.count(j), stride);
  }

  // A gradient goes straight to the row where an item is one row, otherwise through scratch.
  float* gradient = gradient_memory_.reserve((m + n) * stride);
  const auto choose = [&](const RowList& list, std::vector<float*>& out) {
    out.resize(list.items());
    for (std::size_t i = 0; i < out.size(); ++i, gradient += stride) {
      if (list.is_plain(i)) {
        out[i] = *list.rows(i);
      } else {
        out[i] = gradient;
        std::memset(gradient, 0, stride * sizeof(float));
      }
    }
  };
  choose(prepared.centers, center_out_);
  choose(prepared.contexts, context_out_);
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
  if (upcoming != nullptr) {
    upcoming_[0] = upcoming->centers.all_rows();
    upcoming_[1] = upcoming->contexts.all_rows();
    const std::size_t pauses =
        2 * prepared.centers.items() / kTile + prepared.contexts.items() / kTile;
    upcoming_share_ =
        (upcoming_[0].size() + upcoming_[1].size()) / std::max<std::size_t>(1, pauses) + 1;
  }
  gather(prepared);
  if (prepared.block.negatives.empty()) {
    train_independent(prepared, rate, loss, rng);
  } else {
    train_shared(prepared, rate, loss);
  }
  const auto spread = [&](const RowList& list, const std::vector<float*>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (list.is_plain(i)) continue;
      kernels_.scatter(out[i], list.rows(i), list.weights(i), list.count(i), sides_.stride);
    }
  };
  spread(prepared.centers, center_out_);
  spread(prepared.contexts, context_out_);
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

  const float* negative_rows = context_ + n * stride;
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
    kernels_.scores(center_ + i * stride, end - i, context_ + low * stride, high - low, stride,
                    scores + low, score_stride_);
    kernels_.scores(center_ + i * stride, end - i, negative_rows, k, stride,
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

  const Terms nothing{scores_, 0, 0, context_, 0};
  for (std::size_t i = 0; i < m; i += kTile) {
    bring_some_near();
    const auto [low, high] = spans_[i / kTile];
    const float* steps = scores_ + i * score_stride_;
    const Terms true_terms{steps + low, score_stride_, 1, context_ + low * stride, high - low};
    const Terms noise_terms{steps + first_negative_, score_stride_, 1, negative_rows, k};
    kernels_.accumulate(center_out_.data() + i, std::min(kTile, m - i), true_terms, noise_terms,
                        stride);
  }
  for (std::size_t tile = 0; tile < first_row_.size(); ++tile) {
    const std::size_t j = tile * kTile, first = first_row_[tile], last = last_row_[tile];
    bring_some_near();
    if (first >= last) continue;
    const Terms terms{scores_ + first * score_stride_ + j, 1, score_stride_,
                      center_ + first * stride, last - first};
    kernels_.accumulate(context_out_.data() + j, std::min(kTile, n - j), terms, nothing, stride);
  }
  upcoming_share_ = upcoming_[0].size() + upcoming_[1].size();
  bring_some_near();
  const Terms terms{scores_ + first_negative_, 1, score_stride_, center_, m};
  kernels_.accumulate(context_out_.data() + n, k, terms, nothing, stride);
}

// The reference for shared negatives: fresh draws for every pair, written as they come.
void Workspace::train_independent(const PreparedBlock& prepared, float rate, double* loss,
                                  Rng& rng) {
  const Block& block = prepared.block;
  const std::size_t stride = sides_.stride;
  const Terms nothing{center_, 0, 0, center_, 0};
  std::vector<float> row(stride + kRowAlign), gradient(stride + kRowAlign);
  Scratch memory;
  float* drawn = memory.reserve(kScorePadding * stride);
  RowList rows;
  for (std::size_t i = 0; i < block.centers.size(); ++i) {
    const Block::Center& center = block.centers[i];
    float* middle = center_ + i * stride;
    const auto learn = [&](const float* context, float* const* context_out, bool positive) {
      float scores[kRowAlign] = {};
      kernels_.scores(middle, 1, context, 1, stride, scores, kRowAlign);
      const float score = scores[0];
      if (loss != nullptr) *loss += softplus(static_cast<double>(positive ? -score : score));
      if (positive) {
        kernels_.positive_steps(scores, 1, 0, 1, 1, rate);
      } else {
        kernels_.negative_steps(scores, 1, rate);
      }
      kernels_.accumulate(&center_out_[i], 1, {scores, 0, 0, context, 1}, nothing, stride);
      kernels_.accumulate(context_out, 1, {scores, 0, 0, middle, 1}, nothing, stride);
    };
    for (std::size_t j = center.low; j < center.high; ++j) {
      if (j == center.place) continue;
      learn(context_ + j * stride, &context_out_[j], true);
      for (int draw = 0; draw < static_cast<int>(negatives_); ++draw) {
        const ItemId item = noise_.draw(rng);
        if (item == block.contexts[j]) continue;
        rows.clear();
        rows.add(sides_.context, item, true);
        kernels_.compose(drawn, rows.rows(0), rows.weights(0), rows.count(0), stride);
        if (rows.is_plain(0)) {
          learn(drawn, rows.rows(0), false);
        } else {
          float* out = gradient.data();
          const auto address = reinterpret_cast<std::uintptr_t>(out);
          out += (64 - address % 64) % 64 / sizeof(float);
          std::memset(out, 0, stride * sizeof(float));
          learn(drawn, &out, false);
          kernels_.scatter(out, rows.rows(0), rows.weights(0), rows.count(0), stride);
        }
      }
    }
  }
}

}  // namespace likewise
