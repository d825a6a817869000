// avx512.cpp: the kernel set for AVX-512 F, DQ, VL, BW.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/base/types.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

#include "core/kernels/avx512_simd.h"
#include "core/kernels/tiles.h"

constexpr Kernels kAvx512{"avx512",       scores,     squares, bend,    positive_steps,
                          negative_steps, accumulate, compose, scatter, collect};

}  // namespace

const Kernels& avx512_kernels() noexcept;
const Kernels& avx512_kernels() noexcept {
  return kAvx512;
}

}  // namespace likewise
#endif
