// scan.h: the register tile of exact search, written once over a vector type S: see kernel_set.h.
//
// Only scores above a query's bar leave the registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

namespace likewise {
namespace {

template <class S, int kRows>
inline void scan_tile(const float* queries, const float* candidates, std::size_t dim,
                      const float* bars, float* out, std::uint32_t* over, unsigned shift) {
  typename S::Reg sums[kRows][S::kScanRegs];
  for (int q = 0; q < kRows; ++q) {
    for (int v = 0; v < S::kScanRegs; ++v) sums[q][v] = S::zero();
  }
  for (std::size_t d = 0; d < dim; ++d) {
    typename S::Reg right[S::kScanRegs];
    for (int v = 0; v < S::kScanRegs; ++v) {
      right[v] = S::load(candidates + static_cast<std::size_t>(v) * S::kWidth);
    }
    for (int q = 0; q < kRows; ++q) {
      const typename S::Reg left = S::set(queries[q]);
      for (int v = 0; v < S::kScanRegs; ++v) sums[q][v] = S::fma(left, right[v], sums[q][v]);
    }
    queries += kScanQueries;
    candidates += kScanCandidates;
  }
  for (int q = 0; q < kRows; ++q) {
    std::uint32_t bits = 0;
    for (int v = 0; v < S::kScanRegs; ++v) {
      bits |= S::over(sums[q][v], bars[q]) << (static_cast<unsigned>(v) * S::kWidth);
    }
    over[q] |= bits << shift;
    if (bits == 0) continue;
    float* place = out + static_cast<std::size_t>(q) * kScanCandidates;
    for (int v = 0; v < S::kScanRegs; ++v) {
      S::store_any(place + static_cast<std::size_t>(v) * S::kWidth, sums[q][v]);
    }
  }
}

template <class S>
void scan(const float* queries, std::size_t count, const float* candidates, std::size_t dim,
          const float* bars, float* out, std::uint32_t* over) {
  constexpr std::size_t kRows = S::kScanRows, kColumns = S::kScanRegs * S::kWidth;
  static_assert(kScanQueries % kRows == 0 && kScanCandidates % kColumns == 0 && kRows > 2);
  for (std::size_t q = 0; q < kScanQueries; ++q) over[q] = 0;
  for (std::size_t q = 0; q < count; q += kRows) {
    const bool few = count - q <= 2;
    for (std::size_t c = 0; c < kScanCandidates; c += kColumns) {
      const auto tile = few ? scan_tile<S, 2> : scan_tile<S, S::kScanRows>;
      tile(queries + q, candidates + c, dim, bars + q, out + q * kScanCandidates + c, over + q,
           static_cast<unsigned>(c));
    }
  }
}

}  // namespace
}  // namespace likewise
