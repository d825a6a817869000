// canonical.h: Unicode canonical decomposition, order and composition (Unicode Standard Annex 15).
//
// Works on code points; Hangul by arithmetic, the rest by the tables. Owns no rules of the recipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace likewise::unicode {

/// Decomposes text, which must be free of singletons and excluded composites (as folded text is),
/// and puts marks in canonical order. combining gets the combining class of each code point.
void decompose(const std::u32string& text, std::u32string& parts,
               std::vector<std::uint8_t>& combining);

/// Composes what decompose wrote.
void compose(const std::u32string& parts, const std::vector<std::uint8_t>& combining,
             std::u32string& text);

}  // namespace likewise::unicode
