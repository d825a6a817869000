// tiny_corpus.h: sessions and features in memory, for tests of training.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/base/feature_view.h"
#include "core/base/rng.h"
#include "core/training/planner.h"
#include "core/training/trainer.h"

namespace likewise {

/// Items in groups: sessions stay within one, and every item has its group's word and two others.
struct TinyCorpus {
  static constexpr std::size_t kGroups = 4, kWords = 20, kBuckets = 32;
  std::vector<ItemId> items;
  std::vector<Offset> offsets{0}, item_offsets{0}, ngram_offsets{0};
  std::vector<std::int32_t> item_tokens;
  std::vector<float> item_weights;
  std::vector<std::uint64_t> token_hashes;
  std::vector<RowId> ngram_rows;
  std::vector<std::int64_t> counts;

  TinyCorpus(std::size_t n_items, std::size_t n_sessions, std::size_t length) : counts(n_items, 0) {
    Rng rng(99);
    const auto below = [&](std::size_t n) { return rng.below(static_cast<std::uint32_t>(n)); };
    for (std::size_t s = 0; s < n_sessions; ++s) {
      const std::size_t group = below(kGroups);
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t item = below(n_items / kGroups) * kGroups + group;
        items.push_back(static_cast<ItemId>(item));
        ++counts[item];
      }
      offsets.push_back(static_cast<Offset>(items.size()));
    }
    for (std::size_t i = 0; i < n_items; ++i) {
      const std::size_t word = kGroups + below(kWords / 2);
      for (const std::size_t token : {i % kGroups, word, word + kWords / 2}) {
        item_tokens.push_back(static_cast<std::int32_t>(token));
        item_weights.push_back(1.0F / std::sqrt(3.0F));
      }
      item_offsets.push_back(static_cast<Offset>(item_tokens.size()));
    }
    for (std::size_t t = 0; t < kGroups + kWords; ++t) {
      token_hashes.push_back(rng.next());
      for (int k = 0; k < 5; ++k) ngram_rows.push_back(static_cast<RowId>(below(kBuckets)));
      ngram_offsets.push_back(static_cast<Offset>(ngram_rows.size()));
    }
  }

  FeatureView features() const {
    return {item_offsets, item_tokens, item_weights, token_hashes, ngram_offsets, ngram_rows};
  }
  TrainingInput input(bool content) const {
    TrainingInput input{{items, offsets}, counts, {}, kBuckets};
    if (content) input.features = features();
    return input;
  }
};

}  // namespace likewise
