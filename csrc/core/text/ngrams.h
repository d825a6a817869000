// ngrams.h: the character n-grams of a word, by code point, with boundary marks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/recipe.h"

namespace likewise {

/// Character n-grams are read from at most this many code points of "<word>".
inline constexpr std::size_t kNgramReach = 64;

struct Ngram {
  std::string_view text;
  std::uint64_t hash;
};

/// Reads the character n-grams of words. Holds scratch memory: one per thread.
class NgramReader {
 public:
  explicit NgramReader(const Recipe& recipe);
  /// Each distinct n-gram of "<word>" once, by start, then by length, without "<word>" itself and
  /// without lone marks. Valid until the next call.
  const std::vector<Ngram>& read(std::string_view word);

 private:
  bool first_time(std::uint64_t hash);

  std::size_t min_n_, max_n_;
  std::string marked_;
  std::vector<std::size_t> starts_;  // of each code point of marked_, and its end
  std::vector<Ngram> ngrams_;
  std::vector<std::uint64_t> slots_;  // a hash set of the word at hand
};

}  // namespace likewise
