// test_markup.cpp: tags and references of HTML, bytes of any kind, and what versions read of items.
#include "core/text/markup.h"

#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "core/text/entity_tables.h"
#include "core/text/item_text.h"
#include "core/text/words.h"

using namespace likewise;

namespace {

std::string plain(std::string_view text) {
  MarkupReader reader;
  return std::string(reader.read(text));
}

/// A small generator: the tests need variety, not quality.
struct Noise {
  std::uint64_t state;
  std::size_t below(std::size_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state >> 33) % n;
  }
};

void text_without_markup_is_not_copied() {
  MarkupReader reader;
  for (const std::string text : {"", "Red ball > 2", "Çay 手机 #39; amp;", "a\nb"}) {
    const std::string_view read = reader.read(text);
    CHECK(read == text);
    CHECK(read.data() == text.data());
  }
}

void references() {
  CHECK(plain("Men&#39;s &amp; &lt;3 &#x4e00;&#X4E00; &eacute;&Eacute;") == "Men's & <3 一一 éÉ");
  CHECK(plain("R&D a&b; &; &#; &#x; &#12 &#xG; &amp &eacute &nosuch; &&amp;") ==
        "R&D a&b; &; &#; &#x; &#12 &#xG; &amp &eacute &nosuch; &&");
  CHECK(plain("&amp;amp; &amp;eacute; &#38;#233; &amp;amp;amp;") == "& é é &amp;");
  CHECK(plain("[&#0;&#9;&#10;&#127;&#xD800;&#xDFFF;&#x110000;&#4294967329;&NewLine;]") ==
        "[         ]");
  CHECK(plain("&#146;&#x80;&#129;&#159;&#160;") == "’€ Ÿ\u00a0");
  CHECK(plain("&#" + std::string(5000, '0') + "65;") == "A");
  CHECK(plain("&nvlt;") == "<\u20d2");  // two characters
  CHECK(plain("&CounterClockwiseContourIntegral;") == "∳");
  CHECK(plain("&CounterClockwiseContourIntegralx;") == "&CounterClockwiseContourIntegralx;");
}

void entities_are_sorted() {
  for (std::size_t i = 0; i < entities::kCount; ++i) {
    const entities::Entity& entity = entities::kEntities[i];
    if (i > 0) CHECK(entities::kEntities[i - 1].name < entity.name);
    CHECK(entity.name.size() <= entities::kLongestName);
    CHECK(entity.first >= 0x20);
    std::string text;
    append_utf8(entity.first, text);
    if (entity.second != 0) append_utf8(entity.second, text);
    CHECK(plain("[&" + std::string(entity.name) + ";]") == "[" + text + "]");
  }
}

void tags() {
  CHECK(plain("m<sup>2</SUP> <b>Red</b >ball<br/>x<BR />y<p\nid=1>z") == "m2 Redball x y z");
  CHECK(plain("a<!-- <b> & -->b<!---->c") == "abc");
  for (const char* text : {"a < b",
                           "<3",
                           "x<5>",
                           "<",
                           "</",
                           "<b",
                           "</b",
                           "<b<",
                           "<>",
                           "< b>",
                           "</ b>",
                           "<!b>",
                           "<!--x",
                           "<iPhone 13>",
                           "<Blue>",
                           "<table lamp>",
                           "<b x>",
                           "</b x=1>",
                           "<bb>",
                           "<b-1>",
                           "<b=1>",
                           "<blockquotes>",
                           "<figcaptionx>",
                           "<é>"}) {
    CHECK(plain(text) == text);
  }
  CHECK(plain("<b <i>x") == "<b x");
  CHECK(plain("&lt;b&gt;x&lt;br&gt;y &amp;lt;i&amp;gt;z") == "x y z");
  CHECK(plain("<<b>b>") == "");  // dropped again, as are those that were escaped
  for (const std::size_t size : {kMaxTag - 1, kMaxTag, kMaxTag + 1}) {
    const std::string tag = "<a x=" + std::string(size - 6, 'y') + ">";
    const std::string comment = "<!--" + std::string(size - 7, 'y') + "-->";
    CHECK(plain(tag) == (size > kMaxTag ? tag : ""));
    CHECK(plain(comment) == (size > kMaxTag ? comment : ""));
  }
}

void any_bytes_are_read() {
  Noise noise{3};
  MarkupReader reader;
  const std::vector<std::string> pieces = {"&",   "#",    "x",    "amp",  ";",   "<", "b",
                                           "/",   ">",    "!--",  "--",   "=",   " ", "1",
                                           "lt;", "\xc3", "\xff", "&lt;", "&gt;"};
  for (int round = 0; round < 50000; ++round) {
    std::string bytes;
    for (std::size_t n = noise.below(16); n > 0; --n) bytes += pieces[noise.below(pieces.size())];
    const std::string_view read = reader.read(bytes);
    CHECK(read.size() <= bytes.size());
    // What stays is that of the text, or the character of a reference.
    if (bytes.find_first_of("&<") == bytes.npos) CHECK(read == bytes);
  }
}

void versions_of_items() {
  const auto paths = [](std::int64_t version, std::string_view category) {
    ItemReader reader(version);
    CategoryText text;
    reader.category(category, text);
    std::string all;
    for (const auto& path : text.paths) all.append("[").append(path).append("]");
    for (std::size_t i = 0; i < text.words.size(); ++i) all.append("|").append(text.words[i]);
    return all;
  };
  const char* several = "<b>A</b> &gt; B\r\n\n > \nC > D";
  CHECK(paths(2, several) == "[a][a > b][c][c > d]|a|b|c|d");
  CHECK(paths(1, "A > B\nC > D") == "[a][a > b c][a > b c > d]|a|b|c|d");
  CHECK(paths(2, "A < B > C") == paths(1, "A < B > C"));
  CHECK(paths(2, "").empty() && paths(2, "\n\n").empty());
  // A level that reads like markup once it is folded is no markup.
  CHECK(paths(2, "＜b＞ > &amp;amp;amp;") == "[<b][<b > &amp;]|b|amp");
  Words words;
  ItemReader(2).name("Cr&egrave;me<br>5", words);
  CHECK(words.size() == 2 && words[0] == "crème");
  ItemReader(1).name("a&amp;b", words);
  CHECK(words.size() == 3 && words[1] == "amp");
}

void long_texts() {
  for (const char* piece : {"<", "&", "<b ", "<!--", "&#1", "&amp;", "<b>", "&a", "&lt;b&gt;"}) {
    std::string text;
    while (text.size() < 1 << 18) text += piece;
    CHECK(plain(text).size() <= text.size());
  }
}

}  // namespace

int main() {
  text_without_markup_is_not_copied();
  references();
  entities_are_sorted();
  tags();
  any_bytes_are_read();
  versions_of_items();
  long_texts();
  return likewise_check::failures();
}
