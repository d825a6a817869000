// moments.h: dates and times written as ISO 8601 has them, to ticks since 1970 in UTC.
#pragma once

#include <cstdint>
#include <string_view>

namespace likewise {

enum class Moment { kRead, kFiner, kNone };

/// Reads a year of four digits, a month and a day (`2024-05-31`, `2024/5/31`) and after a `T` or a
/// blank the time of day (`08:26`, `8:26`, `08:26:01`, `08:26:01.25`) with its zone (`Z`, `UTC`,
/// `+02`,
/// `+0200`, `+02:00`); without a zone it is UTC. Blanks around it are left out.
///
/// @param ticks  of a second: 1'000'000 or 1'000'000'000
/// @param value  gets the ticks since 1970-01-01
/// @return kFiner where the fraction has digits below a tick, kNone where the text is no such time
///         or too far from 1970 for the ticks
Moment read_moment(std::string_view text, std::int64_t ticks, std::int64_t& value);

}  // namespace likewise
