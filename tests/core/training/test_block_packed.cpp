// test_block_packed.cpp: a block of packed rows takes the step that it takes of rows as they are.
//
// Sessions of every length, some longer than a half of a block, trained block by block, each from
// the same tables: with rows as they are, with plain loops over packed rows, and with the packed
// products of each set that this machine has. What a block changes differs by rounding alone.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.h"
#include "core/training/block.h"
#include "plain_packed.h"
#include "tiny_corpus.h"

using namespace likewise;

namespace {

constexpr std::size_t kItems = 40, kSessions = 60, kDim = 21;
constexpr float kRate = 0.05F;

/// Sessions of 2 to 61 events, the short ones more often.
struct Sessions {
  TinyCorpus corpus{kItems, 300, 8};
  std::vector<Offset> offsets{0};

  Sessions() {
    Rng rng(3);
    for (std::size_t s = 0; s < kSessions; ++s) {
      const std::uint32_t longest = s % 10 == 0 ? 60 : 9;
      offsets.push_back(offsets.back() + 2 + static_cast<Offset>(rng.below(longest)));
    }
  }
  SessionView view() const { return {corpus.items, offsets}; }
};

/// What each block changes in all four tables, in a list for each block.
std::vector<std::vector<float>> changes(const Sessions& sessions, const Kernels& kernels,
                                        bool content, bool alone) {
  const FeatureView features = sessions.corpus.features();
  std::vector<Table> tables, starts;
  for (std::size_t t = 0; t < 4; ++t) {
    for (auto* list : {&tables, &starts}) {
      list->emplace_back(t % 2 == 0 ? kItems : features.n_tokens(), kDim);
      list->back().fill_uniform(0.5F, t + 1);
    }
  }
  Options options;
  options.content = content;
  options.window = 5;
  Sides sides;
  sides.stride = tables[0].stride();
  sides.center.own = &tables[0];
  sides.context.own = &tables[2];
  if (content) {
    sides.center.features = &features;
    sides.center.tokens = &tables[1];
  }
  const NoiseSampler noise(sessions.corpus.counts, 0.5);
  // Slices of a few sessions: both halves of a block find some. One slice: a half is alone.
  std::size_t next = 0;
  const std::size_t each = alone ? kSessions : 7;
  const NextSlice next_slice = [&](Slice& slice) {
    if (next == kSessions) return false;
    slice = {next, std::min(next + each, kSessions), 0, Rng(5, next)};
    next = slice.last;
    return true;
  };
  const SessionView view = sessions.view();
  Workspace workspace(kernels, sides, options, noise);
  Pipeline pipeline(Planner(view, noise, {}, options, next_slice), sides, noise);
  std::vector<std::vector<float>> found;
  const PreparedBlock* upcoming = nullptr;
  while (const PreparedBlock* block = pipeline.next(upcoming)) {
    double loss = 0;
    workspace.train(*block, upcoming, kRate, &loss);
    std::vector<float>& change = found.emplace_back(1, static_cast<float>(loss));
    for (std::size_t t = 0; t < tables.size(); ++t) {
      const std::size_t n = tables[t].rows() * tables[t].stride();
      for (std::size_t k = 0; k < n; ++k) {
        change.push_back(tables[t].data()[k] - starts[t].data()[k]);
      }
      std::memcpy(tables[t].data(), starts[t].data(), n * sizeof(float));
    }
  }
  return found;
}

void packed_is_the_same(const Sessions& sessions, const Kernels& packed, bool content, bool alone) {
  const auto expected = changes(sessions, scalar_kernels(), content, alone);
  const auto actual = changes(sessions, packed, content, alone);
  CHECK(expected.size() > 10);
  CHECK(actual.size() == expected.size());
  for (std::size_t b = 0; b < std::min(actual.size(), expected.size()); ++b) {
    CHECK_CLOSE(actual[b][0], expected[b][0], 0.005F * expected[b][0]);  // the loss
    float largest = 0, moved = 0;
    for (std::size_t k = 1; k < expected[b].size(); ++k) {
      largest = std::max(largest, std::abs(expected[b][k]));
      moved += expected[b][k] != 0.0F ? 1.0F : 0.0F;
    }
    CHECK(largest > 0.001F && moved > 200);
    for (std::size_t k = 1; k < expected[b].size(); ++k) {
      CHECK_CLOSE(actual[b][k], expected[b][k], 0.01F * largest);
    }
  }
}

}  // namespace

int main() {
  const Sessions sessions;
  const Kernels plain = plain_packed::kernels();
  std::vector<const Kernels*> sets{&plain};
  for (const Kernels* set : supported_kernels()) {
    if (set->packed != nullptr) sets.push_back(set);
  }
  for (const Kernels* set : sets) {
    for (const bool content : {false, true}) {
      for (const bool alone : {false, true}) packed_is_the_same(sessions, *set, content, alone);
    }
    std::printf("%s: blocks of packed rows were looked at\n", set->name);
  }
  return likewise_check::failures();
}
