// test_delimited.cpp: rows of delimited text, whole and in blocks cut at every byte, good and bad.
#include "core/tables/delimited.h"

#include <string>
#include <vector>

#include "check.h"

using likewise::BlockEnd;
using likewise::Dialect;
using likewise::read_rows;
using likewise::RowFault;
using likewise::TextColumn;

namespace {

using Rows = std::vector<std::vector<std::string>>;

const Dialect kStandard{',', '"', '"'};
const Dialect kBackslash{',', '"', '\\'};
const Dialect kBare{',', -1, -1};

std::string text_of(const TextColumn& column, std::size_t row) {
  const auto start = static_cast<std::size_t>(column.offsets[row]);
  const auto end = static_cast<std::size_t>(column.offsets[row + 1]);
  return {column.bytes.data() + start, end - start};
}

/// Reads a text in two blocks, cut at a byte; the second begins where the first one stopped.
BlockEnd read(const std::string& text, std::size_t cut, const Dialect& dialect, int fields,
              Rows& rows) {
  std::vector<std::int32_t> slots;
  for (int i = 0; i < fields; ++i) slots.push_back(i);
  std::vector<TextColumn> columns(static_cast<std::size_t>(fields));
  // Exactly sized copies: a read beyond the end is seen by the address sanitizer.
  const std::vector<char> head(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut));
  BlockEnd end = read_rows({head.data(), head.size()}, false, 1, dialect, slots, columns);
  if (end.fault == RowFault::kNone) {
    const std::vector<char> tail(text.begin() + end.position, text.end());
    end = read_rows({tail.data(), tail.size()}, true, end.line, dialect, slots, columns);
  }
  rows.clear();
  for (std::size_t row = 0; row + 1 < columns[0].offsets.size(); ++row) {
    rows.emplace_back();
    for (const TextColumn& column : columns) rows.back().push_back(text_of(column, row));
  }
  return end;
}

void expect(const std::string& text, const Dialect& dialect, int fields, const Rows& wanted,
            RowFault fault = RowFault::kNone, std::int64_t line = 0) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Rows rows;
    const BlockEnd end = read(text, cut, dialect, fields, rows);
    CHECK(rows == wanted);
    CHECK(end.fault == fault);
    if (fault != RowFault::kNone) CHECK(end.fault_line == line);
  }
}

}  // namespace

int main() {
  const Rows two{{"1", "x"}, {"2", "y"}};
  expect("1,x\n2,y\n", kStandard, 2, two);
  expect("1,x\n2,y", kStandard, 2, two);
  expect("1,x\r\n2,y\n", kStandard, 2, two);
  expect("1,x\r2,y\r", kStandard, 2, two);
  expect("\n\r\n1,x\n\n\n2,y\n\n", kStandard, 2, two);
  expect("\"1\",\"x\"\r\n\"2\",\"y\"", kStandard, 2, two);
  expect(" \"1\" , \"x\" \n2,y\n", kStandard, 2, {{"1", "x"}, {"2", "y"}});
  expect("1,\n,y\n", kStandard, 2, {{"1", ""}, {"", "y"}});
  expect("1,", kStandard, 2, {{"1", ""}});

  // Quotes: doubled, with line ends and delimiters between them, plain inside of a field.
  expect("1,\"a \"\"b\"\",\r\n\nc\"\n2,y\n", kStandard, 2, {{"1", "a \"b\",\r\n\nc"}, {"2", "y"}});
  expect("1,12\" pipe\n2,\"\"\"\"\n", kStandard, 2, {{"1", "12\" pipe"}, {"2", "\""}});
  expect("1,x \"y\" z\n", kStandard, 2, {{"1", "x \"y\" z"}});
  expect("1, \"best\" of\n", kStandard, 2, {{"1", " \"best\" of"}});

  // Backslashes: before a quote and before themselves, and as they are otherwise.
  expect("1,\"12\\\" pipe\"\n2,\"a\\\\\"\n", kBackslash, 2, {{"1", "12\" pipe"}, {"2", "a\\"}});
  expect("1,\"a\\nb\"\n2,c\\\"d\n", kBackslash, 2, {{"1", "a\\nb"}, {"2", "c\\\"d"}});
  expect("1,\"a\\\"\n", kStandard, 2, {{"1", "a\\"}});

  // Without quotes, and with what escapes a delimiter then.
  expect("1,\"x\n\"2\",y\n", kBare, 2, {{"1", "\"x"}, {"\"2\"", "y"}});
  expect("1,a\\,b\n2,c\\d\n", {',', -1, '\\'}, 2, {{"1", "a,b"}, {"2", "c\\d"}});

  // What is wrong, and the line of it; the rows before are read.
  expect("1,x\n2\n3,z\n", kStandard, 2, {{"1", "x"}}, RowFault::kFields, 2);
  expect("1,x\n2,y,z\n", kStandard, 2, {{"1", "x"}}, RowFault::kFields, 2);
  expect("1,x\n2,\"y\" z\n", kStandard, 2, {{"1", "x"}}, RowFault::kAfterQuote, 2);
  expect("1,x\n2,\"a\nb\" z\n", kStandard, 2, {{"1", "x"}}, RowFault::kAfterQuote, 3);
  expect("1,x\n2,\"y\n3,z\n", kStandard, 2, {{"1", "x"}}, RowFault::kOpenQuote, 2);
  expect("1,\"x\\\"\n", kBackslash, 2, {}, RowFault::kOpenQuote, 1);

  // Columns that nobody takes are walked over, and empty texts are counted.
  std::vector<TextColumn> columns(1);
  const std::vector<std::int32_t> slots{-1, 0, -1};
  const BlockEnd end = read_rows("a,b,\"c\"\nd,,f\n", true, 1, kStandard, slots, columns);
  CHECK(end.rows == 2 && end.line == 3 && end.position == 13);
  CHECK(columns[0].empty == 1 && text_of(columns[0], 0) == "b");
  CHECK(read_rows("", true, 1, kStandard, slots, columns).rows == 0);
  return likewise_check::failures();
}
