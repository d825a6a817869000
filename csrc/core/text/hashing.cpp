// hashing.cpp: XXH64, from the specification in the xxHash repository (doc/xxhash_spec.md).
#include "core/text/hashing.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace likewise {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87u;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Fu;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9u;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63u;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5u;

/// Little-endian, whatever the machine is.
template <class Word>
std::uint64_t read(const char* p) {
  Word word;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, p, sizeof word);
  } else {
    word = 0;
    for (std::size_t i = sizeof word; i-- > 0;) {
      word = static_cast<Word>(word << 8 | static_cast<unsigned char>(p[i]));
    }
  }
  return word;
}

std::uint64_t mix(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t sum, std::uint64_t lane) {
  return (sum ^ mix(0, lane)) * kPrime1 + kPrime4;
}

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t sum;
  if (left >= 32) {
    std::uint64_t a = seed + kPrime1 + kPrime2, b = seed + kPrime2, c = seed, d = seed - kPrime1;
    for (; left >= 32; left -= 32, p += 32) {
      a = mix(a, read<std::uint64_t>(p));
      b = mix(b, read<std::uint64_t>(p + 8));
      c = mix(c, read<std::uint64_t>(p + 16));
      d = mix(d, read<std::uint64_t>(p + 24));
    }
    sum = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    sum = merge(merge(merge(merge(sum, a), b), c), d);
  } else {
    sum = seed + kPrime5;
  }
  sum += bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    sum = std::rotl(sum ^ mix(0, read<std::uint64_t>(p)), 27) * kPrime1 + kPrime4;
  }
  if (left >= 4) {
    sum = std::rotl(sum ^ (read<std::uint32_t>(p) * kPrime1), 23) * kPrime2 + kPrime3;
    left -= 4;
    p += 4;
  }
  for (; left > 0; --left, ++p) {
    sum = std::rotl(sum ^ (static_cast<unsigned char>(*p) * kPrime5), 11) * kPrime1;
  }
  sum ^= sum >> 33;
  sum *= kPrime2;
  sum ^= sum >> 29;
  sum *= kPrime3;
  return sum ^ (sum >> 32);
}

}  // namespace likewise
