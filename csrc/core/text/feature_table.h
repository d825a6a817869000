// feature_table.h: the features of every item of a catalogue, as flat arrays of token numbers.
//
// Folder text owns the way from a name and a category to numbers: Unicode, words, n-grams, hashes,
// by a recipe that is frozen once released. It knows nothing about vectors.
//
// A token is a category path, a word or a run of words; it is known by the hash of its text, whose
// seed is its namespace. Words also carry the rows of their character n-grams. Owns which tokens an
// item has, and the order of tokens; how text becomes words is the business of item_text.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/recipe.h"

namespace likewise {

/// Strings as Arrow keeps them: string i is bytes[offsets[i], offsets[i + 1]). Borrowed.
struct StringColumn {
  std::span<const std::int64_t> offsets;  // (n + 1), not decreasing, within bytes
  std::span<const std::uint8_t> bytes;
  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::string_view operator[](std::size_t i) const {
    return {reinterpret_cast<const char*>(bytes.data()) + offsets[i],
            static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

struct FeatureTable {
  std::vector<std::int64_t> item_offsets;      // (n_items + 1) into the two below
  std::vector<std::int32_t> item_tokens;       // token numbers; each once per item
  std::vector<std::uint8_t> item_kinds;        // Kind of each entry, not decreasing per item
  std::vector<std::uint64_t> token_hashes;     // (n_tokens), distinct, by first appearance
  std::vector<std::uint8_t> token_namespaces;  // (n_tokens)
  std::vector<std::int64_t> ngram_offsets;     // (n_tokens + 1) into ngram_rows
  std::vector<std::int32_t> ngram_rows;        // rows of a word's n-grams; none for other tokens
  std::int64_t buckets = 0;                    // as given, or as chosen
};

/// Features of every item. The same for any number of threads (0 = the cores there are).
/// Throws std::invalid_argument for columns of different length or offsets that make no sense.
FeatureTable build_features(const StringColumn& categories, const StringColumn& names,
                            const Recipe& recipe, int threads);

struct Token {
  Kind kind;
  std::string text;
  std::uint64_t hash;
};

/// The tokens of one item in the order of its row of the table, as text.
std::vector<Token> tokens_of(std::string_view category, std::string_view name,
                             const Recipe& recipe);

}  // namespace likewise
