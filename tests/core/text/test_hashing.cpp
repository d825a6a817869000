// test_hashing.cpp: published XXH64 values, lengths around every branch, and the row of a hash.
#include "core/text/hashing.h"

#include <set>
#include <string>

#include "check.h"

using likewise::hash64;
using likewise::reduce_row;

int main() {
  // From the xxHash project and its users' documentation.
  CHECK(hash64("", 0) == 0xEF46DB3751D8E999u);
  CHECK(hash64("a", 0) == 0xD24EC4F1A98C6E5Bu);
  CHECK(hash64("abc", 0) == 0x44BC2CF5AD770999u);
  CHECK(hash64("Nobody inspects the spammish repetition", 0) == 0xFBCEA83C8A378BF1u);

  // Every length is a hash of its own, whatever the bytes before and behind.
  const std::string text(200, 'x');
  std::set<std::uint64_t> seen;
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const std::uint64_t hash = hash64(std::string_view(text).substr(0, n), 1);
    CHECK(hash == hash64(std::string(n, 'x'), 1));
    CHECK(hash != hash64(std::string_view(text).substr(0, n), 2));
    seen.insert(hash);
  }
  CHECK(seen.size() == text.size() + 1);

  for (const std::uint32_t buckets : {1u, 2u, 1000u, 1u << 21, 1u << 30}) {
    CHECK(reduce_row(0, buckets) == 0);
    CHECK(reduce_row(0xFFFFFFFFu, buckets) == static_cast<std::int32_t>(buckets - 1));
  }
  CHECK(reduce_row(0x80000000u, 1000) == 500);
  return likewise_check::failures();
}
