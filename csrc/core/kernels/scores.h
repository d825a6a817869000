// scores.h: the scores of a tile of rows, and the steps that follow from them.
//
// Written once over a vector type S: see kernel_set.h.
#pragma once

#include <cstddef>

#include "core/kernels/accumulate.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

template <class S, int kRows>
inline void score_tile(const float* a, const float* const* b, std::size_t stride, float* out,
                       std::size_t out_stride) {
  constexpr int kColumns = kScorePadding;
  const std::size_t whole = whole_registers<S>(stride);
  typename S::Reg sums[kRows][kColumns];
  const float* columns[kColumns];
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) columns[j] = b[j];
  bool begun = false;
  if constexpr (S::kHalves) {
    if (whole < stride) {
      begun = true;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const float* left = a + static_cast<std::size_t>(i) * stride + whole;
#pragma GCC unroll 8
        for (int j = 0; j < kColumns; ++j) sums[i][j] = S::half_products(left, columns[j] + whole);
      }
    }
  }
  if (!begun) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kColumns; ++j) sums[i][j] = S::zero();
    }
  }
  for (std::size_t d = 0; d < whole; d += S::kWidth) {
    typename S::Reg right[kColumns];
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) right[j] = S::load(columns[j] + d);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const typename S::Reg left = S::load(a + static_cast<std::size_t>(i) * stride + d);
#pragma GCC unroll 8
      for (int j = 0; j < kColumns; ++j) sums[i][j] = S::fma(left, right[j], sums[i][j]);
    }
  }
  static_assert(kColumns == 4);
  if constexpr (kRows == 4 && requires { S::store_four_rows(sums, out, out_stride); }) {
    S::store_four_rows(sums, out, out_stride);
  } else {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      S::store_row(sums[i], out + static_cast<std::size_t>(i) * out_stride);
    }
  }
}

template <class S, int kRows>
inline void score_rows(const float* a, const float* const* b, std::size_t n, std::size_t stride,
                       float* out, std::size_t out_stride) {
  for (std::size_t j = 0; j < n; j += kScorePadding) {
    score_tile<S, kRows>(a, b + j, stride, out + j, out_stride);
  }
}

template <class S>
void scores(const float* a, std::size_t m, const float* const* b, std::size_t n, std::size_t stride,
            float* out, std::size_t out_stride) {
  constexpr std::size_t kRows = S::kScoreRows;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    score_rows<S, S::kScoreRows>(a + i * stride, b, n, stride, out + i * out_stride, out_stride);
  }
  a += i * stride;
  out += i * out_stride;
  if constexpr (kRows > 3) {
    if (m - i == 3) return score_rows<S, 3>(a, b, n, stride, out, out_stride);
  }
  if constexpr (kRows > 2) {
    if (m - i == 2) return score_rows<S, 2>(a, b, n, stride, out, out_stride);
  }
  if (m > i) score_rows<S, 1>(a, b, n, stride, out, out_stride);
}

// e^-x: 2^n * 2^f with n whole and |f| <= 1/2; Taylor terms of 2^f up to f^6, error below 2e-7.
template <class S>
inline typename S::Reg exp_negated(typename S::Reg x) {
  const typename S::Reg t = S::multiply(S::within_powers(x), S::set(-1.44269504F));
  const typename S::Reg n = S::rounded(t), f = S::subtract(t, n);
  typename S::Reg p = S::set(1.54035304e-4F);
  p = S::fma(p, f, S::set(1.33335581e-3F));
  p = S::fma(p, f, S::set(9.61812911e-3F));
  p = S::fma(p, f, S::set(5.55041087e-2F));
  p = S::fma(p, f, S::set(2.40226507e-1F));
  p = S::fma(p, f, S::set(6.93147181e-1F));
  p = S::fma(p, f, S::set(1.0F));
  return S::times_power(p, n);
}

// 1 / (1 + e^-x)
template <class S>
inline typename S::Reg sigmoid(typename S::Reg x) {
  return S::reciprocal(S::add(S::set(1.0F), exp_negated<S>(x)));
}

template <class S, int kRows>
inline void bend_rows(const TrueSpan* spans, std::size_t n, const float* squares,
                      const float* scales, float* curvatures, float* pulls) {
  typename S::Reg sums[kRows];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) sums[i] = S::zero();
  for (std::size_t j = 0; j < n; j += S::kWidth) {
    const typename S::Reg square = S::load_any(squares + j);
    typename S::Reg curvature = S::load_any(curvatures + j);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const TrueSpan& span = spans[i];
      const typename S::Reg weight =
          S::keep_between(S::load_any(span.weights + j), j, span.low, span.high);
      sums[i] = S::fma(weight, square, sums[i]);
      curvature = S::fma(S::set(scales[i]), weight, curvature);
    }
    S::store_any(curvatures + j, curvature);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) pulls[i] = S::sum(sums[i]);
}

template <class S>
void bend(const TrueSpan* spans, std::size_t m, std::size_t n, const float* squares,
          const float* scales, float* curvatures, float* pulls) {
  if (m == kMostRows) {
    return bend_rows<S, kMostRows>(spans, n, squares, scales, curvatures, pulls);
  }
  for (std::size_t i = 0; i < m; ++i) {
    bend_rows<S, 1>(spans + i, n, squares, scales + i, curvatures, pulls + i);
  }
}

// Rows side by side: a sigmoid is a long chain, and the next one need not wait for it.
template <class S, int kRows>
inline void positive_rows(float* values, std::size_t row_stride, std::size_t n,
                          const TrueSpan* spans, float rate) {
  const typename S::Reg one = S::set(1.0F), scale = S::set(rate);
  for (std::size_t j = 0; j < n; j += S::kWidth) {
    typename S::Reg steps[kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      steps[i] = S::load_any(values + static_cast<std::size_t>(i) * row_stride + j);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) steps[i] = S::subtract(one, sigmoid<S>(steps[i]));
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const TrueSpan& span = spans[i];
      const typename S::Reg step =
          S::multiply(S::multiply(scale, S::load_any(span.weights + j)), steps[i]);
      S::store_any(values + static_cast<std::size_t>(i) * row_stride + j,
                   S::keep_between(step, j, span.low, span.high));
    }
  }
}

template <class S>
void positive_steps(float* values, std::size_t row_stride, std::size_t m, std::size_t n,
                    const TrueSpan* spans, float rate) {
  if (m == kMostRows) return positive_rows<S, kMostRows>(values, row_stride, n, spans, rate);
  for (std::size_t i = 0; i < m; ++i) {
    positive_rows<S, 1>(values + i * row_stride, row_stride, n, spans + i, rate);
  }
}

template <class S, int kRows>
inline void negative_rows(float* values, float* context_steps, std::size_t row_stride,
                          std::size_t n, const float* weights, const float* bases,
                          const float* scales) {
  for (std::size_t j = 0; j < n; j += S::kWidth) {
    const typename S::Reg weight = S::load_any(weights + j), base = S::load_any(bases + j);
    typename S::Reg shares[kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      shares[i] = S::load_any(values + static_cast<std::size_t>(i) * row_stride + j);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) shares[i] = sigmoid<S>(shares[i]);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * row_stride + j;
      const typename S::Reg scaled = S::multiply(S::set(scales[i]), weight);
      S::store_any(values + at, S::multiply(scaled, S::subtract(S::zero(), shares[i])));
      S::store_any(context_steps + at, S::multiply(scaled, S::subtract(base, shares[i])));
    }
  }
}

template <class S>
void negative_steps(float* values, float* context_steps, std::size_t row_stride, std::size_t m,
                    std::size_t n, const float* weights, const float* bases, const float* scales) {
  if (m == kMostRows) {
    return negative_rows<S, kMostRows>(values, context_steps, row_stride, n, weights, bases,
                                       scales);
  }
  for (std::size_t i = 0; i < m; ++i) {
    negative_rows<S, 1>(values + i * row_stride, context_steps + i * row_stride, row_stride, n,
                        weights, bases, scales + i);
  }
}

}  // namespace
}  // namespace likewise
