#include "core/tables/delimited.h"

#include <array>

namespace likewise {
namespace {

constexpr unsigned char kPlain = 0, kEnd = 1, kEscape = 2;

/// What came of reading one field.
enum class Field { kDelimiter, kRowEnd, kIncomplete, kFault };

class Reader {
 public:
  Reader(std::string_view block, bool final, std::int64_t line, const Dialect& dialect)
      : data_(block), final_(final), line_(line), dialect_(dialect) {
    classes_[byte(dialect.delimiter)] = kEnd;
    classes_['\n'] = classes_['\r'] = kEnd;
    if (dialect.quote < 0 && dialect.escape >= 0) classes_[byte(dialect.escape)] = kEscape;
    quoted_stops_['\n'] = quoted_stops_['\r'] = true;
    if (dialect.quote >= 0) quoted_stops_[byte(dialect.quote)] = true;
    if (dialect.escape >= 0) quoted_stops_[byte(dialect.escape)] = true;
  }

  std::size_t at = 0;
  RowFault fault = RowFault::kNone;

  std::int64_t line() const { return line_; }
  void set_line(std::int64_t line) { line_ = line; }
  bool done() const { return at >= data_.size(); }

  /// Steps over a line end at `at`; false where there is none or it may go on after the block.
  bool skip_line_end() {
    const char first = data_[at];
    if (first != '\n' && first != '\r') return false;
    if (first == '\r' && at + 1 >= data_.size() && !final_) return false;
    at += first == '\r' && at + 1 < data_.size() && data_[at + 1] == '\n' ? 2 : 1;
    ++line_;
    return true;
  }

  /// Reads the field at `at` into `text`, which may be null, and steps over what ends it.
  Field read_field(std::vector<char>* text) {
    if (dialect_.quote >= 0) {
      const std::size_t quote = after_blanks(at);
      if (quote >= data_.size() && !final_) return Field::kIncomplete;
      if (quote < data_.size() && data_[quote] == dialect_.quote) {
        const std::size_t size = text == nullptr ? 0 : text->size();
        const std::int64_t line = line_;
        const Field found = read_quoted(quote, text);
        // After a blank a quote may be as plain as the blank is.
        if (found != Field::kFault || fault != RowFault::kAfterQuote || quote == at) return found;
        fault = RowFault::kNone;
        line_ = line;
        if (text != nullptr) text->resize(size);
      }
    }
    return read_plain(text);
  }

 private:
  static std::size_t byte(int value) { return static_cast<unsigned char>(value); }

  std::size_t after_blanks(std::size_t from) const {
    if (dialect_.delimiter == ' ') return from;
    while (from < data_.size() && data_[from] == ' ') ++from;
    return from;
  }

  void keep(std::vector<char>* text, std::size_t from, std::size_t to) const {
    if (text != nullptr) text->insert(text->end(), data_.data() + from, data_.data() + to);
  }

  Field read_quoted(std::size_t quote, std::vector<char>* text) {
    const bool doubled = dialect_.escape == dialect_.quote;
    std::size_t here = quote + 1;
    std::size_t kept = here;
    for (;;) {
      while (here < data_.size() && !quoted_stops_[byte(data_[here])]) ++here;
      if (here >= data_.size()) return open_quote();
      const char stop = data_[here];
      const bool more = here + 1 < data_.size();
      if (stop == dialect_.quote) {
        if (doubled && !more && !final_) return Field::kIncomplete;
        if (!doubled || !more || data_[here + 1] != dialect_.quote) break;
        keep(text, kept, here + 1);
        here += 2;
        kept = here;
      } else if (stop == dialect_.escape) {
        if (!more) return open_quote();
        if (data_[here + 1] == dialect_.quote || data_[here + 1] == dialect_.escape) {
          keep(text, kept, here);
          kept = here + 1;
          ++here;
        }
        ++here;
      } else {
        if (stop == '\n' || !more || data_[here + 1] != '\n') ++line_;
        ++here;
      }
    }
    keep(text, kept, here);
    here = after_blanks(here + 1);
    if (here < data_.size() && classes_[byte(data_[here])] != kEnd) {
      fault = RowFault::kAfterQuote;
      return Field::kFault;
    }
    return end_field(here);
  }

  Field open_quote() {
    if (!final_) return Field::kIncomplete;
    fault = RowFault::kOpenQuote;
    return Field::kFault;
  }

  Field read_plain(std::vector<char>* text) {
    std::size_t here = at;
    std::size_t kept = here;
    for (;;) {
      while (here < data_.size() && classes_[byte(data_[here])] == kPlain) ++here;
      if (here >= data_.size() || classes_[byte(data_[here])] == kEnd) break;
      if (here + 1 < data_.size() && classes_[byte(data_[here + 1])] != kPlain) {
        keep(text, kept, here);
        kept = here + 1;
        ++here;
      }
      ++here;
    }
    if (here > data_.size()) here = data_.size();
    if (here >= data_.size() && !final_) return Field::kIncomplete;
    keep(text, kept, here);
    return end_field(here);
  }

  Field end_field(std::size_t here) {
    if (here >= data_.size()) {
      at = here;
      return final_ ? Field::kRowEnd : Field::kIncomplete;
    }
    at = here;
    if (data_[here] == dialect_.delimiter) {
      ++at;
      return Field::kDelimiter;
    }
    return skip_line_end() ? Field::kRowEnd : Field::kIncomplete;
  }

  std::string_view data_;
  bool final_;
  std::int64_t line_;
  Dialect dialect_;
  std::array<unsigned char, 256> classes_{};
  std::array<bool, 256> quoted_stops_{};
};

}  // namespace

BlockEnd read_rows(std::string_view block, bool final, std::int64_t line, const Dialect& dialect,
                   std::span<const std::int32_t> slots, std::span<TextColumn> columns) {
  Reader reader(block, final, line, dialect);
  BlockEnd end;
  std::vector<std::size_t> sizes(columns.size());
  const auto n_fields = static_cast<std::int64_t>(slots.size());
  while (!reader.done()) {
    if (reader.skip_line_end()) continue;  // a blank line
    const std::size_t row = reader.at;
    const std::int64_t row_line = reader.line();
    for (std::size_t i = 0; i < columns.size(); ++i) sizes[i] = columns[i].bytes.size();
    Field found = Field::kDelimiter;
    std::int64_t fields = 0;
    while (found == Field::kDelimiter) {
      const std::int32_t slot = fields < n_fields ? slots[static_cast<std::size_t>(fields)] : -1;
      found =
          reader.read_field(slot < 0 ? nullptr : &columns[static_cast<std::size_t>(slot)].bytes);
      ++fields;
    }
    if (found == Field::kRowEnd && fields != n_fields) {
      reader.fault = RowFault::kFields;
      end.fields = fields;
    }
    if (found == Field::kIncomplete || reader.fault != RowFault::kNone) {
      end.fault = reader.fault;
      end.fault_line = reader.fault == RowFault::kAfterQuote ? reader.line() : row_line;
      for (std::size_t i = 0; i < columns.size(); ++i) columns[i].bytes.resize(sizes[i]);
      reader.at = row;
      reader.set_line(row_line);
      break;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      columns[i].empty += columns[i].bytes.size() == sizes[i];
      columns[i].offsets.push_back(static_cast<std::int64_t>(columns[i].bytes.size()));
    }
    ++end.rows;
  }
  end.position = static_cast<std::int64_t>(reader.at);
  end.line = reader.line();
  return end;
}

}  // namespace likewise
