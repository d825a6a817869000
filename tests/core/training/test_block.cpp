// test_block.cpp: shared weighted negatives step, on average, as independent draws do.
//
// Short sessions are trained over and over from the same tables, with a rate so small that a step
// is its gradient. The mean change of every number must be the same for both kinds of negatives,
// within five standard errors of the difference and a small share for rounding and damping (rate
// times curvature). Sessions hold repeats, so that noise hits true contexts as well. Once a session
// is alone in its block; once there are two, of events drawn anew each time from the distribution
// of events, which is what the balance heuristic and the running mean of centers take them to be.
#include "core/training/block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "check.h"
#include "tiny_corpus.h"

using namespace likewise;

namespace {

constexpr float kRate = 1e-4F;
constexpr int kTrials = 8000;

struct Tables {
  Table center_own, center_tokens, context_own, context_tokens;

  Tables(std::size_t items, std::size_t tokens, std::size_t dim)
      : center_own(items, dim),
        center_tokens(tokens, dim),
        context_own(items, dim),
        context_tokens(tokens, dim) {}
  std::vector<Table*> all() { return {&center_own, &center_tokens, &context_own, &context_tokens}; }
  void reset() {
    std::uint64_t seed = 1;
    for (Table* table : all()) table->fill_uniform(0.5F, seed++);
  }
};

constexpr std::size_t kLength = 24;

/// Trains blocks from the same tables, with one kind of negatives.
class Trial {
 public:
  Trial(const TinyCorpus& corpus, bool shared, bool content)
      : features_(corpus.features()),
        tables_(corpus.counts.size(), features_.n_tokens(), 6),
        start_(corpus.counts.size(), features_.n_tokens(), 6),
        noise_(corpus.counts, 0.5) {
    start_.reset();
    options_.window = 2;
    options_.content = content;
    options_.shared_negatives = shared;
    sides_.stride = tables_.center_own.stride();
    sides_.center.own = &tables_.center_own;
    sides_.context.own = &tables_.context_own;
    if (content) {
      sides_.center.features = sides_.context.features = &features_;
      sides_.center.tokens = &tables_.center_tokens;
      sides_.context.tokens = &tables_.context_tokens;
    }
    workspace_ = std::make_unique<Workspace>(kernels(), sides_, options_, noise_);
  }

  /// What one block of these sessions changes, divided by the rate.
  std::vector<double> steps(const SessionView& sessions, std::uint64_t seed) {
    const auto from = start_.all(), to = tables_.all();
    for (std::size_t t = 0; t < to.size(); ++t) {
      std::memcpy(to[t]->data(), from[t]->data(), to[t]->rows() * to[t]->stride() * sizeof(float));
    }
    std::size_t next = 0;
    const NextSlice next_slice = [&](Slice& slice) {
      if (next == sessions.size()) return false;
      slice = {next, next + 1, 0, Rng(5, seed, next)};
      ++next;
      return true;
    };
    Pipeline pipeline(Planner(sessions, noise_, {}, options_, next_slice), sides_, noise_);
    const PreparedBlock* upcoming = nullptr;
    int blocks = 0;
    while (const PreparedBlock* block = pipeline.next(upcoming)) {
      CHECK(block->block.alone() == (sessions.size() == 1));
      workspace_->train(*block, upcoming, kRate, nullptr);
      ++blocks;
    }
    CHECK(blocks == 1);
    std::vector<double> changes;
    for (std::size_t t = 0; t < to.size(); ++t) {
      for (std::size_t i = 0; i < to[t]->rows(); ++i) {
        for (std::size_t d = 0; d < to[t]->dim(); ++d) {
          changes.push_back(static_cast<double>(to[t]->row(i)[d] - from[t]->row(i)[d]) /
                            static_cast<double>(kRate));
        }
      }
    }
    return changes;
  }

 private:
  FeatureView features_;
  Tables tables_, start_;
  NoiseSampler noise_;
  Options options_;
  Sides sides_;
  std::unique_ptr<Workspace> workspace_;
};

void both_kinds_agree(bool content, bool alone) {
  const TinyCorpus corpus(16, 40, 7);
  const NoiseSampler events(corpus.counts, 1.0);
  Trial shared(corpus, true, content), independent(corpus, false, content);
  std::vector<ItemId> items(corpus.items.begin(),
                            corpus.items.begin() + static_cast<std::ptrdiff_t>(kLength));
  std::vector<Offset> offsets{0, static_cast<Offset>(kLength)};
  if (!alone) {
    items.resize(2 * kLength);
    offsets.push_back(static_cast<Offset>(2 * kLength));
  }
  std::vector<double> mean, difference, square;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto seed = static_cast<std::uint64_t>(trial);
    Rng rng(7, seed);
    if (!alone) {
      for (ItemId& item : items) item = events.draw(rng);
    }
    const std::vector<double> a = shared.steps({items, offsets}, seed);
    const std::vector<double> b = independent.steps({items, offsets}, seed);
    mean.resize(a.size());
    difference.resize(a.size());
    square.resize(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      mean[i] += b[i] / kTrials;
      difference[i] += (a[i] - b[i]) / kTrials;
      square[i] += (a[i] - b[i]) * (a[i] - b[i]) / kTrials;
    }
  }
  double largest = 0, widest = 0, moved = 0;
  for (const double step : mean) largest = std::max(largest, std::abs(step));
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const double variance = std::max(0.0, square[i] - difference[i] * difference[i]) / kTrials;
    const double tolerance = 5 * std::sqrt(variance) + 0.01 * largest;
    CHECK_CLOSE(difference[i], 0, tolerance);
    widest = std::max(widest, tolerance);
    moved += mean[i] != 0;
  }
  CHECK(widest < 0.15 * largest);  // the tolerance means something
  CHECK(moved > 50);
}

}  // namespace

int main() {
  for (const bool alone : {true, false}) {
    for (const bool content : {false, true}) both_kinds_agree(content, alone);
  }
  return likewise_check::failures();
}
