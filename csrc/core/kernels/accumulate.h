// accumulate.h: sums of steps times rows, register-blocked; the larger part of training.
//
// Written once over a vector type S: see kernel_set.h.
#pragma once

#include <cstddef>

#include "core/kernels/kernels.h"

namespace likewise {
namespace {

template <class S>
inline std::size_t whole_registers(std::size_t stride) {
  return S::kHalves ? stride / S::kWidth * S::kWidth : stride;
}

// Sums of kRegs registers of each row, and of half a register after them.
template <class S, int kRows, int kRegs, bool kHalf>
struct RowSums {
  typename S::Reg whole[kRows][kRegs];
  void clear() {
#pragma GCC unroll 32
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 32
      for (int v = 0; v < kRegs; ++v) whole[i][v] = S::zero();
    }
  }
};

template <class S, int kRows, int kRegs>
struct RowSums<S, kRows, kRegs, true> : RowSums<S, kRows, kRegs, false> {
  typename S::Half half[kRows];
  void clear() {
    RowSums<S, kRows, kRegs, false>::clear();
#pragma GCC unroll 32
    for (int i = 0; i < kRows; ++i) half[i] = S::no_half();
  }
};

// What a term adds to a sum: a float32 product. Packed rows have another kind: avx512bf16.cpp.
template <class S>
struct PlainProduct {
  static typename S::Reg add(typename S::Reg step, typename S::Reg part, typename S::Reg sum) {
    return S::fma(step, part, sum);
  }
  template <class Half>
  static Half add_half(typename S::Reg step, const float* part, Half sum) {
    return S::half_fma(step, part, sum);
  }
};

template <class S, class Product, int kRows, int kRegs, bool kHalf>
inline void add_terms(RowSums<S, kRows, kRegs, kHalf>& sums, const Terms& terms, std::size_t d) {
  const float* steps = terms.steps;
  for (std::size_t j = 0; j < terms.n; ++j, steps += terms.column_step) {
    const float* row = terms.rows[j] + d;
    if constexpr (S::kFewRegisters) {  // the sums leave room for the row and one step at a time
      typename S::Reg parts[kRegs];
#pragma GCC unroll 32
      for (int v = 0; v < kRegs; ++v) {
        parts[v] = S::load(row + static_cast<std::size_t>(v) * S::kWidth);
      }
#pragma GCC unroll 32
      for (int i = 0; i < kRows; ++i) {
        const typename S::Reg step = S::set(steps[static_cast<std::size_t>(i) * terms.row_step]);
#pragma GCC unroll 32
        for (int v = 0; v < kRegs; ++v) {
          sums.whole[i][v] = Product::add(step, parts[v], sums.whole[i][v]);
        }
      }
    } else {
      typename S::Reg step[kRows];
#pragma GCC unroll 32
      for (int i = 0; i < kRows; ++i) {
        step[i] = S::set(steps[static_cast<std::size_t>(i) * terms.row_step]);
      }
#pragma GCC unroll 32
      for (int v = 0; v < kRegs; ++v) {
        const typename S::Reg part = S::load(row + static_cast<std::size_t>(v) * S::kWidth);
#pragma GCC unroll 32
        for (int i = 0; i < kRows; ++i) {
          sums.whole[i][v] = Product::add(step[i], part, sums.whole[i][v]);
        }
      }
      if constexpr (kHalf) {
#pragma GCC unroll 32
        for (int i = 0; i < kRows; ++i) {
          sums.half[i] = Product::add_half(step[i], row + kRegs * S::kWidth, sums.half[i]);
        }
      }
    }
  }
}

template <class S, class Product, int kRows, int kRegs, bool kHalf = false>
inline void accumulate_tile(float* const* out, const float* scales, const Terms* terms,
                            std::size_t n, std::size_t d) {
  RowSums<S, kRows, kRegs, kHalf> sums;
  sums.clear();
  for (std::size_t t = 0; t < n; ++t) add_terms<S, Product>(sums, terms[t], d);
  // Row after row, so that a row that `out` names twice gets both.
#pragma GCC unroll 32
  for (int i = 0; i < kRows; ++i) {
    const typename S::Reg scale = S::set(scales[i]);
#pragma GCC unroll 32
    for (int v = 0; v < kRegs; ++v) {
      float* place = out[i] + d + static_cast<std::size_t>(v) * S::kWidth;
      S::store(place, S::fma(scale, sums.whole[i][v], S::load(place)));
    }
    if constexpr (kHalf) {
      float* place = out[i] + d + kRegs * S::kWidth;
      S::store_half(place, S::fma(scale, S::widened(sums.half[i]), S::load_half(place)));
    }
  }
}

// The last registers of a row, fewer than a tile has, and half a register with them.
template <class S, class Product, int kRows, int kRegs>
inline void accumulate_end(float* const* out, const float* scales, const Terms* terms,
                           std::size_t n, std::size_t d, std::size_t stride) {
  const std::size_t regs = (stride - d) / S::kWidth;
  if constexpr (kRegs > 0) {
    if (regs < kRegs) {
      return accumulate_end<S, Product, kRows, kRegs - 1>(out, scales, terms, n, d, stride);
    }
  }
  if constexpr (S::kHalves) {
    if ((stride - d) % S::kWidth != 0) {
      return accumulate_tile<S, Product, kRows, kRegs, true>(out, scales, terms, n, d);
    }
  }
  if constexpr (kRegs > 0) accumulate_tile<S, Product, kRows, kRegs>(out, scales, terms, n, d);
}

template <class S, class Product, int kRows>
inline void accumulate_rows(float* const* out, const float* scales, const Terms* terms,
                            std::size_t n, std::size_t stride) {
  constexpr std::size_t kStep = S::kTileRegs * S::kWidth;
  std::size_t d = 0;
  if constexpr (S::kTileRegs > 3) {  // 6 registers are 3 and 3 rather than 4 and 2
    constexpr std::size_t kLess = kStep - S::kWidth;
    const std::size_t whole = whole_registers<S>(stride);
    if (whole % kStep != 0 && whole % kLess == 0) {
      for (; d + 2 * kLess <= whole; d += kLess) {
        accumulate_tile<S, Product, kRows, S::kTileRegs - 1>(out, scales, terms, n, d);
      }
    }
  }
  for (; d + kStep <= stride; d += kStep) {
    accumulate_tile<S, Product, kRows, S::kTileRegs>(out, scales, terms, n, d);
  }
  accumulate_end<S, Product, kRows, S::kTileRegs - 1>(out, scales, terms, n, d, stride);
}

template <class S, class Product = PlainProduct<S>>
inline void accumulate(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                       std::size_t n, std::size_t stride) {
  static_assert(kMostRows == 4);
  if (m == 4) return accumulate_rows<S, Product, 4>(out, scales, terms, n, stride);
  if (m == 3) return accumulate_rows<S, Product, 3>(out, scales, terms, n, stride);
  if (m == 2) return accumulate_rows<S, Product, 2>(out, scales, terms, n, stride);
  if (m == 1) return accumulate_rows<S, Product, 1>(out, scales, terms, n, stride);
}

}  // namespace
}  // namespace likewise
