// bytes.h: the register tile of rounded vectors, written once over a type of bytes: see
// kernel_set.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

namespace likewise {
namespace {

/// GCC else loads operands anew and keeps sums on the stack.
template <class Reg>
inline void keep_in_register([[maybe_unused]] Reg& x) {
#if defined(__x86_64__)
  __asm__("" : "+v"(x));
#endif
}

template <class B, std::size_t kRows>
inline void byte_tile(const std::uint32_t* const* queries, const std::uint8_t* panel,
                      std::size_t groups, const std::int32_t* starts, const std::int32_t* bars,
                      std::uint32_t* over) {
  typename B::Reg sums[kRows][B::kRegs];
  const std::uint32_t* words[kRows];
#pragma GCC unroll 16
  for (std::size_t q = 0; q < kRows; ++q) {
    words[q] = queries[q];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < B::kRegs; ++v) sums[q][v] = B::start(starts[q]);
  }
  for (std::size_t g = 0; g < groups; ++g) {
    typename B::Reg right[B::kRegs];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < B::kRegs; ++v) {
      right[v] = B::load(panel + v * B::kLanes * B::kGroup);
      keep_in_register(right[v]);
    }
#pragma GCC unroll 16
    for (std::size_t q = 0; q < kRows; ++q) {
      const typename B::Reg left = B::word(words[q] + g);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < B::kRegs; ++v) {
        sums[q][v] = B::add_products(sums[q][v], right[v], left);
        keep_in_register(sums[q][v]);
      }
    }
    panel += kScanCandidates * B::kGroup;
  }
#pragma GCC unroll 16
  for (std::size_t q = 0; q < kRows; ++q) over[q] = B::over(sums[q], bars[q]);
}

template <class B>
void scan_bytes(const std::uint32_t* const* queries, std::size_t count, const std::uint8_t* panel,
                std::size_t groups, const std::int32_t* starts, const std::int32_t* bars,
                std::uint32_t* over) {
  static_assert(B::kRegs * B::kLanes == kScanCandidates && B::kRows >= 4);
  constexpr std::size_t kRows = B::kRows, kMost = kRows / 3 * 2;
  std::size_t q = 0;
  const auto next = [&](auto tile, std::size_t rows) {
    for (; count - q >= rows; q += rows) {
      tile(queries + q, panel, groups, starts + q, bars + q, over + q);
    }
  };
  next(byte_tile<B, kRows>, kRows);
  next(byte_tile<B, kMost>, kMost);
  next(byte_tile<B, 2>, 2);
  next(byte_tile<B, 1>, 1);
}

}  // namespace
}  // namespace likewise
