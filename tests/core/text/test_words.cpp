// test_words.cpp: words and levels, the fast path against the general one, and bytes of any kind.
#include "core/text/words.h"

#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "core/text/unicode_tables.h"

using likewise::TextReader;
using likewise::Words;

namespace {

std::string joined(std::string_view text) {
  TextReader reader;
  Words words;
  reader.words(text, words);
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    all.append(i == 0 ? "" : "|").append(words[i]);
  }
  return all;
}

std::string levels(std::string_view category) {
  TextReader reader;
  std::vector<std::string> found;
  reader.levels(category, found);
  std::string all;
  for (const auto& level : found) all.append("[").append(level).append("]");
  return all;
}

/// A small generator: the tests need variety, not quality.
struct Noise {
  std::uint64_t state;
  std::size_t below(std::size_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state >> 33) % n;
  }
};

void words_of_names() {
  CHECK(joined("").empty());
  CHECK(joined("  !? ").empty());
  CHECK(joined("iPhone 13 Pro, 2x500ML") == "iphone|13|pro|2x500ml");
  CHECK(joined("0,5 L 1.5l 1, 2 .5 6.") == "0.5|l|1.5l|1|2|5|6");
  CHECK(joined("women's 10'lu d'olive rock'n'roll 'quoted'") ==
        "womens|10lu|d|olive|rockn|roll|quoted");
  CHECK(joined("Şölen ÇİKOLATA") == "şölen|çikolata");
  CHECK(joined("手机壳") == "手|手机|机|机壳|壳");
  CHECK(joined("กาแฟ") == "กาแ|าแฟ");
  CHECK(joined("👩‍💻🇩🇪") == "👩|💻|🇩🇪");
  CHECK(joined("e\u0301") == "é");
  CHECK(joined("한국") == "한국");
  CHECK(joined("\u1112\u1161\u11ab") == "\ud55c");
}

void levels_of_categories() {
  CHECK(levels("Toys > Dogs") == "[toys][dogs]");
  CHECK(levels(">A>>  b  C >") == "[a][b c]");
  CHECK(levels("").empty());
  CHECK(levels("Men’s\u00a0Wear ＞ Ünder") == "[men's wear][ünder]");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "x>";
  CHECK(levels(deep).size() == 3 * likewise::kMaxLevels);
}

void plain_text_takes_either_path() {
  Noise noise{1};
  const std::string letters = "aZb09 '.,`>-x2";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t n = noise.below(14); n > 0; --n) text += letters[noise.below(letters.size())];
    const std::string fast = joined(text), general = joined("é " + text);
    CHECK(general == (fast.empty() ? "é" : "é|" + fast));
  }
}

void any_bytes_are_read() {
  CHECK(joined("red\xff"
               "ball") == "red|ball");
  CHECK(joined("red\xe2\x82") == "red");
  CHECK(joined("\xed\xa0\x80x\xc0\xafy\xf4\x90\x80\x80z") == "x|y|z");
  Noise noise{2};
  TextReader reader;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (std::size_t n = noise.below(20); n > 0; --n) {
      bytes += static_cast<char>(noise.below(4) == 0 ? noise.below(256) : 0xC0 + noise.below(64));
      bytes += static_cast<char>(0x80 + noise.below(64));
    }
    const std::string text = reader.normalised(bytes);
    CHECK(text.find("\xef\xbf\xbd") == std::string::npos);
    // What comes out is UTF-8: decoding it again finds no bad byte.
    CHECK(joined(text).find('\xff') == std::string::npos);
    std::vector<std::string> found;
    reader.levels(bytes, found);
    CHECK(found.size() <= likewise::kMaxLevels);
  }
}

void every_code_point_is_read() {
  TextReader reader;
  std::string bytes;
  for (char32_t code = 0; code < 0x110000; ++code) {
    bytes.clear();
    likewise::append_utf8(code, bytes);
    const std::string once = reader.normalised(bytes);
    const auto kind = likewise::unicode::entry(code).kind();
    if (kind == likewise::unicode::Class::kUnassigned) CHECK(once.find_first_not_of(' ') > 3);
    CHECK(reader.normalised(once) == once);  // folding what is folded changes nothing
  }
}

void long_texts() {
  const std::size_t million = 1 << 20;
  CHECK(joined(std::string(million, 'a')).size() == million);
  CHECK(joined(std::string(million, '\xcc')).empty());
  std::string marks = "a";
  for (std::size_t i = 0; i < million / 4; ++i) marks += "\u0301\u0323";
  CHECK(joined(marks).size() > million / 2);
}

}  // namespace

int main() {
  words_of_names();
  levels_of_categories();
  plain_text_takes_either_path();
  any_bytes_are_read();
  every_code_point_is_read();
  long_texts();
  return likewise_check::failures();
}
