// share.h: what items of one session give to each other, written once over a vector type S: see
// kernel_set.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/types.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

// Half a line as registers: half of one, one or two of them.
template <class S>
struct HalfLine {
  static constexpr std::size_t kRegs = S::kWidth < kRowAlign ? kRowAlign / S::kWidth : 1;
  typename S::Reg part[kRegs];

  static HalfLine load(const float* place) {
    HalfLine read;
    if constexpr (S::kWidth > kRowAlign) {
      read.part[0] = S::load_half(place);
    } else {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kRegs; ++v) read.part[v] = S::load(place + v * S::kWidth);
    }
    return read;
  }
  void store(float* place) const {
    if constexpr (S::kWidth > kRowAlign) {
      S::store_half(place, part[0]);
    } else {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kRegs; ++v) S::store(place + v * S::kWidth, part[v]);
    }
  }
  void add(const HalfLine& other) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kRegs; ++v) part[v] = S::add(part[v], other.part[v]);
  }
  void scale(float by) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kRegs; ++v) part[v] = S::multiply(S::set(by), part[v]);
  }
};

constexpr std::size_t kSessionsAhead = kReadAhead / 8;

// kLength of 0: any length. A known one is unrolled: short sessions would spend their time on ends
// of loops.
template <class S, std::size_t kLength>
void share_sessions(float* rows, const std::uint16_t* items, std::size_t length,
                    const float* weights, std::size_t n) {
  if constexpr (kLength > 0) length = kLength;
  for (std::size_t s = 0; s < n; ++s, items += length) {
    if constexpr (kLength > 0) {  // long sessions are looked up side by side anyway
#pragma GCC unroll 8
      for (std::size_t k = 0; k < length; ++k) {
        __builtin_prefetch(rows + items[k + kSessionsAhead * length] * kLine, 1);
      }
    }
    HalfLine<S> sum = HalfLine<S>::load(rows + items[0] * kLine);
#pragma GCC unroll 8
    for (std::size_t k = 1; k < length; ++k) sum.add(HalfLine<S>::load(rows + items[k] * kLine));
    sum.scale(weights[s]);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < length; ++k) {
      float* const place = rows + items[k] * kLine + kRowAlign;
      HalfLine<S> whole = HalfLine<S>::load(place);
      whole.add(sum);
      whole.store(place);
    }
  }
}

template <class S>
void share(float* rows, const std::uint16_t* items, std::size_t length, const float* weights,
           std::size_t n) {
  switch (length) {
    case 2:
      return share_sessions<S, 2>(rows, items, length, weights, n);
    case 3:
      return share_sessions<S, 3>(rows, items, length, weights, n);
    case 4:
      return share_sessions<S, 4>(rows, items, length, weights, n);
    case 5:
      return share_sessions<S, 5>(rows, items, length, weights, n);
    case 6:
      return share_sessions<S, 6>(rows, items, length, weights, n);
    case 7:
      return share_sessions<S, 7>(rows, items, length, weights, n);
    case 8:
      return share_sessions<S, 8>(rows, items, length, weights, n);
    default:
      return share_sessions<S, 0>(rows, items, length, weights, n);
  }
}

}  // namespace
}  // namespace likewise
