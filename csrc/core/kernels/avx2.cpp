// avx2.cpp: the kernel set for AVX2 with FMA.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/kernels/kernel_set.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

struct Avx2 {
  using Reg = __m256;
  static constexpr std::size_t kWidth = 8;
  static constexpr int kScoreRows = 2, kTileRegs = 3, kRowRegs = 13, kScanRows = 6, kScanRegs = 2;
  static constexpr bool kHalves = false, kFewRegisters = true;

  static Reg zero() { return _mm256_setzero_ps(); }
  static Reg set(float x) { return _mm256_set1_ps(x); }
  static Reg load(const float* p) { return _mm256_load_ps(p); }
  static Reg load_any(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Reg x) { _mm256_store_ps(p, x); }
  static void store_any(float* p, Reg x) { _mm256_storeu_ps(p, x); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static Reg add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  static Reg subtract(Reg a, Reg b) { return _mm256_sub_ps(a, b); }
  static Reg multiply(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static Reg reciprocal(Reg x) { return _mm256_div_ps(set(1.0F), x); }

  // The power of two is put together by hand: x within +-87. The operand order of min and max lets
  // a NaN through.
  static Reg within_powers(Reg x) {
    return _mm256_min_ps(set(87.0F), _mm256_max_ps(set(-87.0F), x));
  }
  static Reg rounded(Reg x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Reg times_power(Reg p, Reg n) {
    const __m256i power =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return multiply(p, _mm256_castsi256_ps(power));
  }

  static Reg keep_between(Reg x, std::size_t base, std::size_t low, std::size_t high) {
    const __m256i place = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(base)),
                                           _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const auto word = [](std::size_t v) { return _mm256_set1_epi32(static_cast<int>(v)); };
    const __m256i below = _mm256_cmpgt_epi32(word(low), place);
    const __m256i inside = _mm256_cmpgt_epi32(word(high), place);
    return _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_andnot_si256(below, inside)));
  }

  static float sum(Reg x) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }

  static void store_row(const Reg (&sums)[4], float* out) {
    const Reg ab = _mm256_hadd_ps(sums[0], sums[1]);
    const Reg cd = _mm256_hadd_ps(sums[2], sums[3]);
    const Reg all = _mm256_hadd_ps(ab, cd);
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
  }

  static std::uint32_t over(Reg x, float bar) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, set(bar), _CMP_GT_OQ)));
  }
};

// Sums of 16 bits. No pair of products is beyond them: 2 * 255 * 63 < 2^15.
struct Avx2Bytes {
  using Reg = __m256i;
  static constexpr std::size_t kGroup = 2, kLanes = 16, kRows = 6, kRegs = 2;

  static Reg start(std::int32_t x) { return _mm256_set1_epi16(static_cast<std::int16_t>(x)); }
  static Reg word(const std::uint32_t* p) { return _mm256_set1_epi32(static_cast<int>(*p)); }
  static Reg load(const std::uint8_t* p) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Reg add_products(Reg sums, Reg candidates, Reg query) {
    return _mm256_add_epi16(sums, _mm256_maddubs_epi16(candidates, query));
  }
  static std::uint32_t over(const Reg (&sums)[2], std::int32_t bar) {
    const Reg high = start(bar < -32768 ? -32768 : bar > 32767 ? 32767 : bar);
    const Reg both =
        _mm256_packs_epi16(_mm256_cmpgt_epi16(sums[0], high), _mm256_cmpgt_epi16(sums[1], high));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_permute4x64_epi64(both, 0xD8)));
  }
};

}  // namespace

const Kernels& avx2_kernels() {
  static constexpr Kernels set = kernel_set<Avx2, Avx2Bytes>("avx2");
  return set;
}

}  // namespace likewise
#endif
