// recipe.cpp: the one check of a recipe.
#include "core/text/recipe.h"

#include <stdexcept>
#include <string>

namespace likewise {
namespace {

void between(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return;
  throw std::invalid_argument(std::string(name) + " must be between " + std::to_string(low) +
                              " and " + std::to_string(high) + ", got " + std::to_string(value));
}

}  // namespace

void check(const Recipe& recipe) {
  if (recipe.version < 1 || recipe.version > kNewestRecipe) {
    throw std::invalid_argument("recipe version must be 1 or 2, which this release reads, got " +
                                std::to_string(recipe.version));
  }
  between("min_n", recipe.min_n, 0, 32);
  between("max_n", recipe.max_n, 0, 32);
  if ((recipe.min_n == 0) != (recipe.max_n == 0) || recipe.min_n > recipe.max_n) {
    throw std::invalid_argument("min_n must be at most max_n, and 0 exactly when max_n is 0, got " +
                                std::to_string(recipe.min_n));
  }
  between("word_ngrams", recipe.word_ngrams, 1, 5);
  between("buckets", recipe.buckets, 0, std::int64_t{1} << 30);
}

}  // namespace likewise
