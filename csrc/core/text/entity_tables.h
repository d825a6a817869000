// entity_tables.h: the named characters of HTML, and what 128 to 159 are. See markup.h for the
// rules.
//
// The tables are written by tools/make_entity_tables.py.
#pragma once

#include <cstddef>
#include <string_view>

namespace likewise::entities {

/// &name; stands for one character, or for two; then second is not 0.
struct Entity {
  std::string_view name;
  char32_t first, second;
};

extern const std::size_t kCount;
extern const std::size_t kLongestName;   // in bytes
extern const Entity kEntities[];         // sorted by name
extern const char32_t kWindows1252[32];  // of 0x80 to 0x9F; a blank where there is none

}  // namespace likewise::entities
