// check.h: CHECK and CHECK_CLOSE count what is wrong; main returns failures().
#pragma once

#include <cmath>
#include <cstdio>

namespace likewise::testing {

inline int& failure_count() {
  static int count = 0;
  return count;
}

inline void record(bool passed, const char* file, int line, const char* text) {
  if (passed) return;
  ++failure_count();
  std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
}

/// What main returns: 0 when every check passed.
inline int failures() {
  return failure_count() == 0 ? 0 : 1;
}

}  // namespace likewise::testing

#define CHECK(condition) \
  ::likewise::testing::record(static_cast<bool>(condition), __FILE__, __LINE__, #condition)
#define CHECK_CLOSE(a, b, tolerance)                                                  \
  ::likewise::testing::record(std::abs((a) - (b)) <= (tolerance), __FILE__, __LINE__, \
                              #a " close to " #b)
