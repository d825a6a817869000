// planner.h: reads sessions and says which pairs a block of training holds. No vectors here.
//
// center: the item whose features are read and updated. context: an item near it in the session, to
// be predicted from it. A block is up to kBlockCenters consecutive events as centers, with the
// events around them as contexts; short sessions share a block, long ones are cut into blocks whose
// contexts overlap, so that no pair is lost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/noise_sampler.h"
#include "core/options.h"
#include "core/rng.h"
#include "core/types.h"

namespace likewise {

/// Sessions as flat arrays; session s is items[offsets[s]] .. items[offsets[s + 1] - 1].
struct SessionView {
  std::span<const ItemId> items;
  std::span<const Offset> offsets;
  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

inline constexpr std::size_t kBlockCenters = 32;
inline constexpr std::size_t kSharedNegatives = 24;

struct Block {
  struct Center {
    std::uint32_t place;      // of the center itself, among the block's contexts
    std::uint32_t low, high;  // its contexts: places in [low, high) other than `place`
    bool own_row;             // whether its own row takes part this time
    std::uint32_t pairs() const { return high - low - 1; }
  };
  std::vector<ItemId> contexts;
  std::vector<Center> centers;
  std::vector<ItemId> negatives;  // shared by all centers of the block
  std::int64_t pairs = 0;

  void clear() {
    contexts.clear();
    centers.clear();
    negatives.clear();
    pairs = 0;
  }
};

class Planner {
 public:
  /// keep (n_items,): the share of an item's events that sub-sampling keeps; empty keeps all.
  Planner(const SessionView& sessions, const NoiseSampler& noise, std::span<const float> keep,
          const Options& options);

  /// From now on: the sessions [first, last), with this generator.
  void start(std::size_t first, std::size_t last, const Rng& rng);

  /// Fills the next block; false when the sessions are used up and the block is empty.
  bool next(Block& block);

  Rng& rng() { return rng_; }

 private:
  bool next_session();

  const SessionView& sessions_;
  const NoiseSampler& noise_;
  std::span<const float> keep_;
  std::uint32_t window_;
  float id_dropout_;
  bool shared_negatives_;
  Rng rng_{0};
  std::size_t session_ = 0, last_ = 0;
  std::vector<ItemId> kept_;         // the session after sub-sampling
  std::span<const ItemId> current_;  // the session being cut into blocks
  std::size_t done_ = 0;             // events of it that have been centers
};

/// The share of each item's events that is kept (Mikolov et al. 2013, as word2vec.c computes it).
std::vector<float> keep_shares(std::span<const std::int64_t> counts, double subsample);

}  // namespace likewise
