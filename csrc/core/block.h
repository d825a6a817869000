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

/// Lists the rows of a planned block and asks for them to be brought near.
void prepare(PreparedBlock& prepared, const Sides& sides);

class Workspace {
 public:
  Workspace(const Kernels& kernels, const Sides& sides, const Options& options,
            const NoiseSampler& noise);

  /// Trains on the block. `loss`, when not null, gets the summed loss of the block's pairs added
  /// (before the step): -log sigmoid of each pair and of each negative, in nats.
  void train(const PreparedBlock& prepared, float rate, double* loss, Rng& rng);

 private:
  void train_shared(const PreparedBlock& prepared, float rate, double* loss);
  void train_independent(const PreparedBlock& prepared, float rate, double* loss, Rng& rng);
  void gather(const PreparedBlock& prepared);
  void skip_true_contexts(const Block& block);
  double center_loss(const Block& block, std::size_t i) const;

  const Kernels& kernels_;
  const Sides& sides_;
  float negatives_;
  const NoiseSampler& noise_;
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
