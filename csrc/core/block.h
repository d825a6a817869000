// block.h: one block of training: gather, score, gradient, scatter.
//
// Skip-gram with negative sampling (Mikolov et al. 2013) over a block of events. Every row is read
// once and written once a block; between, all pairs are small dense products in cache. The block's
// negatives are shared by its centers and weighted by negatives * pairs / kSharedNegatives, so that
// the expected gradient is that of `negatives` independent draws for each pair; a draw that hits
// the pair's own context does not count, as in word2vec.
//
// A row that many pairs of a block share gets all their steps at once, where plain stochastic
// descent sees each answer the one before, and would overshoot. Such a row's step is cut to rate /
// curvature where the loss bends that much (the step that descent on a quadratic would not pass).
//
// Weights (tables) are shared by all threads and written without locks (Niu et al. 2011, Hogwild);
// a Workspace belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/kernels.h"
#include "core/noise_sampler.h"
#include "core/options.h"
#include "core/pipeline.h"
#include "core/rng.h"

namespace likewise {

/// The curvature of the logistic loss that steps are cut by: what pairs typically have (at most
/// 1/4).
inline constexpr float kCurvature = 0.03F;

/// Scratch memory of one thread: aligned floats that grow and are never shared.
class Scratch {
 public:
  float* reserve(std::size_t floats);

 private:
  std::vector<float> memory_;
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
  /// The items of one side of the block: their vectors, and where their gradients go.
  struct Side {
    float* vectors = nullptr;       // (items, stride)
    std::vector<float> squares;     // of the vectors' lengths
    std::vector<float> curvatures;  // of the loss along each vector, times the rate
    bool damp_own = true;           // whether own rows are held back by them, too
    std::vector<float> scales;      // of each gradient on its way out
    std::vector<float*> out;        // own row where an item is that alone, scratch otherwise
    std::vector<float> slot_curvatures;
    std::vector<float*> targets;  // where the rows of one item's content take its gradient,
    std::vector<float> weights;   // and how much of it
    Scratch vector_memory, gradient_memory, slot_memory;
  };
  struct Span {
    std::size_t low, high;
  };

  void train_shared(const PreparedBlock& prepared, float rate, double* loss);
  void train_independent(const PreparedBlock& prepared, float rate, double* loss, Rng& rng);
  void gather(const RowList& rows, Side& side);
  void find_curvatures(const Block& block, float rate);
  void choose_targets(const RowList& rows, Side& side);
  void scatter(const RowList& rows, Side& side);
  void expect_rows(const PreparedBlock* upcoming, std::size_t pauses);
  void bring_some_near();
  void skip_true_contexts(const Block& block);
  double center_loss(const Block& block, std::size_t i) const;

  const Kernels& kernels_;
  const Sides& sides_;
  float negatives_;
  const NoiseSampler& noise_;
  Side center_, context_;
  std::span<float* const> upcoming_[4];  // rows to bring near, from the next block
  std::size_t upcoming_share_ = 0;       // of them at each pause of this block's work
  std::size_t score_stride_ = 0, first_negative_ = 0;
  float* scores_ = nullptr;
  std::vector<std::uint32_t> first_row_, last_row_;  // centers that use a tile of contexts
  std::vector<Span> spans_;                          // contexts that a tile of centers uses
  std::vector<float> running_;                       // sums over contexts, by place
  Scratch score_memory_;
};

}  // namespace likewise
