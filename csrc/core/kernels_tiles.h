// kernels_tiles.h: the register-blocked loops, written once over a vector type.
//
// Included by each kernels_<instruction set>.cpp inside its own unnamed namespace, after it has
// defined `struct Simd`, so that no symbol is shared between files compiled with different flags.
// Simd: Reg, kWidth (floats in a register), kScoreRows x kScorePadding and kTileRows x kTileRegs
// (register tiles), zero, set, load, store, fma(a, b, c) = a * b + c, exp_negated(x) = e^-x,
// reciprocal, add, subtract, multiply, keep_pairs(x, base, low, high, self), sum(x),
// store_sums(...). No include guard: one inclusion per kernel file is the point.

template <int kRows, int kColumns>
inline void score_tile(const float* a, const float* b, std::size_t stride, float* out,
                       std::size_t out_stride) {
  Simd::Reg sums[kRows][kColumns];
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) sums[i][j] = Simd::zero();
  }
  for (std::size_t d = 0; d < stride; d += Simd::kWidth) {
    Simd::Reg right[kColumns];
    for (int j = 0; j < kColumns; ++j) {
      right[j] = Simd::load(b + static_cast<std::size_t>(j) * stride + d);
    }
    for (int i = 0; i < kRows; ++i) {
      const Simd::Reg left = Simd::load(a + static_cast<std::size_t>(i) * stride + d);
      for (int j = 0; j < kColumns; ++j) sums[i][j] = Simd::fma(left, right[j], sums[i][j]);
    }
  }
  Simd::store_sums<kRows, kColumns>(sums, out, out_stride);
}

template <int kRows>
inline void score_rows(const float* a, const float* b, std::size_t n, std::size_t stride,
                       float* out, std::size_t out_stride) {
  for (std::size_t j = 0; j < n; j += kScorePadding) {
    score_tile<kRows, kScorePadding>(a, b + j * stride, stride, out + j, out_stride);
  }
}

void scores(const float* a, std::size_t m, const float* b, std::size_t n, std::size_t stride,
            float* out, std::size_t out_stride) {
  constexpr std::size_t kRows = Simd::kScoreRows;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    score_rows<Simd::kScoreRows>(a + i * stride, b, n, stride, out + i * out_stride, out_stride);
  }
  for (; i < m; ++i) {
    score_rows<1>(a + i * stride, b, n, stride, out + i * out_stride, out_stride);
  }
}

// 1 / (1 + e^-x)
inline Simd::Reg sigmoid(Simd::Reg x) {
  return Simd::reciprocal(Simd::add(Simd::set(1.0F), Simd::exp_negated(x)));
}

void positive_steps(float* values, std::size_t n, std::size_t low, std::size_t high,
                    std::size_t self, float rate) {
  const Simd::Reg one = Simd::set(1.0F), scale = Simd::set(rate);
  for (std::size_t j = 0; j < n; j += Simd::kWidth) {
    const Simd::Reg step =
        Simd::multiply(scale, Simd::subtract(one, sigmoid(Simd::load_any(values + j))));
    Simd::store_any(values + j, Simd::keep_pairs(step, j, low, high, self));
  }
}

void negative_steps(float* values, std::size_t n, float rate) {
  const Simd::Reg scale = Simd::set(-rate);
  for (std::size_t j = 0; j < n; j += Simd::kWidth) {
    Simd::store_any(values + j, Simd::multiply(scale, sigmoid(Simd::load_any(values + j))));
  }
}

template <int kRows, int kRegs>
inline void add_terms(Simd::Reg (&sums)[kRows][kRegs], const Terms& terms, std::size_t stride,
                      std::size_t d) {
  const float* steps = terms.steps;
  const float* row = terms.rows + d;
  for (std::size_t j = 0; j < terms.n; ++j, steps += terms.column_step, row += stride) {
    Simd::Reg step[kRows];
    for (int i = 0; i < kRows; ++i) {
      step[i] = Simd::set(steps[static_cast<std::size_t>(i) * terms.row_step]);
    }
    for (int v = 0; v < kRegs; ++v) {
      const Simd::Reg part = Simd::load(row + static_cast<std::size_t>(v) * Simd::kWidth);
      for (int i = 0; i < kRows; ++i) sums[i][v] = Simd::fma(step[i], part, sums[i][v]);
    }
  }
}

template <int kRows, int kRegs>
inline void accumulate_tile(float* const* out, const float* scales, const Terms& first,
                            const Terms& second, std::size_t stride, std::size_t d) {
  Simd::Reg sums[kRows][kRegs];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kRegs; ++v) sums[i][v] = Simd::zero();
  }
  add_terms<kRows, kRegs>(sums, first, stride, d);
  add_terms<kRows, kRegs>(sums, second, stride, d);
  // Row after row, so that a row that `out` names twice gets both.
  for (int i = 0; i < kRows; ++i) {
    const Simd::Reg scale = Simd::set(scales[i]);
    for (int v = 0; v < kRegs; ++v) {
      float* place = out[i] + d + static_cast<std::size_t>(v) * Simd::kWidth;
      Simd::store(place, Simd::fma(scale, sums[i][v], Simd::load(place)));
    }
  }
}

template <int kRows>
inline void accumulate_rows(float* const* out, const float* scales, const Terms& first,
                            const Terms& second, std::size_t stride) {
  constexpr std::size_t kStep = Simd::kTileRegs * Simd::kWidth;
  std::size_t d = 0;
  for (; d + kStep <= stride; d += kStep) {
    accumulate_tile<kRows, Simd::kTileRegs>(out, scales, first, second, stride, d);
  }
  const std::size_t left = (stride - d) / Simd::kWidth;
  if constexpr (Simd::kTileRegs > 3) {
    if (left == 3) return accumulate_tile<kRows, 3>(out, scales, first, second, stride, d);
  }
  if constexpr (Simd::kTileRegs > 2) {
    if (left == 2) return accumulate_tile<kRows, 2>(out, scales, first, second, stride, d);
  }
  for (; d < stride; d += Simd::kWidth)
    accumulate_tile<kRows, 1>(out, scales, first, second, stride, d);
}

void accumulate(float* const* out, const float* scales, std::size_t m, const Terms& first,
                const Terms& second, std::size_t stride) {
  constexpr std::size_t kRows = Simd::kTileRows;
  Terms a = first, b = second;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    accumulate_rows<Simd::kTileRows>(out + i, scales + i, a, b, stride);
    a.steps += kRows * a.row_step;
    b.steps += kRows * b.row_step;
  }
  for (; i < m; ++i) {
    accumulate_rows<1>(out + i, scales + i, a, b, stride);
    a.steps += a.row_step;
    b.steps += b.row_step;
  }
}

template <int kRegs>
inline float compose_tile(float* out, const float* const* rows, const float* weights,
                          std::size_t n) {
  Simd::Reg sums[kRegs];
  for (int v = 0; v < kRegs; ++v) sums[v] = Simd::zero();
  for (std::size_t k = 0; k < n; ++k) {
    const Simd::Reg weight = Simd::set(weights[k]);
    for (int v = 0; v < kRegs; ++v) {
      sums[v] = Simd::fma(weight, Simd::load(rows[k] + static_cast<std::size_t>(v) * Simd::kWidth),
                          sums[v]);
    }
  }
  Simd::Reg squares = Simd::zero();
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
