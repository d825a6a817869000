// test_block.cpp: shared weighted negatives step, on average, as independent draws do.
//
// The same short session is trained over and over from the same tables, with a rate so small that
// a step is its gradient. The mean change of every number must be the same for both kinds of
// negatives, within five standard errors of the difference and a small share for rounding and
// damping (rate times curvature). Sessions hold repeats, so that draws hit true contexts as well.
#include "core/block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
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

struct Mean {
  std::vector<double> sum, square;
};

Mean mean_steps(const TinyCorpus& corpus, bool shared, bool content) {
  const SessionView sessions{corpus.items, corpus.offsets};
  const FeatureView features = corpus.features();
  Tables tables(corpus.counts.size(), features.n_tokens(), 6),
      start = Tables(corpus.counts.size(), features.n_tokens(), 6);
  start.reset();
  Options options;
  options.window = 2;
  options.content = content;
  options.shared_negatives = shared;
  const NoiseSampler noise(corpus.counts, 0.5);
  Sides sides;
  sides.stride = tables.center_own.stride();
  sides.center.own = &tables.center_own;
  sides.context.own = &tables.context_own;
  if (content) {
    sides.center.features = sides.context.features = &features;
    sides.center.tokens = &tables.center_tokens;
    sides.context.tokens = &tables.context_tokens;
  }
  Workspace workspace(kernels(), sides, options, noise);
  Pipeline pipeline(Planner(sessions, noise, {}, options), sides);

  Mean mean;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto from = start.all(), to = tables.all();
    for (std::size_t t = 0; t < to.size(); ++t) {
      std::memcpy(to[t]->data(), from[t]->data(), to[t]->rows() * to[t]->stride() * sizeof(float));
    }
    pipeline.start(0, sessions.size(), Rng(5, static_cast<std::uint64_t>(trial)));
    const PreparedBlock* upcoming = nullptr;
    while (const PreparedBlock* block = pipeline.next(upcoming)) {
      workspace.train(*block, upcoming, kRate, nullptr, pipeline.rng());
    }
    std::size_t at = 0;
    for (std::size_t t = 0; t < to.size(); ++t) {
      for (std::size_t i = 0; i < to[t]->rows(); ++i) {
        for (std::size_t d = 0; d < to[t]->dim(); ++d, ++at) {
          if (at == mean.sum.size()) {
            mean.sum.push_back(0);
            mean.square.push_back(0);
          }
          const double step = static_cast<double>(to[t]->row(i)[d] - from[t]->row(i)[d]) /
                              static_cast<double>(kRate);
          mean.sum[at] += step / kTrials;
          mean.square[at] += step * step / kTrials;
        }
      }
    }
  }
  return mean;
}

void both_kinds_agree(bool content) {
  const TinyCorpus corpus(16, 4, 7);
  const Mean shared = mean_steps(corpus, true, content);
  const Mean independent = mean_steps(corpus, false, content);
  double largest = 0, widest = 0, moved = 0;
  for (const double step : shared.sum) largest = std::max(largest, std::abs(step));
  for (std::size_t i = 0; i < shared.sum.size(); ++i) {
    const auto variance = [&](const Mean& mean) {
      return std::max(0.0, mean.square[i] - mean.sum[i] * mean.sum[i]) / kTrials;
    };
    const double tolerance =
        5 * std::sqrt(variance(shared) + variance(independent)) + 0.01 * largest;
    CHECK_CLOSE(shared.sum[i], independent.sum[i], tolerance);
    widest = std::max(widest, tolerance);
    moved += shared.sum[i] != 0;
  }
  CHECK(widest < 0.1 * largest);  // the tolerance means something
  CHECK(moved > 50);
}

}  // namespace

int main() {
  both_kinds_agree(false);
  both_kinds_agree(true);
  return likewise_check::failures();
}
