// hashing.h: the fixed 64-bit hash of features, and the row it picks.
//
// XXH64 (Yann Collet's published xxHash, 64-bit variant), written from its specification: the same
// bytes and seed give the same value on every machine, little- or big-endian. The seed is the
// namespace of the feature, so that the word "toys" and the category "toys" are different features.
// Frozen by tests/data/recipe_v1.json and recipe_v2.json. Knows nothing about text.
#pragma once

#include <cstdint>
#include <string_view>

namespace likewise {

/// XXH64 of the bytes.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed);

/// The row of a hash among `buckets` rows (1 to 2^31): the upper 32 bits, read as a fraction of
/// 2^32, times buckets. For a power of two these are the uppermost bits of the hash.
inline std::int32_t reduce_row(std::uint32_t upper, std::uint32_t buckets) {
  return static_cast<std::int32_t>((std::uint64_t{upper} * buckets) >> 32);
}

inline std::uint32_t upper_half(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace likewise
