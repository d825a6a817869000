// delimited.h: rows and fields of delimited text (CSV, TSV), strictly by RFC 4180: nothing follows
// a closing quote but the end of its field, and every row has as many fields as the header.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace likewise {

/// How fields are told apart. -1 is none.
struct Dialect {
  int delimiter = ',';
  int quote = '"';
  int escape = '"';  // what makes a quote inside a quoted field plain; `quote` means doubled quotes
};

/// Texts of one column, as Arrow lays them out.
struct TextColumn {
  std::vector<std::int64_t> offsets{0};
  std::vector<char> bytes;
  std::int64_t empty = 0;  // texts without a byte
};

enum class RowFault { kNone, kAfterQuote, kOpenQuote, kFields };

/// How far a block was read, and what stopped it.
struct BlockEnd {
  std::int64_t position = 0;  // first byte that is not read: the start of an incomplete or bad row
  std::int64_t rows = 0;
  std::int64_t line = 1;  // of the position
  RowFault fault = RowFault::kNone;
  std::int64_t fault_line = 0;
  std::int64_t fields = 0;  // of a row with another number of them
};

/// Reads the complete rows of a block; blank lines are none.
///
/// Rows end in LF, CRLF or CR. In a quoted field `escape` before a quote or itself makes that
/// plain; without a quote it does so before whatever it is that would end the field. Blanks around
/// a quoted field are left out.
///
/// @param block    bytes that begin with a row
/// @param final    whether nothing follows, so that the last row needs no line end
/// @param line     number of the first line
/// @param n_fields fields of a row
/// @param slots    (n_fields) for each field the column that takes it, -1 for none
/// @param columns  get one text a row
BlockEnd read_rows(std::string_view block, bool final, std::int64_t line, const Dialect& dialect,
                   std::span<const std::int32_t> slots, std::span<TextColumn> columns);

}  // namespace likewise
