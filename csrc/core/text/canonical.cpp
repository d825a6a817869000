// canonical.cpp: the algorithms of canonical.h, straight from the annex.
#include "core/text/canonical.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/text/unicode_tables.h"

namespace likewise::unicode {
namespace {

constexpr char32_t kHangulFirst = 0xAC00, kHangulCount = 11172;
constexpr char32_t kLeadFirst = 0x1100, kVowelFirst = 0x1161, kTailBefore = 0x11A7;
constexpr char32_t kLeads = 19, kVowels = 21, kTails = 28;

std::uint8_t combining_class(char32_t code) {
  if (code < 0x300) return 0;
  const auto* end = kCombining + kCombiningCount;
  const auto* found =
      std::lower_bound(kCombining, end, code,
                       [](const Combining& range, char32_t value) { return range.last < value; });
  return found != end && found->first <= code ? found->combining_class : std::uint8_t{0};
}

void append_decomposed(char32_t code, std::u32string& out) {
  if (code >= 0xC0 && code - kHangulFirst < kHangulCount) {
    const char32_t s = code - kHangulFirst;
    out += kLeadFirst + s / (kVowels * kTails);
    out += kVowelFirst + s % (kVowels * kTails) / kTails;
    if (s % kTails != 0) out += kTailBefore + s % kTails;
    return;
  }
  if (code >= 0xC0) {
    const auto* end = kByComposed + kCompositeCount;
    const auto* found = std::lower_bound(kByComposed, end, code, [](std::uint16_t at, char32_t c) {
      return kComposites[at].composed < c;
    });
    if (found != end && kComposites[*found].composed == code) {
      append_decomposed(kComposites[*found].first, out);
      append_decomposed(kComposites[*found].second, out);
      return;
    }
  }
  out += code;
}

/// The primary composite of two code points, 0 when there is none.
char32_t composed(char32_t first, char32_t second) {
  if (first - kLeadFirst < kLeads && second - kVowelFirst < kVowels) {
    return kHangulFirst + ((first - kLeadFirst) * kVowels + (second - kVowelFirst)) * kTails;
  }
  const bool open = first - kHangulFirst < kHangulCount && (first - kHangulFirst) % kTails == 0;
  if (open && second > kTailBefore && second < kTailBefore + kTails) {
    return first + (second - kTailBefore);
  }
  const auto* end = kComposites + kCompositeCount;
  const auto* found =
      std::lower_bound(kComposites, end, std::pair(first, second),
                       [](const Composite& c, const std::pair<char32_t, char32_t>& wanted) {
                         return std::pair(c.first, c.second) < wanted;
                       });
  const bool hit = found != end && found->first == first && found->second == second;
  return hit ? found->composed : 0;
}

}  // namespace

void decompose(const std::u32string& text, std::u32string& parts,
               std::vector<std::uint8_t>& combining) {
  parts.clear();
  for (const char32_t code : text) append_decomposed(code, parts);
  combining.resize(parts.size());
  std::transform(parts.begin(), parts.end(), combining.begin(), combining_class);

  // Sorting, not swapping neighbours: a run of marks may be a megabyte long.
  std::vector<std::pair<std::uint8_t, char32_t>> run;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (combining[i] == 0) continue;
    run.clear();
    const std::size_t from = i;
    for (; i < parts.size() && combining[i] != 0; ++i) run.emplace_back(combining[i], parts[i]);
    std::stable_sort(run.begin(), run.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t k = 0; k < run.size(); ++k) {
      combining[from + k] = run[k].first;
      parts[from + k] = run[k].second;
    }
  }
}

void compose(const std::u32string& parts, const std::vector<std::uint8_t>& combining,
             std::u32string& text) {
  text.clear();
  std::size_t starter = std::u32string::npos;
  std::uint8_t last = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::uint8_t order = combining[i];
    if (starter != std::u32string::npos && (starter + 1 == text.size() || last < order)) {
      if (const char32_t joined = composed(text[starter], parts[i])) {
        text[starter] = joined;
        continue;
      }
    }
    if (order == 0) starter = text.size();
    last = order;
    text += parts[i];
  }
}

}  // namespace likewise::unicode
