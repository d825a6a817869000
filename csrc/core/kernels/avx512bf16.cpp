// avx512bf16.cpp: the AVX-512 set with products of packed rows (AVX-512 BF16).
//
// One instruction multiplies 32 pairs of bfloat16 and adds them to 16 sums of float32. Scores read
// contexts by columns, so that 16 sums are 16 scores and nothing is summed across a register.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>

#include "core/base/types.h"
#include "core/kernels/accumulate.h"
#include "core/kernels/avx512_simd.h"
#include "core/kernels/bytes.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

using Words = __m512i;
constexpr std::size_t kChunk = 2 * Avx512::kWidth;  // floats that become one register of words

__mmask16 first_lanes(std::size_t n) {
  return static_cast<__mmask16>(n >= Avx512::kWidth ? 0xFFFFU : (1U << n) - 1U);
}

// What a chunk of a row holds when `left` floats are left of it: zeros past them.
struct Chunk {
  __m512 low, high;
  Words words;  // bfloat16 in the order of the floats

  Chunk(const float* row, std::size_t left)
      : low(_mm512_maskz_loadu_ps(first_lanes(left), row)),
        high(left > Avx512::kWidth
                 ? _mm512_maskz_loadu_ps(first_lanes(left - Avx512::kWidth), row + Avx512::kWidth)
                 : Avx512::zero()),
        words((Words)_mm512_cvtne2ps_pbh(high, low)) {}
  explicit Chunk(const float* row)
      : low(Avx512::load(row)),
        high(Avx512::load(row + Avx512::kWidth)),
        words((Words)_mm512_cvtne2ps_pbh(high, low)) {}
};

// Words (a[d], b[d]) of two rows, for the lower and the upper half of a chunk.
Words alternate(Words a, Words b, int from) {
  const Words low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8,
                                     39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  const Words index =
      from == 0 ? low : _mm512_add_epi16(low, _mm512_set1_epi16(static_cast<short>(from)));
  return _mm512_permutex2var_epi16(a, index, b);
}

void store_words(float* place, Words words) {
  _mm512_storeu_si512(place, words);
}

void store_pairs(float* place, Words a, Words b) {
  store_words(place, alternate(a, b, 0));
  store_words(place + Avx512::kWidth, alternate(a, b, 16));
}

void store_first_words(float* place, Words words, std::size_t n) {
  _mm512_mask_storeu_epi32(place, first_lanes(n), words);
}

void store_first_pairs(float* place, Words a, Words b, std::size_t n) {
  store_first_words(place, alternate(a, b, 0), n);
  if (n > Avx512::kWidth) {
    store_first_words(place + Avx512::kWidth, alternate(a, b, 16), n - Avx512::kWidth);
  }
}

void pack_centers(const float* const* rows, std::size_t n, std::size_t stride, float* singles,
                  float* pairs, float* squares) {
  for (std::size_t i = 0; i < n; i += 2, pairs += stride, singles += stride) {
    const float *first = rows[i], *second = rows[i + 1];
    float* other_singles = singles + stride / 2;
    Avx512::Reg first_sum = Avx512::zero(), second_sum = Avx512::zero();
    const auto add = [&](const Chunk& a, const Chunk& b) {
      first_sum = Avx512::fma(a.low, a.low, first_sum);
      second_sum = Avx512::fma(b.low, b.low, second_sum);
      first_sum = Avx512::fma(a.high, a.high, first_sum);
      second_sum = Avx512::fma(b.high, b.high, second_sum);
    };
    std::size_t d = 0;
    for (; d + kChunk <= stride; d += kChunk) {
      const Chunk a(first + d), b(second + d);
      add(a, b);
      store_words(singles + d / 2, a.words);
      store_words(other_singles + d / 2, b.words);
      store_pairs(pairs + d, a.words, b.words);
    }
    if (const std::size_t left = stride - d; left > 0) {
      const Chunk a(first + d, left), b(second + d, left);
      add(a, b);
      store_first_words(singles + d / 2, a.words, left / 2);
      store_first_words(other_singles + d / 2, b.words, left / 2);
      store_first_pairs(pairs + d, a.words, b.words, left);
    }
    squares[i] = Avx512::sum(first_sum);
    squares[i + 1] = Avx512::sum(second_sum);
  }
}

// Row k of words becomes column k.
void transpose(Words (&w)[16]) {
  Words a[16], b[16];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 16; i += 4) {
    b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
#pragma GCC unroll 4
  for (std::size_t c = 0; c < 4; ++c) {
    const Words low0 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0x44);
    const Words low1 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0x44);
    const Words high0 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0xEE);
    const Words high1 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0xEE);
    w[c] = _mm512_shuffle_i32x4(low0, low1, 0x88);
    w[4 + c] = _mm512_shuffle_i32x4(low0, low1, 0xDD);
    w[8 + c] = _mm512_shuffle_i32x4(high0, high1, 0x88);
    w[12 + c] = _mm512_shuffle_i32x4(high0, high1, 0xDD);
  }
}

// The last 8 floats of 16 rows: 4 columns of words in w[0] to w[3].
void pack_last_half(const float* const* rows, std::size_t d, std::size_t stride, float* pairs,
                    Words (&w)[16]) {
  __m128i part[16];
#pragma GCC unroll 16
  for (std::size_t k = 0; k < 16; ++k) {
    part[k] = (__m128i)_mm256_cvtneps_pbh(_mm256_load_ps(rows[k] + d));
  }
#pragma GCC unroll 8
  for (std::size_t k = 0; k < 16; k += 2) {
    float* place = pairs + k / 2 * stride + d;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(place), _mm_unpacklo_epi16(part[k], part[k + 1]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(place + 4),
                     _mm_unpackhi_epi16(part[k], part[k + 1]));
  }
  Words z[4];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < 4; ++k) {  // lane L: row 4 L + k
    z[k] = _mm512_castsi128_si512(part[k]);
    z[k] = _mm512_inserti32x4(z[k], part[4 + k], 1);
    z[k] = _mm512_inserti32x4(z[k], part[8 + k], 2);
    z[k] = _mm512_inserti32x4(z[k], part[12 + k], 3);
  }
  const Words low0 = _mm512_unpacklo_epi32(z[0], z[1]), high0 = _mm512_unpackhi_epi32(z[0], z[1]);
  const Words low1 = _mm512_unpacklo_epi32(z[2], z[3]), high1 = _mm512_unpackhi_epi32(z[2], z[3]);
  w[0] = _mm512_unpacklo_epi64(low0, low1);
  w[1] = _mm512_unpackhi_epi64(low0, low1);
  w[2] = _mm512_unpacklo_epi64(high0, high1);
  w[3] = _mm512_unpackhi_epi64(high0, high1);
}

__m512bh as_bf16(Words words) {
  return (__m512bh)words;
}

void pack_contexts(const float* const* rows, std::size_t stride, float* columns,
                   std::size_t column_stride, float* pairs, float* squares) {
  Avx512::Reg sum = Avx512::zero();
  const auto finish = [&](const Words(&w)[16], std::size_t d, std::size_t count) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < 16; ++k) {
      if (k >= count) break;
      sum = _mm512_dpbf16_ps(sum, as_bf16(w[k]), as_bf16(w[k]));
      _mm512_storeu_si512(columns + (d / 2 + k) * column_stride, w[k]);
    }
  };
  Words w[16];
  std::size_t d = 0;
  for (; d + kChunk <= stride; d += kChunk) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 16; k += 2) {
      w[k] = Chunk(rows[k] + d).words;
      w[k + 1] = Chunk(rows[k + 1] + d).words;
      store_pairs(pairs + k / 2 * stride + d, w[k], w[k + 1]);
    }
    transpose(w);
    finish(w, d, 16);
  }
  const std::size_t left = stride - d;
  if (left == kRowAlign) {
    pack_last_half(rows, d, stride, pairs, w);
    finish(w, d, left / 2);
  } else if (left > 0) {
    for (std::size_t k = 0; k < 16; k += 2) {
      w[k] = Chunk(rows[k] + d, left).words;
      w[k + 1] = Chunk(rows[k + 1] + d, left).words;
      store_first_pairs(pairs + k / 2 * stride + d, w[k], w[k + 1], left);
    }
    transpose(w);
    finish(w, d, left / 2);
  }
  Avx512::store(squares, sum);
}

void pack_mean(const float* row, std::size_t stride, float* single, float* pairs) {
  for (std::size_t d = 0; d < stride; d += kChunk) {
    const Chunk chunk(row + d, stride - d);
    // The floats of the rounded values: bfloat16 is their upper half.
    const auto widen = [](__m256i part) {
      return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(part), 16));
    };
    const __m512 low = widen(_mm512_castsi512_si256(chunk.words));
    const __m512 high = widen(_mm512_extracti64x4_epi64(chunk.words, 1));
    const auto rest = (Words)_mm512_cvtne2ps_pbh(Avx512::subtract(chunk.high, high),
                                                 Avx512::subtract(chunk.low, low));
    store_first_words(single + d / 2, chunk.words, (stride - d) / 2);
    store_first_pairs(pairs + d, chunk.words, rest, stride - d);
  }
}

void pack_steps(const float* steps, std::size_t row_stride, std::size_t m, std::size_t n,
                float* along, std::size_t along_stride, float* across, std::size_t across_stride) {
  for (std::size_t i = 0; i < m; i += 2) {
    for (std::size_t j = 0; j < n; j += Avx512::kWidth) {
      const Avx512::Reg first = Avx512::load_any(steps + i * row_stride + j);
      const Avx512::Reg second =
          i + 1 < m ? Avx512::load_any(steps + (i + 1) * row_stride + j) : Avx512::zero();
      const auto both = (Words)_mm512_cvtne2ps_pbh(second, first);
      if (along != nullptr) {
        float* place = along + i * along_stride + j / 2;
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(place), _mm512_castsi512_si256(both));
        if (i + 1 < m) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(place + along_stride),
                              _mm512_extracti64x4_epi64(both, 1));
        }
      }
      if (across != nullptr) {
        const Words order =
            _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7,
                             22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
        _mm512_storeu_si512(across + i / 2 * across_stride + j,
                            _mm512_permutexvar_epi16(order, both));
      }
    }
  }
}

// kRows centers against 16 columns, and against 8 and 4 that share a register; two sums each, to
// wait less.
template <int kRows>
void score_three(const float* singles, std::size_t words, const float* columns,
                 std::size_t column_stride, const Columns* wanted) {
  __m512 pairs[2][kRows], noise[2][kRows];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
    pairs[0][i] = pairs[1][i] = noise[0][i] = noise[1][i] = _mm512_setzero_ps();
  }
  const float* at[] = {columns + wanted[0].first, columns + wanted[1].first,
                       columns + wanted[2].first};
  for (std::size_t p = 0; p < words; p += 2) {  // strides are multiples of 8: words are even
#pragma GCC unroll 2
    for (std::size_t k = 0; k < 2; ++k) {
      const auto x = (__m512bh)_mm512_loadu_ps(at[0]);
      const auto y = (__m512bh)_mm512_insertf32x4(_mm512_castps256_ps512(_mm256_loadu_ps(at[1])),
                                                  _mm_loadu_ps(at[2]), 2);
      for (const float*& column : at) column += column_stride;
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) {
        const auto center =
            (__m512bh)Avx512::set(singles[static_cast<std::size_t>(i) * words + p + k]);
        pairs[k][i] = _mm512_dpbf16_ps(pairs[k][i], center, x);
        noise[k][i] = _mm512_dpbf16_ps(noise[k][i], center, y);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const __m512 both = Avx512::add(noise[0][i], noise[1][i]);
    _mm512_storeu_ps(wanted[0].out + row * wanted[0].out_stride,
                     Avx512::add(pairs[0][i], pairs[1][i]));
    _mm256_storeu_ps(wanted[1].out + row * wanted[1].out_stride, _mm512_castps512_ps256(both));
    _mm_storeu_ps(wanted[2].out + row * wanted[2].out_stride, _mm512_extractf32x4_ps(both, 2));
  }
}

// kRows centers against any number of columns, 16 at a time; two sums each, to wait less.
template <int kRows>
void score_columns(const float* singles, std::size_t words, const float* columns,
                   std::size_t column_stride, const Columns& wanted) {
  for (std::size_t j = 0; j < wanted.count; j += Avx512::kWidth) {
    __m512 sums[2][kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) sums[0][i] = sums[1][i] = _mm512_setzero_ps();
    const float* column = columns + wanted.first + j;
    for (std::size_t p = 0; p < words; p += 2, column += 2 * column_stride) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < 2; ++k) {  // strides are multiples of 8: words are even
        const auto x = (__m512bh)_mm512_loadu_ps(column + k * column_stride);
#pragma GCC unroll 4
        for (int i = 0; i < kRows; ++i) {
          const __m512 center = Avx512::set(singles[static_cast<std::size_t>(i) * words + p + k]);
          sums[k][i] = _mm512_dpbf16_ps(sums[k][i], (__m512bh)center, x);
        }
      }
    }
    const __mmask16 there = first_lanes(wanted.count - j);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      _mm512_mask_storeu_ps(wanted.out + static_cast<std::size_t>(i) * wanted.out_stride + j, there,
                            Avx512::add(sums[0][i], sums[1][i]));
    }
  }
}

template <int kRows>
void score_rows(const float* singles, std::size_t stride, const float* columns,
                std::size_t column_stride, const Columns* wanted, std::size_t n) {
  // The usual tile: its pairs, a band of noise and what is drawn.
  if (n == 3 && wanted[0].count <= 16 && wanted[1].count == 8 && wanted[2].count == 4) {
    return score_three<kRows>(singles, stride / 2, columns, column_stride, wanted);
  }
  for (std::size_t k = 0; k < n; ++k) {
    score_columns<kRows>(singles, stride / 2, columns, column_stride, wanted[k]);
  }
}

void scores(const float* singles, std::size_t m, std::size_t stride, const float* columns,
            std::size_t column_stride, const Columns* wanted, std::size_t n) {
  static_assert(kMostRows == 4);
  if (m == 1) return score_rows<1>(singles, stride, columns, column_stride, wanted, n);
  score_rows<4>(singles, stride, columns, column_stride, wanted, n);
}

struct PackedProduct {
  static Avx512::Reg add(Avx512::Reg step, Avx512::Reg part, Avx512::Reg sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)step, (__m512bh)part);
  }
  static __m256 add_half(Avx512::Reg step, const float* part, __m256 sum) {
    return _mm256_dpbf16_ps(sum, (__m256bh)_mm512_castps512_ps256(step),
                            (__m256bh)_mm256_load_ps(part));
  }
};

// Sums of 32 bits, of four products each. What has bfloat16 products has these, too.
struct WideBytes {
  using Reg = __m512i;
  static constexpr std::size_t kGroup = 4, kLanes = 16, kRows = 8, kRegs = 2;

  static Reg start(std::int32_t x) { return _mm512_set1_epi32(x); }
  static Reg word(const std::uint32_t* p) { return _mm512_set1_epi32(static_cast<int>(*p)); }
  static Reg load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static Reg add_products(Reg sums, Reg candidates, Reg query) {
    return _mm512_dpbusd_epi32(sums, candidates, query);
  }
  static std::uint32_t over(const Reg (&sums)[2], std::int32_t bar) {
    const Reg high = start(bar);
    const std::uint32_t first = _mm512_cmpgt_epi32_mask(sums[0], high);
    return first | (static_cast<std::uint32_t>(_mm512_cmpgt_epi32_mask(sums[1], high)) << 16U);
  }
};

constexpr PackedKernels kPacked{pack_centers, pack_contexts, pack_mean,
                                pack_steps,   scores,        accumulate<Avx512, PackedProduct>};

}  // namespace

const Kernels& avx512bf16_kernels() {
  static const Kernels set = [] {
    Kernels kernels = avx512_kernels();
    kernels.name = "avx512bf16";
    kernels.bytes = {WideBytes::kGroup, scan_bytes<WideBytes>};
    kernels.packed = &kPacked;
    return kernels;
  }();
  return set;
}

}  // namespace likewise
#endif
