#include "core/tables/moments.h"

#include <array>
#include <limits>

namespace likewise {
namespace {

/// Days since 1970-01-01 in the Gregorian calendar, as its years of March to February repeat
/// every 400 years.
std::int64_t days_since_1970(std::int64_t year, std::int64_t month, std::int64_t day) {
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::int64_t days_of_month(std::int64_t year, std::int64_t month) {
  constexpr std::array<std::int64_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

class Text {
 public:
  explicit Text(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  char next() const { return done() ? '\0' : text_[at_]; }
  bool take(char wanted) {
    if (done() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }
  /// Reads a number of so many digits; false where it has fewer.
  bool number(int least, int most, std::int64_t& value) {
    int digits = 0;
    for (value = 0; digits < most && is_digit(next()); ++digits) value = 10 * value + digit();
    return digits >= least;
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::int64_t digit() { return text_[at_++] - '0'; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool read_date(Text& text, std::int64_t& days) {
  std::int64_t year = 0, month = 0, day = 0;
  if (!text.number(4, 4, year)) return false;
  const char between = text.next();
  if (between != '-' && between != '/') return false;
  text.take(between);
  if (!text.number(1, 2, month) || !text.take(between) || !text.number(1, 2, day)) return false;
  if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
  days = days_since_1970(year, month, day);
  return true;
}

/// Reads hours, minutes and, where they are there, seconds and their fraction, in ticks.
Moment read_time(Text& text, std::int64_t ticks, std::int64_t& seconds, std::int64_t& fraction) {
  std::int64_t hour = 0, minute = 0, second = 0;
  bool finer = false;
  if (!text.number(1, 2, hour) || !text.take(':') || !text.number(2, 2, minute)) {
    return Moment::kNone;
  }
  if (text.take(':')) {
    if (!text.number(2, 2, second)) return Moment::kNone;
    if (text.take('.') || text.take(',')) {
      if (!Text::is_digit(text.next())) return Moment::kNone;
      std::int64_t unit = ticks;
      while (Text::is_digit(text.next())) {
        const std::int64_t digit = text.digit();
        unit /= 10;
        fraction += digit * unit;
        finer = finer || (unit == 0 && digit != 0);
      }
    }
  }
  if (hour > 23 || minute > 59 || second > 60) return Moment::kNone;
  seconds = (hour * 60 + minute) * 60 + second;
  return finer ? Moment::kFiner : Moment::kRead;
}

bool read_zone(Text& text, std::int64_t& seconds) {
  text.take(' ');
  if (text.done() || text.take('Z') || text.take('z') || text.take("UTC") || text.take("GMT")) {
    return true;
  }
  const bool west = text.next() == '-';
  if (!text.take(west ? '-' : '+')) return false;
  std::int64_t hours = 0, minutes = 0;
  if (!text.number(2, 2, hours)) return false;
  text.take(':');
  if (!text.done() && !text.number(2, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  seconds = (west ? 1 : -1) * (hours * 60 + minutes) * 60;
  return true;
}

}  // namespace

Moment read_moment(std::string_view text, std::int64_t ticks, std::int64_t& value) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Text rest(text);
  std::int64_t days = 0, seconds = 0, fraction = 0, zone = 0;
  if (!read_date(rest, days)) return Moment::kNone;
  Moment found = Moment::kRead;
  if (rest.take('T') || rest.take('t') || rest.take(' ')) {
    found = read_time(rest, ticks, seconds, fraction);
    if (found == Moment::kNone || !read_zone(rest, zone)) return Moment::kNone;
  }
  if (!rest.done()) return Moment::kNone;
  const std::int64_t since = days * 86'400 + seconds + zone;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / ticks - 1;
  if (since > most || since < -most) return Moment::kNone;
  value = since * ticks + fraction;
  return found;
}

}  // namespace likewise
