// kinds.cpp: one pass for the tokens that stay, one that numbers them and writes what stays.
#include "core/text/kinds.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace likewise {
namespace {

template <class T>
bool rises(std::span<const std::int64_t> offsets, std::span<const T> what) {
  return !offsets.empty() && offsets.front() == 0 &&
         offsets.back() == static_cast<std::int64_t>(what.size()) &&
         std::is_sorted(offsets.begin(), offsets.end());
}

void check(const FeatureSpans& features) {
  const std::size_t n_tokens = features.token_hashes.size();
  if (!rises(features.item_offsets, features.item_tokens) ||
      !rises(features.ngram_offsets, features.ngram_rows) ||
      features.item_kinds.size() != features.item_tokens.size() ||
      features.token_namespaces.size() != n_tokens ||
      features.ngram_offsets.size() != n_tokens + 1) {
    throw std::invalid_argument("features must fit together");
  }
  for (const std::int32_t token : features.item_tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= n_tokens) {
      throw std::invalid_argument("item_tokens must be numbers of tokens");
    }
  }
}

}  // namespace

FeatureTable keep_kinds(const FeatureSpans& features, std::uint32_t kinds) {
  check(features);
  const auto stays = [&](std::size_t entry) {
    return (kinds >> std::min<std::uint32_t>(features.item_kinds[entry], 31) & 1U) != 0;
  };
  std::vector<std::int32_t> number(features.token_hashes.size(), -1);
  std::size_t entries = 0, tokens = 0, rows = 0;
  for (std::size_t e = 0; e < features.item_tokens.size(); ++e) {
    if (!stays(e)) continue;
    ++entries;
    number[static_cast<std::size_t>(features.item_tokens[e])] = 0;
  }
  for (std::size_t t = 0; t < number.size(); ++t) {
    if (number[t] < 0) continue;
    number[t] = static_cast<std::int32_t>(tokens++);
    rows += static_cast<std::size_t>(features.ngram_offsets[t + 1] - features.ngram_offsets[t]);
  }

  FeatureTable found;
  found.token_hashes.reserve(tokens);
  found.token_namespaces.reserve(tokens);
  found.ngram_offsets.reserve(tokens + 1);
  found.ngram_rows.reserve(rows);
  found.ngram_offsets.push_back(0);
  for (std::size_t t = 0; t < number.size(); ++t) {
    if (number[t] < 0) continue;
    found.token_hashes.push_back(features.token_hashes[t]);
    found.token_namespaces.push_back(features.token_namespaces[t]);
    found.ngram_rows.insert(found.ngram_rows.end(),
                            features.ngram_rows.begin() + features.ngram_offsets[t],
                            features.ngram_rows.begin() + features.ngram_offsets[t + 1]);
    found.ngram_offsets.push_back(static_cast<std::int64_t>(found.ngram_rows.size()));
  }
  found.item_tokens.reserve(entries);
  found.item_kinds.reserve(entries);
  found.item_offsets.reserve(features.item_offsets.size());
  found.item_offsets.push_back(0);
  for (std::size_t i = 0; i + 1 < features.item_offsets.size(); ++i) {
    const auto end = static_cast<std::size_t>(features.item_offsets[i + 1]);
    for (auto e = static_cast<std::size_t>(features.item_offsets[i]); e < end; ++e) {
      if (!stays(e)) continue;
      found.item_tokens.push_back(number[static_cast<std::size_t>(features.item_tokens[e])]);
      found.item_kinds.push_back(features.item_kinds[e]);
    }
    found.item_offsets.push_back(static_cast<std::int64_t>(found.item_tokens.size()));
  }
  return found;
}

}  // namespace likewise
