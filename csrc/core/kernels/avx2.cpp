// avx2.cpp: the kernel set for AVX2 with FMA.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/base/types.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

struct Simd {
  using Reg = __m256;
  static constexpr std::size_t kWidth = 8;
  static constexpr int kScoreRows = 2, kTileRegs = 3, kRowRegs = 13;
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

  // As in kernels_avx512.cpp; the power of two is put together by hand, so x is held within +-87.
  // The operand order of min and max lets a NaN through.
  static Reg exp_negated(Reg x) {
    x = _mm256_min_ps(set(87.0F), _mm256_max_ps(set(-87.0F), x));
    const Reg t = multiply(x, set(-1.44269504F));
    const Reg n = _mm256_round_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const Reg f = subtract(t, n);
    Reg p = set(1.54035304e-4F);
    p = fma(p, f, set(1.33335581e-3F));
    p = fma(p, f, set(9.61812911e-3F));
    p = fma(p, f, set(5.55041087e-2F));
    p = fma(p, f, set(2.40226507e-1F));
    p = fma(p, f, set(6.93147181e-1F));
    p = fma(p, f, set(1.0F));
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

  template <int kRows, int kColumns>
  static void store_sums(const Reg (&sums)[kRows][kColumns], float* out, std::size_t out_stride) {
    static_assert(kColumns == 4);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      float* place = out + static_cast<std::size_t>(i) * out_stride;
      const Reg ab = _mm256_hadd_ps(sums[i][0], sums[i][1]);
      const Reg cd = _mm256_hadd_ps(sums[i][2], sums[i][3]);
      const Reg all = _mm256_hadd_ps(ab, cd);
      _mm_storeu_ps(place, _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
    }
  }
};

#include "core/kernels/tiles.h"

constexpr Kernels kAvx2{"avx2",         scores,     squares, bend,    positive_steps,
                        negative_steps, accumulate, compose, scatter, collect};

}  // namespace

const Kernels& avx2_kernels();
const Kernels& avx2_kernels() {
  return kAvx2;
}

}  // namespace likewise
#endif
