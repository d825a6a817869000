// kinds.h: features without the entries of kinds that do not count.
#pragma once

#include <cstdint>
#include <span>

#include "core/text/feature_table.h"

namespace likewise {

/// A FeatureTable, borrowed.
struct FeatureSpans {
  std::span<const std::int64_t> item_offsets;
  std::span<const std::int32_t> item_tokens;
  std::span<const std::uint8_t> item_kinds;
  std::span<const std::uint64_t> token_hashes;
  std::span<const std::uint8_t> token_namespaces;
  std::span<const std::int64_t> ngram_offsets;
  std::span<const std::int32_t> ngram_rows;
};

/// What is left without entries of other kinds than those in `kinds`, a bit each, and without
/// tokens that only they had; the order stays. Throws std::invalid_argument for features that do
/// not fit together.
FeatureTable keep_kinds(const FeatureSpans& features, std::uint32_t kinds);

}  // namespace likewise
