// test_moments.cpp: ISO 8601 times against known ticks, leap days, zones, and what is no time.
#include "core/tables/moments.h"

#include <string>

#include "check.h"

using likewise::Moment;
using likewise::read_moment;

namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kNanos = 1'000'000'000;

std::int64_t ticks(const std::string& text, std::int64_t unit = 1) {
  std::int64_t value = -1;
  const std::string exact = text;  // a copy of its own for the address sanitizer
  CHECK(read_moment({exact.data(), exact.size()}, unit, value) == Moment::kRead);
  return value;
}

bool none(const std::string& text, std::int64_t unit = kMicros) {
  std::int64_t value = 0;
  return read_moment(text, unit, value) == Moment::kNone;
}

}  // namespace

int main() {
  CHECK(ticks("1970-01-01") == 0);
  CHECK(ticks("1970/1/2") == 86'400);
  CHECK(ticks("1969-12-31 23:59:59") == -1);
  CHECK(ticks("2000-02-29") == 951'782'400);
  CHECK(ticks("2010-12-01 08:26:00") == 1'291'191'960);
  CHECK(ticks("2010-12-01T08:26") == 1'291'191'960);
  CHECK(ticks("2010-12-1 8:26") == 1'291'191'960);
  for (const char* zone : {"Z", "z", " UTC", "GMT", "+00", "+0000", "-00:00", " +00:00"}) {
    CHECK(ticks(std::string("2010-12-01 08:26:00") + zone) == 1'291'191'960);
  }
  CHECK(ticks("2010-12-01 08:26:00+03:00") == 1'291'191'960 - 3 * 3600);
  CHECK(ticks("2010-12-01 08:26:00-0530") == 1'291'191'960 + 5 * 3600 + 1800);
  CHECK(ticks("  2010-12-01 08:26  ") == 1'291'191'960);
  CHECK(ticks("0001-01-01") == -62'135'596'800);
  CHECK(ticks("9999-12-31", kMicros) == 253'402'214'400 * kMicros);
  CHECK(ticks("1970-01-01 00:00:00.25", kMicros) == 250'000);
  CHECK(ticks("1970-01-01 00:00:00,123456", kMicros) == 123'456);
  CHECK(ticks("1970-01-01 00:00:00.123456000", kMicros) == 123'456);
  CHECK(ticks("1970-01-01 00:00:00.123456789", kNanos) == 123'456'789);
  CHECK(ticks("1969-12-31 23:59:59.5", kMicros) == -500'000);
  CHECK(ticks("2016-12-31 23:59:60") == 1'483'228'800);

  std::int64_t value = 0;
  CHECK(read_moment("1970-01-01 00:00:00.1234567", kMicros, value) == Moment::kFiner);

  for (const char* text : {"",
                           " ",
                           "soon",
                           "2010",
                           "2010-12",
                           "10-12-01",
                           "12/1/10 8:26",
                           "01/12/2010",
                           "2010-13-01",
                           "2010-00-01",
                           "2010-02-29",
                           "1900-02-29",
                           "2010-12-01 24:00",
                           "2010-12-01 08:60",
                           "2010-12-01 08:26:61",
                           "2010-12-01 08:26:00.",
                           "2010-12-01x",
                           "2010-12-01 08:26 CET",
                           "2010-12-01 08:26+3",
                           "2010-12-01 08:26+25:00",
                           "2010-12/01",
                           "20101201",
                           "2010-12-011",
                           "2010-12-01 08:26:00 +03:00 x",
                           "-2010-12-01"}) {
    CHECK(none(text));
  }
  CHECK(none("2300-01-01", kNanos));  // ticks that fine end in 2262
  CHECK(none("1600-01-01", kNanos));
  return likewise_check::failures();
}
