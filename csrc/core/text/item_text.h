// item_text.h: what an item's category and name say: paths and words, by a version of the recipe.
//
// Owns what differs between versions. Version 1: a category is one path, whatever is in it.
// Version 2: names and categories are read without their markup (markup.h), and a category is cut
// into lines at each '\n', each of which is a path. The first that has a level is the item's path;
// every prefix of the others is a path of the item as well, and their words are category words.
// Text without '&', '<' and '\n' is read the same in both. Both are frozen once released.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/markup.h"
#include "core/text/words.h"

namespace likewise {

/// What a category says: the prefixes of its paths, and the words of their levels. Path by path,
/// repeats included.
struct CategoryText {
  std::vector<std::string> paths;
  Words words;
};

/// Reads items by the recipe. Holds scratch memory: one per thread.
class ItemReader {
 public:
  explicit ItemReader(std::int64_t version) : version_(version) {}
  void category(std::string_view text, CategoryText& out);
  void name(std::string_view text, Words& out);

 private:
  void path(std::string_view text, CategoryText& out);

  std::int64_t version_;
  TextReader reader_;
  MarkupReader markup_;
  std::vector<std::string> levels_;
};

/// Calls visit(text) for the runs of 2 to `longest` words, by start, then by length.
template <class Visit>
void visit_word_ngrams(const Words& words, std::int64_t longest, const Visit& visit) {
  std::string text;
  for (std::size_t first = 0; first < words.size(); ++first) {
    if (words.spaced[first] == 0) continue;
    text.assign(words[first]);
    for (std::size_t i = first + 1;
         i < words.size() && words.spaced[i] != 0 && static_cast<std::int64_t>(i - first) < longest;
         ++i) {
      text.append(" ").append(words[i]);
      visit(text);
    }
  }
}

}  // namespace likewise
