// scan_avx512.cpp: the scan for AVX-512 F.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/kernels/scan.h"

namespace likewise {
namespace {

struct Lanes {
  using Reg = __m512;
  static constexpr unsigned kWidth = 16;
  static constexpr int kRows = 12, kRegs = 2;

  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg load(const float* p) { return _mm512_load_ps(p); }
  static void store(float* p, Reg x) { _mm512_storeu_ps(p, x); }
  static Reg spread(float x) { return _mm512_set1_ps(x); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  static std::uint32_t over(Reg x, float bar) {
    return _mm512_cmp_ps_mask(x, _mm512_set1_ps(bar), _CMP_GT_OQ);
  }
};

#include "core/kernels/scan_tile.h"

}  // namespace

Scan avx512_scan();
Scan avx512_scan() {
  return scan;
}

}  // namespace likewise
#endif
