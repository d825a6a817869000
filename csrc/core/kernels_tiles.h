// kernels_tiles.h: the register-blocked loops, written once over a vector type.
//
// Included by each kernels_<instruction set>.cpp inside its own unnamed namespace, after it has
// defined `struct Simd`, so that no symbol is shared between files compiled with different flags.
// Simd: Reg, kWidth (floats in a register), kScoreRows x kScorePadding and kMostRows x kTileRegs
// (register tiles), zero, set, load, store, fma(a, b, c) = a * b + c, exp_negated(x) = e^-x,
// reciprocal, add, subtract, multiply, keep_between(x, base, low, high), sum(x),
// store_sums(...). No include guard: one inclusion per kernel file is the point. Loops over a tile
// are unrolled by force: GCC 12 else keeps the sums on the stack.

struct Consecutive {
  const float* first;
  std::size_t stride;
  const float* operator[](std::size_t j) const { return first + j * stride; }
  Consecutive operator+(std::size_t j) const { return {first + j * stride, stride}; }
};

// Rows: what gives the address of row j, by a formula or from a list.
template <int kRows, int kColumns, class Rows>
inline void score_tile(const float* a, const Rows& b, std::size_t stride, float* out,
                       std::size_t out_stride) {
  Simd::Reg sums[kRows][kColumns];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) sums[i][j] = Simd::zero();
  }
  const float* columns[kColumns];
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) columns[j] = b[static_cast<std::size_t>(j)];
  for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
    Simd::Reg right[kColumns];
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) right[j] = Simd::load(columns[j] + d);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Simd::Reg left = Simd::load(a + static_cast<std::size_t>(i) * stride + d);
#pragma GCC unroll 8
      for (int j = 0; j < kColumns; ++j) sums[i][j] = Simd::fma(left, right[j], sums[i][j]);
    }
  }
  Simd::store_sums<kRows, kColumns>(sums, out, out_stride);
}

template <int kRows, class Rows>
inline void score_rows(const float* a, const Rows& b, std::size_t n, std::size_t stride, float* out,
                       std::size_t out_stride) {
  for (std::size_t j = 0; j < n; j += kScorePadding) {
    score_tile<kRows, kScorePadding>(a, b + j, stride, out + j, out_stride);
  }
}

template <class Rows>
inline void score_all(const float* a, std::size_t m, const Rows& b, std::size_t n,
                      std::size_t stride, float* out, std::size_t out_stride) {
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

void scores(const float* a, std::size_t m, const float* b, std::size_t n, std::size_t stride,
            float* out, std::size_t out_stride) {
  score_all(a, m, Consecutive{b, stride}, n, stride, out, out_stride);
}

void scores_at(const float* a, std::size_t m, const float* const* b, std::size_t n,
               std::size_t stride, float* out, std::size_t out_stride) {
  score_all(a, m, b, n, stride, out, out_stride);
}

void squares(const float* const* rows, std::size_t n, std::size_t stride, float* out) {
  for (std::size_t k = 0; k < n; ++k) {
    Simd::Reg sum = Simd::zero();
    for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
      const Simd::Reg part = Simd::load(rows[k] + d);
      sum = Simd::fma(part, part, sum);
    }
    out[k] = Simd::sum(sum);
  }
}

// 1 / (1 + e^-x)
inline Simd::Reg sigmoid(Simd::Reg x) {
  return Simd::reciprocal(Simd::add(Simd::set(1.0F), Simd::exp_negated(x)));
}

void positive_steps(float* values, std::size_t n, std::size_t low, std::size_t high,
                    const float* weights, float rate) {
  const Simd::Reg one = Simd::set(1.0F), scale = Simd::set(rate);
  for (std::size_t j = 0; j < n; j += Simd::kWidth) {
    const Simd::Reg step = Simd::multiply(Simd::multiply(scale, Simd::load_any(weights + j)),
                                          Simd::subtract(one, sigmoid(Simd::load_any(values + j))));
    Simd::store_any(values + j, Simd::keep_between(step, j, low, high));
  }
}

void negative_steps(float* values, float* context_steps, std::size_t n, const float* weights,
                    const float* bases, float scale) {
  const Simd::Reg factor = Simd::set(scale), nothing = Simd::zero();
  for (std::size_t j = 0; j < n; j += Simd::kWidth) {
    const Simd::Reg weight = Simd::multiply(factor, Simd::load_any(weights + j));
    const Simd::Reg share = sigmoid(Simd::load_any(values + j));
    Simd::store_any(values + j, Simd::multiply(weight, Simd::subtract(nothing, share)));
    Simd::store_any(context_steps + j,
                    Simd::multiply(weight, Simd::subtract(Simd::load_any(bases + j), share)));
  }
}

template <int kRows, int kRegs>
inline void add_terms(Simd::Reg (&sums)[kRows][kRegs], const Terms& terms, std::size_t d) {
  const float* steps = terms.steps;
  for (std::size_t j = 0; j < terms.n; ++j, steps += terms.column_step) {
    const float* row = terms.rows[j] + d;
    Simd::Reg step[kRows];
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      step[i] = Simd::set(steps[static_cast<std::size_t>(i) * terms.row_step]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < kRegs; ++v) {
      const Simd::Reg part = Simd::load(row + static_cast<std::size_t>(v) * Simd::kWidth);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) sums[i][v] = Simd::fma(step[i], part, sums[i][v]);
    }
  }
}

template <int kRows, int kRegs>
inline void accumulate_tile(float* const* out, const float* scales, const Terms* terms,
                            std::size_t n, std::size_t d) {
  Simd::Reg sums[kRows][kRegs];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kRegs; ++v) sums[i][v] = Simd::zero();
  }
  for (std::size_t t = 0; t < n; ++t) add_terms<kRows, kRegs>(sums, terms[t], d);
  // Row after row, so that a row that `out` names twice gets both.
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    const Simd::Reg scale = Simd::set(scales[i]);
#pragma GCC unroll 8
    for (int v = 0; v < kRegs; ++v) {
      float* place = out[i] + d + static_cast<std::size_t>(v) * Simd::kWidth;
      Simd::store(place, Simd::fma(scale, sums[i][v], Simd::load(place)));
    }
  }
}

template <int kRows>
inline void accumulate_rows(float* const* out, const float* scales, const Terms* terms,
                            std::size_t n, std::size_t stride) {
  constexpr std::size_t kStep = Simd::kTileRegs * Simd::kWidth;
  std::size_t d = 0;
  for (; d + kStep <= stride; d += kStep) {
    accumulate_tile<kRows, Simd::kTileRegs>(out, scales, terms, n, d);
  }
  const std::size_t left = (stride - d) / Simd::kWidth;
  if constexpr (Simd::kTileRegs > 3) {
    if (left == 3) return accumulate_tile<kRows, 3>(out, scales, terms, n, d);
  }
  if constexpr (Simd::kTileRegs > 2) {
    if (left == 2) return accumulate_tile<kRows, 2>(out, scales, terms, n, d);
  }
  for (; d < stride; d += Simd::kWidth) {
    accumulate_tile<kRows, 1>(out, scales, terms, n, d);
  }
}

void accumulate(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                std::size_t n, std::size_t stride) {
  static_assert(kMostRows == 4);
  if (m == 4) return accumulate_rows<4>(out, scales, terms, n, stride);
  if (m == 3) return accumulate_rows<3>(out, scales, terms, n, stride);
  if (m == 2) return accumulate_rows<2>(out, scales, terms, n, stride);
  if (m == 1) return accumulate_rows<1>(out, scales, terms, n, stride);
}

template <int kRegs>
inline float compose_tile(float* out, const float* const* rows, const float* weights,
                          std::size_t n) {
  Simd::Reg sums[kRegs];
#pragma GCC unroll 8
  for (int v = 0; v < kRegs; ++v) sums[v] = Simd::zero();
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
#pragma GCC unroll 8
    for (int v = 0; v < kRegs; ++v) {
      sums[v] = Simd::fma(weight, Simd::load(rows[k] + static_cast<std::size_t>(v) * Simd::kWidth),
                          sums[v]);
    }
  }
  Simd::Reg squares = Simd::zero();
#pragma GCC unroll 8
  for (int v = 0; v < kRegs; ++v) {
    Simd::store(out + static_cast<std::size_t>(v) * Simd::kWidth, sums[v]);
    squares = Simd::fma(sums[v], sums[v], squares);
  }
  return Simd::sum(squares);
}

// The common row lengths are held in registers: one pass, every line of a row at once.
float compose(float* out, const float* const* rows, const float* weights, std::size_t n,
              std::size_t stride) {
  const std::size_t regs = stride / Simd::kWidth;
  if constexpr (Simd::kWidth == 16) {
    if (regs == 4) return compose_tile<4>(out, rows, weights, n);
    if (regs == 7) return compose_tile<7>(out, rows, weights, n);
    if (regs == 8) return compose_tile<8>(out, rows, weights, n);
  }
  for (std::size_t d = 0; d < stride; d += Simd::kWidth) Simd::store(out + d, Simd::zero());
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
    for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
      Simd::store(out + d, Simd::fma(weight, Simd::load(rows[k] + d), Simd::load(out + d)));
    }
  }
  Simd::Reg squares = Simd::zero();
  for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
    squares = Simd::fma(Simd::load(out + d), Simd::load(out + d), squares);
  }
  return Simd::sum(squares);
}

void scatter(const float* gradient, float* const* rows, const float* weights, std::size_t n,
             std::size_t stride) {
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
    for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
      Simd::store(rows[k] + d,
                  Simd::fma(weight, Simd::load(gradient + d), Simd::load(rows[k] + d)));
    }
  }
}
