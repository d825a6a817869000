// block.h: one block of training: gather, score, gradient, scatter.
//
// Skip-gram with negative sampling (Mikolov et al. 2013) over a block of events. Every row is read
// once and written once a block; between, all pairs are small dense products in cache. Three things
// make few negatives do the work of many, and leave the expected gradient that of `negatives`
// independent draws for each pair:
//
// - Each center meets a band of the other half's contexts and the items drawn for its half. Either
//   kind is weighted by the balance heuristic (Veach and Guibas 1995): a draw has the noise
//   distribution, an event that of the sessions, and together they stand for the noise alone. So
//   every event pays for its true contexts with noise of its own, a rare item as surely as a
//   frequent one, and its rows are at hand already. A negative that is a true context of a center
//   does not count for that pair, as in word2vec.
// - A pair at distance d counts by the share of windows that reach it: nothing is drawn, and no
//   score is computed for nothing.
// - What noise does to a context goes mostly along the mean of all centers. That part is taken from
//   a running mean instead of the few centers at hand (a control variate). Rows of content, which
//   many contexts share, average by themselves and do without.
//
// A row that many pairs of a block share gets all their steps at once, where plain stochastic
// descent sees each answer the one before, and would overshoot. Such a row's step is cut to rate /
// curvature where the loss bends that much (the step that descent on a quadratic would not pass).
//
// Where the kernels have packed products, the block's rows are packed to bfloat16 once, and scores
// and gradients are of those; tables, steps on their way and sums stay float32 (block_packed.cpp).
//
// Weights (tables) are shared by all threads and written without locks (Niu et al. 2011, Hogwild);
// a Workspace belongs to one thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/options.h"
#include "core/base/rng.h"
#include "core/kernels/kernels.h"
#include "core/training/noise_sampler.h"
#include "core/training/pipeline.h"

namespace likewise {

/// The curvature of the logistic loss that steps are cut by: what pairs typically have (at most
/// 1/4).
inline constexpr float kCurvature = 0.03F;

/// Columns of the other half that a tile of centers meets as noise, kScorePadding at a time.
inline constexpr std::size_t kBandTiles = 2;

/// Items whose scores or gradients are computed together.
inline constexpr std::size_t kTile = kMostRows;

/// log(1 + e^x): the loss of a score of -x.
inline double softplus(double x) {
  return std::max(x, 0.0) + std::log(1.0 + std::exp(-std::abs(x)));
}

/// Share of a block in the running mean of centers.
inline constexpr float kMeanStep = 0.02F;

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
  /// (before the step): -log sigmoid of each pair and of its negatives, by weight, in nats.
  void train(const PreparedBlock& prepared, const PreparedBlock* upcoming, float rate,
             double* loss);

 private:
  static constexpr std::size_t kNoiseColumns = kLine;  // room for a center's noise

  /// The items of one side of the block: their vectors, and where their gradients go.
  struct Side {
    std::size_t items = 0;
    float* vectors = nullptr;             // (items, stride), where they are not the rows themselves
    std::vector<const float*> rows;       // the vectors, and kScorePadding more that may be read
    std::vector<const float*> packed;     // what products read instead, one for each two places
    std::vector<float> squares;           // of the vectors' lengths
    std::vector<float> curvatures;        // of the loss along each vector, times the rate
    std::vector<float> scales;            // of each gradient on its way out
    std::vector<float*> out;              // own row where an item is that alone, scratch otherwise
    std::vector<const float*> gradients;  // that rows of content take, row after row,
    std::vector<float> weights;           // and how much of each
    std::vector<std::uint32_t> ends;      // where those of each row end,
    std::vector<float> bends;             // and the curvature along it
    Scratch vector_memory, gradient_memory, packed_memory;
    const float* const* products() const { return packed.empty() ? rows.data() : packed.data(); }
  };

  /// kTile columns of noise: contexts of the other half, or items drawn for the own one.
  struct NoiseGroup {
    std::uint32_t first;  // among the block's contexts
    std::uint32_t count;  // of the columns; further ones weigh nothing
    std::uint32_t place;  // of the first one among the rows of products
    std::uint32_t other;  // the first one among the other half's contexts; none where drawn
  };

  /// Centers that are computed together, with the contexts that any of them has and their noise.
  struct Tile {
    std::size_t first, count;      // centers of the half
    std::size_t low, high;         // contexts of the half
    std::size_t n_band, n_groups;  // of noise: the band of the other half, then the drawn items
    NoiseGroup groups[kNoiseColumns / kTile];
    const float* rows[kNoiseColumns + kScorePadding];  // what products read
    float weights[kNoiseColumns], bases[kNoiseColumns];
    std::size_t n_noise() const { return n_groups * kTile; }
  };

  /// One half of the block: where it lies in the lists of the whole block, and its products.
  struct Part {
    const Half* half = nullptr;
    std::size_t first_center = 0, first_context = 0, first_negative = 0;
    std::size_t center_place = 0, context_place = 0, negative_place = 0;  // among packed rows
    std::size_t stride = 0;                                               // of `steps`
    float* steps = nullptr;          // (centers, contexts): scores, then steps, of the true pairs
    float* noise = nullptr;          // (centers, kNoiseColumns): the same of noise, for centers
    float* context_noise = nullptr;  // the same about their bases, for contexts
    // What products read: the above, or words of them along and across centers.
    float *to_centers = nullptr, *to_contexts = nullptr;
    float *noise_to_centers = nullptr, *noise_to_contexts = nullptr;
    std::vector<std::uint32_t> first_row, last_row;  // centers that use four contexts
    std::vector<Tile> tiles;
    Scratch memory;
    std::size_t centers() const { return half->centers.size(); }
    std::size_t contexts() const { return half->contexts.size(); }
  };

  void gather(const RowList& rows, Side& side, bool in_place);
  void choose_targets(const RowList& rows, Side& side);
  void sort_by_row(const RowList& rows, Side& side);
  void scatter(const RowList& rows, Side& side, HotRows* hot);
  void expect_rows(const PreparedBlock* upcoming, std::size_t pauses);
  void bring_some_near();

  void lay_out(const PreparedBlock& prepared);
  void pack_rows();
  /// Calls use(index, place, n) for each run of contexts that lie side by side.
  template <class Use>
  void for_each_context(const Use& use) const {
    for (const Part& part : parts_) {
      use(part.first_context, part.context_place, part.contexts());
      use(part.first_negative, part.negative_place, part.half->negatives.size());
    }
  }
  void pack_steps(Part& own);
  void score_packed(Part& own, const Tile& tile);
  void move_packed_mean();
  void pack_mean_steps();
  void plan_tiles(Part& own, const Part* other);
  void plan_noise(Tile& tile, const Part& own, const Part* other, std::size_t turn);
  void move_mean(const Block& block);
  void weigh_noise(Tile& tile, std::span<const float> ratios);
  void add_noise(const Tile& tile, float step, float bend);
  void score(Part& own, float rate, double* loss);
  void bend_true_pairs(const Part& own, std::size_t first, std::size_t count, std::size_t low,
                       std::size_t high, float rate, TrueSpan* spans);
  bool mark_true_contexts(const Part& own, const Part* other);
  void skip_true_contexts(Part& own, const Part* other);
  void train_centers(const Part& own);
  void train_contexts(const Part& own, const Part* other);
  void train_shared(const PreparedBlock& prepared, float rate, double* loss);
  void train_independent(const PreparedBlock& prepared, float rate, double* loss);
  double center_loss(const Part& own, const Tile& tile, std::size_t i) const;

  const Kernels& kernels_;
  const Sides& sides_;
  std::size_t window_;
  float negatives_;
  const NoiseSampler& noise_;
  const PackedKernels* packed_;  // null: rows are used as they are
  std::size_t group_;            // places that a row of products holds, 1 or 2
  Side center_, context_;
  std::span<float* const> upcoming_[4];  // rows to bring near, from the next block
  std::size_t upcoming_share_ = 0;       // of them at each pause of this block's work
  Part parts_[2];
  std::vector<float> window_weights_;  // by distance, zero beyond the window and at itself
  const float* weight_at_ = nullptr;   // of distance 0 in it
  std::size_t reach_ = 0;              // distances on either side
  bool about_mean_ = true;             // whether contexts take their noise about it
  float* mean_ = nullptr;              // (stride,): running mean of centers, by their pairs
  std::int64_t blocks_ = 0;            // that it has seen
  std::vector<float> shares_;          // of this block's centers in it
  std::vector<float> ones_, unused_;
  std::vector<float> bases_;         // a context: sigmoid of its score with the mean
  std::vector<float> mean_steps_;    // a context: minus the steps of its noise along the mean
  std::vector<std::uint8_t> true_;   // a context: whether the half at hand has it as a true one
  std::vector<std::uint64_t> seen_;  // bits of the items that the half at hand has
  std::vector<Terms> terms_;
  float *singles_ = nullptr, *columns_ = nullptr;  // packed centers and contexts, for scores
  std::size_t column_stride_ = 0, n_columns_ = 0;
  float *mean_single_ = nullptr, *mean_pairs_ = nullptr;
  std::vector<const float*> places_;  // rows by place, on their way to be packed
  std::vector<float> by_place_;       // a number for each of them
  std::vector<float> packed_shares_, packed_mean_steps_;
  Scratch singles_memory_, columns_memory_, packed_mean_memory_;
  Scratch mean_memory_, nothing_memory_;
  const float* nothing_ = nullptr;  // (stride,) zeros: a vector without rows
};

}  // namespace likewise
