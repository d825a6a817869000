// plain_packed.h: products of packed rows in plain loops, for machines that have no such
// instructions.
//
// What kernels.h says of PackedKernels and no more, so that what a block does with them can be
// tested anywhere.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/base/types.h"
#include "core/kernels/kernels.h"

namespace likewise::plain_packed {

/// The nearest bfloat16, the even one of two; in its float.
inline float rounded(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline float word(float low, float high) {
  std::uint32_t a, b;
  low = rounded(low);
  high = rounded(high);
  std::memcpy(&a, &low, sizeof a);
  std::memcpy(&b, &high, sizeof b);
  a = a >> 16 | b;
  float both;
  std::memcpy(&both, &a, sizeof both);
  return both;
}

/// Either half of a word, 0 or 1.
inline float half_of(const float* place, int half) {
  std::uint32_t bits;
  std::memcpy(&bits, place, sizeof bits);
  bits = half == 0 ? bits << 16 : bits & 0xFFFF0000U;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline float product(const float* a, const float* b) {
  return half_of(a, 0) * half_of(b, 0) + half_of(a, 1) * half_of(b, 1);
}

inline void pack_pair(const float* first, const float* second, std::size_t n, float* pairs) {
  for (std::size_t d = 0; d < n; ++d) pairs[d] = word(first[d], second[d]);
}

inline float square(const float* row, std::size_t n) {
  float sum = 0;
  for (std::size_t d = 0; d < n; ++d) sum += row[d] * row[d];
  return sum;
}

inline void pack_centers(const float* const* rows, std::size_t n, std::size_t stride,
                         float* singles, float* pairs, float* squares) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t d = 0; d < stride; d += 2) {
      singles[(i * stride + d) / 2] = word(rows[i][d], rows[i][d + 1]);
    }
    squares[i] = square(rows[i], stride);
  }
  for (std::size_t i = 0; i < n; i += 2) {
    pack_pair(rows[i], rows[i + 1], stride, pairs + i / 2 * stride);
  }
}

inline void pack_contexts(const float* const* rows, std::size_t stride, float* columns,
                          std::size_t column_stride, float* pairs, float* squares) {
  for (std::size_t j = 0; j < kLine; ++j) {
    for (std::size_t d = 0; d < stride; d += 2) {
      columns[d / 2 * column_stride + j] = word(rows[j][d], rows[j][d + 1]);
    }
    squares[j] = 0;  // of the rounded row
    for (std::size_t d = 0; d < stride; ++d)
      squares[j] += rounded(rows[j][d]) * rounded(rows[j][d]);
  }
  for (std::size_t j = 0; j < kLine; j += 2) {
    pack_pair(rows[j], rows[j + 1], stride, pairs + j / 2 * stride);
  }
}

inline void pack_mean(const float* row, std::size_t stride, float* single, float* pairs) {
  for (std::size_t d = 0; d < stride; d += 2) single[d / 2] = word(row[d], row[d + 1]);
  for (std::size_t d = 0; d < stride; ++d) pairs[d] = word(row[d], row[d] - rounded(row[d]));
}

inline void pack_steps(const float* steps, std::size_t row_stride, std::size_t m, std::size_t n,
                       float* along, std::size_t along_stride, float* across,
                       std::size_t across_stride) {
  for (std::size_t i = 0; i < m; ++i, steps += row_stride) {
    for (std::size_t j = 0; j < whole_lines(n); ++j) {
      if (along != nullptr && j % 2 == 0) {
        along[i * along_stride + j / 2] = word(steps[j], steps[j + 1]);
      }
      if (across != nullptr && i % 2 == 0) {
        across[i / 2 * across_stride + j] = word(steps[j], i + 1 < m ? steps[row_stride + j] : 0);
      }
    }
  }
}

inline void scores(const float* singles, std::size_t m, std::size_t stride, const float* columns,
                   std::size_t column_stride, const Columns* wanted, std::size_t n) {
  for (const Columns* of = wanted; of != wanted + n; ++of) {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < of->count; ++j) {
        float sum = 0;
        for (std::size_t p = 0; p < stride / 2; ++p) {
          sum += product(singles + i * stride / 2 + p, columns + p * column_stride + of->first + j);
        }
        of->out[i * of->out_stride + j] = sum;
      }
    }
  }
}

inline void accumulate(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                       std::size_t n, std::size_t stride) {
  for (std::size_t i = 0; i < m; ++i) {
    for (const Terms* term = terms; term != terms + n; ++term) {
      for (std::size_t k = 0; k < term->n; ++k) {
        const float* steps = term->steps + i * term->row_step + k * term->column_step;
        for (std::size_t d = 0; d < stride; ++d) {
          out[i][d] += scales[i] * product(steps, term->rows[k] + d);
        }
      }
    }
  }
}

inline constexpr PackedKernels kPacked{pack_centers, pack_contexts, pack_mean,
                                       pack_steps,   scores,        accumulate};

/// The set of plain loops with these.
inline Kernels kernels() {
  Kernels set = scalar_kernels();
  set.name = "plain packed";
  set.packed = &kPacked;
  return set;
}

}  // namespace likewise::plain_packed
