// feature_view.h: encoded features as the trainer and the encoder borrow them. Owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/types.h"

namespace likewise {

/// Items as weighted tokens, tokens as rows of n-grams. Empty spans: items without content.
struct FeatureView {
  std::span<const Offset> item_offsets;         // (n_items + 1,)
  std::span<const std::int32_t> item_tokens;    // (n_entries,) token of each entry, < n_tokens
  std::span<const float> item_weights;          // (n_entries,) squares sum to 1 within an item
  std::span<const std::uint64_t> token_hashes;  // (n_tokens,) distinct
  std::span<const Offset> ngram_offsets;        // (n_tokens + 1,), or empty
  std::span<const RowId> ngram_rows;            // (n_ngram_entries,), < buckets

  bool empty() const { return item_offsets.empty(); }
  std::size_t n_tokens() const { return token_hashes.size(); }
  std::span<const std::int32_t> tokens(std::size_t item) const {
    const auto first = static_cast<std::size_t>(item_offsets[item]);
    return item_tokens.subspan(first, static_cast<std::size_t>(item_offsets[item + 1]) - first);
  }
  std::span<const RowId> ngrams(std::size_t token) const {
    if (ngram_offsets.empty()) return {};
    const auto first = static_cast<std::size_t>(ngram_offsets[token]);
    return ngram_rows.subspan(first, static_cast<std::size_t>(ngram_offsets[token + 1]) - first);
  }
};

/// Throws std::invalid_argument when offsets or indices do not fit together.
void check(const FeatureView& features, std::size_t n_items, std::size_t n_tokens,
           std::size_t buckets);

}  // namespace likewise
