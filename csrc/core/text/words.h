// words.h: from a name or a category to words and levels, the same in recipe versions 1 and 2; what
// differs between them comes before (item_text.h). Frozen once released.
//
// normalise: every code point folds by itself: NFKD, full case folding, NFKD; then digits of all
// scripts become 0-9; dotless i becomes i, the times sign x, Arabic yeh and kaf their Persian
// forms; invisible characters, variation selectors, enclosing marks, skin tones, tatweel, Hebrew
// points and Arabic vowel signs vanish; trade mark signs, controls, bad UTF-8 (each bad byte) and
// code points unknown to the table's Unicode version become a space; apostrophes of every shape
// become '; a vulgar fraction gets a space before it. The result is put in canonical order, a dot
// above i and the tonos (acute) of Greek letters are dropped, and it is composed (NFC). Capitals
// without accents, as Greek and careless Turkish are written, so meet their small letters.
//
// words: runs of letters, digits and marks. Within a run, '.' or ',' between two digits stays, as
// '.'. An apostrophe between two letters or digits is dropped, unless it stands between two Latin
// letters and at least two letters or digits follow: then it separates (women's -> womens,
// 10'lu -> 10lu, d'olive -> d olive). Hiragana and katakana runs are words of their own. A run of
// ideographs gives each character and each neighbouring pair (in the order c1 c1c2 c2 c2c3 c3). A
// run of letters of an unspaced script (Thai, Lao, Khmer, Myanmar ...) gives each three
// neighbouring letters with their marks, or itself when it has no more than three. Each emoji is a
// word, and two regional indicators are one flag. A mark that follows no letter is dropped.
//
// levels: the category is normalised and cut at '>'; blanks are trimmed and collapsed; empty levels
// vanish; at most kMaxLevels are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

inline constexpr std::size_t kMaxLevels = 16;

/// Words one after the other in one string of UTF-8.
struct Words {
  std::string bytes;
  std::vector<std::size_t> ends;     // of each word, in bytes
  std::vector<std::uint8_t> spaced;  // 1: a word between blanks, which word n-grams may run over
  void clear();
  std::size_t size() const { return ends.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return {bytes.data() + begin, ends[i] - begin};
  }
};

/// Reads text by the recipe. Holds scratch memory: one per thread.
class TextReader {
 public:
  /// Appends the words of the text, in order, repeats included.
  void words(std::string_view text, Words& out);
  /// The levels of a category, outermost first.
  void levels(std::string_view category, std::vector<std::string>& out);
  /// The whole normalised text, in UTF-8.
  std::string normalised(std::string_view text);

 private:
  void normalise(std::string_view text);
  void compose_fully();
  void segment(Words& out);

  std::u32string text_;
  std::u32string parts_;
  std::vector<std::uint8_t> combining_;
};

/// Appends a code point in UTF-8.
void append_utf8(char32_t code, std::string& out);

}  // namespace likewise
