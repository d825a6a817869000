// scan_neon.cpp: the scan for 64-bit ARM.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "core/kernels/scan.h"

namespace likewise {
namespace {

struct Lanes {
  using Reg = float32x4_t;
  static constexpr unsigned kWidth = 4;
  static constexpr int kRows = 6, kRegs = 4;

  static Reg zero() { return vdupq_n_f32(0.0F); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Reg x) { vst1q_f32(p, x); }
  static Reg spread(float x) { return vdupq_n_f32(x); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  static std::uint32_t over(Reg x, float bar) {
    const uint32x4_t places = {1U, 2U, 4U, 8U};
    return vaddvq_u32(vandq_u32(vcgtq_f32(x, vdupq_n_f32(bar)), places));
  }
};

#include "core/kernels/scan_tile.h"

}  // namespace

Scan neon_scan();
Scan neon_scan() {
  return scan;
}

}  // namespace likewise
#endif
