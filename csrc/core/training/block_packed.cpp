// block_packed.cpp: a block's rows and steps on their way to products of packed rows (kernels.h).
//
// Packed rows have places: of centers, tile after tile; of contexts, each half's and then the items
// drawn for it, each kind from an even place on. What fills a gap is nothing.
#include <algorithm>

#include "core/training/block.h"

namespace likewise {

void Workspace::pack_rows() {
  const std::size_t stride = sides_.stride;
  std::size_t n_centers = 0, n_contexts = 0;
  for (const Part& part : parts_) {
    n_centers = part.center_place + rounded_up(part.centers(), kTile);
    n_contexts = part.negative_place + part.half->negatives.size();
  }
  n_contexts = whole_lines(n_contexts);
  by_place_.resize(std::max(whole_lines(n_centers), n_contexts));

  const auto set_pairs = [&](Side& side, float* pairs, std::size_t n) {
    side.packed.resize(n / 2);
    for (std::size_t k = 0; k < n / 2; ++k) side.packed[k] = pairs + k * stride;
  };
  const auto put = [&](const Side& side, std::size_t first, std::size_t place, std::size_t n) {
    std::copy_n(side.rows.begin() + static_cast<std::ptrdiff_t>(first), n,
                places_.begin() + static_cast<std::ptrdiff_t>(place));
  };
  places_.assign(n_centers, nothing_);
  for (const Part& part : parts_) {
    put(center_, part.first_center, part.center_place, part.centers());
  }
  singles_ = singles_memory_.reserve(n_centers * stride / 2);
  float* pairs = center_.packed_memory.reserve(n_centers * stride / 2);
  for (std::size_t i = 0; i < n_centers; i += kTile) {
    bring_some_near();
    packed_->pack_centers(places_.data() + i, kTile, stride, singles_ + i * stride / 2,
                          pairs + i * stride / 2, by_place_.data() + i);
  }
  set_pairs(center_, pairs, n_centers);
  for (const Part& part : parts_) {
    std::copy_n(by_place_.data() + part.center_place, part.centers(),
                center_.squares.data() + part.first_center);
  }

  places_.assign(n_contexts, nothing_);
  for (const Part& part : parts_) {
    put(context_, part.first_context, part.context_place, part.contexts());
    put(context_, part.first_negative, part.negative_place, part.half->negatives.size());
  }
  n_columns_ = n_contexts;
  column_stride_ = n_contexts + kLine;  // a line more may be read
  columns_ = columns_memory_.reserve(stride / 2 * column_stride_ + kLine);
  pairs = context_.packed_memory.reserve(n_contexts * stride / 2);
  for (std::size_t j = 0; j < n_contexts; j += kLine) {
    bring_some_near();
    packed_->pack_contexts(places_.data() + j, stride, columns_ + j, column_stride_,
                           pairs + j * stride / 2, by_place_.data() + j);
  }
  set_pairs(context_, pairs, n_contexts);
  for_each_context([&](std::size_t index, std::size_t place, std::size_t n) {
    std::copy_n(by_place_.data() + place, n, context_.squares.data() + index);
  });
}

void Workspace::score_packed(Part& own, const Tile& tile) {
  const float* centers = singles_ + (own.center_place + tile.first) * sides_.stride / 2;
  float* noise = own.noise + tile.first * kNoiseColumns;
  Columns wanted[1 + kNoiseColumns / kTile] = {{own.context_place + tile.low, tile.high - tile.low,
                                                own.steps + tile.first * own.stride + tile.low,
                                                own.stride}};
  std::size_t n = 1;
  for (std::size_t g = 0; g < tile.n_groups; ++g) {
    Columns& last = wanted[n - 1];
    const std::size_t place = tile.groups[g].place;
    if (n > 1 && last.first + last.count == place) {
      last.count += kTile;
    } else {
      wanted[n++] = {place, kTile, noise + g * kTile, kNoiseColumns};
    }
  }
  packed_->scores(centers, kTile, sides_.stride, columns_, column_stride_, wanted, n);
}

// Words of the steps; contexts of a tile's rows that are none of its own get zero.
void Workspace::pack_steps(Part& own) {
  std::fill_n(own.to_contexts, own.tiles.size() * (kTile / 2) * own.stride, 0.0F);
  for (const Tile& tile : own.tiles) {
    const std::size_t at = tile.first * own.stride, line = tile.first * kNoiseColumns;
    packed_->pack_steps(own.steps + at + tile.low, own.stride, tile.count, tile.high - tile.low,
                        own.to_centers + (at + tile.low) / 2, own.stride / 2,
                        own.to_contexts + at / 2 + tile.low, own.stride);
    packed_->pack_steps(own.noise + line, kNoiseColumns, tile.count, kNoiseColumns,
                        own.noise_to_centers + line / 2, kNoiseColumns / 2, nullptr, 0);
    packed_->pack_steps(own.context_noise + line, kNoiseColumns, tile.count, kNoiseColumns, nullptr,
                        0, own.noise_to_contexts + line / 2, kNoiseColumns);
  }
}

// The running mean of centers by their shares, and its scores with all contexts.
void Workspace::move_packed_mean() {
  const std::size_t stride = sides_.stride, n_centers = 2 * center_.packed.size();
  float* shares = by_place_.data();
  std::fill(by_place_.begin(), by_place_.end(), 0.0F);
  for (const Part& part : parts_) {
    std::copy_n(shares_.data() + part.first_center, part.centers(), shares + part.center_place);
  }
  packed_shares_.resize(by_place_.size());
  packed_->pack_steps(shares, 0, 1, n_centers, packed_shares_.data(), 0, nullptr, 0);
  const Terms terms{packed_shares_.data(), 0, 1, center_.packed.data(), center_.packed.size()};
  const float one = 1.0F;
  packed_->accumulate(&mean_, &one, 1, &terms, 1, stride);

  mean_single_ = packed_mean_memory_.reserve(2 * stride);
  mean_pairs_ = mean_single_ + stride;
  packed_->pack_mean(mean_, stride, mean_single_, mean_pairs_);
  const Columns all{0, n_columns_, by_place_.data(), 0};
  packed_->scores(mean_single_, 1, stride, columns_, column_stride_, &all, 1);
  for_each_context([&](std::size_t index, std::size_t place, std::size_t n) {
    std::copy_n(by_place_.data() + place, n, bases_.data() + index);
  });
}

// Words of a mean step and itself again: for the rounded mean and for the rest of it.
void Workspace::pack_mean_steps() {
  mean_steps_.resize(whole_lines(mean_steps_.size()) + kLine);
  packed_mean_steps_.resize(mean_steps_.size());
  packed_->pack_steps(mean_steps_.data(), 0, 2, mean_steps_.size(), nullptr, 0,
                      packed_mean_steps_.data(), 0);
}

}  // namespace likewise
