// pipeline.h: sessions to blocks whose memory is on its way.
//
// Three look-ups lead to a row of content: the item's offset, its entries, the row. Blocks wait in
// a short ring, and each look-up is asked for one block before the next one needs its answer.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "core/planner.h"
#include "core/rng.h"
#include "core/row_list.h"

namespace likewise {

/// What a thread trains: the rows of both sides.
struct Sides {
  ItemRows center;
  ItemRows context;
  std::size_t stride = 0;
};

/// A block with the addresses of all its rows, ready to be computed.
struct PreparedBlock {
  Block block;
  RowList centers;
  RowList contexts;  // the block's contexts, then its negatives
};

class Pipeline {
 public:
  Pipeline(Planner planner, const Sides& sides);

  /// From now on: the sessions [first, last), with this generator.
  void start(std::size_t first_session, std::size_t last_session, const Rng& rng);

  /// The block to train now, or null at the end; `upcoming` becomes the one after it, or null.
  const PreparedBlock* next(const PreparedBlock*& upcoming);

  Rng& rng() { return planner_.rng(); }

  /// Blocks under way at a time.
  static constexpr std::size_t kDepth = 4;

 private:
  using Ask = void (*)(const FeatureView&, std::span<const ItemId>);
  void advance();
  void list_rows(PreparedBlock& prepared);
  void expect(const Block& block, Ask ask) const;

  Planner planner_;
  const Sides& sides_;
  TokenSlots center_slots_, context_slots_;
  PreparedBlock ring_[kDepth];
  std::size_t planned_ = 0, expected_ = 0, prepared_ = 0, taken_ = 0;  // blocks past each stage
  bool exhausted_ = false;
};

}  // namespace likewise
