// rng.h: the small random generator of the hot loops.
//
// xoroshiro128+ (Blackman and Vigna, 2018), seeded by splitmix64. One per slice of work, seeded
// from (seed, epoch, slice), so that draws do not depend on which thread took the slice.
#pragma once

#include <bit>
#include <cstdint>

namespace likewise {

constexpr std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t part = 0) {
    std::uint64_t state = seed;
    state = splitmix64(state) ^ (stream * 0xD1342543DE82EF95ULL);
    state = splitmix64(state) ^ (part * 0xAF251AF3B0F025B5ULL);
    s0_ = splitmix64(state);
    s1_ = splitmix64(state) | 1;  // never the all-zero state
  }

  std::uint64_t next() {
    const std::uint64_t a = s0_, result = s0_ + s1_;
    const std::uint64_t b = s1_ ^ a;
    s0_ = std::rotl(a, 24) ^ b ^ (b << 16);
    s1_ = std::rotl(b, 37);
    return result;
  }

  /// Even over [0, n), n > 0, by the high half of a product (Lemire 2019, without the rejection:
  /// the bias is below 2^-32 for the n in use).
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }

  /// Even over [0, 1).
  float uniform() { return static_cast<float>(next() >> 40) * 0x1p-24F; }

 private:
  std::uint64_t s0_ = 0, s1_ = 0;
};

}  // namespace likewise
