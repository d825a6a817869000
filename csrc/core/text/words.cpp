// words.cpp: the rules of words.h. The slow Python twin is tests/oracles/text.py.
#include "core/text/words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text/canonical.h"
#include "core/text/unicode_tables.h"

namespace likewise {
namespace {

using unicode::Class;
using unicode::Entry;

constexpr char32_t kDotAbove = 0x307, kAcute = 0x301, kDiaeresis = 0x308;

/// What an ASCII byte becomes: small letters, blanks for controls, one kind of apostrophe.
constexpr auto kAsciiFold = [] {
  std::array<char, 128> fold{};
  for (int c = 0; c < 128; ++c) {
    const bool capital = c >= 'A' && c <= 'Z';
    fold[static_cast<std::size_t>(c)] = static_cast<char>(capital              ? c + 32
                                                          : c < 32 || c == 127 ? ' '
                                                          : c == '`'           ? '\''
                                                                               : c);
  }
  return fold;
}();

/// The same for bytes that belong to words, 0 for those that do not.
constexpr auto kAsciiWord = [] {
  std::array<char, 256> word{};
  for (std::size_t c = 0; c < 128; ++c) {
    const char folded = kAsciiFold[c];
    const bool part = (folded >= 'a' && folded <= 'z') || (folded >= '0' && folded <= '9');
    word[c] = part ? folded : '\0';
  }
  return word;
}();

constexpr bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

/// Decodes one code point at p; a bad byte alone is U+FFFD. Moves p.
char32_t decode(const unsigned char*& p, const unsigned char* end) {
  const char32_t first = *p++;
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || end - p < more) return 0xFFFD;
  char32_t code = first & (0x3Fu >> more);
  for (int i = 0; i < more; ++i) {
    if ((p[i] & 0xC0u) != 0x80) return 0xFFFD;
    code = code << 6 | (p[i] & 0x3Fu);
  }
  constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return 0xFFFD;
  }
  p += more;
  return code;
}

/// Drops dots above an i and the tonos of Greek letters, in decomposed and ordered text.
void drop_marks(std::u32string& text, std::vector<std::uint8_t>& combining) {
  std::size_t to = 0;
  const auto keep = [&](std::size_t from) {
    text[to] = text[from];
    combining[to++] = combining[from];
  };
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = text[i];
    keep(i++);
    if (c == 'i') {
      while (i < text.size() && text[i] == kDotAbove) ++i;
    } else if (c >= 0x370 && c <= 0x3FF) {
      const std::size_t acute = i < text.size() && text[i] == kDiaeresis ? i + 1 : i;
      if (acute >= text.size() || text[acute] != kAcute) continue;
      if (acute > i) keep(i);
      i = acute;
      while (i < text.size() && text[i] == kAcute) ++i;
    }
  }
  text.resize(to);
  combining.resize(to);
}

/// The classes of ASCII, so that most of most texts is one look-up.
constexpr auto kAsciiClass = [] {
  std::array<Class, 128> kinds{};
  for (std::size_t c = 0; c < 128; ++c) {
    const char folded = kAsciiWord[c];
    kinds[c] = folded == '\0' ? Class::kSeparator : folded < 'a' ? Class::kDigit : Class::kLatin;
  }
  return kinds;
}();

Class class_of(char32_t code) {
  return code < 128 ? kAsciiClass[code] : unicode::entry(code).kind();
}

bool continues_word(Class kind) {
  return kind == Class::kLetter || kind == Class::kLatin || kind == Class::kDigit;
}

void end_word(Words& out, bool spaced) {
  out.ends.push_back(out.bytes.size());
  out.spaced.push_back(spaced ? 1 : 0);
}

void ascii_words(std::string_view text, Words& out) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? kAsciiWord[static_cast<unsigned char>(text[i])] : '\0';
  };
  std::size_t i = 0;
  while (i < text.size()) {
    char c = at(i);
    if (c == '\0') {
      ++i;
      continue;
    }
    for (;;) {
      do {
        out.bytes.push_back(c);
        c = at(++i);
      } while (c != '\0');
      const char next = at(i + 1);
      if (next == '\0') break;
      const char mark = text[i];
      const bool before_digit = is_digit(static_cast<unsigned char>(out.bytes.back()));
      const bool after_digit = is_digit(static_cast<unsigned char>(next));
      if (mark == '\'' || mark == '`') {
        if (!before_digit && !after_digit && at(i + 2) != '\0') break;
      } else if ((mark == '.' || mark == ',') && before_digit && after_digit) {
        out.bytes.push_back('.');
      } else {
        break;
      }
      ++i;
      c = next;
    }
    end_word(out, true);
  }
}

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    seen |= eight;
  }
  unsigned rest = 0;
  for (; i < text.size(); ++i) rest |= static_cast<unsigned char>(text[i]);
  return (seen & 0x8080808080808080u) == 0 && (rest & 0x80u) == 0;
}

}  // namespace

void Words::clear() {
  bytes.clear();
  ends.clear();
  spaced.clear();
}

void append_utf8(char32_t code, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80u | (code >> shift & 0x3Fu)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0u | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0u | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0u | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Folds into text_. Most text needs no more: composition is called for only where a mark or a
/// joining letter stands.
void TextReader::normalise(std::string_view text) {
  text_.clear();
  bool joins = false;
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
    if (*p < 0x80) {
      text_ += static_cast<unsigned char>(kAsciiFold[*p++]);
      continue;
    }
    const char32_t code = decode(p, end);
    const Entry entry = unicode::entry(code);
    joins |= entry.joins();
    if (entry.folds_to_itself()) {
      text_ += code;
    } else {
      text_.append(unicode::kPool + entry.start(), entry.length());
    }
  }
  if (joins) compose_fully();
}

/// Canonical order, the dropped marks, canonical composition: text_ to text_.
void TextReader::compose_fully() {
  unicode::decompose(text_, parts_, combining_);
  drop_marks(parts_, combining_);
  unicode::compose(parts_, combining_, text_);
}

/// Cuts text_ into words.
void TextReader::segment(Words& out) {
  const std::u32string& t = text_;
  const std::size_t n = t.size();
  const auto kind_at = [&](std::size_t i) { return i < n ? class_of(t[i]) : Class::kSeparator; };
  const auto emit = [&](std::size_t from, std::size_t to, bool spaced) {
    for (; from < to; ++from) append_utf8(t[from], out.bytes);
    end_word(out, spaced);
  };
  const auto after_marks = [&](std::size_t i) {
    while (kind_at(i) == Class::kMark) ++i;
    return i;
  };
  std::size_t i = 0;
  while (i < n) {
    const Class kind = class_of(t[i]);
    switch (kind) {
      case Class::kLetter:
      case Class::kLatin:
      case Class::kDigit:
        for (;;) {
          append_utf8(t[i++], out.bytes);
          const Class here = kind_at(i);
          if (continues_word(here) || here == Class::kMark) continue;
          if (i >= n || !continues_word(kind_at(i + 1))) break;
          if (t[i] == '\'') {
            const Class far = kind_at(i + 2);
            if (class_of(t[i - 1]) == Class::kLatin && kind_at(i + 1) == Class::kLatin &&
                (continues_word(far) || far == Class::kMark)) {
              break;
            }
            ++i;
          } else if ((t[i] == '.' || t[i] == ',') && is_digit(t[i - 1]) && is_digit(t[i + 1])) {
            out.bytes += '.';
            ++i;
          } else {
            break;
          }
        }
        end_word(out, true);
        break;
      case Class::kHiragana:
      case Class::kKatakana: {
        const std::size_t from = i;
        while (kind_at(i) == kind || kind_at(i) == Class::kMark) ++i;
        emit(from, i, true);
        break;
      }
      case Class::kHan:
        while (kind_at(i) == Class::kHan) {
          const std::size_t next = after_marks(i + 1);
          emit(i, next, false);
          if (kind_at(next) == Class::kHan) emit(i, after_marks(next + 1), false);
          i = next;
        }
        break;
      case Class::kUnspaced: {
        std::size_t starts[3] = {i, i, i};
        std::size_t letters = 0;
        for (; kind_at(i) == Class::kUnspaced; ++letters) {
          if (letters >= 3) {
            starts[0] = starts[1];
            starts[1] = starts[2];
          }
          starts[std::min<std::size_t>(letters, 2)] = i;
          i = after_marks(i + 1);
          if (letters >= 2) emit(starts[0], i, false);
        }
        if (letters < 3) emit(starts[0], i, false);
        break;
      }
      case Class::kEmoji:
        emit(i, i + 1, true);
        ++i;
        break;
      case Class::kFlag: {
        const std::size_t next = kind_at(i + 1) == Class::kFlag ? i + 2 : i + 1;
        emit(i, next, true);
        i = next;
        break;
      }
      case Class::kUnassigned:
      case Class::kSeparator:
      case Class::kMark:
        ++i;
        break;
    }
  }
}

void TextReader::words(std::string_view text, Words& out) {
  if (is_ascii(text)) {
    ascii_words(text, out);
    return;
  }
  normalise(text);
  segment(out);
}

void TextReader::levels(std::string_view category, std::vector<std::string>& out) {
  out.clear();
  normalise(category);
  std::string level;
  const auto finish = [&] {
    if (!level.empty() && level.back() == ' ') level.pop_back();
    if (!level.empty() && out.size() < kMaxLevels) out.push_back(level);
    level.clear();
  };
  for (const char32_t code : text_) {
    if (code == '>') {
      finish();
    } else if (code != ' ' || (!level.empty() && level.back() != ' ')) {
      append_utf8(code, level);
    }
  }
  finish();
}

std::string TextReader::normalised(std::string_view text) {
  normalise(text);
  std::string out;
  for (const char32_t code : text_) append_utf8(code, out);
  return out;
}

}  // namespace likewise
