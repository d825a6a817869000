// teach.h: a token's row and the rows of its n-grams, each drawn to the other.
//
// Written once over a vector type S: see kernel_set.h. One pass finds the mean of the rows, one
// takes them a step; between, all is in registers. Every token has some 17 rows anywhere in a table
// that no near cache holds, so the rows of the next token are asked for one by one, as rows of this
// one are read: all at once they would fill the queue of open misses, and nothing could be read
// meanwhile.
#pragma once

#include <cstddef>

#include "core/kernels/kernels.h"
#include "core/kernels/rows.h"

namespace likewise {
namespace {

// A product that is rounded before it is added or subtracted: compilers make one operation of both
// where they may.
template <class S>
inline typename S::Reg rounded_product(typename S::Reg a, typename S::Reg b) {
  typename S::Reg product = S::multiply(a, b);
#if defined(__x86_64__)
  asm("" : "+x"(product));
#elif defined(__aarch64__)
  asm("" : "+w"(product));
#endif
  return product;
}

// The registers of a row from `d` on, with a half at their end or not.
template <class S, int kRegs, bool kHalf>
inline void teach_part(float* token, float* table, const RowId* rows, std::size_t n,
                       std::size_t ahead, float rate, float pull, std::size_t stride,
                       std::size_t d) {
  constexpr int kAll = kRegs + (kHalf ? 1 : 0);
  constexpr std::size_t kWidth = S::kWidth;
  const auto load = [](const float* from, int v) {
    const float* place = from + static_cast<std::size_t>(v) * kWidth;
    if constexpr (kHalf) {
      if (v == kRegs) return S::load_half(place);
    }
    return S::load(place);
  };
  const auto store = [](float* to, int v, typename S::Reg x) {
    float* place = to + static_cast<std::size_t>(v) * kWidth;
    if constexpr (kHalf) {
      if (v == kRegs) return S::store_half(place, x);
    }
    S::store(place, x);
  };
  const auto row_of = [&](std::size_t k) {
    return table + static_cast<std::size_t>(rows[k]) * stride;
  };
  typename S::Reg sums[kAll];
#pragma GCC unroll 32
  for (int v = 0; v < kAll; ++v) sums[v] = S::zero();
  for (std::size_t k = 0; k < n; ++k) {
    if (d == 0) {
      const std::size_t last = n + ahead - 1;
      const float* next = row_of(k + kTaughtAhead < last ? k + kTaughtAhead : last);
      for (std::size_t line = 0; line < stride; line += kLine)
        __builtin_prefetch(next + line, 0, 2);
    }
    const float* const row = row_of(k) + d;
#pragma GCC unroll 32
    for (int v = 0; v < kAll; ++v) sums[v] = S::add(sums[v], load(row, v));
  }
  const typename S::Reg share = S::set(1.0F / static_cast<float>(n));
#pragma GCC unroll 32
  for (int v = 0; v < kAll; ++v) {
    const typename S::Reg before = load(token + d, v);
    const typename S::Reg error = S::subtract(before, rounded_product<S>(share, sums[v]));
    store(token + d, v, S::subtract(before, rounded_product<S>(S::set(pull), error)));
    sums[v] = rounded_product<S>(S::set(rate), error);
  }
  for (std::size_t k = 0; k < n; ++k) {
    float* const row = row_of(k) + d;
#pragma GCC unroll 32
    for (int v = 0; v < kAll; ++v) store(row, v, S::add(load(row, v), sums[v]));
  }
}

template <class S>
void teach(float* token, float* table, const RowId* rows, std::size_t n, std::size_t ahead,
           float rate, float pull, std::size_t stride) {
  if (in_registers<S>(stride, [&]<int kRegs, bool kHalf>() {
        teach_part<S, kRegs, kHalf>(token, table, rows, n, ahead, rate, pull, stride, 0);
      })) {
    return;
  }
  constexpr int kSome = 4;
  std::size_t d = 0;
  for (; d + kSome * S::kWidth <= stride; d += kSome * S::kWidth) {
    teach_part<S, kSome, false>(token, table, rows, n, ahead, rate, pull, stride, d);
  }
  for (; d + S::kWidth <= stride; d += S::kWidth) {
    teach_part<S, 1, false>(token, table, rows, n, ahead, rate, pull, stride, d);
  }
  if constexpr (S::kHalves) {
    if (d < stride) teach_part<S, 0, true>(token, table, rows, n, ahead, rate, pull, stride, d);
  }
}

}  // namespace
}  // namespace likewise
