// unicode_tables.h: what the recipe knows about a code point. Owns no rules: see words.h.
//
// The tables are written by tools/make_unicode_tables.py from one Unicode version.
#pragma once

#include <cstddef>
#include <cstdint>

namespace likewise::unicode {

enum class Class : std::uint8_t {
  kUnassigned,  // not in this Unicode version, private use, surrogates: folds to a space
  kSeparator,
  kLetter,  // letters of scripts not named below, and numbers that are not decimal digits
  kLatin,   // letters of the Latin script
  kDigit,   // 0 to 9; decimal digits of every script fold to these
  kMark,    // continues a word, never starts one; the prolonged sound mark of kana too
  kHan,     // ideographs
  kHiragana,
  kKatakana,
  kUnspaced,  // letters of Thai, Lao, Khmer, Myanmar and others written without spaces
  kEmoji,
  kFlag,  // regional indicators, two of which make a flag
};

/// One code point: class (4 bits), joins (1), length (5), start (16).
struct Entry {
  std::uint32_t bits;
  Class kind() const { return static_cast<Class>(bits & 15); }
  /// What it folds to may compose with, or move before, what stands in front of it.
  bool joins() const { return (bits >> 4 & 1) != 0; }
  bool folds_to_itself() const { return (bits >> 5 & 31) == 31; }
  std::size_t length() const { return bits >> 5 & 31; }
  std::size_t start() const { return bits >> 10; }
};

struct Composite {
  char32_t first, second, composed;
};
struct Combining {
  char32_t first, last;
  std::uint8_t combining_class;
};

extern const char* const kVersion;
extern const std::uint16_t kIndex[];
extern const std::uint16_t kBlocks[];
extern const std::uint32_t kEntries[];
extern const char32_t kPool[];             // folded text, found by start and length
extern const Composite kComposites[];      // sorted by first, then second
extern const std::uint16_t kByComposed[];  // positions in kComposites, sorted by composed
extern const Combining kCombining[];       // sorted; everything else has combining class 0
extern const std::size_t kCompositeCount;
extern const std::size_t kCombiningCount;

inline Entry entry(char32_t code) {
  constexpr char32_t kLimit = 0x32400, kTags = 0xE0000, kTagsEnd = 0xE0200, kBlock = 64;
  if (code >= kLimit) {
    if (code < kTags || code >= kTagsEnd)
      code = 0x378;  // an unassigned one stands for all
    else
      code = kLimit + (code - kTags);
  }
  return {kEntries[kBlocks[kIndex[code / kBlock] * kBlock + code % kBlock]]};
}

}  // namespace likewise::unicode
