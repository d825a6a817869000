// baskets.cpp: reads sessions into pieces, and goes through them for each product.
#include "core/score/baskets.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

#include "core/base/rng.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

constexpr Offset kPieceEvents = 1 << 15;  // of a piece, about
constexpr double kWhole = 0x1p30;  // a session of one item: 2^23 of them are an exact sum still
constexpr std::uint64_t kDrawStream = 11;
constexpr std::size_t kMostSlots = std::size_t{1} << 16;

/// Runs cut into pieces of whole sessions of about that many events.
std::vector<Run> cut(std::span<const Offset> offsets, std::span<const Run> runs) {
  std::vector<Run> cuts;
  for (const Run& run : runs) {
    for (std::size_t first = run.first; first < run.last;) {
      const auto begin = offsets.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = offsets.begin() + static_cast<std::ptrdiff_t>(run.last);
      const auto found = std::lower_bound(begin + 1, end, offsets[first] + kPieceEvents);
      const auto last = static_cast<std::size_t>(found - offsets.begin());
      cuts.push_back({first, last});
      first = last;
    }
  }
  return cuts;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

void check(const Sequences& sessions, std::span<const Run> runs) {
  const auto& [items, offsets] = sessions;
  require(!offsets.empty() && offsets.front() == 0 &&
              offsets.back() == static_cast<Offset>(items.size()) &&
              std::is_sorted(offsets.begin(), offsets.end()),
          "offsets must rise from 0 to the number of items in the sessions");
  std::size_t end = 0;
  for (const Run& run : runs) {
    require(run.first >= end && run.last >= run.first && run.last < offsets.size(),
            "runs must ascend within the sessions");
    end = run.last;
  }
}

}  // namespace

/// Reads pieces, one after the other: what a thread needs for it.
class Baskets::Reader {
 public:
  Reader(const Sequences& sessions, std::span<const std::int32_t> slots, std::size_t n)
      : sessions_(sessions), slots_(slots), seen_(slots.size(), 0), known_(n, 0.0) {}

  /// (n,) the sum of kWhole / distinct items over the sessions of each: whole numbers, whose sum
  /// does not depend on who reads which piece.
  std::span<const double> known() const { return known_; }

  void read(const Run& run, Piece& piece) {
    distinct_.clear();
    spans_.clear();
    for (std::size_t s = run.first; s < run.last; ++s) take(s, piece);
    starts_.clear();
    for (const Span& span : spans_) {
      if (span.length >= starts_.size()) starts_.resize(span.length + 1);
      ++starts_[span.length];
    }
    std::size_t all = 0;
    for (std::size_t length = 0; length < starts_.size(); ++length) {
      const std::size_t n = std::exchange(starts_[length], all);
      if (n > 0) piece.groups.push_back({length, n});
      all += n;
    }
    sorted_.resize(spans_.size());
    for (const Span& span : spans_) sorted_[starts_[span.length]++] = span;
    piece.items.reserve(distinct_.size() + kReadAhead);
    piece.weights.reserve(sorted_.size());
    for (const Span& span : sorted_) {
      const auto begin = distinct_.begin() + static_cast<std::ptrdiff_t>(span.begin);
      piece.items.insert(piece.items.end(), begin,
                         begin + static_cast<std::ptrdiff_t>(span.length));
      piece.weights.push_back(span.weight);
    }
    piece.items.resize(piece.items.size() + kReadAhead, 0);
  }

 private:
  struct Span {  // a session
    std::size_t begin, length;
    float weight;
  };

  void take(std::size_t s, Piece& piece) {
    const std::size_t begin = distinct_.size();
    std::size_t distinct = 0;
    ++session_;
    for (auto e = sessions_.offsets[s]; e < sessions_.offsets[s + 1]; ++e) {
      const ItemId item = sessions_.items[static_cast<std::size_t>(e)];
      const auto at = static_cast<std::size_t>(item);
      if (item < 0 || at >= seen_.size()) {
        throw std::invalid_argument("sessions must hold items of the catalogue only");
      }
      if (std::exchange(seen_[at], session_) == session_) continue;
      ++distinct;
      if (slots_[at] >= 0) distinct_.push_back(static_cast<std::uint16_t>(slots_[at]));
    }
    const std::size_t length = distinct_.size() - begin;
    if (length == 0) return;
    const float weight = 1.0F / static_cast<float>(distinct);
    const double share = std::floor(kWhole / static_cast<double>(distinct));
    for (std::size_t k = begin; k < distinct_.size(); ++k) known_[distinct_[k]] += share;
    if (length > 1) {
      spans_.push_back({begin, length, weight});
    } else {
      piece.alone.push_back({distinct_.back(), weight});
      distinct_.pop_back();
    }
  }

  const Sequences& sessions_;
  std::span<const std::int32_t> slots_;
  std::vector<std::uint32_t> seen_;  // (n_items,) the last session that had each
  std::uint32_t session_ = 0;
  std::vector<double> known_;
  std::vector<std::uint16_t> distinct_;
  std::vector<Span> spans_, sorted_;
  std::vector<std::size_t> starts_;  // of each length
};

Baskets::Baskets(const Sequences& sessions, std::span<const Run> runs,
                 std::span<const std::int32_t> slots, std::size_t n, int threads, const Poll& poll)
    : n_(n), known_(n, 0.0), alone_(n, 0.0F) {
  check(sessions, runs);
  require(n <= kMostSlots, "slots must number 65,536 items or fewer");
  for (const std::int32_t slot : slots) {
    require(slot < static_cast<std::int64_t>(n), "slots must be below the number of items");
  }
  const std::vector<Run> cuts = cut(sessions.offsets, runs);
  pieces_.resize(cuts.size());
  std::vector<std::unique_ptr<Reader>> readers(static_cast<std::size_t>(threads));
  parallel_for(
      threads, std::ssize(cuts), 1,
      [&](std::int64_t first, std::int64_t last, int thread) {
        auto& reader = readers[static_cast<std::size_t>(thread)];
        if (!reader) reader = std::make_unique<Reader>(sessions, slots, n);
        for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
          reader->read(cuts[k], pieces_[k]);
        }
      },
      poll);
  for (const auto& reader : readers) {
    for (std::size_t i = 0; reader && i < n; ++i) known_[i] += reader->known()[i];
  }
  for (double& known : known_) known /= kWhole;
  for (const Piece& piece : pieces_) {
    for (const auto& [item, weight] : piece.alone) alone_[item] += weight;
  }
}

void Baskets::multiply(float* tables, int threads, const Poll& poll) const {
  const auto share = kernels().share;
  parallel_for(
      threads, kTables, 1,
      [&](std::int64_t t, std::int64_t, int) {
        float* const rows = tables + static_cast<std::size_t>(t) * n_ * kLine;
        for (const Piece& piece : pieces_) {
          const std::uint16_t* items = piece.items.data();
          const float* weights = piece.weights.data();
          for (const Group& group : piece.groups) {
            share(rows, items, group.length, weights, group.n);
            items += group.length * group.n;
            weights += group.n;
          }
        }
      },
      poll);
}

void Baskets::draw(float* tables, std::uint64_t seed, int threads, const Poll& poll) const {
  parallel_for(
      threads, kTables, 1,
      [&](std::int64_t t, std::int64_t, int) {
        float* const got = tables + static_cast<std::size_t>(t) * n_ * kLine + kRowAlign;
        Rng rng(seed, kDrawStream);
        const auto one = [&](const std::uint16_t* items, std::size_t length, float weight) {
          const std::uint32_t number = rng.below(2 * kBlock), column = number / 2;
          if (column / kRowAlign != static_cast<std::size_t>(t)) return;
          const float size = number % 2 == 0 ? std::sqrt(weight) : -std::sqrt(weight);
          for (std::size_t k = 0; k < length; ++k)
            got[items[k] * kLine + column % kRowAlign] += size;
        };
        for (const Piece& piece : pieces_) {
          const std::uint16_t* items = piece.items.data();
          const float* weight = piece.weights.data();
          for (const Group& group : piece.groups) {
            for (std::size_t k = 0; k < group.n; ++k, items += group.length) {
              one(items, group.length, *weight++);
            }
          }
          for (const auto& [item, alone] : piece.alone) one(&item, 1, alone);
        }
      },
      poll);
}

}  // namespace likewise
