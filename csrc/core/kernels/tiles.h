// tiles.h: the register-blocked loops, written once over a vector type.
//
// Included by each kernels_<instruction set>.cpp inside its own unnamed namespace, after it has
// defined `struct Simd`, so that no symbol is shared between files compiled with different flags.
// Simd: Reg, kWidth (floats in a register), kScoreRows x kScorePadding and kMostRows x kTileRegs
// (register tiles), zero, set, load, store, fma(a, b, c) = a * b + c, exp_negated(x) = e^-x,
// reciprocal, add, subtract, multiply, keep_between(x, base, low, high), sum(x),
// store_sums(...). kHalves: whether rows may end with half a register, which costs half the time;
// then also load_half and store_half (of a Reg whose upper half is zero), half_products, Half,
// no_half, half_fma, widened. kRowRegs: registers that a whole row may take. kFewRegisters: whether
// the sums of a tile leave no room for all of a term's steps. No include guard: one inclusion per
// kernel file is the point. Loops over a tile are unrolled by force: GCC 12 else keeps the sums on
// the stack. Templates take Simd as S where halves are spoken of, so that sets without them need
// not name them.

#include "core/kernels/accumulate.h"

template <class S, int kRows>
inline void score_tile(const float* a, const float* const* b, std::size_t stride, float* out,
                       std::size_t out_stride) {
  constexpr int kColumns = kScorePadding;
  const std::size_t whole = whole_registers(stride);
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
  S::template store_sums<kRows, kColumns>(sums, out, out_stride);
}

template <int kRows>
inline void score_rows(const float* a, const float* const* b, std::size_t n, std::size_t stride,
                       float* out, std::size_t out_stride) {
  for (std::size_t j = 0; j < n; j += kScorePadding) {
    score_tile<Simd, kRows>(a, b + j, stride, out + j, out_stride);
  }
}

void scores(const float* a, std::size_t m, const float* const* b, std::size_t n, std::size_t stride,
            float* out, std::size_t out_stride) {
  constexpr std::size_t kRows = Simd::kScoreRows;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    score_rows<Simd::kScoreRows>(a + i * stride, b, n, stride, out + i * out_stride, out_stride);
  }
  a += i * stride;
  out += i * out_stride;
  if constexpr (kRows > 3) {
    if (m - i == 3) return score_rows<3>(a, b, n, stride, out, out_stride);
  }
  if constexpr (kRows > 2) {
    if (m - i == 2) return score_rows<2>(a, b, n, stride, out, out_stride);
  }
  if (m > i) score_rows<1>(a, b, n, stride, out, out_stride);
}

// Calls use(d, load, store) for each register of a row, the half register last.
template <class S, class Use>
inline void for_each_register(std::size_t stride, const Use& use) {
  const std::size_t whole = whole_registers(stride);
  for (std::size_t d = 0; d < whole; d += S::kWidth) use(d, S::load, S::store);
  if constexpr (S::kHalves) {
    if (whole < stride) use(whole, S::load_half, S::store_half);
  }
}

void squares(const float* const* rows, std::size_t n, std::size_t stride, float* out) {
  for (std::size_t k = 0; k < n; ++k) {
    Simd::Reg sum = Simd::zero();
    for_each_register<Simd>(stride, [&](std::size_t d, auto load, auto) {
      const Simd::Reg part = load(rows[k] + d);
      sum = Simd::fma(part, part, sum);
    });
    out[k] = Simd::sum(sum);
  }
}

// 1 / (1 + e^-x)
inline Simd::Reg sigmoid(Simd::Reg x) {
  return Simd::reciprocal(Simd::add(Simd::set(1.0F), Simd::exp_negated(x)));
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

void bend(const TrueSpan* spans, std::size_t m, std::size_t n, const float* squares,
          const float* scales, float* curvatures, float* pulls) {
  if (m == kMostRows) {
    return bend_rows<Simd, kMostRows>(spans, n, squares, scales, curvatures, pulls);
  }
  for (std::size_t i = 0; i < m; ++i) {
    bend_rows<Simd, 1>(spans + i, n, squares, scales + i, curvatures, pulls + i);
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
    for (int i = 0; i < kRows; ++i) steps[i] = S::subtract(one, sigmoid(steps[i]));
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

void positive_steps(float* values, std::size_t row_stride, std::size_t m, std::size_t n,
                    const TrueSpan* spans, float rate) {
  if (m == kMostRows) return positive_rows<Simd, kMostRows>(values, row_stride, n, spans, rate);
  for (std::size_t i = 0; i < m; ++i) {
    positive_rows<Simd, 1>(values + i * row_stride, row_stride, n, spans + i, rate);
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
    for (int i = 0; i < kRows; ++i) shares[i] = sigmoid(shares[i]);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * row_stride + j;
      const typename S::Reg scaled = S::multiply(S::set(scales[i]), weight);
      S::store_any(values + at, S::multiply(scaled, S::subtract(S::zero(), shares[i])));
      S::store_any(context_steps + at, S::multiply(scaled, S::subtract(base, shares[i])));
    }
  }
}

void negative_steps(float* values, float* context_steps, std::size_t row_stride, std::size_t m,
                    std::size_t n, const float* weights, const float* bases, const float* scales) {
  if (m == kMostRows) {
    return negative_rows<Simd, kMostRows>(values, context_steps, row_stride, n, weights, bases,
                                          scales);
  }
  for (std::size_t i = 0; i < m; ++i) {
    negative_rows<Simd, 1>(values + i * row_stride, context_steps + i * row_stride, row_stride, n,
                           weights, bases, scales + i);
  }
}

void accumulate(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                std::size_t n, std::size_t stride) {
  accumulate_any<Simd, PlainProduct<Simd>>(out, scales, m, terms, n, stride);
}

template <class S, int kRegs, bool kHalf>
inline float compose_tile(float* out, const float* const* rows, const float* weights,
                          std::size_t n) {
  RowSums<S, 1, kRegs, kHalf> sums;
  sums.clear();
  for (std::size_t k = 0; k < n; ++k)
    add_terms<S, PlainProduct<S>>(sums, {weights + k, 0, 0, rows + k, 1}, 0);
  typename S::Reg squares = S::zero();
#pragma GCC unroll 32
  for (int v = 0; v < kRegs; ++v) {
    const typename S::Reg sum = sums.whole[0][v];
    S::store(out + static_cast<std::size_t>(v) * S::kWidth, sum);
    squares = S::fma(sum, sum, squares);
  }
  if constexpr (kHalf) {
    const typename S::Reg sum = S::widened(sums.half[0]);
    S::store_half(out + kRegs * S::kWidth, sum);
    squares = S::fma(sum, sum, squares);
  }
  return S::sum(squares);
}

// Calls use.operator()<registers of a row, half a register more>() where rows of kStride floats are
// what there is, and fit.
template <class S, std::size_t kStride, class Use>
inline bool in_registers(std::size_t stride, const Use& use) {
  constexpr int kRegs = static_cast<int>(kStride / S::kWidth);
  constexpr bool kHalf = kStride % S::kWidth != 0;
  if constexpr (kRegs <= S::kRowRegs && (S::kHalves || !kHalf)) {
    if (stride == kStride) use.template operator()<kRegs, kHalf>();
    return stride == kStride;
  }
  return false;
}

// The common row lengths are held in registers: one pass, every line of a row at once.
template <class Use>
inline bool in_registers(std::size_t stride, const Use& use) {
  return in_registers<Simd, 64>(stride, use) || in_registers<Simd, 104>(stride, use) ||
         in_registers<Simd, 128>(stride, use);
}

float compose(float* out, const float* const* rows, const float* weights, std::size_t n,
              std::size_t stride) {
  float length = 0;
  if (in_registers(stride, [&]<int kRegs, bool kHalf>() {
        length = compose_tile<Simd, kRegs, kHalf>(out, rows, weights, n);
      })) {
    return length;
  }
  for_each_register<Simd>(stride,
                          [&](std::size_t d, auto, auto store) { store(out + d, Simd::zero()); });
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
    for_each_register<Simd>(stride, [&](std::size_t d, auto load, auto store) {
      store(out + d, Simd::fma(weight, load(rows[k] + d), load(out + d)));
    });
  }
  Simd::Reg squares = Simd::zero();
  for_each_register<Simd>(stride, [&](std::size_t d, auto load, auto) {
    squares = Simd::fma(load(out + d), load(out + d), squares);
  });
  return Simd::sum(squares);
}

// The gradient stays in registers; the rows wait for memory alone.
template <class S, int kRegs, bool kHalf>
inline void scatter_tile(const float* gradient, float* const* rows, const float* weights,
                         std::size_t n) {
  typename S::Reg whole[kRegs];
  [[maybe_unused]] typename S::Reg half = S::zero();
#pragma GCC unroll 32
  for (int v = 0; v < kRegs; ++v) {
    whole[v] = S::load(gradient + static_cast<std::size_t>(v) * S::kWidth);
  }
  if constexpr (kHalf) half = S::load_half(gradient + kRegs * S::kWidth);
  for (std::size_t k = 0; k < n; ++k) {
    const typename S::Reg weight = S::set(weights[k]);
    typename S::Reg after[kRegs];
#pragma GCC unroll 32
    for (int v = 0; v < kRegs; ++v) {
      const float* place = rows[k] + static_cast<std::size_t>(v) * S::kWidth;
      after[v] = S::fma(weight, whole[v], S::load(place));
    }
#pragma GCC unroll 32
    for (int v = 0; v < kRegs; ++v) {
      S::store(rows[k] + static_cast<std::size_t>(v) * S::kWidth, after[v]);
    }
    if constexpr (kHalf) {
      float* place = rows[k] + kRegs * S::kWidth;
      S::store_half(place, S::fma(weight, half, S::load_half(place)));
    }
  }
}

void scatter(const float* gradient, float* const* rows, const float* weights, std::size_t n,
             std::size_t stride) {
  if (in_registers(stride, [&]<int kRegs, bool kHalf>() {
        scatter_tile<Simd, kRegs, kHalf>(gradient, rows, weights, n);
      })) {
    return;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
    for_each_register<Simd>(stride, [&](std::size_t d, auto load, auto store) {
      store(rows[k] + d, Simd::fma(weight, load(gradient + d), load(rows[k] + d)));
    });
  }
}

template <class S, int kRegs, bool kHalf>
inline void collect_tile(float* row, float scale, const float* const* gradients,
                         const float* weights, std::size_t n) {
  const Terms terms{weights, 0, 1, gradients, n};
  accumulate_tile<S, PlainProduct<S>, 1, kRegs, kHalf>(&row, &scale, &terms, 1, 0);
}

void collect(float* row, float scale, const float* const* gradients, const float* weights,
             std::size_t n, std::size_t stride) {
  if (in_registers(stride, [&]<int kRegs, bool kHalf>() {
        collect_tile<Simd, kRegs, kHalf>(row, scale, gradients, weights, n);
      })) {
    return;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(scale * weights[k]);
    for_each_register<Simd>(stride, [&](std::size_t d, auto load, auto store) {
      store(row + d, Simd::fma(weight, load(gradients[k] + d), load(row + d)));
    });
  }
}
