// block.h: one block of training: gather, score, gradient, scatter.
//
// Skip-gram with negative sampling (Mikolov et al. 2013) over a block of events. Every row is read
// once and written once a block; between, all pairs are small dense products in cache. The block's
// negatives are shared by its centers and weighted by negatives * pairs / kSharedNegatives, so that
// the expected step is that of `negatives` independent draws for each pair; a draw that hits the
// pair's own context does not count, as in word2vec.
//
// Weights (tables) are shared by all threads and written without locks (Niu et al. 2011, Hogwild);
// a Workspace belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/composer.h"
#include "core/kernels.h"
#include "core/noise_sampler.h"
#include "core/planner.h"
#include "core/rng.h"

namespace likewise {

/// Scratch memory of one thread: aligned floats that grow and are never shared.
class Scratch {
 public:
  float* reserve(std::size_t floats);

 private:
  std::vector<float> memory_;
};

/// A block with the addresses of all its rows, ready to be computed.
struct PreparedBlock {
  Block block;
  RowList centers;
  RowList contexts;  // the block's contexts, then its negatives
};

/// What every thread shares while training runs.
struct Sides {
  ItemRows center;
  ItemRows context;
  std::size_t stride = 0;
};

/// Sessions to blocks whose memory is on its way: the look-ups that lead to a row (offsets, then
/// entries, then the row) each get a block's time to arrive before the next one needs them.
class Pipeline {
 public:
  Pipeline(Planner planner, const Sides& sides) : planner_(std::move(planner)), sides_(sides) {}

  void start(std::size_t first_session, std::size_t last_session, const Rng& rng);

  /// The block to train now, or null at the end; `upcoming` is the one after it, or null.
  const PreparedBlock* next(const PreparedBlock*& upcoming);

  Rng& rng() { return planner_.rng(); }

 private:
  static constexpr std::size_t kDepth = 4;
  void advance();
  void expect(const Block& block, void (*ask)(const FeatureView&, std::span<const ItemId>)) const;

  Planner planner_;
  const Sides& sides_;
  PreparedBlock ring_[kDepth];
  std::size_t planned_ = 0, expected_ = 0, prepared_ = 0, taken_ = 0;
  bool exhausted_ = false;
};

class Workspace {
 public:
  Workspace(const Kernels& kernels, const Sides& sides, const Options& options,
            const NoiseSampler& noise);

  /// Trains on the block, and meanwhile asks for the rows of the block that comes next (or null) to
  /// be brought near. `loss`, when not null, gets the summed loss of the block's pairs added
  /// (before the step): -log sigmoid of each pair and of each negative, in nats.
  void train(const PreparedBlock& prepared, const PreparedBlock* upcoming, float rate, double* loss,
             Rng& rng);

 private:
  void train_shared(const PreparedBlock& prepared, float rate, double* loss);
  void train_independent(const PreparedBlock& prepared, float rate, double* loss, Rng& rng);
  void gather(const PreparedBlock& prepared);
  void bring_some_near();
  void skip_true_contexts(const Block& block);
  double center_loss(const Block& block, std::size_t i) const;

  const Kernels& kernels_;
  const Sides& sides_;
  float negatives_;
  const NoiseSampler& noise_;
  std::span<float* const> upcoming_[2];  // rows to bring near, from the next block
  std::size_t upcoming_share_ = 0;       // of them at each pause of this block's work
  std::size_t score_stride_ = 0, first_negative_ = 0;
  float *center_ = nullptr, *context_ = nullptr, *scores_ = nullptr;
  std::vector<float*> center_out_, context_out_;
  std::vector<std::uint32_t> first_row_, last_row_;  // centers that use a tile of contexts
  struct Span {
    std::size_t low, high;
  };
  std::vector<Span> spans_;  // contexts that a tile of centers uses
  Scratch center_memory_, context_memory_, score_memory_, gradient_memory_;
};

}  // namespace likewise
