// markup.cpp: the rules of markup.h. The slow Python twin is tests/oracles/markup.py.
#include "core/text/markup.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "core/text/entity_tables.h"
#include "core/text/words.h"

namespace likewise {
namespace {

/// Elements within a line, which leave nothing behind.
constexpr std::string_view kInline[] = {
    "a",    "abbr",   "acronym", "b",   "bdi", "bdo",  "big",  "cite", "code", "del",  "dfn",
    "em",   "font",   "i",       "ins", "kbd", "mark", "nobr", "q",    "s",    "samp", "small",
    "span", "strike", "strong",  "sub", "sup", "tt",   "u",    "var",  "wbr"};
/// Elements that leave a blank. Those whose names are words of names, such as map, are left out.
constexpr std::string_view kSeparating[] = {
    "address", "article", "aside", "blockquote", "body",   "br",     "center", "dd",
    "div",     "dl",      "dt",    "figcaption", "figure", "footer", "h1",     "h2",
    "h3",      "h4",      "h5",    "h6",         "head",   "header", "hr",     "html",
    "iframe",  "img",     "li",    "nav",        "ol",     "p",      "pre",    "section",
    "table",   "tbody",   "td",    "tfoot",      "th",     "thead",  "tr",     "ul"};

constexpr std::size_t kLongestElement = 10;

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_among(std::string_view name, const auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Tag {
  std::size_t size = 0;  // in bytes; 0: there is none
  bool separates = false;
};

/// The tag that text begins with.
Tag tag_at(std::string_view text) {
  text = text.substr(0, kMaxTag);
  const bool closes = text.starts_with("</");
  std::size_t i = closes ? 2 : 1;
  char letters[kLongestElement];
  std::size_t n = 0;
  for (; i < text.size() && (is_letter(text[i]) || is_digit(text[i])); ++i) {
    if (n == kLongestElement) return {};
    letters[n++] = static_cast<char>(is_letter(text[i]) ? text[i] | 32 : text[i]);
  }
  const std::string_view name(letters, n);
  const bool separates = is_among(name, kSeparating);
  if (!separates && !is_among(name, kInline)) return {};
  const std::size_t after_name = i;
  bool empty = true, attributes = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '>') return empty || (attributes && !closes) ? Tag{i + 1, separates} : Tag{};
    if (c == '<') return {};
    if (is_blank(c) || c == '/') continue;
    if (i == after_name) return {};
    empty = false;
    attributes = attributes || c == '=';
  }
  return {};
}

void drop_tags(std::string_view text, std::string& out) {
  out.clear();
  std::size_t done = 0, comment_end = 0;  // where the next "-->" begins, looked for but once
  for (;;) {
    const std::size_t at = text.find('<', done);
    out.append(text.substr(done, at - done));
    if (at == text.npos) return;
    Tag tag;
    if (text.substr(at).starts_with("<!--")) {
      if (comment_end < at + 4) comment_end = text.find("-->", at + 4);
      if (comment_end < at + kMaxTag - 2) tag.size = comment_end + 3 - at;
    } else {
      tag = tag_at(text.substr(at));
    }
    if (tag.size == 0) {
      out += '<';
    } else if (tag.separates) {
      out += ' ';
    }
    done = at + std::max<std::size_t>(tag.size, 1);
  }
}

int digit_of(char c, char32_t base) {
  if (is_digit(c)) return c - '0';
  const int letter = (c | 32) - 'a';
  return base == 16 && letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/// The character that a number refers to; a blank for controls and for what is none.
char32_t character_of(char32_t code) {
  if (code >= 0x80 && code < 0xA0) return entities::kWindows1252[code - 0x80];
  const bool control = code < 0x20 || code == 0x7F;
  return control || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? U' ' : code;
}

/// Appends what the reference stands for that text begins with; the bytes that it takes, 0 for
/// none.
std::size_t resolve_at(std::string_view text, std::string& out) {
  std::size_t i = 1;
  if (text.starts_with("&#")) {
    const char32_t base = text.size() > 2 && (text[2] | 32) == 'x' ? 16 : 10;
    const std::size_t first = base == 16 ? 3 : 2;
    char32_t code = 0;
    for (i = first; i < text.size(); ++i) {
      const int digit = digit_of(text[i], base);
      if (digit < 0) break;
      code = std::min<char32_t>(code * base + static_cast<char32_t>(digit), 0x110000);
    }
    if (i == first || i == text.size() || text[i] != ';') return 0;
    append_utf8(character_of(code), out);
    return i + 1;
  }
  text = text.substr(0, entities::kLongestName + 2);
  while (i < text.size() && (is_letter(text[i]) || is_digit(text[i]))) ++i;
  if (i == text.size() || text[i] != ';') return 0;
  const std::string_view name = text.substr(1, i - 1);
  const auto* const end = entities::kEntities + entities::kCount;
  const auto* const found =
      std::lower_bound(entities::kEntities, end, name,
                       [](const entities::Entity& e, std::string_view n) { return e.name < n; });
  if (found == end || found->name != name) return 0;
  append_utf8(found->first, out);
  if (found->second != 0) append_utf8(found->second, out);
  return i + 1;
}

void resolve(std::string_view text, std::string& out) {
  out.clear();
  for (;;) {
    const std::size_t at = text.find('&');
    out.append(text.substr(0, at));
    if (at == text.npos) return;
    text.remove_prefix(at);
    const std::size_t size = resolve_at(text, out);
    if (size == 0) out += '&';
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

}  // namespace

std::string_view MarkupReader::read(std::string_view text) {
  if (text.find('&') == text.npos && text.find('<') == text.npos) return text;
  drop_tags(text, text_);
  resolve(text_, next_);
  resolve(next_, text_);
  drop_tags(text_, next_);
  return next_;
}

}  // namespace likewise
