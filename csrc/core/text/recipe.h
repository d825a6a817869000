// recipe.h: the numbers of the feature recipe, their check, and the names of its parts.
#pragma once

#include <cstdint>

namespace likewise {

/// Hash seeds.
enum class Namespace : std::uint8_t { kCategory = 0, kWord = 1, kWordNgram = 2, kCharNgram = 3 };

/// What a token is to an item. Words of the category that the name has too count as the name's.
enum class Kind : std::uint8_t { kCategory = 0, kNameWord = 1, kNameNgram = 2, kCategoryWord = 3 };

inline constexpr std::int64_t kNewestRecipe = 2;

struct Recipe {
  std::int64_t version = kNewestRecipe;  // 1 or 2; item_text.h says what differs
  std::int64_t min_n = 3;        // shortest character n-gram, in code points; 0 with max_n 0 = none
  std::int64_t max_n = 6;        // longest character n-gram
  std::int64_t word_ngrams = 1;  // longest run of words of the name that is a token
  std::int64_t buckets = 0;      // rows of character n-grams; 0 = by the number of distinct ones
};

/// Calls visit(name, field) for every number of the recipe.
template <class SomeRecipe, class Visit>
void visit_recipe(SomeRecipe& recipe, Visit&& visit) {
  visit("version", recipe.version);
  visit("min_n", recipe.min_n);
  visit("max_n", recipe.max_n);
  visit("word_ngrams", recipe.word_ngrams);
  visit("buckets", recipe.buckets);
}

/// Throws std::invalid_argument naming the number, what was wanted and what came.
void check(const Recipe& recipe);

}  // namespace likewise
