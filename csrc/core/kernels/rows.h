// rows.h: rows added up, added to, and their squared lengths.
//
// Written once over a vector type S: see kernel_set.h.
#pragma once

#include <cstddef>

#include "core/kernels/accumulate.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

// Calls use(d, load, store) for each register of a row, the half register last.
template <class S, class Use>
inline void for_each_register(std::size_t stride, const Use& use) {
  const std::size_t whole = whole_registers<S>(stride);
  for (std::size_t d = 0; d < whole; d += S::kWidth) use(d, S::load, S::store);
  if constexpr (S::kHalves) {
    if (whole < stride) use(whole, S::load_half, S::store_half);
  }
}

template <class S>
void squares(const float* const* rows, std::size_t n, std::size_t stride, float* out) {
  for (std::size_t k = 0; k < n; ++k) {
    typename S::Reg sum = S::zero();
    for_each_register<S>(stride, [&](std::size_t d, auto load, auto) {
      const typename S::Reg part = load(rows[k] + d);
      sum = S::fma(part, part, sum);
    });
    out[k] = S::sum(sum);
  }
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
template <class S, class Use>
inline bool in_registers(std::size_t stride, const Use& use) {
  return in_registers<S, 64>(stride, use) || in_registers<S, 104>(stride, use) ||
         in_registers<S, 128>(stride, use);
}

template <class S>
float compose(float* out, const float* const* rows, const float* weights, std::size_t n,
              std::size_t stride) {
  float length = 0;
  if (in_registers<S>(stride, [&]<int kRegs, bool kHalf>() {
        length = compose_tile<S, kRegs, kHalf>(out, rows, weights, n);
      })) {
    return length;
  }
  for_each_register<S>(stride, [&](std::size_t d, auto, auto store) { store(out + d, S::zero()); });
  for (std::size_t k = 0; k < n; ++k) {
    const typename S::Reg weight = S::set(weights[k]);
    for_each_register<S>(stride, [&](std::size_t d, auto load, auto store) {
      store(out + d, S::fma(weight, load(rows[k] + d), load(out + d)));
    });
  }
  typename S::Reg squares = S::zero();
  for_each_register<S>(stride, [&](std::size_t d, auto load, auto) {
    squares = S::fma(load(out + d), load(out + d), squares);
  });
  return S::sum(squares);
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

template <class S>
void scatter(const float* gradient, float* const* rows, const float* weights, std::size_t n,
             std::size_t stride) {
  if (in_registers<S>(stride, [&]<int kRegs, bool kHalf>() {
        scatter_tile<S, kRegs, kHalf>(gradient, rows, weights, n);
      })) {
    return;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const typename S::Reg weight = S::set(weights[k]);
    for_each_register<S>(stride, [&](std::size_t d, auto load, auto store) {
      store(rows[k] + d, S::fma(weight, load(gradient + d), load(rows[k] + d)));
    });
  }
}

template <class S, int kRegs, bool kHalf>
inline void collect_tile(float* row, float scale, const float* const* gradients,
                         const float* weights, std::size_t n) {
  const Terms terms{weights, 0, 1, gradients, n};
  accumulate_tile<S, PlainProduct<S>, 1, kRegs, kHalf>(&row, &scale, &terms, 1, 0);
}

template <class S>
void collect(float* row, float scale, const float* const* gradients, const float* weights,
             std::size_t n, std::size_t stride) {
  if (in_registers<S>(stride, [&]<int kRegs, bool kHalf>() {
        collect_tile<S, kRegs, kHalf>(row, scale, gradients, weights, n);
      })) {
    return;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const typename S::Reg weight = S::set(scale * weights[k]);
    for_each_register<S>(stride, [&](std::size_t d, auto load, auto store) {
      store(row + d, S::fma(weight, load(gradients[k] + d), load(row + d)));
    });
  }
}

}  // namespace
}  // namespace likewise
