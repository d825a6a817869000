// trainer.h: epochs over sessions, by many threads, into one set of tables.
//
// Folder training owns the way from sessions to vectors: what a block of work holds, its gradients,
// who does it when. It meets text as numbers alone (FeatureView).
//
// Owns the order of work, the learning rate, progress and the end of training. What a block does is
// in block.h; what stands in it in planner.h.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/feature_view.h"
#include "core/base/options.h"
#include "core/base/table.h"
#include "core/training/composer.h"
#include "core/training/planner.h"

namespace likewise {

/// The tables that training makes. Center and context each: own rows (n_items), composed words and
/// category levels (n_tokens), n-grams (buckets). Absent ones are empty.
struct Weights {
  Table center_own, center_tokens, center_ngrams;
  Table context_own, context_tokens, context_ngrams;
};

struct TrainingInput {
  SessionView sessions;
  std::span<const std::int64_t> counts;  // (n_items,) events of each item in the sessions
  FeatureView features;                  // empty when options.content is false
  std::size_t buckets = 0;
};

struct Progress {
  std::int64_t events_done, events_total, pairs_done, epoch, epochs;
  double loss_per_pair;  // nats, mean over a sample of the blocks since the last report
  double learning_rate, seconds;
};

/// Called on the calling thread, about every 20 ms; may throw to stop training.
using OnProgress = std::function<void(const Progress&)>;

/// The loss is not a finite number any more.
class Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Trains from random rows. Throws std::invalid_argument for input that does not fit together,
/// Diverged when numbers overflow, and whatever `progress` throws.
Weights train(const TrainingInput& input, const Options& options, const OnProgress& progress);

/// center_own and context_own += the content of each item: from rows to complete vectors.
void add_content_to_own(const FeatureView& features, Weights& weights, int threads,
                        const Poll& poll);

/// Gives every table memory of its own, without padding between the rows.
void compact(Weights& weights, int threads);

/// The named numbers that training depends on, for the tests' slow twin of it.
std::vector<std::pair<const char*, double>> engine_constants();

}  // namespace likewise
