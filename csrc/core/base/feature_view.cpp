// feature_view.cpp: offsets and indices that fit together.
#include "core/base/feature_view.h"

#include <algorithm>
#include <stdexcept>

namespace likewise {

void check(const FeatureView& features, std::size_t n_items, std::size_t n_tokens,
           std::size_t buckets) {
  const auto offsets_fit = [](std::span<const Offset> offsets, std::size_t n, std::size_t entries) {
    return offsets.size() == n + 1 && offsets[0] == 0 &&
           offsets[n] == static_cast<Offset>(entries) &&
           std::is_sorted(offsets.begin(), offsets.end());
  };
  const auto refuse = [](const char* what) { throw std::invalid_argument(what); };
  const auto below = [](std::span<const std::int32_t> ids, std::size_t limit) {
    return std::all_of(ids.begin(), ids.end(), [limit](std::int32_t id) {
      return id >= 0 && static_cast<std::size_t>(id) < limit;
    });
  };
  if (!features.empty() &&
      !offsets_fit(features.item_offsets, n_items, features.item_tokens.size())) {
    refuse("item_offsets must rise from 0 to the number of item_tokens, one entry an item and one");
  }
  if (features.item_weights.size() != features.item_tokens.size()) {
    refuse("item_weights must have one entry for each of item_tokens");
  }
  if (!below(features.item_tokens, n_tokens)) {
    refuse("item_tokens must be at least 0 and below the number of tokens");
  }
  if (features.ngram_offsets.empty()) return;
  if (!offsets_fit(features.ngram_offsets, n_tokens, features.ngram_rows.size())) {
    refuse("ngram_offsets must rise from 0 to the number of ngram_rows, one entry a token and one");
  }
  if (!below(features.ngram_rows, buckets)) {
    refuse("ngram_rows must be at least 0 and below the number of buckets");
  }
}

}  // namespace likewise
