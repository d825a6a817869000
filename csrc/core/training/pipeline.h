// pipeline.h: sessions to blocks whose memory is on its way.
//
// Four look-ups lead to a row of content: the item's offset, its entries, the marks that tell which
// tokens a block has already, the row. Blocks wait in a short ring, and each look-up is asked for
// one block before the next one needs its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/training/noise_sampler.h"
#include "core/training/planner.h"
#include "core/training/row_list.h"

namespace likewise {

/// What a thread trains: the rows of both sides.
struct Sides {
  ItemRows center;
  ItemRows context;
  std::size_t stride = 0;
  bool beside = false;  // content of both, side by side at one distance, copies as well
};

/// A block with the addresses of all its rows, ready to be computed.
struct PreparedBlock {
  Block block;
  RowList centers;            // of the first half, of the second
  RowList contexts;           // of the first half, its negatives, of the second half, its negatives
  std::vector<float> ratios;  // of the contexts: how much likelier a session holds one than a draw
};

class Pipeline {
 public:
  Pipeline(Planner planner, const Sides& sides, const NoiseSampler& noise);

  /// The block to train now, or null at the end; `upcoming` becomes the one after it, or null.
  const PreparedBlock* next(const PreparedBlock*& upcoming);

  /// Events that no block told of, once there is no block left.
  std::int64_t events_left() const { return planner_.events_left(); }

  /// Blocks under way at a time.
  static constexpr std::size_t kDepth = 5;

 private:
  void advance();
  void list_rows(PreparedBlock& prepared);
  void list_centers(PreparedBlock& prepared);
  void expect_events(const Block& block) const;
  void draw(Block& block) const;
  void expect_marks(const Block& block) const;

  Planner planner_;
  const Sides& sides_;
  const NoiseSampler& noise_;
  TokenSlots center_slots_, context_slots_;  // the former of content at the centers alone
  PreparedBlock ring_[kDepth];
  // Blocks past each stage.
  std::size_t planned_ = 0, drawn_ = 0, expected_ = 0, prepared_ = 0, taken_ = 0;
  bool exhausted_ = false;
};

}  // namespace likewise
