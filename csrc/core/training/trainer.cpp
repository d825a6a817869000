// trainer.cpp: slices, epochs, stretches.
#include "core/training/trainer.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iterator>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/base/rng.h"
#include "core/base/workers.h"
#include "core/training/block.h"
#include "core/training/composer.h"
#include "core/training/hot_rows.h"
#include "core/training/noise_sampler.h"
#include "core/training/schedule.h"
#include "core/training/slices.h"
#include "core/training/tally.h"

namespace likewise {
namespace {

constexpr double kAbsurdLoss = 50;  // nats a score; a healthy one costs below 1, rarely above 5
constexpr std::int64_t kLossEvery = 64;   // blocks from one whose loss is taken to the next
constexpr float kStartNorm = 0.1F;        // length of a word's random start
constexpr float kTeachRate = 0.3F;        // step of words teaching their n-grams
constexpr float kPull = 0.05F;            // share by which a token moves towards its n-grams
constexpr int kLastPasses = 4;            // passes of that at the end of training
constexpr std::int64_t kSlicesEach = 16;  // slices of work per thread, when events are few
constexpr std::int64_t kLeastSlice = 256, kLargestSlice = 4096;  // events of a slice
constexpr std::uint64_t kSliceStream = 1, kShuffleStream = 2, kTableStream = 3;

using Clock = std::chrono::steady_clock;

void check(const TrainingInput& input, const Options& options) {
  const auto& items = input.sessions.items;
  const auto& offsets = input.sessions.offsets;
  const auto refuse = [](const char* what) { throw std::invalid_argument(what); };
  if (offsets.empty() || offsets.front() != 0 ||
      offsets.back() != static_cast<Offset>(items.size()) ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    refuse("offsets must rise from 0 to the number of items in the sessions");
  }
  const auto n_items = static_cast<ItemId>(input.counts.size());
  for (const ItemId item : items) {
    if (item < 0 || item >= n_items) refuse("sessions must hold items of the catalogue only");
  }
  if (options.content && input.features.empty()) {
    refuse("features must be given when content is true");
  }
  check(input.features, input.counts.size(), input.features.n_tokens(), input.buckets);
}

std::string shortly(double number) {
  if (std::isnan(number)) return "not a number";
  std::ostringstream text;
  text << std::setprecision(3) << number;
  return text.str();
}

Diverged diverged(const Options& options, std::int64_t epoch, double rate, const std::string& why) {
  return Diverged("training diverged in epoch " + std::to_string(epoch + 1) + " of " +
                  std::to_string(options.epochs) + " at learning rate " + shortly(rate) + ": " +
                  why + "; lower learning_rate, from " + shortly(options.learning_rate));
}

class Trainer {
 public:
  Trainer(const TrainingInput& input, const Options& options, const OnProgress& progress)
      : input_(input),
        options_(options),
        progress_(progress),
        kernels_(kernels()),
        threads_(thread_count(options.threads)),
        keep_(keep_shares(input.counts, options.subsample)),
        noise_(input.counts, options.noise_exponent, keep_),
        slices_(input.sessions, slice_events()),
        tallies_(static_cast<std::size_t>(threads_)) {
    trim_allocator();  // of what making the sampler took for a while
    const std::size_t n_items = input.counts.size();
    const auto dim = static_cast<std::size_t>(options.dim);
    const bool content = options.content && !input.features.empty();
    const bool context_content = content && options.context == "content";
    Table::side_by_side(n_items, dim, weights_.center_own, weights_.context_own);
    if (content) {
      const std::size_t n_tokens = input.features.n_tokens();
      if (context_content) {
        Table::side_by_side(n_tokens, dim, weights_.center_tokens, weights_.context_tokens);
        weights_.context_ngrams = Table(ngram_rows(), dim);
      } else {
        weights_.center_tokens = Table(n_tokens, dim);
      }
      weights_.center_ngrams = Table(ngram_rows(), dim);
      // A word starts in a direction that only its hash decides, so that two catalogues agree.
      weights_.center_tokens.fill_uniform(kStartNorm * std::sqrt(3.0F / static_cast<float>(dim)),
                                          options.seed, threads_, input.features.token_hashes);
      mark_trained();
    } else {
      weights_.center_own.fill_uniform(0.5F / static_cast<float>(dim), options.seed ^ kTableStream,
                                       threads_);
      // A random start that is never trained would be a vector that means nothing.
      for (std::size_t i = 0; i < n_items; ++i) {
        if (input.counts[i] < options.min_count) std::fill_n(weights_.center_own.row(i), dim, 0.0F);
      }
    }
    if (options.min_count > 1) {
      for (const std::int64_t count : input.counts) has_own_.push_back(count >= options.min_count);
    }
    sides_.stride = padded(dim);
    if (content) sides_.center.features = &input.features;
    sides_.center.tokens = &weights_.center_tokens;
    if (options.own_row) sides_.center.own = &weights_.center_own;
    sides_.center.has_own = has_own_;
    if (context_content) sides_.context.features = &input.features;
    sides_.context.tokens = &weights_.context_tokens;
    sides_.context.own = &weights_.context_own;
    sides_.beside = context_content;
    if (content) merge_every_ = merge_every(blocks_of_a_thread(), threads_);
    if (merge_every_ > 0) hot_ = HotTokens(input.features, input.counts, merge_every_);
  }

  Weights run() {
    started_ = Clock::now();
    const std::int64_t all = slices_.count() * options_.epochs;
    const std::int64_t stretch = stretch_slices();
    for (std::int64_t first = 0; first < all; first += stretch) {
      const std::int64_t last = std::min(first + stretch, all);
      next_slice_.store(first);
      run_workers(
          threads_, [&](int thread, const StopFlag& stop) { work(thread, stop, last); },
          [&] { report(); });
      pass_down(last == all);
      if (last < all) report();  // a short stretch ends before its first poll
    }
    report();
    return std::move(weights_);
  }

 private:
  std::int64_t slice_events() const {
    const auto events = static_cast<std::int64_t>(input_.sessions.items.size());
    return std::clamp(events / (kSlicesEach * threads_), kLeastSlice, kLargestSlice);
  }

  std::size_t ngram_rows() const { return input_.features.ngram_rows.empty() ? 0 : input_.buckets; }

  /// Slices from one passing-down to the next: whole epochs unless the option says otherwise.
  std::int64_t stretch_slices() const {
    if (weights_.center_ngrams.empty()) return slices_.count() * options_.epochs;
    if (options_.stretch == 0) return slices_.count();
    const auto events = static_cast<std::int64_t>(input_.sessions.items.size());
    return std::max<std::int64_t>(
        1, options_.stretch * slices_.count() / std::max<std::int64_t>(1, events));
  }

  /// Of a stretch: copies live no longer.
  std::size_t blocks_of_a_thread() const {
    const auto events = static_cast<std::int64_t>(input_.sessions.items.size());
    const std::int64_t stretch = std::min(slices_.count(), stretch_slices());
    const std::int64_t some = events / slices_.count() * stretch / threads_;
    return static_cast<std::size_t>(some) / (2 * kHalfCenters);
  }

  void mark_trained() {
    const FeatureView& features = input_.features;
    trained_.assign(features.n_tokens(), 0);
    for (std::size_t i = 0; i < input_.counts.size(); ++i) {
      if (input_.counts[i] == 0) continue;
      for (const auto token : features.tokens(i)) trained_[static_cast<std::size_t>(token)] = 1;
    }
  }

  void pass_down(bool last) {
    if (weights_.center_ngrams.empty()) return;
    const int passes = last ? kLastPasses : 1;
    for (int pass = 0; pass < passes; ++pass) {
      const float rate = kTeachRate / static_cast<float>(1 + pass);
      const float pull = last ? 0.0F : kPull;
      teach_ngrams(input_.features, trained_, rate, pull, weights_.center_tokens,
                   weights_.center_ngrams, threads_, [&] { report(); });
      if (weights_.context_ngrams.empty()) continue;
      teach_ngrams(input_.features, trained_, rate, pull, weights_.context_tokens,
                   weights_.context_ngrams, threads_, [&] { report(); });
    }
  }

  /// The order of an epoch's slices: shuffled, the same for any number of threads.
  std::vector<std::int32_t> order_of(std::int64_t epoch) const {
    std::vector<std::int32_t> order(static_cast<std::size_t>(slices_.count()));
    std::iota(order.begin(), order.end(), 0);
    Rng rng(options_.seed, kShuffleStream, static_cast<std::uint64_t>(epoch));
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[rng.below(static_cast<std::uint32_t>(i))]);
    }
    return order;
  }

  void work(int thread, const StopFlag& stop, std::int64_t end) {
    std::int64_t epoch = -1;
    std::vector<std::int32_t> order;
    const auto next_slice = [&](Slice& slice) {
      if (stop.requested()) return false;
      const std::int64_t at = next_slice_.fetch_add(1, std::memory_order_relaxed);
      if (at >= end) return false;
      if (at / slices_.count() != epoch) order = order_of(epoch = at / slices_.count());
      const std::int64_t piece = order[static_cast<std::size_t>(at % slices_.count())];
      slice = {slices_.first_session(piece), slices_.first_session(piece + 1), at,
               Rng(options_.seed, kSliceStream, static_cast<std::uint64_t>(at))};
      return true;
    };
    Sides sides = sides_;
    std::vector<std::unique_ptr<HotRows>> copies;
    Table room[2];  // as the tables themselves lie
    Table::side_by_side(hot_.tokens().size(), sides.center.tokens->dim(), room[0], room[1]);
    for (ItemRows* side : {&sides.center, &sides.context}) {
      if (merge_every_ == 0 || side->features == nullptr) continue;
      copies.push_back(std::make_unique<HotRows>(kernels_, hot_, *side->tokens,
                                                 std::move(room[copies.size()]), threads_));
      side->hot = copies.back().get();
    }
    const auto merge = [&] {
      for (const auto& rows : copies) rows->merge();
    };
    Workspace workspace(kernels_, sides, options_, noise_);
    Pipeline pipeline(Planner(input_.sessions, noise_, keep_, options_, next_slice), sides, noise_);
    Tally& tally = tallies_[static_cast<std::size_t>(thread)];
    const double all = static_cast<double>(slices_.count() * options_.epochs);
    std::int64_t number = 0;
    const PreparedBlock* upcoming = nullptr;
    while (const PreparedBlock* prepared = stop.requested() ? nullptr : pipeline.next(upcoming)) {
      const Block& block = prepared->block;
      const float rate = learning_rate(options_.learning_rate, options_.min_learning_rate,
                                       static_cast<double>(block.slice) / all);
      const bool sample = number++ % kLossEvery == 0;
      double loss = 0;
      workspace.train(*prepared, upcoming, rate, sample ? &loss : nullptr);
      if (sample) {
        const double pairs =
            static_cast<double>(block.units) / static_cast<double>(options_.window);
        const double terms = pairs * static_cast<double>(1 + options_.negatives);
        if (!(loss <= kAbsurdLoss * terms)) {  // not a number, too
          throw diverged(options_, block.slice / slices_.count(), static_cast<double>(rate),
                         "the loss per pair is " + shortly(loss / pairs));
        }
      }
      tally.add(block.events, block.units, sample ? block.units : 0, loss);
      if (merge_every_ > 0 && static_cast<std::size_t>(number) % merge_every_ == 0) merge();
    }
    merge();
    if (!stop.requested()) tally.add(pipeline.events_left(), 0, 0, 0);
  }

  void report() {
    Progress progress{};
    double loss = 0;
    std::int64_t sampled = 0;
    for (const Tally& tally : tallies_) {
      progress.events_done += tally.events.load(std::memory_order_acquire);
      progress.pairs_done += tally.pairs.load(std::memory_order_relaxed);
      sampled += tally.sampled_pairs.load(std::memory_order_relaxed);
      loss += tally.loss.load(std::memory_order_relaxed);
    }
    progress.pairs_done /= options_.window;
    if (sampled > reported_pairs_) {
      loss_per_pair_ = (loss - reported_loss_) / static_cast<double>(sampled - reported_pairs_) *
                       static_cast<double>(options_.window);
      reported_loss_ = loss;
      reported_pairs_ = sampled;
    }
    const auto events = static_cast<std::int64_t>(input_.sessions.items.size());
    progress.events_total = events * options_.epochs;
    progress.epochs = options_.epochs;
    progress.epoch =
        std::min(options_.epochs - 1, progress.events_done / std::max<std::int64_t>(1, events));
    progress.loss_per_pair = loss_per_pair_;
    progress.learning_rate = static_cast<double>(
        learning_rate(options_.learning_rate, options_.min_learning_rate,
                      static_cast<double>(progress.events_done) /
                          static_cast<double>(std::max<std::int64_t>(1, progress.events_total))));
    progress.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    progress_(progress);
  }

  const TrainingInput& input_;
  const Options& options_;
  const OnProgress& progress_;
  const Kernels& kernels_;
  int threads_;
  std::vector<float> keep_;
  NoiseSampler noise_;
  Slices slices_;
  std::vector<Tally> tallies_;
  std::vector<std::uint8_t> has_own_, trained_;
  Weights weights_;
  Sides sides_;
  HotTokens hot_;                // of which each thread has copies,
  std::size_t merge_every_ = 0;  // merged after so many blocks; 0: there are none
  std::atomic<std::int64_t> next_slice_{0};
  Clock::time_point started_;
  double reported_loss_ = 0, loss_per_pair_ = 0;
  std::int64_t reported_pairs_ = 0;
};

void require_finite(const Table& table, const Options& options) {
  const auto check_rows = [&](std::int64_t first, std::int64_t last, int) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
      // An exponent of ones means infinite, or not a number: one more and it reaches the sign.
      std::uint32_t any = 0;
      for (std::size_t d = 0; d < table.dim(); ++d) {
        any |= (std::bit_cast<std::uint32_t>(table.row(i)[d]) & 0x7F800000U) + 0x00800000U;
      }
      if (any >> 31 != 0) {
        throw diverged(options, options.epochs - 1, options.min_learning_rate,
                       "a vector is not finite");
      }
    }
  };
  parallel_for(thread_count(options.threads), static_cast<std::int64_t>(table.rows()), 8192,
               check_rows);
}

}  // namespace

Weights train(const TrainingInput& input, const Options& options, const OnProgress& progress) {
  check(options);
  check(input, options);
  Weights weights = Trainer(input, options, progress).run();
  for (const Table* table : {&weights.center_own, &weights.center_tokens, &weights.context_own,
                             &weights.context_tokens}) {
    require_finite(*table, options);
  }
  return weights;
}

void add_content_to_own(const FeatureView& features, Weights& weights, int threads,
                        const Poll& poll) {
  const auto add = [&](const Table& tokens, Table& own) {
    if (tokens.empty()) return;
    add_content(features, tokens.data(), tokens.stride(), own, threads, poll);
  };
  add(weights.center_tokens, weights.center_own);
  add(weights.context_tokens, weights.context_own);
}

void compact(Weights& weights, int threads) {
  trim_allocator();  // of what training held beside the tables: there are to be more of them
  Table::separate(weights.center_own, weights.context_own, threads);
  if (!weights.context_tokens.empty()) {
    Table::separate(weights.center_tokens, weights.context_tokens, threads);
  }
  Table* const tables[] = {&weights.center_tokens, &weights.center_ngrams, &weights.context_ngrams};
  parallel_for(threads, std::ssize(tables), 1,
               [&](std::int64_t first, std::int64_t, int) { tables[first]->compact(); });
}

std::vector<std::pair<const char*, double>> engine_constants() {
  const auto number = [](auto value) { return static_cast<double>(value); };
  return {{"half_centers", number(kHalfCenters)},
          {"half_slack", number(kHalfSlack)},
          {"sampled", number(kSampled)},
          {"sampled_alone", number(kSampledAlone)},
          {"band_tiles", number(kBandTiles)},
          {"tile", number(kMostRows)},
          {"mean_step", number(kMeanStep)},
          {"curvature", number(kCurvature)},
          {"start_norm", number(kStartNorm)},
          {"teach_rate", number(kTeachRate)},
          {"pull", number(kPull)},
          {"last_passes", number(kLastPasses)},
          {"slices_each", number(kSlicesEach)},
          {"least_slice", number(kLeastSlice)},
          {"largest_slice", number(kLargestSlice)},
          {"slice_stream", number(kSliceStream)},
          {"shuffle_stream", number(kShuffleStream)},
          {"table_stream", number(kTableStream)},
          {"order_stream", number(kOrderStream)}};
}

}  // namespace likewise
