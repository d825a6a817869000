// planner.h: reads sessions and says which pairs a block of training holds. No vectors here.
//
// center: the item whose features are read and updated. context: an item near it in the session, to
// be predicted from it. A block has two halves from distant places of the data, each about
// kHalfCenters consecutive events as centers, with the events around them as contexts; short
// sessions share a half, long ones are cut into pieces whose contexts overlap, so that no pair is
// lost. Each half's contexts are noise to the other half's centers, beside a few items drawn for it
// (block.h says how they are weighted).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/options.h"
#include "core/base/rng.h"
#include "core/base/types.h"
#include "core/training/noise_sampler.h"

namespace likewise {

/// What the order of a session's events says: who came when, or nothing.
enum class Order { kTime, kNone };

/// Sessions as flat arrays; session s is items[offsets[s]] .. items[offsets[s + 1] - 1]. One
/// without an order is read as if shuffled, so that it does not matter how its events were listed:
/// the same way in all epochs, since others every time were found to be worse.
struct SessionView {
  std::span<const ItemId> items;
  std::span<const Offset> offsets;
  Order order = Order::kTime;
  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

/// A piece of work: the sessions [first, last), and the generator of what is drawn for them.
struct Slice {
  std::size_t first = 0, last = 0;
  std::int64_t number = 0;  // of all slices of all epochs, in the order in which they are taken
  Rng rng{0};
};

/// Fills the next slice to be trained by anyone; false when there is none left.
using NextSlice = std::function<bool(Slice&)>;

inline constexpr std::uint64_t kOrderStream = 4;  // of random numbers: how a session is shuffled

inline constexpr std::size_t kHalfCenters = 24;   // events after which a half is full
inline constexpr std::size_t kHalfSlack = 8;      // more of them, rather than cut a session
inline constexpr std::size_t kSampled = 4;        // items drawn for a half
inline constexpr std::size_t kSampledAlone = 12;  // the same, where there is no other half

struct Center {
  std::uint32_t place;      // of the center itself, among the half's contexts
  std::uint32_t low, high;  // its session's events in reach: places in [low, high)
  float pairs;              // (center, context) pairs, each counted by its weight
  bool own_row;             // whether its own row takes part this time
};

struct Half {
  std::vector<ItemId> contexts;
  std::vector<Center> centers;
  std::vector<std::uint64_t> draws;  // random numbers that become the negatives
  std::vector<ItemId> negatives;     // drawn for this half, shared by its centers

  void clear() {
    contexts.clear();
    centers.clear();
    draws.clear();
    negatives.clear();
  }

  /// Looks up the negatives; apart from planning, since the look-up is a random one.
  void draw(const NoiseSampler& noise) {
    for (const std::uint64_t bits : draws) negatives.push_back(noise.item_of(bits));
  }
};

struct Block {
  Half halves[2];           // the second one is empty when sessions run out
  std::int64_t units = 0;   // pairs by weight, times the window: whole numbers
  std::int64_t slice = 0;   // the latest that was begun
  std::int64_t events = 0;  // that are done with it: its centers, and what came before and is none
  Rng rng{0};               // of what is drawn in training itself

  bool alone() const { return halves[1].centers.empty(); }
};

/// The weight of the pair at distance d (1 to window): the share of windows drawn evenly from 1 to
/// `window` that reach it. word2vec draws one; here every pair counts by its share.
inline float window_weight(std::size_t d, std::size_t window) {
  return static_cast<float>(window - d + 1) / static_cast<float>(window);
}

class Planner {
 public:
  /// keep (n_items,): the share of an item's events that sub-sampling keeps; empty keeps all.
  Planner(const SessionView& sessions, const NoiseSampler& noise, std::span<const float> keep,
          const Options& options, NextSlice next_slice);

  /// Fills the next block; false when the slices are used up and the block is empty.
  bool next(Block& block);

  /// Events since the last block: of sessions at the end that are too short for any.
  std::int64_t events_left() const { return events_; }

 private:
  /// One of the two places that the planner reads at.
  struct Stream {
    Slice slice;
    std::vector<ItemId> kept;         // the session shuffled, and after sub-sampling
    std::span<const ItemId> current;  // the session being cut into pieces
    std::size_t done = 0;             // events of it that have been centers
  };

  bool next_session(Stream& stream);
  void fill(Half& half, Stream& stream, Block& block);

  const SessionView& sessions_;
  const NoiseSampler& noise_;
  std::span<const float> keep_;
  std::uint64_t seed_;
  std::size_t window_;
  // Pairs by weight, times the window, to one side of an event with that many neighbours in reach.
  std::vector<std::int64_t> units_;
  float id_dropout_;
  bool shared_negatives_;
  NextSlice next_slice_;
  Stream streams_[2];
  std::int64_t latest_ = 0, events_ = 0;
};

/// The share of each item's events that is kept (Mikolov et al. 2013, as word2vec.c computes it).
std::vector<float> keep_shares(std::span<const std::int64_t> counts, double subsample);

}  // namespace likewise
