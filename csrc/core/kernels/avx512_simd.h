// avx512_simd.h: the vector type of the AVX-512 kernel sets, as kernel_set.h wants it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace likewise {
namespace {

struct Avx512 {
  using Reg = __m512;
  static constexpr std::size_t kWidth = 16;
  static constexpr int kScoreRows = 4, kTileRegs = 4, kRowRegs = 8, kScanRows = 12, kScanRegs = 2;
  static constexpr bool kFewRegisters = false;
  static constexpr bool kHalves = true;  // rows are whole halves, kRowAlign floats

  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg set(float x) { return _mm512_set1_ps(x); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }  // half a line is its alignment
  static Reg load_any(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Reg x) { _mm512_storeu_ps(p, x); }
  static void store_any(float* p, Reg x) { _mm512_storeu_ps(p, x); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  static Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static Reg subtract(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
  static Reg multiply(Reg a, Reg b) { return _mm512_mul_ps(a, b); }

  using Half = __m256;
  static Half no_half() { return _mm256_setzero_ps(); }
  static Reg widened(Half x) { return _mm512_zextps256_ps512(x); }
  static Reg load_half(const float* p) { return widened(_mm256_load_ps(p)); }
  static void store_half(float* p, Reg x) { _mm256_store_ps(p, _mm512_castps512_ps256(x)); }
  static Reg half_products(const float* a, const float* b) {
    return widened(_mm256_mul_ps(_mm256_load_ps(a), _mm256_load_ps(b)));
  }
  static Half half_fma(Reg a, const float* b, Half c) {
    return _mm256_fmadd_ps(_mm512_castps512_ps256(a), _mm256_load_ps(b), c);
  }

  // 14 bits of the instruction, made 24 by one step of Newton's; x is held below the overflow that
  // would make it 0 * infinity. The operand order lets a NaN through.
  static Reg reciprocal(Reg x) {
    x = _mm512_min_ps(set(1e37F), x);
    const Reg guess = _mm512_rcp14_ps(x);
    return multiply(guess, _mm512_fnmadd_ps(x, guess, set(2.0F)));
  }

  static Reg within_powers(Reg x) { return x; }  // times_power knows them all
  static Reg rounded(Reg x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Reg times_power(Reg p, Reg n) { return _mm512_scalef_ps(p, n); }

  static __mmask16 from(std::size_t base, std::size_t edge) {  // lanes j with base + j >= edge
    const std::size_t skip = edge > base ? edge - base : 0;
    return static_cast<__mmask16>(skip >= kWidth ? 0U : 0xFFFFU << skip);
  }

  static Reg keep_between(Reg x, std::size_t base, std::size_t low, std::size_t high) {
    const auto keep = static_cast<__mmask16>(from(base, low) & ~from(base, high));
    return _mm512_maskz_mov_ps(keep, x);
  }

  // Each 128-bit lane of the answer: that lane's sums of a, b, c, d.
  static Reg sums_by_lane(Reg a, Reg b, Reg c, Reg d) {
    const Reg ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const Reg cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512d x = _mm512_castps_pd(ab), y = _mm512_castps_pd(cd);
    return add(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)),
               _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
  }

  static float sum(Reg x) { return _mm512_reduce_add_ps(x); }

  static void store_row(const Reg (&sums)[4], float* out) {
    const Reg lanes = sums_by_lane(sums[0], sums[1], sums[2], sums[3]);
    const __m256 half =
        _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
  }

  static void store_four_rows(const Reg (&sums)[4][4], float* out, std::size_t out_stride) {
    Reg rows[4];
#pragma GCC unroll 8
    for (int i = 0; i < 4; ++i) {
      rows[i] = sums_by_lane(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
    }
    const Reg low = add(_mm512_shuffle_f32x4(rows[0], rows[1], 0x44),
                        _mm512_shuffle_f32x4(rows[0], rows[1], 0xEE));
    const Reg high = add(_mm512_shuffle_f32x4(rows[2], rows[3], 0x44),
                         _mm512_shuffle_f32x4(rows[2], rows[3], 0xEE));
    const Reg all =
        add(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xDD));
    _mm_storeu_ps(out, _mm512_castps512_ps128(all));
    _mm_storeu_ps(out + out_stride, _mm512_extractf32x4_ps(all, 1));
    _mm_storeu_ps(out + 2 * out_stride, _mm512_extractf32x4_ps(all, 2));
    _mm_storeu_ps(out + 3 * out_stride, _mm512_extractf32x4_ps(all, 3));
  }

  static std::uint32_t over(Reg x, float bar) {
    return _mm512_cmp_ps_mask(x, set(bar), _CMP_GT_OQ);
  }
};

// Sums of 16 bits. No pair of products is beyond them: 2 * 255 * 63 < 2^15.
struct Avx512Bytes {
  using Reg = __m512i;
  static constexpr std::size_t kGroup = 2, kLanes = 32, kRows = 8, kRegs = 1;

  static Reg start(std::int32_t x) { return _mm512_set1_epi16(static_cast<std::int16_t>(x)); }
  static Reg word(const std::uint32_t* p) { return _mm512_set1_epi32(static_cast<int>(*p)); }
  static Reg load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static Reg add_products(Reg sums, Reg candidates, Reg query) {
    return _mm512_add_epi16(sums, _mm512_maddubs_epi16(candidates, query));
  }
  static std::uint32_t over(const Reg (&sums)[1], std::int32_t bar) {
    const Reg high = start(bar < -32768 ? -32768 : bar > 32767 ? 32767 : bar);
    return _mm512_cmpgt_epi16_mask(sums[0], high);
  }
};

}  // namespace
}  // namespace likewise
