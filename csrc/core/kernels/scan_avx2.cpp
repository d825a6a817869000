// scan_avx2.cpp: the scan for AVX2 and FMA.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/kernels/scan.h"

namespace likewise {
namespace {

struct Lanes {
  using Reg = __m256;
  static constexpr unsigned kWidth = 8;
  static constexpr int kRows = 6, kRegs = 2;

  static Reg zero() { return _mm256_setzero_ps(); }
  static Reg load(const float* p) { return _mm256_load_ps(p); }
  static void store(float* p, Reg x) { _mm256_storeu_ps(p, x); }
  static Reg spread(float x) { return _mm256_set1_ps(x); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static std::uint32_t over(Reg x, float bar) {
    return static_cast<std::uint32_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_set1_ps(bar), _CMP_GT_OQ)));
  }
};

#include "core/kernels/scan_tile.h"

}  // namespace

Scan avx2_scan();
Scan avx2_scan() {
  return scan;
}

}  // namespace likewise
#endif
