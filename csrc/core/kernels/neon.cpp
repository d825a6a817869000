// neon.cpp: the kernel set for AArch64 (Advanced SIMD is part of its baseline).
#if defined(__aarch64__)
#include <arm_neon.h>

#include "core/base/types.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

struct Simd {
  using Reg = float32x4_t;
  static constexpr std::size_t kWidth = 4;
  static constexpr int kScoreRows = 4, kTileRegs = 4, kRowRegs = 26;
  static constexpr bool kHalves = false, kFewRegisters = false;

  static Reg zero() { return vdupq_n_f32(0.0F); }
  static Reg set(float x) { return vdupq_n_f32(x); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static Reg load_any(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Reg x) { vst1q_f32(p, x); }
  static void store_any(float* p, Reg x) { vst1q_f32(p, x); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  static Reg add(Reg a, Reg b) { return vaddq_f32(a, b); }
  static Reg subtract(Reg a, Reg b) { return vsubq_f32(a, b); }
  static Reg multiply(Reg a, Reg b) { return vmulq_f32(a, b); }
  static Reg reciprocal(Reg x) { return vdivq_f32(set(1.0F), x); }

  // As in kernels_avx512.cpp; x is held within +-87 (vmin and vmax let a NaN through).
  static Reg exp_negated(Reg x) {
    x = vminq_f32(set(87.0F), vmaxq_f32(set(-87.0F), x));
    const Reg t = multiply(x, set(-1.44269504F));
    const Reg n = vrndnq_f32(t);
    const Reg f = subtract(t, n);
    Reg p = set(1.54035304e-4F);
    p = fma(p, f, set(1.33335581e-3F));
    p = fma(p, f, set(9.61812911e-3F));
    p = fma(p, f, set(5.55041087e-2F));
    p = fma(p, f, set(2.40226507e-1F));
    p = fma(p, f, set(6.93147181e-1F));
    p = fma(p, f, set(1.0F));
    const int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
    return multiply(p, vreinterpretq_f32_s32(power));
  }

  static Reg keep_between(Reg x, std::size_t base, std::size_t low, std::size_t high) {
    const std::uint32_t steps[4] = {0, 1, 2, 3};
    const auto word = [](std::size_t v) { return vdupq_n_u32(static_cast<std::uint32_t>(v)); };
    const uint32x4_t place = vaddq_u32(word(base), vld1q_u32(steps));
    const uint32x4_t keep = vandq_u32(vcgeq_u32(place, word(low)), vcltq_u32(place, word(high)));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), keep));
  }

  static float sum(Reg x) { return vaddvq_f32(x); }

  template <int kRows, int kColumns>
  static void store_sums(const Reg (&sums)[kRows][kColumns], float* out, std::size_t out_stride) {
    static_assert(kColumns == 4);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      float* place = out + static_cast<std::size_t>(i) * out_stride;
      vst1q_f32(place,
                vpaddq_f32(vpaddq_f32(sums[i][0], sums[i][1]), vpaddq_f32(sums[i][2], sums[i][3])));
    }
  }
};

#include "core/kernels/tiles.h"

constexpr Kernels kNeon{"neon",         scores,     squares, bend,    positive_steps,
                        negative_steps, accumulate, compose, scatter, collect};

}  // namespace

const Kernels& neon_kernels();
const Kernels& neon_kernels() {
  return kNeon;
}

}  // namespace likewise
#endif
