// baskets.h: sessions as sets of items, packed for products with the table of items by sessions.
//
// Folder score owns what is found in sessions beside training: which items share them. Sessions
// stand in pieces; within a piece those of one length stand together, so that a product has no ends
// of loops to guess. Sessions of one item share nothing; what they weigh is kept for each item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/base/page_allocator.h"
#include "core/base/types.h"
#include "core/base/workers.h"

namespace likewise {

/// Columns of a block of vectors: a line of each row, of which a product takes half at a time.
inline constexpr std::size_t kBlock = kLine;

/// Sessions [first, last).
struct Run {
  std::size_t first, last;
};

/// The sessions whose table it is: session s is items[offsets[s]] .. items[offsets[s + 1] - 1].
struct Sequences {
  std::span<const ItemId> items;
  std::span<const Offset> offsets;
};

class Baskets {
 public:
  /// Tables of a product, one for each half of a block: kernel `share` says what a row holds. A
  /// thread works on one of them, with sums in the order of the sessions: more threads would each
  /// need tables of their own, and those of two halves just stay in the cache.
  static constexpr std::size_t kTables = 2;

  /// Of the sessions in `runs`, which ascend; slots (n_items,) number the n <= 65,536 items that
  /// are looked at, -1 for others, which count in the size of a session and nowhere else.
  Baskets(const Sequences& sessions, std::span<const Run> runs, std::span<const std::int32_t> slots,
          std::size_t n, int threads, const Poll& poll);

  std::size_t size() const { return n_; }

  /// (n,) the sum over an item's sessions of 1 / their distinct items; and of those that it has to
  /// itself among the n.
  std::span<const double> known() const { return known_; }
  std::span<const float> alone() const { return alone_; }

  /// tables (kTables, n, kLine): of each half, every item gets what the items of its sessions give,
  /// by 1 / their distinct items.
  void multiply(float* tables, int threads, const Poll& poll) const;

  /// As if each session gave the root of its weight, up or down, to one column of a block alone.
  void draw(float* tables, std::uint64_t seed, int threads, const Poll& poll) const;

 private:
  struct Group {
    std::size_t length, n;
  };
  struct Piece {
    std::vector<Group> groups;
    std::vector<std::uint16_t, PageAllocator<std::uint16_t>> items;
    std::vector<float> weights;                          // of each session
    std::vector<std::pair<std::uint16_t, float>> alone;  // items of which a session has no other
  };
  class Reader;

  std::size_t n_;
  std::vector<Piece> pieces_;
  std::vector<double> known_;
  std::vector<float> alone_;
};

}  // namespace likewise
