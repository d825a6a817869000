// dots.h: dot products of single rows, which need not be aligned or padded.
#pragma once

#include <cstddef>

#include "core/kernels/kernels.h"

namespace likewise {
namespace {

template <class S>
void dots(const float* query, const float* const* rows, std::size_t n, std::size_t dim,
          float* out) {
  constexpr std::size_t kWidth = S::kWidth;
  if (dim < kWidth) {
    for (std::size_t k = 0; k < n; ++k) {
      float sum = 0.0F;
      for (std::size_t d = 0; d < dim; ++d) sum += query[d] * rows[k][d];
      out[k] = sum;
    }
    return;
  }
  // What is left over is read with what stands before it, which counts nothing the second time.
  const std::size_t whole = dim / kWidth * kWidth, last = dim - kWidth;
  const typename S::Reg rest = S::keep_between(S::load_any(query + last), last, whole, dim);
  for (std::size_t k = 0; k < n; ++k) {
    const float* row = rows[k];
    typename S::Reg sums[4] = {S::multiply(rest, S::load_any(row + last)), S::zero(), S::zero(),
                               S::zero()};
    std::size_t d = 0;
    for (; d + 4 * kWidth <= whole; d += 4 * kWidth) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < 4; ++v) {
        const std::size_t at = d + v * kWidth;
        sums[v] = S::fma(S::load_any(query + at), S::load_any(row + at), sums[v]);
      }
    }
    for (; d < whole; d += kWidth) {
      sums[1] = S::fma(S::load_any(query + d), S::load_any(row + d), sums[1]);
    }
    out[k] = S::sum(S::add(S::add(sums[0], sums[1]), S::add(sums[2], sums[3])));
  }
}

/// A product of two floats is exact in float64, so that sets with and without fused sums agree.
inline double true_dot(const float* a, const float* b, std::size_t dim) {
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  std::size_t d = 0;
  for (; d + 4 <= dim; d += 4) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      sums[j] += static_cast<double>(a[d + j]) * static_cast<double>(b[d + j]);
    }
  }
  for (; d < dim; ++d) sums[0] += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace
}  // namespace likewise
