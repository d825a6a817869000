// block_shared.cpp: the step of a block with shared negatives: tiles, noise, scores, gradients.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/training/block.h"

namespace likewise {

// Which contexts a tile of centers needs, and which centers four contexts need: the places of a
// half's spans go up along it.
void Workspace::plan_tiles(Part& own, const Part* other) {
  const std::vector<Center>& centers = own.half->centers;
  const std::size_t m = centers.size(), n_tiles = (m + kTile - 1) / kTile;
  own.tiles.resize(n_tiles);
  for (std::size_t t = 0; t < n_tiles; ++t) {
    Tile& tile = own.tiles[t];
    tile.first = t * kTile;
    tile.count = std::min(kTile, m - tile.first);
    tile.low = centers[tile.first].low / group_ * group_;
    tile.high = centers[tile.first + tile.count - 1].high;
    plan_noise(tile, own, other, t);
  }
  const std::size_t fours = (own.contexts() + kTile - 1) / kTile;
  own.first_row.assign(fours, static_cast<std::uint32_t>(m));
  own.last_row.assign(fours, 0);
  for (std::size_t i = 0; i < m; ++i) {
    own.last_row[centers[i].low / kTile] = static_cast<std::uint32_t>(i + 1);
    const std::size_t back = m - 1 - i;
    own.first_row[(centers[back].high - 1) / kTile] = static_cast<std::uint32_t>(back);
  }
  for (std::size_t j = 1; j < fours; ++j) {
    own.last_row[j] = std::max(own.last_row[j], own.last_row[j - 1]);
    own.first_row[fours - 1 - j] = std::min(own.first_row[fours - 1 - j], own.first_row[fours - j]);
  }
}

// The noise of a tile: kBandTiles times kTile contexts of the other half, and what is drawn for its
// own. The bands of the tiles go once around the other half.
void Workspace::plan_noise(Tile& tile, const Part& own, const Part* other, std::size_t turn) {
  static_assert(kSampled % kTile == 0 && kSampledAlone % kTile == 0);
  const std::size_t n = other == nullptr ? 0 : other->contexts();
  const std::size_t around = (n + kTile - 1) / kTile;
  const std::size_t begin = turn * around / own.tiles.size();
  tile.n_groups = 0;
  const auto add = [&](std::size_t first, std::size_t place, std::size_t count, std::size_t at) {
    tile.groups[tile.n_groups++] = {
        static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count),
        static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(at)};
  };
  for (std::size_t b = 0; b < std::min(around, kBandTiles); ++b) {
    const std::size_t at = (begin + b < around ? begin + b : 0) * kTile;
    add(other->first_context + at, other->context_place + at, std::min(kTile, n - at), at);
  }
  tile.n_band = tile.n_groups;
  for (std::size_t k = 0; k < own.half->negatives.size(); k += kTile) {
    add(own.first_negative + k, own.negative_place + k, kTile, ~std::uint32_t{0});
  }
  const float* const* products = context_.products();
  const float** row = tile.rows;
  for (std::size_t g = 0; g < tile.n_groups; ++g) {
    const NoiseGroup& group = tile.groups[g];
    if (group.count == kTile) {
      row = std::copy_n(products + group.place / group_, kTile / group_, row);
      continue;
    }
    for (std::size_t k = 0; k < kTile; k += group_) {
      *row++ = k < group.count ? products[(group.place + k) / group_] : nothing_;
    }
  }
  for (std::size_t k = 0; k < kScorePadding; ++k) *row++ = nothing_;
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
  bases_.resize(whole_lines(context_.items) + kLine);
  unused_.resize(bases_.size());
  ones_.assign(bases_.size(), 1.0F);
  const std::size_t n = context_.items;
  if (packed_ != nullptr) {
    move_packed_mean();
  } else {
    const Terms terms{shares_.data(), 0, 1, center_.rows.data(), shares_.size()};
    const float one = 1.0F;
    kernels_.accumulate(&mean_, &one, 1, &terms, 1, stride);
    kernels_.scores(mean_, 1, context_.rows.data(), n, stride, bases_.data(), bases_.size());
  }
  const float minus = -1.0F;
  kernels_.negative_steps(bases_.data(), unused_.data(), bases_.size(), 1, n, ones_.data(),
                          ones_.data(), &minus);
}

// The weight of each noise column for one pair: `negatives` by the balance heuristic.
void Workspace::weigh_noise(Tile& tile, std::span<const float> ratios) {
  std::size_t band = 0;
  for (std::size_t g = 0; g < tile.n_band; ++g) band += tile.groups[g].count;
  const auto events = static_cast<float>(band);
  const auto drawn = static_cast<float>(tile.n_noise() - tile.n_band * kTile);
  std::fill(std::begin(tile.weights), std::end(tile.weights), 0.0F);
  std::fill(std::begin(tile.bases), std::end(tile.bases), 0.0F);
  for (std::size_t g = 0; g < tile.n_groups; ++g) {
    const NoiseGroup& group = tile.groups[g];
    const float* ratio = ratios.data() + group.first;
    float* weights = tile.weights + g * kTile;
    if (group.count == kTile) {
      for (std::size_t k = 0; k < kTile; ++k) weights[k] = negatives_ / (drawn + events * ratio[k]);
    } else {
      for (std::size_t k = 0; k < group.count; ++k) {
        weights[k] = negatives_ / (drawn + events * ratio[k]);
      }
    }
    if (about_mean_) std::copy_n(bases_.data() + group.first, group.count, tile.bases + g * kTile);
  }
}

// What the noise of a tile adds for all of its centers at once: the curvature along its contexts,
// and what they take from the running mean. Columns that weigh nothing add nothing.
void Workspace::add_noise(const Tile& tile, float step, float bend) {
  for (std::size_t g = 0; g < tile.n_groups; ++g) {
    const float* weights = tile.weights + g * kTile;
    const float* bases = tile.bases + g * kTile;
    float* curvatures = context_.curvatures.data() + tile.groups[g].first;
    float* steps = mean_steps_.data() + tile.groups[g].first;
    for (std::size_t k = 0; k < kTile; ++k) curvatures[k] += bend * weights[k];
    for (std::size_t k = 0; k < kTile; ++k) steps[k] -= step * weights[k] * bases[k];
  }
}

void Workspace::score(Part& own, float rate, double* loss) {
  const std::size_t stride = sides_.stride;
  // Contexts take steps by fours, of which a tile of centers may have some.
  if (packed_ == nullptr) std::fill_n(own.steps, own.centers() * own.stride, 0.0F);
  for (Tile& tile : own.tiles) {
    bring_some_near();
    if (packed_ != nullptr) {
      score_packed(own, tile);
    } else {
      const float* centers = center_.vectors + (own.first_center + tile.first) * stride;
      kernels_.scores(centers, tile.count, context_.rows.data() + own.first_context + tile.low,
                      tile.high - tile.low, stride, own.steps + tile.first * own.stride + tile.low,
                      own.stride);
      kernels_.scores(centers, tile.count, tile.rows, tile.n_noise(), stride,
                      own.noise + tile.first * kNoiseColumns, kNoiseColumns);
    }
    float bend = 0, pairs = 0, squares = 0;
    for (std::size_t k = 0; k < tile.n_noise(); ++k) {
      bend += tile.weights[k] * context_.squares[tile.groups[k / kTile].first + k % kTile];
    }
    TrueSpan spans[kTile];
    float scales[kTile];
    bend_true_pairs(own, tile.first, tile.count, tile.low, tile.high, rate, spans);
    for (std::size_t i = 0; i < tile.count; ++i) {
      const Center& center = own.half->centers[tile.first + i];
      const std::size_t index = own.first_center + tile.first + i;
      if (loss != nullptr) *loss += center_loss(own, tile, tile.first + i);
      center_.curvatures[index] += rate * kCurvature * bend * center.pairs;
      pairs += center.pairs;
      squares += center.pairs * center_.squares[index];
      scales[i] = rate * center.pairs;
    }
    add_noise(tile, rate * pairs, rate * kCurvature * squares);
    kernels_.positive_steps(own.steps + tile.first * own.stride + tile.low, own.stride, tile.count,
                            tile.high - tile.low, spans, rate);
    const std::size_t noise = tile.first * kNoiseColumns;
    kernels_.negative_steps(own.noise + noise, own.context_noise + noise, kNoiseColumns, tile.count,
                            kNoiseColumns, tile.weights, tile.bases, scales);
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
  const auto none_true = [&](std::size_t first) {  // of four columns: the rule
    std::uint32_t four;
    static_assert(sizeof four == kTile);
    std::memcpy(&four, true_.data() + first, kTile);
    return four == 0;
  };
  for (const Tile& tile : own.tiles) {
    for (std::size_t k = 0; k < tile.n_noise(); ++k) {
      const std::size_t group = tile.groups[k / kTile].first, index = group + k % kTile;
      if (k % kTile == 0 && none_true(group)) {
        k += kTile - 1;
        continue;
      }
      if (tile.weights[k] == 0.0F || !true_[index]) continue;
      const ItemId item = item_at(index);
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
  for (std::size_t k = 0; k < tile.n_noise(); ++k) {
    noise += static_cast<double>(tile.weights[k]) *
             softplus(static_cast<double>(own.noise[i * kNoiseColumns + k]));
  }
  return loss + noise * static_cast<double>(center.pairs);
}

void Workspace::train_centers(const Part& own) {
  const auto accumulate = packed_ == nullptr ? kernels_.accumulate : packed_->accumulate;
  const float* const* contexts = context_.products() + own.context_place / group_;
  for (const Tile& tile : own.tiles) {
    bring_some_near();
    const Terms terms[] = {
        {own.to_centers + (tile.first * own.stride + tile.low) / group_, own.stride / group_, 1,
         contexts + tile.low / group_, (tile.high - tile.low + group_ - 1) / group_},
        {own.noise_to_centers + tile.first * kNoiseColumns / group_, kNoiseColumns / group_, 1,
         tile.rows, tile.n_noise() / group_}};
    const std::size_t first = own.first_center + tile.first;
    accumulate(center_.out.data() + first, center_.scales.data() + first, tile.count, terms,
               std::size(terms), sides_.stride);
  }
}

// Gradients of a half's contexts, from its own centers and as noise to the other half's; and of the
// items drawn for it.
void Workspace::train_contexts(const Part& own, const Part* other) {
  const auto accumulate = packed_ == nullptr ? kernels_.accumulate : packed_->accumulate;
  const auto rows_of = [&](const Part& part) {
    return center_.products() + part.center_place / group_;
  };
  const auto noise_of = [&](const Part& part, const Tile& tile, std::size_t column) {
    return Terms{part.noise_to_contexts + tile.first / group_ * kNoiseColumns + column, 1,
                 kNoiseColumns, rows_of(part) + tile.first / group_,
                 (tile.count + group_ - 1) / group_};
  };
  const float* mean = packed_ == nullptr ? mean_ : mean_pairs_;
  const float* mean_steps = packed_ == nullptr ? mean_steps_.data() : packed_mean_steps_.data();
  const auto finish = [&](std::size_t index, std::size_t count) {
    if (about_mean_) terms_.push_back({mean_steps + index, 1, 0, &mean, 1});
    accumulate(context_.out.data() + index, context_.scales.data() + index, count, terms_.data(),
               terms_.size(), sides_.stride);
  };
  // Tiles of the other half whose bands begin at the last four contexts, [before, begin), and at
  // these; and those whose bands go on at the half's beginning.
  const std::size_t n_tiles = other == nullptr ? 0 : other->tiles.size();
  std::size_t before = 0, begin = 0, around = n_tiles;
  const auto meet = [&](std::size_t from, std::size_t to, std::size_t band) {
    for (; from < to; ++from) terms_.push_back(noise_of(*other, other->tiles[from], band * kTile));
  };
  static_assert(kBandTiles == 2);
  const auto comes_around = [&](const Tile& tile) {
    return tile.n_band == 2 && tile.groups[1].other == 0;
  };
  while (around > 0 && comes_around(other->tiles[around - 1])) --around;
  for (std::size_t j = 0; j < own.contexts(); j += kTile) {
    bring_some_near();
    const std::size_t first = own.first_row[j / kTile] / group_ * group_;
    const std::size_t last = own.last_row[j / kTile];
    terms_.clear();
    if (first < last) {
      terms_.push_back({own.to_contexts + first / group_ * own.stride + j, 1, own.stride,
                        rows_of(own) + first / group_, (last - first + group_ - 1) / group_});
    }
    std::size_t end = begin;
    while (end < n_tiles && other->tiles[end].groups[0].other == j) ++end;
    if (j > 0) meet(before, begin, 1);
    meet(begin, end, 0);
    if (j == 0) meet(around, n_tiles, 1);
    before = std::exchange(begin, end);
    finish(own.first_context + j, std::min(kTile, own.contexts() - j));
  }
  const std::size_t drawn = own.half->negatives.size();
  for (std::size_t k = 0; k < drawn; k += kTile) {
    terms_.clear();
    for (const Tile& tile : own.tiles) {
      terms_.push_back(noise_of(own, tile, tile.n_band * kTile + k));
    }
    finish(own.first_negative + k, std::min(kTile, drawn - k));
  }
}

void Workspace::train_shared(const PreparedBlock& prepared, float rate, double* loss) {
  const bool alone = prepared.block.alone();
  const std::size_t halves = alone ? 1 : 2;
  mean_steps_.assign(context_.items, 0.0F);
  true_.resize(context_.items + kTile);  // read by fours
  if (about_mean_) move_mean(prepared.block);
  const auto other = [&](std::size_t h) { return alone ? nullptr : &parts_[1 - h]; };
  for (std::size_t h = 0; h < halves; ++h) {
    plan_tiles(parts_[h], other(h));
    const bool any = mark_true_contexts(parts_[h], other(h));
    for (Tile& tile : parts_[h].tiles) weigh_noise(tile, prepared.ratios);
    score(parts_[h], rate, loss);
    if (any) skip_true_contexts(parts_[h], other(h));
    if (packed_ != nullptr) pack_steps(parts_[h]);
  }
  choose_targets(prepared.centers, center_);
  choose_targets(prepared.contexts, context_);
  if (packed_ != nullptr) pack_mean_steps();
  for (std::size_t h = 0; h < halves; ++h) train_centers(parts_[h]);
  for (std::size_t h = 0; h < halves; ++h) train_contexts(parts_[h], other(h));
}

}  // namespace likewise
