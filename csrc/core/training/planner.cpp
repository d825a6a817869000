// planner.cpp: packs sessions into blocks.
#include "core/training/planner.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace likewise {
namespace {

void shuffle(std::vector<ItemId>& session, Rng& rng) {
  for (std::size_t i = session.size(); i > 1; --i) {
    std::swap(session[i - 1], session[rng.below(static_cast<std::uint32_t>(i))]);
  }
}

}  // namespace

Planner::Planner(const SessionView& sessions, const NoiseSampler& noise,
                 std::span<const float> keep, const Options& options, NextSlice next_slice)
    : sessions_(sessions),
      noise_(noise),
      keep_(keep),
      seed_(options.seed),
      window_(static_cast<std::size_t>(options.window)),
      id_dropout_(options.content && options.own_row ? static_cast<float>(options.id_dropout)
                                                     : 0.0F),
      shared_negatives_(options.shared_negatives),
      next_slice_(std::move(next_slice)) {
  for (std::size_t n = 0; n <= window_; ++n) {
    units_.push_back(static_cast<std::int64_t>(n * (2 * window_ - n + 1) / 2));
  }
}

bool Planner::next_session(Stream& stream) {
  stream.done = 0;
  for (;;) {
    Slice& slice = stream.slice;
    if (slice.first == slice.last) {
      stream.current = {};
      if (!next_slice_(slice)) return false;
      latest_ = slice.number;
      continue;
    }
    const std::size_t session = slice.first++;
    const auto begin = static_cast<std::size_t>(sessions_.offsets[session]);
    const auto end = static_cast<std::size_t>(sessions_.offsets[session + 1]);
    stream.current = sessions_.items.subspan(begin, end - begin);
    if (sessions_.order == Order::kNone || !keep_.empty()) {
      stream.kept.assign(stream.current.begin(), stream.current.end());
      if (sessions_.order == Order::kNone) {
        Rng order(seed_, kOrderStream, session);
        shuffle(stream.kept, order);
      }
      if (!keep_.empty()) {
        std::erase_if(stream.kept, [&](ItemId item) {
          const float share = keep_[static_cast<std::size_t>(item)];
          return share < 1.0F && slice.rng.uniform() >= share;
        });
      }
      stream.current = stream.kept;
    }
    const bool used = stream.current.size() >= 2;
    events_ += static_cast<std::int64_t>(end - begin - (used ? stream.current.size() : 0));
    if (used) return true;
  }
}

void Planner::fill(Half& half, Stream& stream, Block& block) {
  half.clear();
  while (half.centers.size() < kHalfCenters) {
    if (stream.done >= stream.current.size() && !next_session(stream)) break;
    const std::span<const ItemId> session = stream.current;
    const std::size_t first = stream.done, left = session.size() - first;
    const std::size_t room = kHalfCenters - half.centers.size();
    const std::size_t last = first + (left <= room + kHalfSlack ? left : room);
    const std::size_t from = first > window_ ? first - window_ : 0;
    const std::size_t to = std::min(session.size(), last + window_);
    const std::size_t base = half.contexts.size();
    const auto part = session.subspan(from, to - from);
    half.contexts.insert(half.contexts.end(), part.begin(), part.end());
    const auto place = [&](std::size_t at) { return static_cast<std::uint32_t>(base + at - from); };
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t low = i > window_ ? i - window_ : 0;
      const std::size_t high = std::min(session.size(), i + window_ + 1);
      const std::int64_t weighed =
          units_[std::min(i, window_)] + units_[std::min(session.size() - 1 - i, window_)];
      const bool own = id_dropout_ <= 0 || stream.slice.rng.uniform() >= id_dropout_;
      half.centers.push_back({place(i), place(low), place(high),
                              static_cast<float>(weighed) / static_cast<float>(window_), own});
      block.units += weighed;
    }
    stream.done = last;
    events_ += static_cast<std::int64_t>(last - first);
  }
}

bool Planner::next(Block& block) {
  block.units = 0;
  std::size_t used[2] = {0, 1};
  for (const std::size_t h : used) fill(block.halves[h], streams_[h], block);
  if (block.halves[0].centers.empty()) {
    std::swap(block.halves[0], block.halves[1]);
    std::swap(used[0], used[1]);
  }
  if (block.halves[0].centers.empty()) return false;
  for (std::size_t h = 0; h < (block.alone() ? 1U : 2U); ++h) {
    Rng& rng = streams_[used[h]].slice.rng;
    if (!shared_negatives_) {
      if (h == 0) block.rng = Rng(rng.next());
      continue;
    }
    for (std::size_t k = 0; k < (block.alone() ? kSampledAlone : kSampled); ++k) {
      block.halves[h].draws.push_back(rng.next());
      noise_.expect(block.halves[h].draws.back());
    }
  }
  block.slice = latest_;
  block.events = std::exchange(events_, 0);
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
