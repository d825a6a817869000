// planner.cpp: packs sessions into blocks.
#include "core/planner.h"

#include <algorithm>
#include <cmath>

namespace likewise {

Planner::Planner(const SessionView& sessions, const NoiseSampler& noise,
                 std::span<const float> keep, const Options& options)
    : sessions_(sessions),
      noise_(noise),
      keep_(keep),
      window_(static_cast<std::uint32_t>(options.window)),
      id_dropout_(options.content && options.own_row ? static_cast<float>(options.id_dropout)
                                                     : 0.0F),
      shared_negatives_(options.shared_negatives) {}

void Planner::start(std::size_t first, std::size_t last, const Rng& rng) {
  session_ = first;
  last_ = last;
  rng_ = rng;
  current_ = {};
  done_ = 0;
}

bool Planner::next_session() {
  while (session_ < last_) {
    const auto begin = static_cast<std::size_t>(sessions_.offsets[session_]);
    const auto end = static_cast<std::size_t>(sessions_.offsets[session_ + 1]);
    ++session_;
    current_ = sessions_.items.subspan(begin, end - begin);
    if (!keep_.empty()) {
      kept_.clear();
      for (const ItemId item : current_) {
        const float share = keep_[static_cast<std::size_t>(item)];
        if (share >= 1.0F || rng_.uniform() < share) kept_.push_back(item);
      }
      current_ = kept_;
    }
    done_ = 0;
    if (current_.size() >= 2) return true;
  }
  current_ = {};
  return false;
}

bool Planner::next(Block& block) {
  block.clear();
  while (block.centers.size() < kBlockCenters) {
    if (done_ >= current_.size() && !next_session()) break;
    const std::size_t first = done_;
    const std::size_t last =
        std::min(current_.size(), first + (kBlockCenters - block.centers.size()));
    const std::size_t from = first > window_ ? first - window_ : 0;
    const std::size_t to = std::min(current_.size(), last + window_);
    const std::size_t base = block.contexts.size();
    block.contexts.insert(block.contexts.end(),
                          current_.begin() + static_cast<std::ptrdiff_t>(from),
                          current_.begin() + static_cast<std::ptrdiff_t>(to));
    for (std::size_t i = first; i < last; ++i) {
      const std::uint64_t bits = rng_.next();
      const auto reach = static_cast<std::size_t>(((bits >> 40) * window_ >> 24) + 1);
      const std::size_t low = i > reach ? i - reach : 0;
      const std::size_t high = std::min(current_.size(), i + reach + 1);
      const bool own = static_cast<float>(bits & 0xFFFFFFU) * 0x1p-24F >= id_dropout_;
      const auto place = [&](std::size_t at) {
        return static_cast<std::uint32_t>(base + at - from);
      };
      block.centers.push_back({place(i), place(low), place(high), own});
      block.pairs += block.centers.back().pairs();
    }
    done_ = last;
  }
  if (block.centers.empty()) return false;
  if (shared_negatives_) {
    for (std::size_t k = 0; k < kSharedNegatives; ++k) block.negatives.push_back(noise_.draw(rng_));
  }
  return true;
}

std::vector<float> keep_shares(std::span<const std::int64_t> counts, double subsample) {
  std::vector<float> shares;
  if (subsample <= 0) return shares;
  double total = 0;
  for (const std::int64_t count : counts) total += static_cast<double>(count);
  shares.reserve(counts.size());
  for (const std::int64_t count : counts) {
    const double ratio = static_cast<double>(count) / (subsample * total);
    const double share = ratio > 0 ? (std::sqrt(ratio) + 1) / ratio : 1;
    shares.push_back(static_cast<float>(std::min(share, 1.0)));
  }
  return shares;
}

}  // namespace likewise
