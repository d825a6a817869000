// avx512.cpp: the kernel set for AVX-512 F, DQ, VL, BW.
#if defined(__x86_64__)
#include "core/kernels/avx512_simd.h"
#include "core/kernels/kernel_set.h"
#include "core/kernels/kernels.h"

namespace likewise {

const Kernels& avx512_kernels() noexcept {
  static constexpr Kernels set = kernel_set<Avx512, Avx512Bytes>("avx512");
  return set;
}

}  // namespace likewise
#endif
