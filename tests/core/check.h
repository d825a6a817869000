// check.h: the whole C++ test framework. A test is an executable that returns failures() from main.
#pragma once

#include <cmath>
#include <cstdio>
#include <exception>

namespace likewise_check {

inline int& count() {
  static int failed = 0;
  return failed;
}

inline void fail(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
  ++count();
}

/// 0 when every check passed, 1 otherwise.
inline int failures() {
  if (count() > 0) std::fprintf(stderr, "%d checks failed\n", count());
  return count() > 0 ? 1 : 0;
}

}  // namespace likewise_check

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) ::likewise_check::fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_CLOSE(actual, expected, tolerance)                                    \
  do {                                                                              \
    if (!(std::fabs(static_cast<double>(actual) - static_cast<double>(expected)) <= \
          static_cast<double>(tolerance)))                                          \
      ::likewise_check::fail(__FILE__, __LINE__, #actual " close to " #expected);   \
  } while (false)

#define CHECK_THROWS(expression, Exception)                                                     \
  do {                                                                                          \
    bool thrown = false;                                                                        \
    try {                                                                                       \
      static_cast<void>(expression);                                                            \
    } catch (const Exception&) {                                                                \
      thrown = true;                                                                            \
    }                                                                                           \
    if (!thrown) ::likewise_check::fail(__FILE__, __LINE__, #expression " throws " #Exception); \
  } while (false)
